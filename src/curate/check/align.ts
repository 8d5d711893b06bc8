/**
 * Whether masks lie where the image has edges. Across a mask's outline the intensity of the image changes; a mask that was shifted or
 * flipped lies on other edges. Not every object has a sharp rim, so that a mask is judged by those of its target: all of them
 * together, and each against them.
 */
import { contour } from '../../image/measure.ts';
import { resizeBicubicPil, resizeNearest } from '../../image/resize.ts';
import { toRgb8 } from '../../image/rgb.ts';
import type { Image, Mask } from '../../image/types.ts';

/** Longest side at which masks are compared with images, pixels. */
const SIDE = 256;
/** Shifts that are tried: this many steps of four pixels each way. */
const STEPS = 8;
const STEP = 4;
/** Grey levels a pixel at which an edge counts half. */
const HALF = 8;
const LEAST_POINTS = 32;
/** Longer outlines are thinned out: so many points say enough. */
const MOST_POINTS = 500;

/** The slopes of an image, saturating with their steepness: `[height, width]` each. */
export interface Slopes {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly mean: number;
  readonly width: number;
  readonly height: number;
}

/** Edges under a mask's outline in units of the image's mean edge. */
export interface Alignment {
  /** At the mask's own place. */
  readonly plain: number;
  /** Mirrored left-right, up-down, and both. */
  readonly mirrored: readonly number[];
  /** At each shift, rows of shifts down, each `2 * STEPS + 1` shifts across. */
  readonly shifted: readonly number[];
}

function smaller(width: number, height: number): [number, number] {
  const factor = Math.min(1, SIDE / Math.max(width, height));
  return [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
}

/** The slopes of an image of any size. */
export function slopesOf(image: Image): Slopes {
  const [width, height] = smaller(image.width, image.height);
  const full = toRgb8(image);
  const { data } = width === full.width && height === full.height ? full : resizeBicubicPil(full, width, height);
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = (data[3 * i] + data[3 * i + 1] + data[3 * i + 2]) / 3;
  const [x, y] = [new Float32Array(grey.length), new Float32Array(grey.length)];
  let sum = 0;
  for (let row = 1; row < height - 1; row++) {
    for (let i = row * width + 1; i < (row + 1) * width - 1; i++) {
      const [dx, dy] = [(grey[i + 1] - grey[i - 1]) / 2, (grey[i + width] - grey[i - width]) / 2];
      const steep = Math.sqrt(dx * dx + dy * dy);
      x[i] = dx / (steep + HALF);
      y[i] = dy / (steep + HALF);
      sum += steep / (steep + HALF);
    }
  }
  return { x, y, mean: sum / grey.length, width, height };
}

/** Points of an outline with the direction across it: x, y, and a unit vector, four numbers each. */
function outlineOf(mask: Mask): number[] {
  const { data, width, height } = mask;
  const edge = contour(mask).data;
  const points: number[] = [];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      if (edge[i] === 0) continue;
      const at = (dx: number, dy: number): number => data[i + dy * width + dx];
      const across = 2 * (at(1, 0) - at(-1, 0)) + at(1, -1) - at(-1, -1) + at(1, 1) - at(-1, 1);
      const down = 2 * (at(0, 1) - at(0, -1)) + at(-1, 1) - at(-1, -1) + at(1, 1) - at(1, -1);
      const length = Math.hypot(across, down);
      if (length > 0) points.push(x, y, across / length, down / length);
    }
  }
  return points;
}

/** How an outline lies in an image of the same shape; `undefined` where it is too short to tell, or the image is flat. */
export function alignmentOf(slopes: Slopes, mask: Mask): Alignment | undefined {
  const { x, y, mean, width, height } = slopes;
  const all = outlineOf(resizeNearest(mask, width, height));
  if (all.length < 4 * LEAST_POINTS || mean === 0) return undefined;
  const every = Math.ceil(all.length / 4 / MOST_POINTS);
  const points = every === 1 ? all : all.filter((_, i) => Math.floor(i / 4) % every === 0);
  const edges = (dx: number, dy: number, mirrorX: boolean, mirrorY: boolean): number => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < points.length; i += 4) {
      const px = (mirrorX ? width - 1 - points[i] : points[i]) + dx;
      const py = (mirrorY ? height - 1 - points[i + 1] : points[i + 1]) + dy;
      if (px < 1 || py < 1 || px >= width - 1 || py >= height - 1) continue;
      const at = py * width + px;
      // the direction's sign does not matter: objects are brighter or darker than what is round them
      sum += Math.abs(x[at] * points[i + 2] * (mirrorX ? -1 : 1) + y[at] * points[i + 3] * (mirrorY ? -1 : 1));
      count++;
    }
    return count < points.length / 8 ? 0 : sum / count / mean;
  };
  const shifts = Array.from({ length: 2 * STEPS + 1 }, (_, i) => (i - STEPS) * STEP);
  return {
    plain: edges(0, 0, false, false),
    mirrored: [edges(0, 0, true, false), edges(0, 0, false, true), edges(0, 0, true, true)],
    shifted: shifts.flatMap((dy) => shifts.map((dx) => edges(dx, dy, false, false))),
  };
}

/** A way to lay masks that fits better than the one they have. */
export interface Misplaced {
  readonly kind: 'flipped mask' | 'shifted mask';
  /** In words: "mirrored left-right", "shifted by 3 % of the longer side". */
  readonly how: string;
  /** Edges there against those at the masks' own place. */
  readonly factor: number;
}

const MIRRORS = ['mirrored left-right', 'mirrored up-down', 'turned by 180 degrees'];
const ROW = 2 * STEPS + 1;
const most = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** The better of the best mirror image and the best shift. */
function bestOther({ plain, mirrored, shifted }: Alignment): Misplaced {
  const [mirror, shift] = [most(mirrored), most(shifted)];
  if (mirrored[mirror] >= shifted[shift]) {
    return { kind: 'flipped mask', how: MIRRORS[mirror], factor: mirrored[mirror] / plain };
  }
  const [across, down] = [(shift % ROW) - STEPS, Math.floor(shift / ROW) - STEPS].map((steps) => (steps * STEP) / SIDE);
  const percent = (value: number): string => `${Math.round(100 * Math.abs(value))} %`;
  const parts = [
    ...(across === 0 ? [] : [`${percent(across)} to the ${across > 0 ? 'right' : 'left'}`]),
    ...(down === 0 ? [] : [`${percent(down)} ${down > 0 ? 'down' : 'up'}`]),
  ];
  return { kind: 'shifted mask', how: `moved ${parts.join(' and ')}`, factor: shifted[shift] / plain };
}

const LEAST_MASKS = 10;
const ALL = 1.5;
const ONE = 2.5;
/** A single mask has to fit this much worse than its group, and elsewhere at least this well. */
const POOR = 0.4;
const WELL = 0.9;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What is wrong with the masks of a target: with all of them, or with single ones, by their places in the list. */
export function misplacedMasks(group: readonly Alignment[]): {
  all?: Misplaced;
  single: readonly [number, Misplaced][];
} {
  if (group.length < LEAST_MASKS) return { single: [] };
  const together: Alignment = {
    plain: mean(group.map(({ plain }) => plain)),
    mirrored: MIRRORS.map((_, i) => mean(group.map(({ mirrored }) => mirrored[i]))),
    shifted: group[0].shifted.map((_, i) => mean(group.map(({ shifted }) => shifted[i]))),
  };
  const all = bestOther(together);
  if (all.factor > ALL) return { all, single: [] };
  const single = group.flatMap((one, i): [number, Misplaced][] => {
    const other = bestOther(one);
    const stands = one.plain < POOR * together.plain && other.factor > ONE;
    return stands && other.factor * one.plain > WELL * together.plain ? [[i, other]] : [];
  });
  return { single };
}
