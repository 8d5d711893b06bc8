/** Values far from the others of their group, by the median deviation (Iglewicz and Hoaglin, "How to detect and handle outliers", 1993). */

import { toRgb8 } from '../../image/rgb.ts';
import type { Image } from '../../image/types.ts';
import { median } from '../median.ts';

const LEAST_FOR_OUTLIERS = 10;
/** Deviations from the median, in units of the median deviation scaled to a normal distribution's. */
const MOST_DEVIATIONS = 6;

/** Places of the values that are farther from their median than six deviations and than `least`. */
function far(values: readonly number[], least: number): number[] {
  if (values.length < LEAST_FOR_OUTLIERS) return [];
  const middle = median(values);
  const off = values.map((value) => Math.abs(value - middle));
  const limit = Math.max(MOST_DEVIATIONS * 1.4826 * median(off), least);
  return off.flatMap((value, i) => (value > limit ? [i] : []));
}

const LEAST_FACTOR = 4;

/** Areas far from the others of their group, on a logarithmic scale. */
export function areaOutliers<T extends { readonly fraction: number }>(areas: readonly T[]): T[] {
  const logarithms = areas.map(({ fraction }) => Math.log(fraction));
  return far(logarithms, Math.log(LEAST_FACTOR)).map((i) => areas[i]);
}

const BINS = 32;
/** Of the grey scale: pixels of a picture lie at least this far from where those of the others lie, on average. */
const LEAST_SHIFT = 0.25;
/** More outliers than this make the group one of several kinds of picture, such as bright and dark fields. */
const FEW = 2;
const MOST_SHARE = 0.05;
/** Grey levels; below, a picture is flat. */
const FLAT = 1.5;

/** The grey levels of a picture. */
export interface Tones {
  /** Share of the pixels up to each of 32 levels. */
  readonly below: readonly number[];
  /** Standard deviation, grey levels. */
  readonly spread: number;
}

/** The tones of an image of any kind, as it is seen in 8 bits. */
export function tonesOf(image: Image): Tones {
  const { data, width, height } = toRgb8(image);
  const counts = new Array<number>(BINS).fill(0);
  let [sum, squares] = [0, 0];
  for (let i = 0; i < width * height; i++) {
    const grey = (data[3 * i] + data[3 * i + 1] + data[3 * i + 2]) / 3;
    counts[Math.min(BINS - 1, Math.floor((grey * BINS) / 256))]++;
    sum += grey;
    squares += grey * grey;
  }
  const n = width * height;
  let running = 0;
  const below = counts.map((count) => {
    running += count;
    return running / n;
  });
  return { below, spread: Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) };
}

export const isFlat = ({ spread }: Tones): boolean => spread < FLAT;

/** Places of the pictures whose grey levels lie far from those of their group (earth mover's distance to the median curve). */
export function toneOutliers(group: readonly Tones[]): number[] {
  if (group.length === 0) return [];
  const middle = Array.from({ length: BINS }, (_, i) => median(group.map(({ below }) => below[i])));
  const distances = group.map(
    ({ below }) => below.reduce((sum, share, i) => sum + Math.abs(share - middle[i]), 0) / BINS,
  );
  const off = far(distances, LEAST_SHIFT).filter((i) => distances[i] > median(distances));
  return off.length <= Math.max(FEW, MOST_SHARE * group.length) ? off : [];
}
