/**
 * Memory that all training workers share: parameters, their average, the optimiser's moments, one gradient a worker,
 * and a barrier. Parameters lie one after another in the order of the specification.
 */
import type { ParameterSpec } from '../model/parameters.ts';

export interface SharedState {
  readonly parameters: SharedArrayBuffer;
  readonly average: SharedArrayBuffer;
  readonly firstMoment: SharedArrayBuffer;
  readonly secondMoment: SharedArrayBuffer;
  /** One a worker. */
  readonly gradients: readonly SharedArrayBuffer[];
  /** Float64: sum of squares of the gradient's parts, one a worker. */
  readonly squares: SharedArrayBuffer;
  /** Float64 `[workers, scalars]`: loss and parts of the last step. */
  readonly scalars: SharedArrayBuffer;
  /** Int32, see `cell`. */
  readonly control: SharedArrayBuffer;
}

/** Cells of `control`. */
export const cell = { arrived: 0, generation: 1, stopAsked: 2, stopDecided: 3, held: 4 } as const;

/** Arrays of `SharedState` that make up a checkpoint. */
export const checkpointed = ['parameters', 'average', 'firstMoment', 'secondMoment'] as const;

export const maximumScalars = 16;

export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly size: number;
  /** Whether weight decay applies: matrices and kernels yes, biases, norms and scalars no. */
  readonly decays: boolean;
}

/** Place of every parameter in the flat arrays. */
export function layoutOf(specs: ReadonlyMap<string, ParameterSpec>): { slots: Slot[]; total: number } {
  let total = 0;
  const slots = [...specs].map(([name, { shape }]) => {
    const size = shape.reduce((n, side) => n * side, 1);
    const slot = { name, shape, start: total, size, decays: shape.length >= 2 };
    total += size;
    return slot;
  });
  return { slots, total };
}

export function createSharedState(total: number, workers: number): SharedState {
  const floats = (): SharedArrayBuffer => new SharedArrayBuffer(4 * total);
  return {
    parameters: floats(),
    average: floats(),
    firstMoment: floats(),
    secondMoment: floats(),
    gradients: Array.from({ length: workers }, floats),
    squares: new SharedArrayBuffer(8 * workers),
    scalars: new SharedArrayBuffer(8 * workers * maximumScalars),
    control: new SharedArrayBuffer(4 * 8),
  };
}

/** Waits until all workers have come here; blocks the thread. */
export function barrier(control: Int32Array, workers: number): void {
  const generation = Atomics.load(control, cell.generation);
  if (Atomics.add(control, cell.arrived, 1) + 1 === workers) {
    Atomics.store(control, cell.arrived, 0);
    Atomics.add(control, cell.generation, 1);
    Atomics.notify(control, cell.generation);
    return;
  }
  while (Atomics.load(control, cell.generation) === generation) Atomics.wait(control, cell.generation, generation);
}
