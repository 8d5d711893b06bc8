/**
 * Key slices of a volume in one picture: tiles of equal size in rows, each in its true shape with its name in the corner.
 * The picture is an image and a mask again, so that it is drawn as any other overlay.
 */
import { resizeBicubicPil, resizeNearest } from './resize.ts';
import { toRgb8 } from './rgb.ts';
import { drawText } from './text.ts';
import type { Image, Mask } from './types.ts';

/** Most tiles of a picture, and tiles in a row. */
const MOST = 9;
const COLUMNS = 3;
/** Longer side of a tile, pixels. */
const SIDE = 256;

/** One slice as it is shown. */
export interface Tile {
  readonly image: Image;
  readonly mask: Mask;
  readonly label: string;
  /** Distance between pixels [across, down]. */
  readonly spacing: readonly [number, number];
}

/** Up to nine positions that show a volume best: spread evenly over the slices with the object, the largest among them. */
export function keySlices(areas: readonly number[]): number[] {
  const inside = areas.flatMap((area, at) => (area > 0 ? [at] : []));
  const from = inside.length > 0 ? inside : areas.map((_, at) => at);
  if (from.length <= MOST) return from;
  const chosen = Array.from({ length: MOST }, (_, i) => from[Math.round((i * (from.length - 1)) / (MOST - 1))]);
  const largest = areas.indexOf(areas.reduce((most, area) => Math.max(most, area), 0));
  if (inside.length > 0 && !chosen.includes(largest)) {
    const near = chosen.reduce(
      (best, at, i) => (Math.abs(at - largest) < Math.abs(chosen[best] - largest) ? i : best),
      0,
    );
    chosen[near] = largest;
  }
  return chosen;
}

/** The tiles as one 8-bit RGB image with its mask; all tiles must be of one size. */
export function mosaic(tiles: readonly Tile[]): { readonly image: Image; readonly mask: Mask } {
  const [{ image: first, spacing }] = tiles;
  const [across, down] = [first.width * spacing[0], first.height * spacing[1]];
  const scale = SIDE / Math.max(across, down);
  const [width, height] = [Math.max(1, Math.round(across * scale)), Math.max(1, Math.round(down * scale))];
  const columns = Math.min(COLUMNS, tiles.length);
  const whole = { width: columns * width, height: Math.ceil(tiles.length / columns) * height };
  const canvas = { data: new Uint8Array(3 * whole.width * whole.height), ...whole };
  const inside = new Uint8Array(whole.width * whole.height);
  for (const [i, { image, mask, label }] of tiles.entries()) {
    const [left, top] = [(i % columns) * width, Math.floor(i / columns) * height];
    const small = resizeBicubicPil(toRgb8(image), width, height).data;
    const smallMask = resizeNearest(mask, width, height).data;
    for (let y = 0; y < height; y++) {
      const to = (top + y) * whole.width + left;
      canvas.data.set(small.subarray(3 * y * width, 3 * (y + 1) * width), 3 * to);
      inside.set(smallMask.subarray(y * width, (y + 1) * width), to);
    }
    drawText(canvas, label, left + 4, top + 4, 1, [255, 255, 255]);
  }
  return { image: { ...canvas, channels: 3 }, mask: { data: inside, ...whole } };
}
