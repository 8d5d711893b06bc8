/**
 * Whether two images show the same picture, whatever was done to it on the way: another size, compression, window, or a mirror.
 * First a perceptual hash (signs of the lowest cosine coefficients, after Zauner, "Implementation and benchmarking of perceptual
 * image hash functions", 2010; signs, as a mirror image only turns those of odd ones), then the pixels: the correlation of what
 * is left without the local mean, which two patients in the same position do not share.
 */
import { resizeBicubicPil } from './resize.ts';
import { toRgb8 } from './rgb.ts';
import type { Image } from './types.ts';

const SIDE = 64;
const LOW = 8;
/** Half the side of the square that the local mean is taken of. */
const REACH = 3;
/** Grey levels of contrast that compression alone makes. */
const NOISE = 4;
const MOST_BITS = 16;
const LEAST_ALIKE = 0.9;

/** A small grey picture and its hash. */
export interface Fingerprint {
  /** Grey `[64, 64]`. */
  readonly grey: Uint8Array;
  /** 63 signs in two words. */
  readonly hash: readonly [number, number];
}

const cosines = Array.from({ length: LOW }, (_, u) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos((Math.PI * u * (2 * x + 1)) / (2 * SIDE))),
);

/** Words with a one where `test` holds of the coefficient (u across, v down). */
function bits(test: (u: number, v: number) => boolean): [number, number] {
  const words: [number, number] = [0, 0];
  for (let v = 0; v < LOW; v++) {
    for (let u = 0; u < LOW; u++) {
      if ((u > 0 || v > 0) && test(u, v)) words[v >> 2] |= 1 << ((v & 3) * LOW + u);
    }
  }
  return words;
}

/** What a mirror image turns in a hash: none, left and right, up and down, both. */
const mirrors: readonly (readonly [number, number])[] = [
  bits(() => false),
  bits((u) => u % 2 === 1),
  bits((_, v) => v % 2 === 1),
  bits((u, v) => (u + v) % 2 === 1),
];

/** The fingerprint of an image of any size, stretched to a square. */
export function fingerprint(image: Image): Fingerprint {
  const { data, width, height } = toRgb8(image);
  const full = new Uint8Array(width * height);
  for (let i = 0; i < full.length; i++) {
    full[i] = Math.round(0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2]);
  }
  const grey = resizeBicubicPil({ data: full, width, height, channels: 1 }, SIDE, SIDE).data as Uint8Array;
  const rows = Array.from({ length: SIDE }, (_, y) =>
    cosines.map((wave) => wave.reduce((sum, weight, x) => sum + weight * grey[y * SIDE + x], 0)),
  );
  const hash = bits((u, v) => cosines[v].reduce((sum, weight, y) => sum + weight * rows[y][u], 0) > 0);
  return { grey, hash };
}

function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/**
 * Grey in units of the local contrast, of length 1; all zero for a flat picture. Without the division the rim of every fundus
 * photograph and every endoscope would outweigh what is inside.
 */
function detail(grey: Uint8Array): Float64Array {
  const out = new Float64Array(grey.length);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let [sum, squares, count] = [0, 0, 0];
      for (let j = Math.max(0, y - REACH); j <= Math.min(SIDE - 1, y + REACH); j++) {
        for (let i = Math.max(0, x - REACH); i <= Math.min(SIDE - 1, x + REACH); i++) {
          const value = grey[j * SIDE + i];
          sum += value;
          squares += value * value;
          count++;
        }
      }
      const mean = sum / count;
      const spread = Math.sqrt(Math.max(0, squares / count - mean * mean));
      out[y * SIDE + x] = (grey[y * SIDE + x] - mean) / (spread + NOISE);
    }
  }
  const length = Math.sqrt(out.reduce((sum, value) => sum + value ** 2, 0));
  return out.map((value) => (length > 1 ? value / length : 0));
}

/** Correlation of the details of two pictures, -1..1, the second one mirrored as asked. */
function correlation(a: Float64Array, b: Float64Array, mirror: number): number {
  let sum = 0;
  for (let y = 0; y < SIDE; y++) {
    const row = (mirror & 2 ? SIDE - 1 - y : y) * SIDE;
    for (let x = 0; x < SIDE; x++) sum += a[y * SIDE + x] * b[row + (mirror & 1 ? SIDE - 1 - x : x)];
  }
  return sum;
}

/** Two pictures that are the same: positions, how alike (0..1), and whether one is a mirror image of the other. */
export interface Duplicate {
  readonly first: number;
  readonly second: number;
  readonly alike: number;
  readonly mirrored: boolean;
}

/** All pairs of the same picture, `first` before `second`; `skip` leaves pairs out that are of no interest. */
export function findDuplicates(
  prints: readonly Fingerprint[],
  skip: (first: number, second: number) => boolean = () => false,
): Duplicate[] {
  const found: Duplicate[] = [];
  const details = new Map<number, Float64Array>();
  const detailOf = (i: number): Float64Array => {
    const known = details.get(i) ?? detail(prints[i].grey);
    details.set(i, known);
    return known;
  };
  const [low, high] = [0, 1].map((word) => Int32Array.from(prints, ({ hash }) => hash[word]));
  for (let a = 0; a < prints.length; a++) {
    details.delete(a - 1); // never asked again
    for (let b = a + 1; b < prints.length; b++) {
      const [x, y] = [low[a] ^ low[b], high[a] ^ high[b]];
      for (let mirror = 0; mirror < mirrors.length; mirror++) {
        if (ones(x ^ mirrors[mirror][0]) + ones(y ^ mirrors[mirror][1]) > MOST_BITS || skip(a, b)) continue;
        const alike = correlation(detailOf(a), detailOf(b), mirror);
        if (alike < LEAST_ALIKE) continue;
        found.push({ first: a, second: b, alike, mirrored: mirror > 0 });
        break;
      }
    }
  }
  return found;
}
