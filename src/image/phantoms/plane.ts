/** Square planes of float samples 0..1: smoothing, mixing, and the way to 8-bit images. */
import type { Image, Mask } from '../types.ts';
import type { Plane } from './types.ts';

/** A plane of one value. */
export function constant(size: number, value: number): Plane {
  return new Float32Array(size * size).fill(value);
}

/** A plane from a function of the pixel's centre, in parts of the side. */
export function fromFunction(size: number, value: (x: number, y: number) => number): Plane {
  return Float32Array.from({ length: size * size }, (_, i) =>
    value(((i % size) + 0.5) / size, (Math.floor(i / size) + 0.5) / size),
  );
}

/** Gaussian smoothing; `sigma` in parts of the side; the border pixels are continued outside. */
export function blur(plane: Plane | Uint8Array, size: number, sigma: number): Plane {
  const radius = Math.max(1, Math.ceil(2.5 * sigma * size));
  const weights = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / (sigma * size)) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  const pass = (source: Plane | Uint8Array, step: number, line: number): Plane => {
    const out = new Float32Array(source.length);
    for (let row = 0; row < size; row++) {
      for (let at = 0; at < size; at++) {
        let value = 0;
        for (let k = -radius; k <= radius; k++) {
          const from = Math.min(size - 1, Math.max(0, at + k));
          value += weights[k + radius] * source[row * line + from * step];
        }
        out[row * line + at * step] = value / sum;
      }
    }
    return out;
  };
  return pass(pass(plane, 1, size), size, 1);
}

/** Moves `plane` towards `value` (a number or a plane) where `cover` is 1; in place. */
export function mix(plane: Plane, cover: Plane | Uint8Array, value: number | Plane, strength = 1): void {
  for (let i = 0; i < plane.length; i++) {
    const towards = typeof value === 'number' ? value : value[i];
    plane[i] += (towards - plane[i]) * cover[i] * strength;
  }
}

/** Adds `amount` times `cover`; in place. */
export function add(plane: Plane, cover: Plane | Uint8Array, amount: number): void {
  for (let i = 0; i < plane.length; i++) plane[i] += cover[i] * amount;
}

/** `a` times `b`, pixel by pixel. */
export function times(a: Plane | Uint8Array, b: Plane | Uint8Array): Plane {
  return Float32Array.from(a, (value, i) => value * b[i]);
}

/** Paints three colour planes where `cover` is 1; in place. */
export function paint(
  planes: readonly Plane[],
  cover: Plane | Uint8Array,
  colour: readonly (number | Plane)[],
  strength = 1,
): void {
  for (const [c, plane] of planes.entries()) mix(plane, cover, colour[c], strength);
}

/** Planes of 0..1 as an 8-bit image of 1 or 3 channels. */
export function toImage(planes: readonly Plane[], size: number): Image {
  const channels = planes.length === 1 ? 1 : 3;
  const data = new Uint8Array(size * size * channels);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < channels; c++) {
      data[i * channels + c] = Math.round(255 * Math.min(1, Math.max(0, planes[c][i])));
    }
  }
  return { data, width: size, height: size, channels };
}

/** The mask of the pixels that are covered by more than half. */
export function toMask(cover: Plane | Uint8Array, size: number): Mask {
  return { data: Uint8Array.from(cover, (value) => (value > 0.5 ? 1 : 0)), width: size, height: size };
}
