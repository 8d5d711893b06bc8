/**
 * Places that a user points at, in pixels of the image: points, boxes and scribbles. Together they mark one object; the
 * network sees them as one mask. Points name a pixel (x to the right, y down, from 0); a box is left, top, right, bottom,
 * right and bottom exclusive; a scribble is a mask of the image's size.
 * Refused with a `usage` error: coordinates that are no whole numbers or outside the image, empty boxes and scribbles, scribbles
 * of another size.
 */
import { BiomedParseError } from '../util/errors.ts';
import type { Box, Mask } from './types.ts';

/** One place that is part of the object. */
export type RegionPrompt =
  | { readonly point: readonly [number, number] }
  | { readonly box: Box }
  | { readonly scribble: Mask };

interface Size {
  readonly width: number;
  readonly height: number;
}

function refuse(message: string): never {
  throw new BiomedParseError('usage', message);
}

const whole = (values: readonly unknown[], count: number): boolean =>
  Array.isArray(values) && values.length === count && values.every((value) => Number.isInteger(value));

function markPoint(data: Uint8Array, [x, y]: readonly [number, number], { width, height }: Size): void {
  if (x < 0 || y < 0 || x >= width || y >= height) {
    refuse(
      `The point ${x},${y} lies outside the image of ${width} x ${height} pixels; allowed: x from 0 to ${width - 1}, y from 0 to ${height - 1}`,
    );
  }
  data[y * width + x] = 1;
}

function markBox(data: Uint8Array, box: Box, { width, height }: Size): void {
  const [left, top, right, bottom] = box;
  if (left >= right || top >= bottom) {
    refuse(`The box ${box.join(',')} is empty; allowed: x0,y0,x1,y1 with x0 < x1 and y0 < y1`);
  }
  if (left < 0 || top < 0 || right > width || bottom > height) {
    refuse(
      `The box ${box.join(',')} reaches outside the image of ${width} x ${height} pixels; allowed: x from 0 to ${width}, y from 0 to ${height}`,
    );
  }
  for (let y = top; y < bottom; y++) data.fill(1, y * width + left, y * width + right);
}

function markScribble(data: Uint8Array, scribble: Mask, { width, height }: Size): void {
  if (scribble.width !== width || scribble.height !== height || scribble.data.length !== width * height) {
    refuse(
      `The scribble has ${scribble.width} x ${scribble.height} pixels; it must have the image's size, ${width} x ${height}`,
    );
  }
  let marked = false;
  for (let i = 0; i < data.length; i++) {
    if (scribble.data[i] === 0) continue;
    data[i] = 1;
    marked = true;
  }
  if (!marked) refuse('The scribble is empty; at least one of its pixels must not be 0');
}

/** All regions as one mask of an image `[height, width]`. */
export function regionMask(regions: readonly RegionPrompt[], width: number, height: number): Mask {
  if (regions.length === 0) refuse('No region given; at least one point, box or scribble is needed');
  const data = new Uint8Array(width * height);
  const size = { width, height };
  for (const region of regions) {
    if ('point' in region && whole(region.point, 2)) markPoint(data, region.point, size);
    else if ('box' in region && whole(region.box, 4)) markBox(data, region.box, size);
    else if ('scribble' in region) markScribble(data, region.scribble, size);
    else
      refuse(
        `The region ${JSON.stringify(region)} is not valid; allowed: a point of two or a box of four whole numbers, or a scribble`,
      );
  }
  return { data, width, height };
}
