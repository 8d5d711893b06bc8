/**
 * Pictures by the directions of their edges. At every pixel the direction in which the picture gets brighter, with a weight that
 * saturates with steepness: other windows, gamma and exposure leave the directions as they are, inversion turns all of them round,
 * and where a window cuts a part off there are none, so that the part does not count.
 */

/** Side of the square that pictures are compared at. */
export const SIDE = 64;
const CELLS = 8;
/** Slopes below, in grey levels a pixel, are noise of compression. */
const NOISE = 0.75;
const LEAST_HALF = 1.5;
const UNIT = 127;

/** Directions `[2, 64, 64]`, across then down, each vector's length its weight times 127; the rim has none. */
export type Directions = Int8Array;

/** The directions of a grey picture `[64, 64]` (Sobel). */
export function directionsOf(grey: Uint8Array): Directions {
  const n = SIDE * SIDE;
  const slopes = new Float32Array(2 * n);
  let sum = 0;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let i = y * SIDE + 1; i < (y + 1) * SIDE - 1; i++) {
      const [a, b, c] = [grey[i - SIDE - 1], grey[i - SIDE], grey[i - SIDE + 1]];
      const [d, e] = [grey[i - 1], grey[i + 1]];
      const [f, g, h] = [grey[i + SIDE - 1], grey[i + SIDE], grey[i + SIDE + 1]];
      slopes[i] = (c - a + 2 * (e - d) + h - f) / 8;
      slopes[n + i] = (f - a + 2 * (g - b) + h - c) / 8;
      sum += Math.sqrt(slopes[i] ** 2 + slopes[n + i] ** 2);
    }
  }
  const half = Math.max(LEAST_HALF, sum / n / 2);
  const out = new Int8Array(2 * n);
  for (let i = 0; i < n; i++) {
    const steep = Math.sqrt(slopes[i] ** 2 + slopes[n + i] ** 2);
    if (steep < NOISE) continue;
    out[i] = Math.round((UNIT * slopes[i]) / (steep + half));
    out[n + i] = Math.round((UNIT * slopes[n + i]) / (steep + half));
  }
  return out;
}

/** The same of the picture with its axes exchanged. */
export function transposed(directions: Directions): Directions {
  const n = SIDE * SIDE;
  const out = new Int8Array(2 * n);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      out[y * SIDE + x] = directions[n + x * SIDE + y];
      out[n + y * SIDE + x] = directions[x * SIDE + y];
    }
  }
  return out;
}

/** The lengths of directions `[64, 64]`, whole numbers. */
export function weightsOf(directions: Directions): Uint8Array {
  const n = SIDE * SIDE;
  const weights = new Uint8Array(n);
  for (let i = 0; i < n; i++) weights[i] = Math.round(Math.sqrt(directions[i] ** 2 + directions[n + i] ** 2));
  return weights;
}

/** Directions with their weights. */
export interface Weighted {
  readonly directions: Directions;
  readonly weights: Uint8Array;
}

/** How a picture is laid: its axes exchanged, then mirrored left-right (bit 1 of `mirror`) and up-down (bit 2). */
export interface Pose {
  readonly mirror: number;
  readonly turned: boolean;
}

/** Of every so many rows a first look takes one. */
const EVERY = 4;
/** The first look may be this much worse than the whole. */
const SLACK = 0.2;

/**
 * Mean cosine of the angles between directions of two pictures, the second one in a pose, -1..1, weighted by both weights. 1 is the same
 * picture, -1 its negative; pictures that have nothing in common are near 0. Where a first look at some rows is far below `least`, its
 * value is given.
 */
export function agreement(a: Weighted, b: Weighted, { mirror, turned }: Pose, least: number): number {
  const n = SIDE * SIDE;
  const [signX, signY] = [mirror & 1 ? -1 : 1, mirror & 2 ? -1 : 1];
  const [stepX, stepY] = turned ? [signX * SIDE, signY] : [signX, signY * SIDE];
  const start = (mirror & 1 ? (SIDE - 1) * Math.abs(stepX) : 0) + (mirror & 2 ? (SIDE - 1) * Math.abs(stepY) : 0);
  const [across, down] = turned ? [n, 0] : [0, n];
  const [p, q, weightsP, weightsQ] = [a.directions, b.directions, a.weights, b.weights];
  let [dot, weight] = [0, 0];
  for (let phase = 0; phase < EVERY; phase++) {
    for (let y = 1 + phase; y < SIDE - 1; y += EVERY) {
      for (let i = y * SIDE + 1, j = start + y * stepY + stepX; i < (y + 1) * SIDE - 1; i++, j += stepX) {
        dot += signX * p[i] * q[across + j] + signY * p[n + i] * q[down + j];
        weight += weightsP[i] * weightsQ[j];
      }
    }
    if (phase === 0 && Math.abs(dot) < (least - SLACK) * weight) break;
  }
  return weight === 0 ? 0 : Math.max(-1, Math.min(1, dot / weight));
}

/** Numbers of a shape: four parts of 32. */
export const SHAPE = 2 * CELLS * CELLS;
const PART = SHAPE / 4;

/**
 * Directions of the part that lies `inset` pixels inside, added up in 8 x 8 cells, of length 1, in four parts: what stays, and what changes its sign, under mirror images. So one
 * pass over two shapes gives their cosine under all four.
 */
export function shapeOf(directions: Directions, inset = 0): Float32Array {
  const n = SIDE * SIDE;
  const cells = new Float64Array(SHAPE);
  const cellOf = (at: number): number => Math.floor(((at + 0.5 - inset) * CELLS) / (SIDE - 2 * inset));
  for (let y = inset; y < SIDE - inset; y++) {
    for (let x = inset; x < SIDE - inset; x++) {
      const cell = cellOf(y) * CELLS + cellOf(x);
      cells[cell] += directions[y * SIDE + x];
      cells[SHAPE / 2 + cell] += directions[n + y * SIDE + x];
    }
  }
  const length = Math.sqrt(cells.reduce((sum, value) => sum + value * value, 0));
  const shape = new Float32Array(SHAPE);
  if (length === 0) return shape;
  for (const [axis, signX, signY] of [
    [0, -1, 1],
    [1, 1, -1],
  ]) {
    const at = (x: number, y: number): number => cells[(axis * SHAPE) / 2 + y * CELLS + x] / length;
    for (let y = 0; y < CELLS / 2; y++) {
      for (let x = 0; x < CELLS / 2; x++) {
        const [p, q] = [at(x, y), signX * at(CELLS - 1 - x, y)];
        const [r, s] = [signY * at(x, CELLS - 1 - y), signX * signY * at(CELLS - 1 - x, CELLS - 1 - y)];
        const k = (axis * PART) / 2 + (y * CELLS) / 2 + x;
        shape[k] = (p + q + r + s) / 2;
        shape[PART + k] = (p - q + r - s) / 2;
        shape[2 * PART + k] = (p + q - r - s) / 2;
        shape[3 * PART + k] = (p - q - r + s) / 2;
      }
    }
  }
  return shape;
}

/** Cosines of the shapes at `i` and `j` of two tables, for the second mirrored by 0 to 3, written into `out`. */
export function shapeCosines(a: Float32Array, i: number, b: Float32Array, j: number, out: Float64Array): void {
  let [even, oddX, oddY, odd] = [0, 0, 0, 0];
  for (let k = 0, p = i * SHAPE, q = j * SHAPE; k < PART; k++, p++, q++) {
    even += a[p] * b[q];
    oddX += a[p + PART] * b[q + PART];
    oddY += a[p + 2 * PART] * b[q + 2 * PART];
    odd += a[p + 3 * PART] * b[q + 3 * PART];
  }
  out[0] = even + oddX + oddY + odd;
  out[1] = even - oddX + oddY - odd;
  out[2] = even + oddX - oddY - odd;
  out[3] = even - oddX - oddY + odd;
}
