/** A network of a few thousand parameters, and a training configuration for it on phantoms. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeMaskPng, writePng } from '../../src/formats/raster.ts';
import { phantom } from '../../src/image/phantoms.ts';
import { type ModelConfig, publishedConfig } from '../../src/model/config.ts';

export const tinyModel: ModelConfig = {
  ...publishedConfig,
  name: 'trial',
  imageSize: 64,
  fit: 'pad',
  backbone: {
    embedDim: 16,
    depths: [1, 1, 1, 1],
    focalKernels: [[3], [3], [3], [3]],
    mlpRatio: 2,
    embed: 'patch',
    activation: 'relu',
    postNorm: true,
    layerScale: false,
    scalingModulator: true,
  },
  pixelDecoder: {
    dim: 32,
    maskDim: 16,
    transformerLayers: 1,
    heads: 2,
    feedForward: 32,
    norm: 'layer',
    groups: 4,
    convolution: 'separable',
    maskKernel: 1,
  },
  text: { vocabulary: 320, contextLength: 16, width: 16, heads: 2, layers: 1 },
  decoder: { dim: 32, queries: 2, layers: 3, heads: 2, feedForward: 32, textQueries: true, existence: true },
};

/** Writes dermoscopy and histology phantoms in BiomedParseData's layout. */
export async function writeData(root: string): Promise<void> {
  for (const kind of ['dermoscopy', 'histology'] as const) {
    const images = join(root, kind, 'train');
    const masks = join(root, kind, 'train_mask');
    mkdirSync(images, { recursive: true });
    mkdirSync(masks, { recursive: true });
    for (let i = 0; i < 6; i++) {
      const { image, masks: truths, modality, site } = phantom(kind, 64, i);
      const name = `p${i}_${modality}_${site}`;
      await writePng(join(images, `${name}.png`), image);
      for (const { target, mask } of truths)
        await writeMaskPng(join(masks, `${name}_${target.replaceAll(' ', '+')}.png`), mask);
    }
  }
}

/** Writes `<folder>/data` and `<folder>/<name>.json`; gives the configuration's path. */
export async function writePhantoms(
  folder: string,
  name: string,
  model: ModelConfig,
  changes: object = {},
): Promise<string> {
  await writeData(join(folder, 'data'));
  const path = join(folder, `${name}.json`);
  const config = {
    ...{ model, data: { root: 'data' }, output: `run-${name}`, tokens: 16 },
    stages: [
      { size: 64, steps: 6, imagesPerWorker: 2 },
      { size: 96, steps: 2, imagesPerWorker: 1, augmentation: 0.5 },
    ],
    optimiser: { learningRate: 2e-3, warmupSteps: 4 },
    ...{ logEverySteps: 2, checkpointEverySteps: 4 },
    ...changes,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}
