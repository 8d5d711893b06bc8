/**
 * Whether two images show the same picture, whatever was done to it on the way: another size, compression or window, inversion, a
 * mirror image, a quarter turn or a crop. First the directions of edges in coarse cells, for all pairs; then pixel by pixel: the directions
 * agree, or they agree less and one picture is the other through a window. A window makes one grey level of many: the grey levels of the
 * source tell those of the copy, and those of the copy say less of the source's. Pictures that are only alike tell as much of one another.
 */
import { cropAgreement } from './crop.ts';
import {
  agreement,
  type Directions,
  directionsOf,
  type Pose,
  SHAPE,
  SIDE,
  shapeCosines,
  shapeOf,
  transposed,
  type Weighted,
  weightsOf,
} from './edge-shape.ts';
import { resizeBicubicPil } from './resize.ts';
import { toRgb8 } from './rgb.ts';
import type { Image } from './types.ts';

/** Cosine of shapes from which on pixels are looked at, and that of pictures that lie alike: a window may take most edges away. */
const LEAST_COSINE = 0.66;
const LEAST_COSINE_PLAIN = 0.48;
const LEAST_ALIKE = 0.915;
/** Less agreement is enough where one picture is the other through a window. */
const LEAST_WINDOWED = 0.7;
/** Share of the copy's variance that the source's grey levels explain, and how much of what is not explained is so the other way round. */
const LEAST_EXPLAINED = 0.88;
const MOST_OF_REVERSE = 0.65;
/** A window cuts off at least this share of the pixels, which become black or white in one picture only. */
const LEAST_CUT_OFF = 0.02;
const DARKEST = 2;
const BRIGHTEST = 253;
const LEVELS = 256;
/** Crops are looked for in pairs whose shapes are this alike, and once cut to one of these insets (pixels of 64) that alike. */
const LEAST_UNCUT = 0.5;
const INSETS = [2, 4, 6];
const LEAST_CUT = 0.84;
/** Milliseconds of comparing after which others get their turn. */
const TURN = 50;

/** A small grey picture with the directions of its edges. */
export interface Fingerprint {
  /** Grey `[64, 64]`. */
  readonly grey: Uint8Array;
  readonly directions: Directions;
}

/** The fingerprint of an image of any size, stretched to a square. */
export function fingerprint(image: Image): Fingerprint {
  const { data, width, height } = toRgb8(image);
  const full = new Uint8Array(width * height);
  for (let i = 0; i < full.length; i++) {
    full[i] = Math.round(0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2]);
  }
  const grey = resizeBicubicPil({ data: full, width, height, channels: 1 }, SIDE, SIDE).data as Uint8Array;
  return { grey, directions: directionsOf(grey) };
}

/** The share of the variance of `b` that a rising function of the grey levels of `a` explains, 0..1 (isotonic regression, pooled adjacent violators). */
function explained(a: Uint8Array, b: Uint8Array): number {
  const [sums, counts] = [new Float64Array(LEVELS), new Float64Array(LEVELS)];
  let [sum, squares] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    sums[a[i]] += b[i];
    counts[a[i]]++;
    sum += b[i];
    squares += b[i] * b[i];
  }
  const mean = sum ** 2 / a.length;
  if (squares <= mean) return 0;
  // levels that would fall are pooled into one, in place
  let top = -1;
  for (let level = 0; level < LEVELS; level++) {
    let [own, count] = [sums[level], counts[level]];
    if (count === 0) continue;
    while (top >= 0 && sums[top] * count >= own * counts[top]) {
      own += sums[top];
      count += counts[top--];
    }
    sums[++top] = own;
    counts[top] = count;
  }
  let between = -mean;
  for (let k = 0; k <= top; k++) between += sums[k] ** 2 / counts[k];
  return between / (squares - mean);
}

const isCut = (grey: number): boolean => grey <= DARKEST || grey >= BRIGHTEST;

/** Whether one picture is the other through a window: parts of it are cut off, and grey levels tell those of the copy, but not the source's. */
function isWindowed(a: Uint8Array, b: Uint8Array): boolean {
  let cut = 0;
  for (let i = 0; i < a.length; i++) if (isCut(a[i]) !== isCut(b[i])) cut++;
  if (cut < LEAST_CUT_OFF * a.length) return false;
  const [one, other] = [explained(a, b), explained(b, a)];
  const [most, least] = [Math.max(one, other), Math.min(one, other)];
  return most >= LEAST_EXPLAINED && 1 - most <= MOST_OF_REVERSE * (1 - least);
}

/** Two pictures that are the same: positions, how alike (0..1), and what was done to the second one. */
export interface Duplicate {
  readonly first: number;
  readonly second: number;
  readonly alike: number;
  readonly mirrored: boolean;
  /** Its axes are exchanged too: with a mirror image that is a quarter turn. */
  readonly turned: boolean;
  readonly inverted: boolean;
  /** One of them is an inner part of the other. */
  readonly cropped: boolean;
}

export interface DuplicateOptions {
  /** Pairs that are of no interest. */
  readonly skip?: (first: number, second: number) => boolean;
  readonly signal?: AbortSignal;
  /** `done` of `total` pictures are compared with all others. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A picture while all are compared. */
interface Compared extends Fingerprint, Weighted {}

/** How two pictures are alike with the second in a pose; `undefined` where they are not. */
function compare(a: Compared, b: Compared, pose: Pose): Omit<Duplicate, 'first' | 'second'> | undefined {
  const { mirror, turned } = pose;
  const plain = mirror === 0 && !turned;
  const least = plain ? LEAST_WINDOWED : LEAST_ALIKE;
  const signed = agreement(a, b, pose, least);
  const alike = Math.abs(signed);
  if (alike < least || (alike < LEAST_ALIKE && !isWindowed(a.grey, b.grey))) return undefined;
  return { alike, mirrored: mirror > 0, turned, inverted: signed < 0, cropped: false };
}

/** Shapes of pictures in one table, the part that lies `inset` pixels inside. */
function shapesOf(all: readonly Directions[], inset = 0): Float32Array {
  const table = new Float32Array(all.length * SHAPE);
  for (const [i, directions] of all.entries()) table.set(shapeOf(directions, inset), i * SHAPE);
  return table;
}

/** All pairs of the same picture, `first` before `second`. Others get their turn while it compares. */
export async function findDuplicates(
  prints: readonly Fingerprint[],
  { skip = () => false, signal, onProgress }: DuplicateOptions = {},
): Promise<Duplicate[]> {
  const n = prints.length;
  const directions = prints.map((print) => print.directions);
  const all = prints.map((print): Compared => ({ ...print, weights: weightsOf(print.directions) }));
  const plain = shapesOf(directions);
  const across = shapesOf(directions.map(transposed));
  const inner = INSETS.map((inset) => shapesOf(directions, inset));
  const found: Duplicate[] = [];
  const cosines = new Float64Array(4);

  /** How one picture is an inner part of the other; `undefined` where neither is. */
  const cropOf = (first: number, second: number, uncut: number): Omit<Duplicate, 'first' | 'second'> | undefined => {
    for (const [whole, part] of [
      [first, second],
      [second, first],
    ]) {
      let [best, inset] = [Math.max(LEAST_CUT, uncut), 0];
      for (const [i, table] of inner.entries()) {
        shapeCosines(table, whole, plain, part, cosines);
        if (Math.abs(cosines[0]) > best) [best, inset] = [Math.abs(cosines[0]), INSETS[i]];
      }
      if (inset === 0) continue;
      const alike = cropAgreement(directions[whole], directions[part], inset);
      if (alike >= LEAST_ALIKE) return { alike, mirrored: false, turned: false, inverted: false, cropped: true };
    }
    return undefined;
  };

  /** How two pictures are the same; `undefined` where they are not. */
  const sameOf = (first: number, second: number): Duplicate | undefined => {
    let best: Duplicate | undefined;
    let uncut = 0;
    for (const table of [plain, across]) {
      shapeCosines(plain, first, table, second, cosines);
      if (table === plain) uncut = Math.abs(cosines[0]);
      for (let mirror = 0; mirror < 4; mirror++) {
        const least = mirror === 0 && table === plain ? LEAST_COSINE_PLAIN : LEAST_COSINE;
        if (Math.abs(cosines[mirror]) < least || skip(first, second)) continue;
        const same = compare(all[first], all[second], { mirror, turned: table === across });
        if (same !== undefined && same.alike > (best?.alike ?? 0)) best = { first, second, ...same };
      }
    }
    if (best !== undefined || uncut < LEAST_UNCUT || skip(first, second)) return best;
    const crop = cropOf(first, second, uncut);
    return crop && { first, second, ...crop };
  };

  let turn = performance.now();
  for (let first = 0; first < n; first++) {
    if (performance.now() - turn > TURN) {
      onProgress?.(first, n);
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      turn = performance.now();
    }
    for (let second = first + 1; second < n; second++) {
      const same = sameOf(first, second);
      if (same !== undefined) found.push(same);
    }
  }
  onProgress?.(n, n);
  return found;
}
