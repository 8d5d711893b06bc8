/** What can be said of a mask without the image: size, place, outline. Pixels; boxes exclude their right and bottom. */
import type { Box, Mask } from './types.ts';

/** Size and place of a mask. */
export interface Measurements {
  /** Pixels inside. */
  readonly areaPx: number;
  /** Share of the image inside, 0..1. */
  readonly areaFraction: number;
  /** Smallest box round the mask; null if it is empty. */
  readonly box: Box | null;
}

/** Area and box of a mask. */
export function measure(mask: Mask): Measurements {
  const { data, width, height } = mask;
  let areaPx = 0;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (data[row + x] === 0) continue;
      areaPx++;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return {
    areaPx,
    areaFraction: areaPx / (width * height),
    box: areaPx === 0 ? null : [left, top, right, bottom],
  };
}

/** The mask's outline as a mask: pixels inside that have one of their four neighbours outside; the image's edge is no outline. */
export function contour(mask: Mask): Mask {
  const { data, width, height } = mask;
  const outline = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (data[i] === 0) continue;
      const open =
        (x > 0 && data[i - 1] === 0) ||
        (x + 1 < width && data[i + 1] === 0) ||
        (y > 0 && data[i - width] === 0) ||
        (y + 1 < height && data[i + width] === 0);
      if (open) outline[i] = 1;
    }
  }
  return { data: outline, width, height };
}
