/**
 * A slide at any size of pixels: a grid is laid over it, whose pixel (x, y) shows the slide's pixels from x, y times the step on.
 * Read from the coarsest level that is fine enough, by Pillow's bicubic with anti-aliasing. A pixel has the same value in whatever
 * region it is read, so that regions can be put side by side.
 */
import { resizeBicubicPil } from '../../image/resize.ts';
import type { Image } from '../../image/types.ts';
import type { PixelSize } from './pixel-size.ts';
import type { Slide, SlideRegion } from './slide.ts';

/** A grid over a slide. */
export interface SlideGrid {
  readonly width: number;
  readonly height: number;
  /** Pixels of the slide per pixel of the grid, across and down; need not be whole. */
  readonly step: readonly [number, number];
}

/** A level may be this much coarser than what is asked for: pyramids of 4.0003 are pyramids of 4. */
const TOLERANCE = 1.02;
/** Side of what is read of a level at a time, pixels. */
const BLOCK = 2048;

const gridOf = ({ width, height }: Slide, step: readonly [number, number]): SlideGrid => ({
  width: Math.max(1, Math.round(width / step[0])),
  height: Math.max(1, Math.round(height / step[1])),
  step,
});

/** The grid whose pixels are `microns` wide and high. */
export function gridAt(slide: Slide, pixelSize: PixelSize, microns: number): SlideGrid {
  return gridOf(slide, [microns / pixelSize.x, microns / pixelSize.y]);
}

/** The grid whose pixels are `factor` times as wide and high as those of another one. */
export function coarserGrid({ width, height, step }: SlideGrid, factor: number): SlideGrid {
  const coarse = [step[0] * factor, step[1] * factor] as const;
  return { width: Math.ceil(width / factor), height: Math.ceil(height / factor), step: coarse };
}

/** The level that a grid is read from: the coarsest that is as fine as the grid, else the slide itself. */
export function levelFor({ levels }: Slide, { step }: Pick<SlideGrid, 'step'>): number {
  return Math.max(
    0,
    levels.findLastIndex((level) => level.step.every((value, axis) => value <= step[axis] * TOLERANCE)),
  );
}

/** Pixels of a level that a stretch of an axis of the grid reaches, from and to, within the level. */
function reach(start: number, length: number, ratio: number, size: number): readonly [number, number] {
  const margin = 2 * Math.max(ratio, 1) + 2;
  const from = Math.min(size - 1, Math.max(0, Math.floor(start * ratio - margin)));
  return [from, Math.max(from + 1, Math.min(size, Math.ceil((start + length) * ratio + margin)))];
}

/** A region of a grid that one block of a level suffices for. */
async function readBlock(slide: Slide, index: number, { step }: SlideGrid, region: SlideRegion): Promise<Image> {
  const level = slide.levels[index];
  const { left, top, width, height } = region;
  const [rx, ry] = [step[0] / level.step[0], step[1] / level.step[1]];
  const [x0, x1] = reach(left, width, rx, level.width);
  const [y0, y1] = reach(top, height, ry, level.height);
  const part = { left: x0, top: y0, width: x1 - x0, height: y1 - y0 };
  const data = await slide.read(index, part);
  const box = [left * rx - x0, top * ry - y0, (left + width) * rx - x0, (top + height) * ry - y0] as const;
  return resizeBicubicPil({ data, width: part.width, height: part.height, channels: 3 }, width, height, box);
}

/** A region of a grid as 8-bit RGB. */
export async function readScaled(slide: Slide, grid: SlideGrid, region: SlideRegion): Promise<Image> {
  const level = levelFor(slide, grid);
  const [bx, by] = grid.step.map((value, axis) =>
    Math.max(1, Math.floor((BLOCK * slide.levels[level].step[axis]) / value)),
  );
  const { width, height } = region;
  if (width <= bx && height <= by) return readBlock(slide, level, grid, region);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += by) {
    for (let x = 0; x < width; x += bx) {
      const size = { width: Math.min(bx, width - x), height: Math.min(by, height - y) };
      const block = await readBlock(slide, level, grid, { left: region.left + x, top: region.top + y, ...size });
      for (let row = 0; row < size.height; row++) {
        const from = row * size.width * 3;
        data.set(block.data.subarray(from, from + size.width * 3), ((y + row) * width + x) * 3);
      }
    }
  }
  return { data, width, height, channels: 3 };
}
