/**
 * A mask as polygons along the edges of its pixels: corners are whole numbers, (0, 0) is the upper left corner of the first
 * pixel, so that filling a polygon gives the mask back exactly. Each polygon is an outer ring and its holes; rings are
 * closed, touch themselves nowhere, and run clockwise on the screen outside, the other way round holes.
 * Pixels that touch at a corner only belong to different rings, as a ring that touches itself is not valid in GIS and pathology.
 */
import type { Mask } from './types.ts';

export type Point = readonly [number, number];
/** A closed ring: the last point is the first. */
export type Ring = readonly Point[];
/** An outer ring, then its holes. */
export type Polygon = readonly Ring[];

/** Right, down, left, up. */
const STEPS: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];
/** The pixel to the right of an edge that leaves a corner in each direction, relative to the corner. */
const RIGHT_OF: readonly Point[] = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
];

/** Twice the signed area; positive for outer rings. */
function doubleArea(ring: Ring): number {
  let sum = 0;
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return sum;
}

/** Per corner of the pixel grid a bit for each direction in which an edge with the inside on its right leaves. */
function edges({ data, width, height }: Mask): Uint8Array {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] !== 0;
  const leaving = new Uint8Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      const corner = y * (width + 1) + x;
      if (!inside(x, y - 1)) leaving[corner] |= 1;
      if (!inside(x + 1, y)) leaving[corner + 1] |= 2;
      if (!inside(x, y + 1)) leaving[corner + width + 2] |= 4;
      if (!inside(x - 1, y)) leaving[corner + width + 1] |= 8;
    }
  }
  return leaving;
}

/** Cuts a closed way into rings wherever it comes back to a corner. */
function simpleRings(way: readonly Point[]): Ring[] {
  const rings: Ring[] = [];
  const open: Point[] = [];
  const placeOf = new Map<string, number>();
  for (const point of way) {
    const key = point.join();
    const before = placeOf.get(key);
    if (before !== undefined) {
      const loop = open.splice(before);
      for (const gone of loop) placeOf.delete(gone.join());
      rings.push([...loop, point]);
    }
    placeOf.set(key, open.length);
    open.push(point);
  }
  return rings;
}

/** All rings of a mask. */
function traceRings(mask: Mask): Ring[] {
  const leaving = edges(mask);
  const across = mask.width + 1;
  const rings: Ring[] = [];
  for (let start = 0; start < leaving.length; start++) {
    while (leaving[start] !== 0) {
      let at = start;
      let direction = Math.log2(leaving[start] & -leaving[start]);
      const way: Point[] = [[at % across, Math.floor(at / across)]];
      do {
        leaving[at] &= ~(1 << direction);
        at += STEPS[direction][0] + STEPS[direction][1] * across;
        // right first: the way stays with its pixel where two touch at a corner
        const next = [1, 0, 3].map((turn) => (direction + turn) % 4).find((d) => leaving[at] & (1 << d));
        if (next !== direction || at === start) way.push([at % across, Math.floor(at / across)]);
        direction = next ?? direction;
      } while (at !== start);
      rings.push(...simpleRings(way));
    }
  }
  return rings;
}

/** Whether a point that lies on no edge is in a ring (crossings to its right). */
function contains(ring: Ring, [x, y]: Point): boolean {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [[x0, y0], [, y1]] = [ring[i - 1], ring[i]];
    if (y0 !== y1 && x0 > x && y > Math.min(y0, y1) && y < Math.max(y0, y1)) inside = !inside;
  }
  return inside;
}

/** The polygons of a mask, by their uppermost, then leftmost corner. */
export function outlines(mask: Mask): Polygon[] {
  const rings = traceRings(mask).map((ring) => ({ ring, area: doubleArea(ring) }));
  const outer = rings.filter(({ area }) => area > 0).map(({ ring, area }) => ({ area, rings: [ring] }));
  const bySize = [...outer].sort((a, b) => a.area - b.area);
  for (const { ring, area } of rings) {
    if (area > 0) continue;
    const [a, b] = ring;
    const direction = STEPS.findIndex(([x, y]) => x === Math.sign(b[0] - a[0]) && y === Math.sign(b[1] - a[1]));
    const pixel: Point = [a[0] + RIGHT_OF[direction][0] + 0.5, a[1] + RIGHT_OF[direction][1] + 0.5];
    bySize.find((one) => contains(one.rings[0], pixel))?.rings.push(ring);
  }
  return outer.map((one) => one.rings);
}
