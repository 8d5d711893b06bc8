/** What the benches measure: the default model's network, the batch's shape, and the trainer's own loss weights and optimiser values. */
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '../src/model/config.ts';
import { readModelParts } from '../src/parse/load.ts';
import { trainingDefaults } from '../src/train/config.ts';

/** The folder of the default model. */
export const MODEL = fileURLToPath(new URL('../models/default', import.meta.url));

/** Prompts an image and text tokens a prompt, as the trainer takes by default. */
export const prompts = trainingDefaults.promptsPerImage;
export const { tokens, losses: lossWeights } = trainingDefaults;

export const optimiser = { ...trainingDefaults.optimiser, rate: 1e-4 };

/** The configuration to measure. */
export async function benchConfig(): Promise<ModelConfig> {
  return (await readModelParts(MODEL)).settings;
}
