/**
 * Whether two images show the same picture, whatever was done to it on the way: another size, compression or window, inversion, a
 * mirror image, a quarter turn or a crop. First the directions of edges in coarse cells, for all pairs; then pixel by pixel: the directions
 * agree, or they agree less and the grey levels of one are a function of those of the other, which is what a hard window leaves.
 */
import { cropAgreement } from './crop.ts';
import {
  agreement,
  type Directions,
  directionsOf,
  SHAPE,
  SIDE,
  shapeCosines,
  shapeOf,
  transposed,
} from './edge-shape.ts';
import { resizeBicubicPil } from './resize.ts';
import { toRgb8 } from './rgb.ts';
import type { Image } from './types.ts';

/** Cosine of shapes from which on pixels are looked at. */
const LEAST_COSINE = 0.66;
const LEAST_ALIKE = 0.915;
/** Less agreement is enough for pictures that lie alike, where a window has cut something off and the other's grey levels explain this share of the variance. */
const LEAST_OF_FUNCTION = 0.78;
const LEAST_EXPLAINED = 0.95;
/** A window cuts off at least this share of the pixels, which become black or white in one picture only. */
const LEAST_CUT_OFF = 0.1;
const DARKEST = 2;
const BRIGHTEST = 253;
const LEVELS = 64;
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

/** The share of the variance of `b` that the grey levels of `a` explain, 0..1 (correlation ratio). */
function explained(a: Uint8Array, b: Uint8Array): number {
  const [sums, counts] = [new Float64Array(LEVELS), new Float64Array(LEVELS)];
  let [sum, squares] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const level = (a[i] * LEVELS) >> 8;
    sums[level] += b[i];
    counts[level]++;
    sum += b[i];
    squares += b[i] * b[i];
  }
  const mean = sum ** 2 / a.length;
  const between = sums.reduce((all, one, i) => all + (counts[i] === 0 ? 0 : one ** 2 / counts[i]), -mean);
  return squares > mean ? between / (squares - mean) : 0;
}

const isCut = (grey: number): boolean => grey <= DARKEST || grey >= BRIGHTEST;

/** Whether one picture is the other through a window: parts of it are cut off, and the grey levels of one tell those of the other. */
function isWindowed(a: Uint8Array, b: Uint8Array): boolean {
  const cut = a.reduce((count, grey, i) => count + (isCut(grey) === isCut(b[i]) ? 0 : 1), 0);
  return cut > LEAST_CUT_OFF * a.length && Math.max(explained(a, b), explained(b, a)) >= LEAST_EXPLAINED;
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

/** How two pictures are alike under one way of laying the second; `undefined` where they are not. */
function compare(a: Fingerprint, b: Fingerprint, mirror: number, turned: boolean) {
  const directions = turned ? transposed(b.directions) : b.directions;
  const signed = agreement(a.directions, directions, mirror);
  const alike = Math.abs(signed);
  const cut = alike >= LEAST_OF_FUNCTION && mirror === 0 && !turned;
  if (alike < LEAST_ALIKE && !(cut && isWindowed(a.grey, b.grey))) return undefined;
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
        if (Math.abs(cosines[mirror]) < LEAST_COSINE || skip(first, second)) continue;
        const same = compare(prints[first], prints[second], mirror, table === across);
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
