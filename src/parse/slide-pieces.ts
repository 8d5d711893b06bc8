/**
 * The objects of a connected part of a slide's mask: the part itself, or, of what lies crowded, the pieces that a watershed cuts it into
 * where it is narrow (see image/instances.ts). Memory is bounded: a part whose box has more than 4 megapixels is not cut, one of more
 * than 67 is given in coarser steps.
 */
import { instances } from '../image/instances.ts';
import { type RowComponent, rowComponentMask } from '../image/row-components.ts';
import type { Box, Mask } from '../image/types.ts';
import type { Separation } from './separation.ts';

const CUT_PIXELS = 1 << 22;
const MASK_PIXELS = 1 << 26;

/** One object. */
export interface SlidePiece {
  readonly areaPx: number;
  readonly box: Box;
  /** Mean of the places of its pixels' centres. */
  readonly centroid: readonly [number, number];
  /** In its box; each pixel stands for `step` x `step`. */
  readonly mask: Mask;
  readonly step: number;
}

function wholePart(part: RowComponent): SlidePiece {
  const { areaPx, box, sumX, sumY } = part;
  const [left, top, right, bottom] = box;
  const step = Math.max(1, Math.ceil(Math.sqrt(((right - left) * (bottom - top)) / MASK_PIXELS)));
  return { areaPx, box, centroid: [sumX / areaPx, sumY / areaPx], mask: rowComponentMask(part, step), step };
}

/** The objects of a label map over the box of a part, in the order of their labels; holes that were filled belong to none. */
function cutPieces({ data, width }: Mask, labels: Uint16Array, count: number, [left, top]: Box): SlidePiece[] {
  const found = Array.from({ length: count }, () => ({ pixels: [] as number[], x0: width, x1: 0, sumX: 0, sumY: 0 }));
  for (let i = 0; i < labels.length; i++) {
    if (data[i] === 0 || labels[i] === 0) continue;
    const one = found[labels[i] - 1];
    const x = i % width;
    one.pixels.push(i);
    one.x0 = Math.min(one.x0, x);
    one.x1 = Math.max(one.x1, x + 1);
    one.sumX += x + 0.5;
    one.sumY += Math.floor(i / width) + 0.5;
  }
  return found.map(({ pixels, x0, x1, sumX, sumY }) => {
    const [y0, y1] = [Math.floor(pixels[0] / width), Math.floor((pixels.at(-1) as number) / width) + 1];
    const mask = { data: new Uint8Array((x1 - x0) * (y1 - y0)), width: x1 - x0, height: y1 - y0 };
    for (const i of pixels) mask.data[(Math.floor(i / width) - y0) * mask.width + (i % width) - x0] = 1;
    const areaPx = pixels.length;
    const centroid = [left + sumX / areaPx, top + sumY / areaPx] as const;
    return { areaPx, box: [left + x0, top + y0, left + x1, top + y1] as const, centroid, mask, step: 1 };
  });
}

/** The objects of a part. */
export function slidePieces(part: RowComponent, separation: Separation): SlidePiece[] {
  const [left, top, right, bottom] = part.box;
  if (separation === 'components' || (right - left) * (bottom - top) > CUT_PIXELS) return [wholePart(part)];
  // with a margin: where the part touches its box is an edge of it, and the border of a picture is none
  const box: Box = [left - 1, top - 1, right + 1, bottom + 1];
  const mask = rowComponentMask({ ...part, box });
  const { labels, count } = instances(mask);
  return count <= 1 ? [wholePart(part)] : cutPieces(mask, labels, count, box);
}
