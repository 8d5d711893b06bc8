/**
 * The way from an image to the network's square and back.
 *
 * Two ways to make a square: `stretch` brings both sides to `size` (as published v1 does); `pad` brings the longer side
 * to `size`, keeps the shape and centres the image between black borders. Reducing and enlarging is Pillow's bicubic on
 * 8-bit samples; the way back is torch's bilinear (corners not aligned, no anti-aliasing) on logits, before any threshold.
 * Refuses images that are not 8-bit grey or RGB: see rgb.ts.
 */
import { BiomedParseError } from '../util/errors.ts';
import { resizeBicubicPil, resizeBilinearWindow } from './resize.ts';
import type { Image, Mask } from './types.ts';

/** How an image is brought to a square. */
export type FitMode = 'stretch' | 'pad';

/** Where an image lies in the network's square: what it takes to go back. */
export interface Fit {
  /** The image's own size, pixels. */
  readonly width: number;
  readonly height: number;
  /** Side of the square. */
  readonly size: number;
  /** The part of the square that shows the image. */
  readonly inner: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

/** Where an image lies in a square of `size`; `aspect` is a pixel's height over its width. */
export function fitInSquare(width: number, height: number, size: number, mode: FitMode, aspect = 1): Fit {
  return { width, height, size, inner: innerWindow(width, height, size, mode, aspect) };
}

function innerWindow(width: number, height: number, size: number, mode: FitMode, aspect: number): Fit['inner'] {
  if (mode === 'stretch') return { left: 0, top: 0, width: size, height: size };
  const tall = height * aspect;
  const scale = size / Math.max(width, tall);
  const inner = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(tall * scale)) };
  return { ...inner, left: Math.floor((size - inner.width) / 2), top: Math.floor((size - inner.height) / 2) };
}

/**
 * An 8-bit image, grey or RGB, in a square of `size`: `pixels` are float32 RGB `[3, size, size]`, 0..255; `fit` leads back.
 * `aspect` is a pixel's height over its width: where it is not 1, padding shows the image in its true shape.
 */
export function fitToSquare(image: Image, size: number, mode: FitMode, aspect = 1): { pixels: Float32Array; fit: Fit } {
  const { channels } = image;
  if (channels === 4 || !(image.data instanceof Uint8Array)) {
    throw new BiomedParseError('internal', 'the network is fed 8-bit grey or RGB images only');
  }
  const fit = fitInSquare(image.width, image.height, size, mode, aspect);
  const { inner } = fit;
  const { data } = resizeBicubicPil(image, inner.width, inner.height);
  const plane = size * size;
  const pixels = new Float32Array(3 * plane);
  for (let y = 0; y < inner.height; y++) {
    let from = y * inner.width * channels;
    const row = (inner.top + y) * size + inner.left;
    for (let at = row; at < row + inner.width; at++, from += channels) {
      for (let c = 0; c < channels; c++) pixels[c * plane + at] = data[from + c];
    }
  }
  // the network is shown grey as three equal planes
  if (channels === 1) pixels.copyWithin(plane, 0, plane).copyWithin(2 * plane, 0, plane);
  return { pixels, fit };
}

/** One prompt's logits `[h, w]` over the whole square, brought to the image's own `[height, width]`; borders are left out. */
export function unfitLogits(logits: Float32Array, w: number, h: number, fit: Fit): Float32Array {
  const { width, height, size, inner } = fit;
  // Sizes and places of the square in image pixels; they need not be whole. Multiplied first: exact when stretched.
  return resizeBilinearWindow(logits, w, h, {
    fullWidth: (size * width) / inner.width,
    fullHeight: (size * height) / inner.height,
    left: (inner.left * width) / inner.width,
    top: (inner.top * height) / inner.height,
    width,
    height,
  });
}

/**
 * A mask of the image as a mask `[size, size]` of the square. A pixel of the square is inside if the image's pixel under
 * its centre is; besides, every pixel of the image that is inside marks the one it falls on, so that none is lost by shrinking.
 */
export function fitMask(mask: Mask, fit: Fit): Uint8Array {
  const { width, height, size, inner } = fit;
  const square = new Uint8Array(size * size);
  for (let y = 0; y < inner.height; y++) {
    const from = Math.floor(((y + 0.5) * height) / inner.height) * width;
    const row = (inner.top + y) * size + inner.left;
    for (let x = 0; x < inner.width; x++) {
      if (mask.data[from + Math.floor(((x + 0.5) * width) / inner.width)] !== 0) square[row + x] = 1;
    }
  }
  for (let y = 0; y < height; y++) {
    const row = (inner.top + Math.floor(((y + 0.5) * inner.height) / height)) * size + inner.left;
    for (let x = 0; x < width; x++) {
      if (mask.data[y * width + x] !== 0) square[row + Math.floor(((x + 0.5) * inner.width) / width)] = 1;
    }
  }
  return square;
}
