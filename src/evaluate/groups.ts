/** Results of masks that are alike: as irregular as each other, or as large. */
import { mean } from './metrics.ts';
import type { MaskShape } from './shape.ts';

/** Masks from `from` (inclusive) to `to` (exclusive, but for 1). */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly dice_mean: number | null;
}

/** Upper ends; targets with a box ratio below 0.3 are those that the BiomedParse paper calls irregular. */
const RATIOS = [0.3, 0.5, 0.7, 1] as const;
/** Shares of the image. */
const SIZES = [0.001, 0.01, 0.05, 0.2, 1] as const;

const BY: Readonly<Record<string, readonly [of: keyof MaskShape, ends: readonly number[]]>> = {
  box_ratio: ['boxRatio', RATIOS],
  convex_ratio: ['convexRatio', RATIOS],
  inertia_ratio: ['inertiaRatio', RATIOS],
  size: ['areaFraction', SIZES],
};

/** Mean Dice over the masks of every group, by `box_ratio`, `convex_ratio`, `inertia_ratio` and `size` of the ground truth. */
export function groupByShape(
  answers: readonly { readonly dice: number; readonly shape: MaskShape }[],
): Readonly<Record<string, readonly Group[]>> {
  const groupsOf = ([of, ends]: readonly [keyof MaskShape, readonly number[]]): Group[] =>
    ends.map((to, i) => {
      const from = i === 0 ? 0 : ends[i - 1];
      const last = i === ends.length - 1;
      const inside = answers.filter(({ shape }) => shape[of] >= from && (shape[of] < to || last));
      const score = mean(inside.map(({ dice }) => dice));
      return { from, to, n: inside.length, dice_mean: score === null ? null : Number(score.toFixed(6)) };
    });
  return Object.fromEntries(Object.entries(BY).map(([name, by]) => [name, groupsOf(by)]));
}
