/**
 * The training loop of a specialist: one process, one thread, AdamW with a cosine, checkpoints; a run that was ended goes on from its
 * last checkpoint to the same bits. Sets are trained beside one another, so that two cores are two processes and not two threads.
 */
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageStore } from '../../src/dataset/index.ts';
import { trainingTarget } from '../../src/runtime/probe.ts';
import { openSession, type Values } from '../../src/runtime/session.ts';
import { checkpointFile, initialise, loadCheckpoint, saveCheckpoint } from '../../src/train/checkpoint.ts';
import type { TrainingConfig } from '../../src/train/config.ts';
import { gradientPrefix } from '../../src/train/graph.ts';
import { averageGradients } from '../../src/train/optimiser.ts';
import { createSharedState, layoutOf, type SharedState, type Slot } from '../../src/train/shared.ts';
import { updateParameters } from '../../src/train/update.ts';
import { BiomedParseError } from '../../src/util/errors.ts';
import { makeFolder } from '../../src/util/files.ts';
import { createBatches } from './batch.ts';
import { type SpecialistGraph, trainingGraph } from './graph.ts';
import type { NetworkSettings } from './network.ts';

/** All that a specialist's weights depend on, besides the data; a checkpoint of other settings is refused. */
export interface SpecialistSettings extends NetworkSettings {
  readonly set: string;
  /** One channel of the answer each. */
  readonly targets: readonly string[];
  readonly steps: number;
  readonly imagesPerStep: number;
  readonly seed: number;
  readonly optimiser: TrainingConfig['optimiser'];
}

export interface TrainOptions {
  readonly onLine?: (line: string) => void;
  /** Aborting saves a checkpoint and ends the run. */
  readonly signal?: AbortSignal;
  /** Steps between lines of the log, and between checkpoints (defaults 50, 200). */
  readonly logEvery?: number;
  readonly checkpointEvery?: number;
}

export interface Trained {
  /** Averaged weights by name. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly step: number;
}

/** A parameter's place in a flat array. */
const part = (of: Float32Array, { start, size }: Slot): Float32Array => of.subarray(start, start + size);

/** Refuses (`usage`) numbers of steps or images that are not whole and positive, and targets that no training image has. */
function check(settings: SpecialistSettings, { targetNames }: ImageStore): void {
  for (const target of settings.targets) {
    if (targetNames.includes(target)) continue;
    const allowed = targetNames.join(', ');
    throw new BiomedParseError('usage', `${settings.set} has no target ${target}; allowed: ${allowed}`, { target });
  }
  for (const field of ['steps', 'imagesPerStep'] as const) {
    const value = settings[field];
    if (Number.isInteger(value) && value >= 1) continue;
    throw new BiomedParseError('usage', `${field} is ${value}; allowed: whole numbers from 1`, { [field]: value });
  }
}

interface Stepper {
  /** Forward, backward and update of step n; gives loss and parts in the order of the graph's scalars. */
  run(step: number): Promise<number[]>;
  dispose(): Promise<void>;
}

async function openStepper(
  settings: SpecialistSettings,
  graph: SpecialistGraph,
  store: ImageStore,
  shared: SharedState,
): Promise<Stepper> {
  const { size, targets, steps, imagesPerStep: images, seed, optimiser } = settings;
  const { slots, total } = layoutOf(graph.specs);
  // ONNX Runtime refuses shared memory: what it reads and writes are copies
  const parameters = new Float32Array(total);
  const gradient = new Float32Array(total);
  const state = {
    parameters: new Float32Array(shared.parameters),
    average: new Float32Array(shared.average),
    firstMoment: new Float32Array(shared.firstMoment),
    secondMoment: new Float32Array(shared.secondMoment),
    gradient,
  };
  const fed: Record<string, Values> = Object.fromEntries(slots.map((slot) => [slot.name, part(parameters, slot)]));
  const into = Object.fromEntries(slots.map((slot) => [`${gradientPrefix}${slot.name}`, part(gradient, slot)]));
  const schedule = { optimiser, stages: [{ size, steps, imagesPerWorker: images }] };
  const batchOf = createBatches(store, targets, { size, images, seed });
  const session = await openSession(graph.model, { threads: 1 });
  return {
    async run(step) {
      parameters.set(state.parameters);
      const found = await session.run({ ...fed, ...batchOf(step) }, into);
      const norm = Math.sqrt(averageGradients([gradient], gradient, 0, total));
      updateParameters(state, slots, schedule, { step, norm, from: 0, to: total });
      return graph.scalars.map((name) => Number((found[name] as Float32Array)[0]));
    },
    dispose: () => session.dispose(),
  };
}

/** Writes means over the steps since its last line: as JSON to the log, in words to `onLine`. */
function createLog(
  { set, steps, imagesPerStep }: SpecialistSettings,
  names: readonly string[],
  path: string,
  onLine: (line: string) => void,
): { add(scalars: readonly number[]): void; write(step: number): Promise<void> } {
  const fresh = () => ({ start: performance.now(), sums: names.map(() => 0), steps: 0 });
  let since = fresh();
  return {
    add(scalars) {
      since = { ...since, sums: since.sums.map((sum, i) => sum + (scalars[i] as number)), steps: since.steps + 1 };
    },
    async write(step) {
      const rate = (1000 * since.steps * imagesPerStep) / (performance.now() - since.start);
      const means = since.sums.map((sum) => Number((sum / since.steps).toFixed(5)));
      const losses = Object.fromEntries(names.map((name, i) => [name, means[i]]));
      await appendFile(path, `${JSON.stringify({ step, images_per_second: Number(rate.toFixed(2)), ...losses })}\n`);
      const words = names.map((name, i) => `${name} ${(means[i] as number).toFixed(3)}`);
      onLine(`${set}: step ${step}/${steps} | ${rate.toFixed(1)} images/s | ${words.join(' ')}`);
      since = fresh();
    },
  };
}

/** Trains a specialist on a store of its set's training images, or goes on from the checkpoint in `output`. */
export async function trainSpecialist(
  settings: SpecialistSettings,
  store: ImageStore,
  output: string,
  options: TrainOptions = {},
): Promise<Trained> {
  check(settings, store);
  const { onLine = () => {}, logEvery = 50, checkpointEvery = 200 } = options;
  const isAborted = (): boolean => options.signal?.aborted === true;
  const { set, targets, steps, imagesPerStep } = settings;
  const graph = trainingGraph(settings, imagesPerStep, targets.length, await trainingTarget());
  const { slots, total } = layoutOf(graph.specs);
  const shared = createSharedState(total, 1);
  const run = { output, model: settings };
  await makeFolder(output);
  initialise(graph.specs, slots, shared, settings.seed);
  let step = existsSync(checkpointFile(run)) ? await loadCheckpoint(run, shared) : 0;
  onLine(`${set}: ${targets.join(', ')}; ${(total / 1e6).toFixed(2)} M parameters, ${step} of ${steps} steps done`);
  if (step < steps) {
    const stepper = await openStepper(settings, graph, store, shared);
    const log = createLog(settings, graph.scalars, join(output, 'log.jsonl'), onLine);
    try {
      while (step < steps && !isAborted()) {
        log.add(await stepper.run(step++));
        const isLast = step === steps;
        if (isLast || step % logEvery === 0) await log.write(step);
        if (isLast || step % checkpointEvery === 0 || isAborted()) await saveCheckpoint(run, shared, step);
      }
    } finally {
      await stepper.dispose();
    }
  }
  // a copy, as ONNX Runtime refuses shared memory
  const average = Float32Array.from(new Float32Array(shared.average));
  return { step, weights: Object.fromEntries(slots.map((slot) => [slot.name, part(average, slot)])) };
}
