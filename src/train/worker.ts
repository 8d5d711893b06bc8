/**
 * One training worker, a thread with a session of its own: draws its share of the batch, runs forward and backward,
 * and updates its share of the parameters. Workers meet at barriers in shared memory; the main thread only logs,
 * saves and stops.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createSampler, type ImageStore, type Sample } from '../dataset/index.ts';
import { maskStride } from '../model/config.ts';
import { createTokenizer, type Tokenizer } from '../model/tokenizer.ts';
import { trainingTarget } from '../runtime/probe.ts';
import { openSession, type Session, type Values } from '../runtime/session.ts';
import { isTrained, stageOf, type TrainingConfig, type TrainingStage, totalSteps } from './config.ts';
import { gradientPrefix, trainingGraph } from './graph.ts';
import { averageGradients } from './optimiser.ts';
import { barrier, cell, layoutOf, maximumScalars, type SharedState, type Slot } from './shared.ts';
import { updateParameters } from './update.ts';

export interface WorkerInput {
  readonly config: TrainingConfig;
  readonly store: ImageStore;
  readonly tokenizer: object;
  readonly shared: SharedState;
  readonly index: number;
  readonly firstStep: number;
}

export type WorkerMessage =
  | { readonly kind: 'step'; readonly step: number; readonly scalars: Record<string, number>; readonly norm: number }
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'end'; readonly step: number };

interface StageRunner {
  readonly session: Session;
  readonly scalars: readonly string[];
  readonly slots: readonly Slot[];
  /** Those that are trained; the gradient of the others stays 0. */
  readonly trained: readonly Slot[];
  readonly sample: (index: number) => Sample;
}

const { config, store, tokenizer: tokenizerJson, shared, index, firstStep } = workerData as WorkerInput;
const { workers } = config;
const control = new Int32Array(shared.control);
const gradients = shared.gradients.map((buffer) => new Float32Array(buffer));
const parameters = new Float32Array(shared.parameters);
const squares = new Float64Array(shared.squares);
const scalarTable = new Float64Array(shared.scalars);
// ONNX Runtime refuses shared memory: the session works on copies
const ownParameters = new Float32Array(parameters.length);
const ownGradient = new Float32Array(parameters.length);
const state = {
  parameters,
  average: new Float32Array(shared.average),
  firstMoment: new Float32Array(shared.firstMoment),
  secondMoment: new Float32Array(shared.secondMoment),
  // free again once the gradient has been handed in
  gradient: ownGradient,
};

async function openStage(stage: TrainingStage): Promise<StageRunner> {
  const shape = {
    images: stage.imagesPerWorker,
    prompts: config.promptsPerImage,
    tokens: config.tokens,
    size: stage.size,
  };
  const graph = trainingGraph(config.model, shape, config.losses, await trainingTarget(), (name) =>
    isTrained(config, name),
  );
  const session = await openSession(graph.model, { threads: 1 });
  const { promptsPerImage, negativeFraction, seed } = config;
  const { setWeights } = config.data;
  const drawn = { promptsPerImage, negativeFraction, seed, setWeights, cell: maskStride(config.model.pixelDecoder) };
  const sample = createSampler(store, { ...drawn, size: stage.size, augmentation: stage.augmentation ?? 1 });
  const { slots } = layoutOf(graph.specs);
  const trained = slots.filter(({ name }) => isTrained(config, name));
  return { session, scalars: graph.scalars, slots, trained, sample };
}

/** A batch as the inputs of the training graph. */
function batchFeeds(samples: readonly Sample[], tokenizer: Tokenizer): Record<string, Values> {
  const { tokens, promptsPerImage } = config;
  const rows = samples.length * promptsPerImage;
  const ids = new BigInt64Array(rows * tokens);
  const ends = new BigInt64Array(rows);
  const filler = new Uint8Array(rows * tokens);
  const plane = (samples[0] as Sample).pixels.length;
  const target = (samples[0] as Sample).targets.length;
  const pixels = new Float32Array(samples.length * plane);
  const targets = new Float32Array(samples.length * target);
  const present = new Float32Array(rows);
  for (const [i, sample] of samples.entries()) {
    pixels.set(sample.pixels, i * plane);
    targets.set(sample.targets, i * target);
    present.set(sample.present, i * promptsPerImage);
    for (const [j, prompt] of sample.prompts.entries()) {
      const row = i * promptsPerImage + j;
      const encoded = tokenizer.encode(prompt);
      for (let k = 0; k < tokens; k++)
        ids[row * tokens + k] = BigInt(encoded[k] ?? (encoded[encoded.length - 1] as number));
      ends[row] = BigInt(encoded.length - 1);
      filler.fill(1, row * tokens + encoded.length, (row + 1) * tokens);
    }
  }
  return { pixels, ids, ends, filler, targets, present };
}

/** Forward and backward of one batch; leaves the gradient and the scalars in shared memory. */
async function runBatch(runner: StageRunner, feeds: Record<string, Values>): Promise<void> {
  ownParameters.set(parameters);
  const into: Record<string, Float32Array> = {};
  const all: Record<string, Values> = { ...feeds };
  for (const { name, start, size } of runner.slots) {
    all[name] = ownParameters.subarray(start, start + size);
  }
  for (const { name, start, size } of runner.trained) {
    into[`${gradientPrefix}${name}`] = ownGradient.subarray(start, start + size);
  }
  const result = await runner.session.run(all, into);
  (gradients[index] as Float32Array).set(ownGradient);
  for (const [i, name] of runner.scalars.entries()) {
    scalarTable[index * maximumScalars + i] = Number((result[name] as Float32Array)[0]);
  }
}

/** Updates this worker's share of the parameters; gives the norm of the whole gradient before clipping. */
function update(runner: StageRunner, step: number): number {
  const total = parameters.length;
  const [from, to] = [Math.floor((total * index) / workers), Math.floor((total * (index + 1)) / workers)];
  squares[index] = averageGradients(gradients, ownGradient, from, to);
  barrier(control, workers);
  const norm = Math.sqrt(squares.reduce((a, b) => a + b, 0));
  updateParameters(state, runner.trained, config, { step, norm, from, to });
  barrier(control, workers);
  return norm;
}

function report(message: WorkerMessage): void {
  if (index === 0) parentPort?.postMessage(message);
}

/** Holds all workers still while the main thread writes a checkpoint. */
function holdForCheckpoint(step: number): void {
  if (index === 0) {
    Atomics.store(control, cell.held, 1);
    report({ kind: 'checkpoint', step });
    while (Atomics.load(control, cell.held) === 1) Atomics.wait(control, cell.held, 1);
  }
  barrier(control, workers);
}

function meanScalars(runner: StageRunner): Record<string, number> {
  const mean = (i: number): number => {
    let sum = 0;
    for (let worker = 0; worker < workers; worker++) sum += scalarTable[worker * maximumScalars + i] as number;
    return sum / workers;
  };
  return Object.fromEntries(runner.scalars.map((name, i) => [name, mean(i)]));
}

async function train(): Promise<void> {
  const tokenizer = createTokenizer(tokenizerJson, { contextLength: config.tokens });
  const last = totalSteps(config);
  let runner: StageRunner | undefined;
  let open = -1;
  let step = firstStep;
  for (; step < last; step++) {
    const { index: stageIndex, stage, imagesBefore } = stageOf(config, step);
    if (stageIndex !== open || runner === undefined) {
      await runner?.session.dispose();
      runner = await openStage(stage);
      open = stageIndex;
    }
    const { sample } = runner;
    const first = imagesBefore + index * stage.imagesPerWorker;
    const samples = Array.from({ length: stage.imagesPerWorker }, (_, i) => sample(first + i));
    await runBatch(runner, batchFeeds(samples, tokenizer));
    if (index === 0) Atomics.store(control, cell.stopDecided, Atomics.load(control, cell.stopAsked));
    barrier(control, workers);
    // read before the barriers of the update, behind which a worker may be a step ahead
    const stops = Atomics.load(control, cell.stopDecided) === 1;
    const scalars = meanScalars(runner);
    const norm = update(runner, step);
    report({ kind: 'step', step: step + 1, scalars, norm });
    if (stops || (step + 1) % config.checkpointEverySteps === 0 || step + 1 === last) holdForCheckpoint(step + 1);
    if (stops) break;
  }
  await runner?.session.dispose();
  report({ kind: 'end', step: Math.min(step + 1, last) });
}

await train();
