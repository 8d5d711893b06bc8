/**
 * The training loop seen from the main thread: loads data, starts one worker a core, writes the log, checkpoints and the
 * exported model, resumes exactly, stops on a signal.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Dataset, holdOut, loadImages, openDataset } from '../dataset/index.ts';
import { portableTarget } from '../graph/onnx/target.ts';
import { trainTokenizer } from '../model/tokenizer.ts';
import { promptCorpus } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, readFileChecked } from '../util/files.ts';
import { exportModel, initialise, loadCheckpoint, modelDirectory, saveCheckpoint, startFrom } from './checkpoint.ts';
import { isTrained, learningRate, readTrainingConfig, stageOf, type TrainingConfig, totalSteps } from './config.ts';
import { trainingGraph } from './graph.ts';
import { cell, createSharedState, layoutOf, type SharedState, type Slot } from './shared.ts';
import type { WorkerInput, WorkerMessage } from './worker.ts';

export interface TrainOptions {
  /** Go on from the checkpoint in the output folder. */
  readonly resume?: boolean;
  readonly onLine?: (line: string) => void;
  /** Aborting saves a checkpoint and ends the run. */
  readonly signal?: AbortSignal;
}

/** The built worker; Node runs no TypeScript in threads, so a run from source takes the one of the last build too. */
function workerFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../dist/train/worker.js' : './worker.js', import.meta.url);
}

interface Progress {
  started: number;
  images: number;
  readonly sums: Record<string, number>;
  steps: number;
}

/** One line for people and one JSON line for the log, over the steps since the last. */
function progressLine(
  config: TrainingConfig,
  step: number,
  progress: Progress,
  norm: number,
): { text: string; json: object } {
  const seconds = (performance.now() - progress.started) / 1000;
  const rate = progress.images / seconds;
  const means = Object.fromEntries(Object.entries(progress.sums).map(([name, sum]) => [name, sum / progress.steps]));
  const losses = Object.entries(means).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const size = stageOf(config, step - 1).stage.size;
  const text = `step ${step}/${totalSteps(config)} | ${size} px | ${rate.toFixed(1)} images/s | ${losses.join(' ')}`;
  const rounded = Object.fromEntries(Object.entries(means).map(([name, value]) => [name, Number(value.toFixed(5))]));
  const json = {
    step,
    size,
    images_per_second: Number(rate.toFixed(2)),
    rate: learningRate(config, step - 1),
    norm,
    ...rounded,
  };
  return { text, json };
}

async function runWorkers(
  config: TrainingConfig,
  inputs: readonly WorkerInput[],
  shared: SharedState,
  on: {
    step: (message: WorkerMessage & { kind: 'step' }) => Promise<void>;
    checkpoint: (step: number) => Promise<void>;
  },
  signal: AbortSignal | undefined,
): Promise<void> {
  const control = new Int32Array(shared.control);
  const ask = (): void => void Atomics.store(control, cell.stopAsked, 1);
  if (signal?.aborted === true) ask();
  signal?.addEventListener('abort', ask);
  const workers = inputs.map((workerData) => new Worker(workerFile(), { workerData }));
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((done, fail) => {
            let handled = Promise.resolve();
            worker.on('message', (message: WorkerMessage) => {
              handled = handled.then(async () => {
                if (message.kind === 'step') await on.step(message);
                if (message.kind === 'checkpoint') {
                  await on.checkpoint(message.step);
                  Atomics.store(control, cell.held, 0);
                  Atomics.notify(control, cell.held);
                }
              });
              handled.catch(fail);
            });
            worker.on('error', fail);
            worker.on('exit', (code) => {
              if (code === 0) handled.then(done, fail);
              else
                fail(new BiomedParseError('runtime', `a training worker of ${config.workers} ended with code ${code}`));
            });
          }),
      ),
    );
  } finally {
    signal?.removeEventListener('abort', ask);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The tokenizer that the parameters were trained with: a resumed or continued model keeps its own. */
export async function prepareTokenizer(config: TrainingConfig, resume: boolean): Promise<object> {
  const from = resume ? modelDirectory(config) : config.startFrom;
  if (from === undefined) return trainTokenizer(promptCorpus(), config.model.text.vocabulary);
  return JSON.parse((await readFileChecked(join(from, 'tokenizer.json'))).toString('utf8'));
}

/** The parameters of a training run, freshly started, taken from a model, or resumed. */
async function prepareState(
  config: TrainingConfig,
  options: TrainOptions,
): Promise<{ shared: SharedState; slots: Slot[]; step: number }> {
  const shape = { images: 1, prompts: config.promptsPerImage, tokens: config.tokens, size: 64 };
  const { specs } = trainingGraph(config.model, shape, config.losses, portableTarget);
  const { slots, total } = layoutOf(specs);
  const trained = slots.filter(({ name }) => isTrained(config, name)).reduce((n, { size }) => n + size, 0);
  if (trained === 0) {
    const message = `trainable is ${JSON.stringify(config.trainable)}; no parameter of the model has any of these words in its name`;
    throw new BiomedParseError('usage', message, { trainable: config.trainable });
  }
  const shared = createSharedState(total, config.workers);
  options.onLine?.(
    `model ${config.model.name}: ${(total / 1e6).toFixed(2)} M parameters, ${(trained / 1e6).toFixed(2)} M of them trained`,
  );
  initialise(specs, slots, shared, config.seed);
  if (options.resume === true) {
    const step = await loadCheckpoint(config, shared);
    options.onLine?.(`resumed at step ${step}`);
    return { shared, slots, step };
  }
  if (config.startFrom !== undefined) {
    const taken = await startFrom(config.startFrom, slots, shared);
    options.onLine?.(`${taken} of ${slots.length} tensors taken from ${config.startFrom}`);
  }
  return { shared, slots, step: 0 };
}

/** The images that a configuration trains on, held-out subjects and images left out taken away. */
export async function openTrainingData(config: TrainingConfig): Promise<Dataset> {
  const sets = config.data.sets === undefined ? {} : { sets: config.data.sets };
  const opened = await openDataset(config.data.root, { split: 'train', ...sets });
  const names = new Set(opened.items.map(({ set }) => set));
  for (const set of Object.keys(config.data.setWeights ?? {})) {
    if (names.has(set)) continue;
    const message = `data.setWeights names "${set}"; the data have ${[...names].join(', ')}`;
    throw new BiomedParseError('usage', message, { set });
  }
  const share = config.data.holdOut ?? 0;
  return share === 0 ? opened : await holdOut(opened, share, 'rest');
}

/** Trains as the configuration file says; errors: `usage` for the configuration, `input` for the data. */
export async function trainFromConfig(path: string, options: TrainOptions = {}): Promise<void> {
  const config = await readTrainingConfig(path);
  const say = options.onLine ?? (() => {});
  await makeFolder(config.output);
  const dataset = await openTrainingData(config);
  const left = dataset.leftOut ? ` (${dataset.leftOut} left out)` : '';
  say(`${dataset.items.length} images${left}; reading`);
  const store = await loadImages(dataset, { maxSide: 256 });
  const tokenizer = await prepareTokenizer(config, options.resume === true);
  const { shared, slots, step: firstStep } = await prepareState(config, options);
  const logFile = join(config.output, 'log.jsonl');
  const progress: Progress = { started: performance.now(), images: 0, sums: {}, steps: 0 };

  const onStep = async (message: WorkerMessage & { kind: 'step' }): Promise<void> => {
    const { stage } = stageOf(config, message.step - 1);
    progress.images += stage.imagesPerWorker * config.workers;
    progress.steps++;
    for (const [name, value] of Object.entries(message.scalars))
      progress.sums[name] = (progress.sums[name] ?? 0) + value;
    if (message.step % config.logEverySteps !== 0) return;
    const { text, json } = progressLine(config, message.step, progress, Number(message.norm.toFixed(4)));
    say(text);
    await appendFile(logFile, `${JSON.stringify(json)}\n`);
    Object.assign(progress, { started: performance.now(), images: 0, steps: 0 });
    for (const name of Object.keys(progress.sums)) progress.sums[name] = 0;
  };
  const onCheckpoint = async (step: number): Promise<void> => {
    // the model first: a run goes on with its tokenizer
    await exportModel(config, slots, shared, tokenizer, step);
    await saveCheckpoint(config, shared, step);
    say(`checkpoint at step ${step}`);
  };
  const inputs = Array.from({ length: config.workers }, (_, index): WorkerInput => {
    return { config, store, tokenizer, shared, index, firstStep };
  });
  await runWorkers(config, inputs, shared, { step: onStep, checkpoint: onCheckpoint }, options.signal);
}
