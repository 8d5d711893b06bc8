/**
 * Instances in a mask: objects that touch are cut where they are narrow. As BiomedParse v1 does it (inference_utils/
 * processing_utils.py, `get_instances`): holes filled, signed distance map, watershed with level 1, then instances much
 * smaller than the others dropped.
 *
 * - Holes are background that no four-connected way leads from to the image's border.
 * - Distance is Euclidean, in pixels, to the nearest pixel of the object's contour (one with one of its eight neighbours
 *   outside), where it is 0.
 * - Watershed (Meyer 1994) floods the distance from its peaks down, four-connected; peaks that rise no more than the
 *   level above the pass to a higher one are part of that one.
 * - An instance of fewer pixels than mean - 2 standard deviations - 1 is dropped.
 * Refuses (`input`) more instances than 16 bits can number.
 */
import { BiomedParseError } from '../util/errors.ts';
import { squaredDistances } from './distance.ts';
import type { Mask } from './types.ts';

const LEVEL = 1;
const MAX_INSTANCES = 65535;

/** A label map `[height, width]`: 0 background, 1 ... count the instances in the order of their first pixels. */
export interface Instances {
  readonly labels: Uint16Array;
  readonly count: number;
}

/** Calls `visit` with the positions of the four neighbours of a pixel that lie in the image. */
function eachNeighbour(i: number, width: number, size: number, visit: (neighbour: number) => void): void {
  const x = i % width;
  if (i >= width) visit(i - width);
  if (x > 0) visit(i - 1);
  if (x + 1 < width) visit(i + 1);
  if (i + width < size) visit(i + width);
}

/** The mask with its holes filled. */
export function fillHoles({ data, width, height }: Mask): Mask {
  const outside = new Uint8Array(data.length);
  const stack: number[] = [];
  const reach = (i: number): void => {
    if (data[i] !== 0 || outside[i] === 1) return;
    outside[i] = 1;
    stack.push(i);
  };
  for (let x = 0; x < width; x++) {
    reach(x);
    reach((height - 1) * width + x);
  }
  for (let y = 0; y < height; y++) {
    reach(y * width);
    reach(y * width + width - 1);
  }
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) eachNeighbour(i, width, data.length, reach);
  return { data: outside.map((value) => 1 - value), width, height };
}

/** Pixels inside that have one of their eight neighbours outside. */
function contour8({ data, width, height }: Mask): Uint8Array {
  const edge = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) if (data[v * width + u] === 0) edge[i] = 1;
    }
  }
  return edge;
}

/** Positions inside the mask by falling distance, the earlier first on a tie. */
function byFallingDistance(mask: Mask, squared: Float64Array): Uint32Array {
  const inside: number[] = [];
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] !== 0) inside.push(i);
  return Uint32Array.from(inside).sort((a, b) => squared[b] - squared[a] || a - b);
}

/** Basins of the flooded distance: for each pixel the first pixel of its basin, -1 outside. */
function watershed(mask: Mask, distance: Float64Array, order: Uint32Array): Int32Array {
  const { data, width } = mask;
  const parent = new Int32Array(data.length).fill(-1);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root];
    for (let at = i; parent[at] !== root; ) [at, parent[at]] = [parent[at], root];
    return root;
  };
  for (const i of order) {
    const basins: number[] = [];
    let uphill = -1;
    eachNeighbour(i, width, data.length, (neighbour) => {
      if (parent[neighbour] === -1) return;
      if (uphill === -1 || distance[neighbour] > distance[uphill]) uphill = neighbour;
      const root = find(neighbour);
      if (!basins.includes(root)) basins.push(root);
    });
    if (uphill === -1) {
      parent[i] = i; // a peak: its pixel stands for the basin and holds its height
      continue;
    }
    basins.sort((a, b) => distance[b] - distance[a] || a - b);
    for (const basin of basins.slice(1)) if (distance[basin] - distance[i] <= LEVEL) parent[basin] = basins[0];
    parent[i] = find(uphill);
  }
  return parent.map((value, i) => (value === -1 ? -1 : find(i)));
}

/** Sizes below which an instance is dropped: mean - 2 standard deviations - 1. */
function smallestSize(sizes: readonly number[]): number {
  const mean = sizes.reduce((sum, n) => sum + n, 0) / sizes.length;
  const deviation = Math.sqrt(sizes.reduce((sum, n) => sum + (n - mean) ** 2, 0) / sizes.length);
  return mean - 2 * deviation - 1;
}

/** The instances of a mask. */
export function instances(mask: Mask): Instances {
  const { width, height } = mask;
  const filled = fillHoles(mask);
  const squared = squaredDistances(contour8(filled), width, height);
  const distance = squared.map((value) => (value === Number.POSITIVE_INFINITY ? 0 : Math.sqrt(value)));
  const basins = watershed(filled, distance, byFallingDistance(filled, distance));
  const sizes = new Map<number, number>();
  for (const basin of basins) if (basin !== -1) sizes.set(basin, (sizes.get(basin) ?? 0) + 1);
  const smallest = smallestSize([...sizes.values()]);
  const numbers = new Map<number, number>();
  const labels = new Uint16Array(width * height);
  for (let i = 0; i < labels.length; i++) {
    const basin = basins[i];
    if (basin === -1 || (sizes.get(basin) as number) < smallest) continue;
    const number = numbers.get(basin) ?? numbers.size + 1;
    if (number > MAX_INSTANCES) {
      throw new BiomedParseError(
        'input',
        `The mask has more instances than a 16-bit label map holds, ${MAX_INSTANCES}`,
      );
    }
    numbers.set(basin, number);
    labels[i] = number;
  }
  return { labels, count: numbers.size };
}
