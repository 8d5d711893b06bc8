/** The update that follows a gradient: clipped by its norm, then AdamW at the rate of the schedule. */
import { learningRate } from './config.ts';
import { type AdamWArrays, adamW } from './optimiser.ts';
import type { Slot } from './shared.ts';

export interface Update {
  /** Steps done before this one. */
  readonly step: number;
  /** Norm of the whole gradient before clipping. */
  readonly norm: number;
  /** Positions of the flat arrays that are updated, `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

/** Updates the parameters of the slots between two positions in place; a gradient that is not finite changes nothing. */
export function updateParameters(
  arrays: AdamWArrays,
  slots: readonly Slot[],
  schedule: Parameters<typeof learningRate>[0],
  { step, norm, from, to }: Update,
): void {
  if (!Number.isFinite(norm)) return;
  const { clip, beta1, beta2, weightDecay, averaging } = schedule.optimiser;
  const scale = norm > clip ? clip / norm : 1;
  const rate = learningRate(schedule, step);
  for (const slot of slots) {
    const [start, end] = [Math.max(from, slot.start), Math.min(to, slot.start + slot.size)];
    if (start < end) {
      adamW(arrays, start, end, slot.decays, { rate, beta1, beta2, weightDecay, scale, step, averaging });
    }
  }
}
