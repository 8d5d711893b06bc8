/**
 * What the benches measure: the default model's configuration if it lies in models/default, else the same compact
 * network as a constant; the batch's shape and the trainer's own loss weights and optimiser values (src/train/config.ts).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '../src/model/config.ts';
import { checkModelSettings } from '../src/parse/config.ts';
import type { LossWeights } from '../src/train/losses.ts';

/** The compact network: 256 x 256 input, FocalNet 48/96/192/384 with two focal levels. */
const compactConfig: ModelConfig = {
  name: 'biomedparse-compact',
  imageSize: 256,
  fit: 'pad',
  pixelMean: [123.675, 116.28, 103.53],
  pixelStd: [58.395, 57.12, 57.375],
  backbone: {
    embedDim: 48,
    depths: [2, 2, 4, 2],
    focalKernels: [
      [3, 5],
      [3, 5],
      [3, 5],
      [3, 5],
    ],
    mlpRatio: 2,
    embed: 'patch',
    activation: 'relu',
    postNorm: true,
    layerScale: false,
    scalingModulator: true,
  },
  pixelDecoder: {
    dim: 128,
    maskDim: 64,
    transformerLayers: 2,
    heads: 4,
    feedForward: 256,
    norm: 'layer',
    groups: 32,
    convolution: 'separable',
    maskKernel: 1,
  },
  text: { vocabulary: 1024, contextLength: 32, width: 128, heads: 4, layers: 2 },
  decoder: {
    dim: 128,
    queries: 8,
    layers: 3,
    heads: 4,
    feedForward: 256,
    textQueries: true,
    existence: true,
  },
};

/** Prompts an image and text tokens a prompt, as the trainer takes by default. */
export const prompts = 4;
export const tokens = 20;

export const lossWeights: LossWeights = {
  ...{ crossEntropy: 2, dice: 2, similarity: 0.5, existence: 1 },
  ...{ intermediate: 0.5, pyramid: 0.5, separation: 0.5 },
};

export const optimiser = { clip: 1, rate: 1e-4, beta1: 0.9, beta2: 0.98, weightDecay: 0.05, averaging: 0.999 };

/** The configuration to measure, and where it comes from. */
export async function benchConfig(): Promise<{ config: ModelConfig; source: string }> {
  const path = fileURLToPath(new URL('../models/default/config.json', import.meta.url));
  if (!existsSync(path)) return { config: compactConfig, source: 'bench/config.ts' };
  const settings = checkModelSettings(JSON.parse(await readFile(path, 'utf8')), path);
  return { config: settings, source: 'models/default/config.json' };
}
