/**
 * From intensities to 0..255: windows, the published windows of CT by site, and percentiles.
 * Samples that are not numbers become 0, as does what lies below a window; what lies above becomes 255.
 * Sources: DICOM PS3.3 C.11.2.1.2 (window functions); BiomedParse's processing_utils.py (site windows, percentiles).
 */
import type { Samples } from './volume.ts';

/** The intensities that become 0 and 255; between them linear, or sigmoid round the middle. */
export interface Window {
  readonly low: number;
  readonly high: number;
  readonly shape?: 'linear' | 'sigmoid';
}

/** Published windows of CT by site, HU. */
export const SITE_WINDOWS: Readonly<Record<string, Window>> = {
  abdomen: { low: -150, high: 250 },
  lung: { low: -1000, high: 1000 },
  pelvis: { low: -55, high: 200 },
  liver: { low: -25, high: 230 },
  colon: { low: -68, high: 187 },
  pancreas: { low: -100, high: 200 },
};

/** Samples looked at for a percentile: more change it by less than a grey level. */
const MAX_SAMPLED = 2_000_000;

/** Percentiles (0..100, linear between neighbours) of the samples above `above`; of large data an even choice is used. */
export function percentiles(data: ArrayLike<number>, percents: readonly number[], above = -Infinity): number[] | null {
  const step = Math.max(1, Math.ceil(data.length / MAX_SAMPLED));
  const kept = new Float64Array(Math.ceil(data.length / step));
  let n = 0;
  for (let i = 0; i < data.length; i += step) {
    const value = data[i];
    if (value > above && value < Number.POSITIVE_INFINITY) kept[n++] = value;
  }
  if (n === 0) return null;
  const sorted = kept.subarray(0, n).sort();
  return percents.map((percent) => {
    const place = ((n - 1) * percent) / 100;
    const below = Math.floor(place);
    return sorted[below] + (sorted[Math.min(below + 1, n - 1)] - sorted[below]) * (place - below);
  });
}

/** Lowest and highest number of samples, those from `except[0]` to `except[1]` left out; null if there are none. */
export function valueRange(
  data: ArrayLike<number>,
  except: readonly [number, number] | null = null,
): readonly [number, number] | null {
  const [from, to] = except ?? [Number.NaN, Number.NaN];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value >= from && value <= to) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** The published window of what is no CT: 0.5 to 99.5 percentile of the samples above 0; 0 to 1 if there are none. */
export function percentileWindow(data: ArrayLike<number>): Window {
  const [low, high] = percentiles(data, [0.5, 99.5], 0) ?? [0, 1];
  return { low, high };
}

/** A DICOM window of centre and width as the intensities that become 0 and 255. */
export function dicomWindow(centre: number, width: number, shape: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'): Window {
  if (shape !== 'LINEAR') {
    const exact = { low: centre - width / 2, high: centre + width / 2 };
    return shape === 'SIGMOID' ? { ...exact, shape: 'sigmoid' } : exact;
  }
  return { low: centre - 0.5 - (width - 1) / 2, high: centre - 0.5 + (width - 1) / 2 };
}

/** Samples at 0..255; a window of a single value gives 255 from that value on. */
export function applyWindow(data: Samples | ArrayLike<number>, window: Window): Uint8Array {
  const whole = data instanceof Int16Array || data instanceof Uint16Array;
  if (whole && window.shape !== 'sigmoid' && window.high - window.low < data.length) return lookUp(data, window);
  return scaleEach(data, window);
}

/** As `scaleEach`, of whole numbers: each value between black and white is computed once. */
function lookUp(data: Int16Array | Uint16Array, { low, high }: Window): Uint8Array {
  const first = Math.floor(low) + 1;
  const table = scaleEach(
    Array.from({ length: Math.max(0, Math.ceil(high) - first) }, (_, i) => first + i),
    { low, high },
  );
  const { length } = data;
  const scaled = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const value = data[i];
    if (value >= high) scaled[i] = 255;
    else if (value > low) scaled[i] = table[value - first];
  }
  return scaled;
}

/** Every sample computed by itself. */
function scaleEach(data: ArrayLike<number>, window: Window): Uint8Array {
  const { low, high, shape = 'linear' } = window;
  const scaled = new Uint8Array(data.length);
  const centre = (low + high) / 2;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (shape === 'sigmoid') {
      if (!Number.isNaN(value)) scaled[i] = Math.round(255 / (1 + Math.exp((-4 * (value - centre)) / (high - low))));
    } else if (value >= high) scaled[i] = 255;
    // Not "value < low", as that lets through what is not a number.
    else if (value > low) scaled[i] = Math.round((255 * (value - low)) / (high - low));
  }
  return scaled;
}

/** Grey levels turned round, in place: what was black is white (MONOCHROME1). */
export function invert(pixels: Uint8Array): Uint8Array {
  for (let i = 0; i < pixels.length; i++) pixels[i] = 255 - pixels[i];
  return pixels;
}
