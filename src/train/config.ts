/** The training configuration: one JSON file says what is trained, on what, how long and how. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ModelConfig } from '../model/config.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import type { LossWeights } from './losses.ts';

/** A stretch of training at one image size; small sizes first make the same hours see more images. */
export interface TrainingStage {
  /** Side of the square image, pixels; a multiple of 32. */
  readonly size: number;
  readonly steps: number;
  /** Images a worker takes in each step. */
  readonly imagesPerWorker: number;
  /** Strength of augmentation, 0 (images shown as in inference) to 1; 1 when left out. */
  readonly augmentation?: number;
}

export interface TrainingConfig {
  readonly model: ModelConfig;
  readonly data: {
    /** Folder of data sets in BiomedParseData's layout; relative paths count from the configuration's folder. */
    readonly root: string;
    /** Names of the sets to use; all when left out. */
    readonly sets?: readonly string[];
    /** How many times as often as otherwise a set is drawn, by its name; 1 where nothing is said. */
    readonly setWeights?: Readonly<Record<string, number>>;
    /** Share of the subjects (0..1) that is kept from training, for `calibrate`; 0 when left out. */
    readonly holdOut?: number;
  };
  /** Folder of checkpoints, log and the exported model. */
  readonly output: string;
  readonly seed: number;
  readonly workers: number;
  readonly promptsPerImage: number;
  /** Text tokens a prompt; longer prompts are cut. */
  readonly tokens: number;
  readonly negativeFraction: number;
  readonly stages: readonly TrainingStage[];
  readonly optimiser: {
    readonly learningRate: number;
    readonly warmupSteps: number;
    /** The cosine ends at this fraction of the rate. */
    readonly finalFraction: number;
    readonly weightDecay: number;
    readonly clip: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly averaging: number;
  };
  readonly losses: LossWeights;
  readonly logEverySteps: number;
  readonly checkpointEverySteps: number;
  /** Words: only parameters whose names hold one of them are trained; all when left out. */
  readonly trainable?: readonly string[];
  /** A model directory to start from (weights of equal name and shape are taken over). */
  readonly startFrom?: string;
}

/** What a configuration leaves out. */
export const trainingDefaults = {
  seed: 1,
  workers: 2,
  promptsPerImage: 4,
  tokens: 20,
  negativeFraction: 0.25,
  logEverySteps: 20,
  checkpointEverySteps: 500,
  losses: { crossEntropy: 2, dice: 2, similarity: 0.5, existence: 1, intermediate: 0.5, pyramid: 0.5, separation: 0.5 },
  optimiser: {
    learningRate: 1e-3,
    warmupSteps: 300,
    finalFraction: 0.02,
    weightDecay: 0.05,
    clip: 1,
    beta1: 0.9,
    beta2: 0.98,
    averaging: 0.999,
  },
};

function refuse(path: string, field: string, found: unknown, allowed: string): never {
  const message = `${path}: ${field} is ${JSON.stringify(found)}; allowed: ${allowed}`;
  throw new BiomedParseError('usage', message, { path, field });
}

function checkCount(path: string, field: string, value: unknown, least = 1): void {
  if (!Number.isInteger(value) || (value as number) < least) refuse(path, field, value, `an integer from ${least}`);
}

function checkPositive(path: string, field: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) refuse(path, field, value, 'a number >= 0');
}

/** Refuses what is no object, and fields that nobody reads: they would be settings misspelt. */
function checkFields(path: string, where: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(path, where || 'the file', value, `an object of ${known.join(', ')}`);
  }
  const unknown = Object.keys(value as object).find((field) => !known.includes(field));
  if (unknown !== undefined)
    refuse(path, where === '' ? unknown : `${where}.${unknown}`, '(unknown field)', known.join(', '));
}

function check(path: string, config: TrainingConfig): void {
  if (typeof config.data?.root !== 'string') refuse(path, 'data.root', config.data?.root, 'a folder');
  checkFields(path, 'data', config.data, ['root', 'sets', 'setWeights', 'holdOut']);
  const share = config.data.holdOut ?? 0;
  if (!(typeof share === 'number' && share >= 0 && share < 1)) refuse(path, 'data.holdOut', share, '0 to below 1');
  for (const [set, weight] of Object.entries(config.data.setWeights ?? {})) {
    if (!(Number.isFinite(weight) && weight > 0)) refuse(path, `data.setWeights.${set}`, weight, 'a number above 0');
  }
  if (typeof config.output !== 'string') refuse(path, 'output', config.output, 'a folder');
  if (typeof config.model !== 'object') refuse(path, 'model', config.model, "a model's configuration");
  for (const field of ['seed', 'workers', 'promptsPerImage', 'logEverySteps', 'checkpointEverySteps'] as const) {
    checkCount(path, field, config[field], field === 'seed' ? 0 : 1);
  }
  checkCount(path, 'tokens', config.tokens, 2);
  if (config.tokens > config.model.text.contextLength) {
    refuse(path, 'tokens', config.tokens, `up to model.text.contextLength, ${config.model.text.contextLength}`);
  }
  if (config.model.decoder?.regions === true) {
    refuse(path, 'model.decoder.regions', true, 'false or left out, as training with region prompts is not built');
  }
  if (!(config.negativeFraction >= 0 && config.negativeFraction < 1)) {
    refuse(path, 'negativeFraction', config.negativeFraction, '0 to below 1');
  }
  if (!Array.isArray(config.stages) || config.stages.length === 0) {
    refuse(path, 'stages', config.stages, 'a list of {size, steps, imagesPerWorker, augmentation}');
  }
  const words: unknown = config.trainable ?? ['all'];
  if (!Array.isArray(words) || words.length === 0 || words.some((word) => typeof word !== 'string' || word === '')) {
    refuse(path, 'trainable', words, 'a list of words that parameter names hold');
  }
  for (const [i, stage] of config.stages.entries()) {
    checkFields(path, `stages[${i}]`, stage, ['size', 'steps', 'imagesPerWorker', 'augmentation']);
    if (!Number.isInteger(stage.size) || stage.size < 64 || stage.size % 32 !== 0) {
      refuse(path, `stages[${i}].size`, stage.size, 'a multiple of 32 from 64');
    }
    checkCount(path, `stages[${i}].steps`, stage.steps);
    checkCount(path, `stages[${i}].imagesPerWorker`, stage.imagesPerWorker);
    const { augmentation = 1 } = stage;
    if (!(typeof augmentation === 'number' && augmentation >= 0 && augmentation <= 1)) {
      refuse(path, `stages[${i}].augmentation`, augmentation, '0 to 1');
    }
  }
  checkFields(path, 'optimiser', config.optimiser, Object.keys(trainingDefaults.optimiser));
  checkFields(path, 'losses', config.losses, Object.keys(trainingDefaults.losses));
  for (const [name, value] of Object.entries(config.optimiser)) checkPositive(path, `optimiser.${name}`, value);
  for (const [name, value] of Object.entries(config.losses)) checkPositive(path, `losses.${name}`, value);
}

/** Reads, completes and checks a training configuration; paths in it become absolute. */
export async function readTrainingConfig(path: string): Promise<TrainingConfig> {
  let given: Partial<TrainingConfig>;
  try {
    given = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new BiomedParseError('usage', `${path}: not a readable JSON file (${errorLine(cause)})`, { path }, cause);
  }
  const own = ['model', 'data', 'output', 'stages', 'trainable', 'startFrom', 'about'];
  checkFields(path, '', given, [...Object.keys(trainingDefaults), ...own]);
  const config = {
    ...trainingDefaults,
    ...given,
    losses: { ...trainingDefaults.losses, ...given.losses },
    optimiser: { ...trainingDefaults.optimiser, ...given.optimiser },
  } as TrainingConfig;
  check(path, config);
  const at = (relative: string): string => resolve(dirname(path), relative);
  const start = config.startFrom === undefined ? {} : { startFrom: at(config.startFrom) };
  return { ...config, ...start, output: at(config.output), data: { ...config.data, root: at(config.data.root) } };
}

/** Whether a parameter of this name is trained. */
export function isTrained(config: TrainingConfig, name: string): boolean {
  return config.trainable === undefined || config.trainable.some((word) => name.includes(word));
}

/** Steps of all stages together. */
export function totalSteps(config: Pick<TrainingConfig, 'stages'>): number {
  return config.stages.reduce((n, stage) => n + stage.steps, 0);
}

/** The stage of a step, its number, and how many images all earlier steps have used. */
export function stageOf(
  config: TrainingConfig,
  step: number,
): { index: number; stage: TrainingStage; imagesBefore: number } {
  let start = 0;
  let imagesBefore = 0;
  for (const [index, stage] of config.stages.entries()) {
    const perStep = stage.imagesPerWorker * config.workers;
    if (step < start + stage.steps) return { index, stage, imagesBefore: imagesBefore + (step - start) * perStep };
    start += stage.steps;
    imagesBefore += stage.steps * perStep;
  }
  throw new BiomedParseError('internal', `step ${step} lies behind the last stage`, { step });
}

/** Learning rate of a step: linear warm-up, then a cosine down to a fraction. */
export function learningRate(config: Pick<TrainingConfig, 'optimiser' | 'stages'>, step: number): number {
  const { learningRate: top, warmupSteps, finalFraction } = config.optimiser;
  if (step < warmupSteps) return (top * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps(config) - warmupSteps);
  return top * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress))));
}
