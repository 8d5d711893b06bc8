/**
 * How irregular a mask is, in the three ways that the BiomedParse paper groups its results by. All are 1 for the most
 * regular shape and fall towards 0: thin, scattered or branched objects have low ones.
 */
import { measure } from '../image/measure.ts';
import type { Mask } from '../image/types.ts';

export interface MaskShape {
  /** Share of the image inside, 0..1. */
  readonly areaFraction: number;
  /** Area by that of the smallest upright box round it. */
  readonly boxRatio: number;
  /** Area by that of its convex hull; pixels are squares. */
  readonly convexRatio: number;
  /** Rotational inertia of a disc of the same area by the mask's own. */
  readonly inertiaRatio: number;
}

type Point = readonly [x: number, y: number];

/** One side of the convex hull of points in order of y, by Andrew's monotone chain; `sign` says which side. */
function chain(points: readonly Point[], sign: 1 | -1): Point[] {
  const hull: Point[] = [];
  for (const point of points) {
    for (; hull.length > 1; hull.pop()) {
      const [[ax, ay], [bx, by]] = hull.slice(-2);
      if (sign * ((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)) > 0) break;
    }
    hull.push(point);
  }
  return hull;
}

function hullArea({ data, width, height }: Mask): number {
  // the outermost corners of pixels at every height where there are any
  const ends = new Map<number, readonly [left: number, right: number]>();
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((value) => value !== 0);
    if (first === -1) continue;
    const last = row.findLastIndex((value) => value !== 0);
    for (const corner of [y, y + 1]) {
      const [left, right] = ends.get(corner) ?? [first, last + 1];
      ends.set(corner, [Math.min(left, first), Math.max(right, last + 1)]);
    }
  }
  const lefts = Array.from(ends, ([y, [left]]): Point => [left, y]);
  const rights = Array.from(ends, ([y, [, right]]): Point => [right, y]);
  // the left side runs down with its turns to one side, the right side to the other
  const outline = [...chain(lefts, -1), ...chain(rights, 1).reverse()];
  let twice = 0;
  for (const [i, [x, y]] of outline.entries()) {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) / 2;
}

/** Shape of a mask that is not empty. */
export function maskShape(mask: Mask): MaskShape {
  const { data, width } = mask;
  const { areaPx, areaFraction, box } = measure(mask);
  const [left, top, right, bottom] = box ?? [0, 0, 0, 0];
  let [sumX, sumY, squares] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (data[y * width + x] === 0) continue;
      sumX += x;
      sumY += y;
      squares += x * x + y * y;
    }
  }
  // a pixel is a square, which has an inertia of its own: 1/6
  const inertia = squares - (sumX * sumX + sumY * sumY) / areaPx + areaPx / 6;
  return {
    areaFraction,
    boxRatio: areaPx / ((right - left) * (bottom - top)),
    convexRatio: areaPx / hullArea(mask),
    inertiaRatio: areaPx ** 2 / (2 * Math.PI * inertia),
  };
}
