/**
 * A slice of the source as a square picture: its window, 8 bits, bicubic, black borders. CT has the published window of its site, colour and 8-bit
 * images are kept, all else lies between percentiles of what is above 0, as published.
 */
import { type Fit, fitInSquare } from '../../image/fit.ts';
import { resizeBicubicPil, resizeNearest } from '../../image/resize.ts';
import { toRgb8 } from '../../image/rgb.ts';
import type { Box, Image } from '../../image/types.ts';
import type { Samples } from '../../image/volume.ts';
import { applyWindow, invert, percentiles, SITE_WINDOWS, type Window } from '../../image/window.ts';
import { findImageType } from '../../ontology/index.ts';
import { BiomedParseError } from '../../util/errors.ts';
import type { WindowRule } from '../recipe/schema.ts';

/** Samples of a slice `[height, width, channels]`. */
export interface SlicePixels {
  readonly data: Samples;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** Which intensities become black and white; `volume` is all of it, for rules that look at more than a slice. Null: kept as they are. */
export function windowOf(
  rule: WindowRule | null,
  kind: { readonly family: string; readonly site: string },
  slice: SlicePixels,
  volume: Samples,
): Window | null {
  const { data, channels } = slice;
  if (channels !== 1) return null;
  const between = (low: number, high: number, of: Samples): Window => {
    const [from, to] = percentiles(of, [low, high], 0) ?? [0, 1];
    return { low: from, high: to };
  };
  if (rule === null) {
    if (data instanceof Uint8Array) return null;
    if (kind.family !== 'CT') return between(0.5, 99.5, data);
    const published = findImageType(`CT-${kind.site}`)?.window;
    if (published !== undefined) return { low: published[0], high: published[1] };
    throw new BiomedParseError(
      'input',
      `no window is published for CT of ${kind.site}; the recipe needs the field window`,
      { site: kind.site },
    );
  }
  if (rule === 'as-is') return data instanceof Uint8Array ? null : { low: 0, high: 255 };
  if (rule === 'percentiles') return between(0.5, 99.5, data);
  if (typeof rule === 'string') return SITE_WINDOWS[rule];
  if (rule.percentiles === undefined) return rule;
  return between(rule.percentiles[0], rule.percentiles[1], rule.over === 'volume' ? volume : data);
}

/** 8-bit grey or RGB. */
export function eightBit(slice: SlicePixels, window: Window | null, inverted: boolean): Image {
  const { data, width, height, channels } = slice;
  if (channels !== 1) return toRgb8({ width, height, channels, data: data as Image['data'] });
  const pixels = window === null ? (data as Uint8Array) : applyWindow(data, window);
  return { data: inverted ? invert(pixels.slice()) : pixels, width, height, channels };
}

/** Where a slice lies in the square; `aspect` is a pixel's height over its width. */
export function squareFit(width: number, height: number, size: number, aspect: number): Fit {
  return fitInSquare(width, height, size, 'pad', aspect);
}

/** Rows of an inner picture put into a black square. */
function place(data: Uint8Array, channels: number, { size, inner }: Fit): Uint8Array {
  if (inner.width === size && inner.height === size) return data;
  const square = new Uint8Array(size * size * channels);
  const row = inner.width * channels;
  for (let y = 0; y < inner.height; y++) {
    square.set(data.subarray(y * row, (y + 1) * row), ((inner.top + y) * size + inner.left) * channels);
  }
  return square;
}

/** The picture in its square; samples are kept where nothing is resized. */
export function squareImage(image: Image, fit: Fit): Image {
  const { inner } = fit;
  const same = image.width === inner.width && image.height === inner.height;
  const { data } = same ? image : resizeBicubicPil(image, inner.width, inner.height);
  return { ...image, data: place(data as Uint8Array, image.channels, fit), width: fit.size, height: fit.size };
}

/** A mask in its square: 0 and 1, with its pixels counted and boxed. */
export interface SquareMask {
  readonly data: Uint8Array;
  readonly area: number;
  readonly box: Box;
}

/** Puts a mask `[height, width]` of 0 and 1 into its square. */
export function squareMask(data: Uint8Array, fit: Fit): SquareMask {
  const { width, height, size, inner } = fit;
  const same = width === inner.width && height === inner.height;
  const scaled = same ? data : resizeNearest({ data, width, height }, inner.width, inner.height).data;
  const square = new Uint8Array(size * size);
  let area = 0;
  let [left, top, right, bottom] = [size, size, 0, 0];
  for (let y = 0; y < inner.height; y++) {
    const row = y * inner.width;
    // most rows are empty: looked for natively
    const first = scaled.indexOf(1, row);
    if (first === -1) break;
    if (first >= row + inner.width) {
      y = Math.floor(first / inner.width) - 1;
      continue;
    }
    const to = (inner.top + y) * size + inner.left - row;
    let last = first;
    for (let i = first; i < row + inner.width; i++) {
      if (scaled[i] === 0) continue;
      square[to + i] = 1;
      area++;
      last = i;
    }
    if (first - row < left) left = first - row;
    if (last - row >= right) right = last - row + 1;
    if (y < top) top = y;
    bottom = y + 1;
  }
  return { data: square, area, box: [left + inner.left, top + inner.top, right + inner.left, bottom + inner.top] };
}
