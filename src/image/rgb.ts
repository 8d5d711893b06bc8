/**
 * Any image as 8-bit RGB, which is what the network is trained on. Grey is repeated and alpha dropped, as Pillow's
 * `convert('RGB')` does. 8-bit samples are kept; 16-bit and float samples have no fixed range, so that the 0.5 to 99.5
 * percentile of all samples above 0 becomes 0 to 255 (the published rule for intensity images) and what lies outside is
 * clipped. Samples that are not numbers become 0.
 */
import type { Image } from './types.ts';

const LOW_PERCENTILE = 0.5;
const HIGH_PERCENTILE = 99.5;

/** Number of channels that carry colour. */
const colours = (image: Image): 1 | 3 => (image.channels === 1 ? 1 : 3);

/** The colour samples above 0, ascending. */
function positiveSamples(image: Image): Float32Array {
  const { data, channels } = image;
  const used = colours(image);
  const kept = new Float32Array((data.length / channels) * used);
  let n = 0;
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < used; c++) {
      const value = data[i + c];
      if (value > 0 && value < Number.POSITIVE_INFINITY) kept[n++] = value;
    }
  }
  return kept.subarray(0, n).sort();
}

/** A percentile of ascending samples, linear between neighbours. */
function percentile(sorted: Float32Array, percent: number): number {
  const place = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** The published range of an intensity image; null if no sample is above 0. */
function percentileRange(image: Image): readonly [number, number] | null {
  const sorted = positiveSamples(image);
  return sorted.length === 0 ? null : [percentile(sorted, LOW_PERCENTILE), percentile(sorted, HIGH_PERCENTILE)];
}

/** Samples of a range scaled to 0..255; a range of a single value gives 255 from that value on. */
function scaleTo8(image: Image, window: readonly [number, number] | undefined): Uint8Array {
  const { data } = image;
  const scaled = new Uint8Array(data.length);
  const range = window ?? percentileRange(image);
  if (range === null) return scaled;
  const [low, high] = range;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    // Not "value < low", as that lets through what is not a number.
    if (value >= high) scaled[i] = 255;
    else if (value > low) scaled[i] = Math.round((255 * (value - low)) / (high - low));
  }
  return scaled;
}

/** An image of 8-bit samples, grey or RGB. */
export interface Image8 extends Image {
  readonly data: Uint8Array;
  readonly channels: 1 | 3;
}

/**
 * The image as 8-bit RGB, but grey as one channel: what takes little more than a third of the work. A window (low, high) takes the
 * place of the percentiles for 16-bit and float samples: it is in the samples' own unit, Hounsfield units for the published windows of CT.
 */
export function toGreyOrRgb8(image: Image, window?: readonly [number, number]): Image8 {
  const { width, height, channels } = image;
  if (channels !== 1) return toRgb8(image, window);
  const data = image.data instanceof Uint8Array ? image.data : scaleTo8(image, window);
  return { data, width, height, channels };
}

/** The image as 8-bit RGB; an image that is so already comes back as it is. A window as for `toGreyOrRgb8`. */
export function toRgb8(image: Image, window?: readonly [number, number]): Image8 & { readonly channels: 3 } {
  const { width, height, channels } = image;
  const source = image.data instanceof Uint8Array ? image.data : scaleTo8(image, window);
  if (channels === 3) return { data: source, width, height, channels };
  const data = new Uint8Array(width * height * 3);
  const green = channels === 1 ? 0 : 1;
  const blue = channels === 1 ? 0 : 2;
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    data[to] = source[from];
    data[to + 1] = source[from + green];
    data[to + 2] = source[from + blue];
  }
  return { data, width, height, channels: 3 };
}
