/**
 * What the published rejection test looks at: how probable a mask is and how the image looks inside it.
 * Source: BiomedParse v1, `check_mask_stats` (microsoft/BiomedParse, inference_utils/output_processing.py).
 */
import type { Image } from './types.ts';

/** Mean probability, red, green and blue inside a mask, each of 0..255 over 256. */
export type MaskStatistics = readonly [number, number, number, number];

/** From this probability on (128 of 255) a pixel counts as inside. */
const INSIDE = 128 / 255;

/** The four figures of a probability map `[height, width]` and the 8-bit RGB image under it; all 0 where nothing is inside. */
export function maskStatistics(probabilities: Float32Array, image: Image): MaskStatistics {
  const { data } = image;
  const sums = [0, 0, 0, 0];
  let inside = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] < INSIDE) continue;
    inside++;
    sums[0] += 255 * probabilities[i];
    for (let c = 0; c < 3; c++) sums[c + 1] += data[3 * i + c];
  }
  const mean = (sum: number): number => (inside === 0 ? 0 : sum / inside / 256);
  return [mean(sums[0]), mean(sums[1]), mean(sums[2]), mean(sums[3])];
}
