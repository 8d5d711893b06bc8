/**
 * Where a stained slide shows tissue: pixels whose saturation (HSV, 0..1) is above a threshold. Glass is white and has none.
 *
 * Saturation is smoothed over 3 x 3 pixels; the threshold is Otsu's, but never below 0.03 (noise of glass) nor above 0.08, so that a
 * picture full of tissue does not lose its pale half. An image without colour has no glass that can be told: all of it counts.
 * Source: Otsu, IEEE Trans. Syst. Man Cybern. 9:62 (1979).
 */
import type { Image, Mask } from './types.ts';

export const TISSUE_LIMITS = { least: 0.03, most: 0.08 } as const;

/** Saturation of an 8-bit RGB image in whole 255ths, `[height, width]`. */
function saturation({ data, width, height }: Image): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    const high = Math.max(data[at], data[at + 1], data[at + 2]);
    const low = Math.min(data[at], data[at + 1], data[at + 2]);
    out[i] = high === 0 ? 0 : Math.round((255 * (high - low)) / high);
  }
  return out;
}

/** The mean over 3 x 3 pixels, fewer at the border. */
function smooth(plane: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array(plane.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [sum, count] = [0, 0];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++, count++) sum += plane[v * width + u];
      }
      out[y * width + x] = Math.round(sum / count);
    }
  }
  return out;
}

/** The value that parts a histogram so that the variance between its halves is greatest; the upper half is above it. */
export function otsu(histogram: ArrayLike<number>): number {
  let [total, sum] = [0, 0];
  for (let i = 0; i < histogram.length; i++) {
    total += histogram[i];
    sum += i * histogram[i];
  }
  let [best, threshold, below, belowSum] = [-1, 0, 0, 0];
  for (let i = 0; i < histogram.length; i++) {
    below += histogram[i];
    belowSum += i * histogram[i];
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (belowSum / below - (sum - belowSum) / above) ** 2;
    if (between > best) [best, threshold] = [between, i];
  }
  return threshold;
}

/** Tissue of an 8-bit RGB image. */
export interface Tissue {
  readonly mask: Mask;
  /** The saturation above which a pixel is tissue; null if the image has no colour and all of it counts. */
  readonly threshold: number | null;
}

/** Finds the tissue in an 8-bit RGB image of a slide. */
export function findTissue(image: Image): Tissue {
  const { width, height } = image;
  const plane = smooth(saturation(image), width, height);
  const histogram = new Float64Array(256);
  for (const value of plane) histogram[value]++;
  const { least, most } = TISSUE_LIMITS;
  const threshold = Math.min(most, Math.max(least, otsu(histogram) / 255));
  const coloured = plane.some((value) => value > 255 * least);
  const data = plane.map((value) => (!coloured || value > 255 * threshold ? 1 : 0));
  return { mask: { data, width, height }, threshold: coloured ? threshold : null };
}
