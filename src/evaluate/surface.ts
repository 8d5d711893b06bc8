/**
 * Distances between the edges of two masks: HD95, ASSD, normalised surface Dice. Edge pixels are those inside with one of
 * their four neighbours outside; the image's edge counts as outside, as in MONAI and scikit-image's erosion with zeros.
 * All of it is undefined where one mask is empty, but for surface Dice, which is 0 then.
 */
import { squaredDistances } from '../image/distance.ts';
import { measure } from '../image/measure.ts';
import type { Box, Mask } from '../image/types.ts';
import { mean, quantile } from './metrics.ts';

/** Edges that lie this far apart are the same in the surface Dice, pixels. */
export const TOLERANCE_PX = 2;

export interface SurfaceScores {
  /** The larger of both directions' 95th percentiles of distance; null where the prediction is empty. */
  readonly hd95: number | null;
  /** Mean distance over the edge pixels of both masks; null where the prediction is empty. */
  readonly assd: number | null;
  /** Share of the edge pixels of both masks that lie within the tolerance of the other one's. */
  readonly surfaceDice: number;
}

/** Edge pixels of what a box holds of a mask, `[height, width]` of the box. */
function edgeIn({ data, width, height }: Mask, [left, top, right, bottom]: Box): Uint8Array {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] !== 0;
  const edge = new Uint8Array((right - left) * (bottom - top));
  for (let y = top, i = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, i++) {
      const within = inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1);
      if (inside(x, y) && !within) edge[i] = 1;
    }
  }
  return edge;
}

/**
 * Scores of a predicted mask against a ground truth of the same size that is not empty. `spacing` are the distances of
 * pixels across and down, and `tolerance` is in the same unit; by default both are pixels.
 */
export function surfaceScores(
  predicted: Mask,
  truth: Mask,
  { spacing = [1, 1], tolerance = TOLERANCE_PX }: { spacing?: readonly [number, number]; tolerance?: number } = {},
): SurfaceScores {
  const [a, b] = [measure(predicted).box, measure(truth).box];
  if (a === null || b === null) return { hd95: null, assd: null, surfaceDice: 0 };
  // everything that distances are taken between lies in the box round both
  const box: Box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const [edgeA, edgeB] = [edgeIn(predicted, box), edgeIn(truth, box)];
  const between = (from: Uint8Array, to: Uint8Array): number[] => {
    const squared = squaredDistances(to, width, height, spacing);
    const distances: number[] = [];
    for (let i = 0; i < from.length; i++) if (from[i] !== 0) distances.push(Math.sqrt(squared[i]));
    return distances;
  };
  const [there, back] = [between(edgeA, edgeB), between(edgeB, edgeA)];
  const all = [...there, ...back];
  return {
    hd95: Math.max(quantile(there, 0.95) as number, quantile(back, 0.95) as number),
    assd: mean(all),
    surfaceDice: all.filter((distance) => distance <= tolerance).length / all.length,
  };
}
