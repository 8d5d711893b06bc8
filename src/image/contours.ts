/**
 * Outlines of masks and masks of outlines, in one plane.
 *
 * An outline runs along the edges of pixels, so that it encloses exactly the area of the mask and filling it gives the mask
 * back. (Marching squares, as in d3-contour, would cut every corner and halve a lone pixel.) Coordinates count pixels from
 * the centre of the first one: its edges lie at -0.5 and 0.5. Pixels that touch only at a corner are apart. A hole is joined
 * to the outline round it by a channel of no width (keyhole), so that one polygon says both.
 * Source: DICOM PS3.3 C.8.8.6.3 (keyholes), the even-odd rule.
 */
import { addTo } from '../util/groups.ts';
import type { Mask } from './types.ts';

/** Corners of a closed polygon, [x, y]; the last one joins the first. */
export type Polygon = readonly (readonly [number, number])[];

// The sides of a pixel, clockwise as seen with y down; an edge starts at the corner of its side.
const TOP = 0;
const BOTTOM = 2;
const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;
/** Where a side's neighbour lies, and the way along it. */
const OUTWARDS = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

/** Polygons round the parts of a mask, holes joined to them; in pixels from the centre of the first pixel. */
export function traceContours({ data, width, height }: Mask): Polygon[] {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] !== 0;
  const edge = (x: number, y: number, side: number): number => (y * width + x) * 4 + side;
  const place = (of: number): [number, number, number] => {
    const pixel = of >> 2;
    return [pixel % width, Math.floor(pixel / width), of & 3];
  };

  /** The edge that follows, turning towards the pixel's own side where two parts touch at a corner. */
  const next = (of: number): number => {
    const [x, y, side] = place(of);
    const turn = (side + 1) & 3;
    const [ax, ay] = [x + OUTWARDS[turn][0], y + OUTWARDS[turn][1]];
    if (!inside(ax, ay)) return edge(x, y, turn);
    const [bx, by] = [ax + OUTWARDS[side][0], ay + OUTWARDS[side][1]];
    return inside(bx, by) ? edge(bx, by, (side + 3) & 3) : edge(ax, ay, side);
  };

  const seen = new Uint8Array(width * height * 4);
  const walk = (start: number): void => {
    let at = start;
    do {
      seen[at] = 1;
      at = next(at);
    } while (at !== start);
  };

  const outer: number[] = [];
  /** Holes by the edge at whose start they are joined; the first edge of a hole starts at its end of the channel. */
  const holes = new Map<number, number[]>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1) && !seen[edge(x, y, TOP)]) {
        outer.push(edge(x, y, TOP));
        walk(edge(x, y, TOP));
      }
      if (inside(x, y + 1) || seen[edge(x, y, BOTTOM)]) continue;
      // A hole shows first under its topmost pixel on the left; the channel goes up from there to the next edge.
      const start = next(edge(x, y, BOTTOM));
      walk(start);
      let up = y;
      while (inside(x - 1, up - 1) && inside(x, up - 1)) up--;
      const joint = inside(x, up - 1) ? next(edge(x - 1, up, TOP)) : edge(x, up, TOP);
      addTo(holes, joint, start);
    }
  }

  const point = (of: number): readonly [number, number] => {
    const [x, y, side] = place(of);
    return [x + CORNERS[side][0] - 0.5, y + CORNERS[side][1] - 0.5];
  };
  return outer.map((start) => {
    const points: (readonly [number, number])[] = [];
    // Rings that are being walked: where each began, where it is, and the holes at that place that are still to come.
    const rings = [{ start, at: start, waiting: [...(holes.get(start) ?? [])] }];
    points.push(point(start));
    for (let ring = rings.at(-1); ring !== undefined; ring = rings.at(-1)) {
      const hole = ring.waiting.shift();
      if (hole !== undefined) {
        rings.push({ start: hole, at: hole, waiting: [...(holes.get(hole) ?? [])] });
        points.push(point(hole));
        continue;
      }
      ring.at = next(ring.at);
      if (ring.at !== ring.start) {
        points.push(point(ring.at));
        ring.waiting = [...(holes.get(ring.at) ?? [])];
        continue;
      }
      rings.pop();
      const around = rings.at(-1);
      if (around !== undefined) points.push(point(ring.start), point(around.at));
    }
    return withoutMiddles(points);
  });
}

/** A polygon without the points at which it goes straight on. */
function withoutMiddles(points: Polygon): Polygon {
  const { length } = points;
  return points.filter(([x, y], i) => {
    const [ax, ay] = points[(i + length - 1) % length];
    const [bx, by] = points[(i + 1) % length];
    return Math.sign(x - ax) !== Math.sign(bx - x) || Math.sign(y - ay) !== Math.sign(by - y);
  });
}

/**
 * Turns round (0 to 1, 1 to 0) all pixels of a mask whose centres lie in a polygon, by the even-odd rule; several polygons
 * one after another leave out what lies in two of them. The work is the number of rows that the polygon's sides cross.
 */
export function fillPolygon(mask: Mask, polygon: Polygon): void {
  const { data, width, height } = mask;
  // Sides are crossed row by row; a crossing turns round all pixels to its right.
  const turns = new Uint8Array((width + 1) * height);
  let [top, bottom] = [height, -1];
  for (const [i, [x1, y1]] of polygon.entries()) {
    const [x0, y0] = polygon[(i + polygon.length - 1) % polygon.length];
    if (y0 === y1) continue;
    const from = Math.max(0, Math.ceil(Math.min(y0, y1)));
    const to = Math.min(height, Math.ceil(Math.max(y0, y1)));
    for (let y = from; y < to; y++) {
      const x = x0 + ((y - y0) * (x1 - x0)) / (y1 - y0);
      turns[y * (width + 1) + Math.min(width, Math.max(0, Math.ceil(x)))] ^= 1;
    }
    if (from < to) [top, bottom] = [Math.min(top, from), Math.max(bottom, to)];
  }
  for (let y = top; y < bottom; y++) {
    let odd = 0;
    for (let x = 0; x < width; x++) {
      odd ^= turns[y * (width + 1) + x];
      data[y * width + x] ^= odd;
    }
  }
}
