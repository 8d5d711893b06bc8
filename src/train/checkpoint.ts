/** Checkpoints: everything needed to go on exactly (parameters, average, moments, step), and the model exported from them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  fromFloat32,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../formats/safetensors.ts';
import type { ParameterSpec } from '../model/parameters.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, writeFileAtomic } from '../util/files.ts';
import { createRandom, mixSeed } from '../util/random.ts';
import type { TrainingConfig } from './config.ts';
import { checkpointed, type SharedState, type Slot } from './shared.ts';

/** What a checkpoint needs to know of a run: its folder, and what says which network it is of. */
export interface CheckpointedRun {
  readonly output: string;
  readonly model: object;
}

/** File that holds the state of a training run in its output folder. */
export function checkpointFile(config: Pick<CheckpointedRun, 'output'>): string {
  return join(config.output, 'checkpoint.safetensors');
}

/** Folder of the model that a training run exports. */
export function modelDirectory(config: TrainingConfig): string {
  return join(config.output, 'model');
}

/** Writes the state after `step` steps; the earlier checkpoint is replaced only when the new one is whole. */
export async function saveCheckpoint(config: CheckpointedRun, shared: SharedState, step: number): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const name of checkpointed) {
    const values = new Float32Array(shared[name]);
    tensors.set(name, fromFloat32(values, [values.length], 'F32'));
  }
  await writeSafetensors(checkpointFile(config), tensors, { step: String(step), model: JSON.stringify(config.model) });
}

/** Fills the shared state from the checkpoint and gives its step. Refuses a checkpoint of another model. */
export async function loadCheckpoint(config: CheckpointedRun, shared: SharedState): Promise<number> {
  const path = checkpointFile(config);
  if (!existsSync(path)) throw new BiomedParseError('input', `${path}: no checkpoint to resume from`, { path });
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.model !== JSON.stringify(config.model)) {
    throw new BiomedParseError('input', `${path}: checkpoint of another model configuration`, { path });
  }
  for (const name of checkpointed) {
    const values = new Float32Array(shared[name]);
    const stored = tensors.get(name);
    if (stored === undefined || stored.shape[0] !== values.length) {
      throw new BiomedParseError('input', `${path}: ${name} is missing or not [${values.length}]`, { path, name });
    }
    values.set(toFloat32(stored));
  }
  return Number(metadata.step);
}

/** Fresh values of one parameter by its own rule; its noise depends on its name and the seed only. */
export function initialValues(name: string, spec: ParameterSpec, seed: number): Float32Array {
  const values = new Float32Array(spec.shape.reduce((n, side) => n * side, 1));
  if ('value' in spec.start) return values.fill(spec.start.value);
  const { deviation } = spec.start;
  const random = createRandom(mixSeed(seed, ...Array.from(name, (letter) => letter.charCodeAt(0))));
  return values.map(() => random.normal() * deviation);
}

/** Fresh values of all parameters. */
export function initialise(
  specs: ReadonlyMap<string, ParameterSpec>,
  slots: readonly Slot[],
  shared: SharedState,
  seed: number,
): void {
  const values = new Float32Array(shared.parameters);
  for (const { name, start } of slots) values.set(initialValues(name, specs.get(name) as ParameterSpec, seed), start);
  new Float32Array(shared.average).set(values);
}

/** Takes over weights of equal name and shape from a model directory; gives how many parameters were taken. */
export async function startFrom(directory: string, slots: readonly Slot[], shared: SharedState): Promise<number> {
  const { tensors } = await readSafetensors(join(directory, 'model.safetensors'));
  const values = new Float32Array(shared.parameters);
  let taken = 0;
  for (const { name, shape, start } of slots) {
    const stored = tensors.get(name);
    if (stored === undefined || stored.shape.join() !== shape.join()) continue;
    values.set(toFloat32(stored), start);
    taken++;
  }
  new Float32Array(shared.average).set(values);
  return taken;
}

/** Writes the averaged weights as a model directory: config.json, model.safetensors (float16), tokenizer.json. */
export async function exportModel(
  config: TrainingConfig,
  slots: readonly Slot[],
  shared: SharedState,
  tokenizer: object,
  step: number,
): Promise<void> {
  const directory = modelDirectory(config);
  await makeFolder(directory);
  const average = new Float32Array(shared.average);
  const tensors = new Map(
    slots.map(({ name, shape, start, size }) => [
      name,
      fromFloat32(average.slice(start, start + size), [...shape], 'F16'),
    ]),
  );
  await writeFileAtomic(join(directory, 'config.json'), `${JSON.stringify(config.model, null, 2)}\n`);
  await writeFileAtomic(join(directory, 'tokenizer.json'), `${JSON.stringify(tokenizer)}\n`);
  await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'biomedparse', step: String(step) });
}
