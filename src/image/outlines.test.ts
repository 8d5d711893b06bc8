/** Polygons filled by an even-odd rule give back the mask they were made of; rings are simple. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { outlines, type Polygon } from './outlines.ts';
import type { Mask } from './types.ts';

/** Pixels whose centre lies in an odd number of a polygon's rings. */
function filled(polygons: readonly Polygon[], { width, height }: Mask): number[] {
  return Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    let inside = 0;
    for (const polygon of polygons) {
      let crossings = 0;
      for (const ring of polygon) {
        for (let k = 1; k < ring.length; k++) {
          const [[x0, y0], [, y1]] = [ring[k - 1], ring[k]];
          if (x0 > x && y > Math.min(y0, y1) && y < Math.max(y0, y1)) crossings++;
        }
      }
      inside += crossings % 2;
    }
    return inside;
  });
}

const drawn = (...rows: string[]): Mask => ({
  data: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)),
  width: rows[0].length,
  height: rows.length,
});

describe('outlines', () => {
  it('are the corners of a rectangle, closed, clockwise on the screen', () => {
    expect(outlines(drawn('....', '.##.', '....'))).toEqual([
      [
        [
          [1, 1],
          [3, 1],
          [3, 2],
          [1, 2],
          [1, 1],
        ],
      ],
    ]);
    expect(outlines(drawn('...'))).toEqual([]);
  });

  it('give holes to the polygon that they lie in', () => {
    const polygons = outlines(drawn('#####', '#...#', '#.#.#', '#...#', '#####'));
    expect(polygons.map((rings) => rings.length)).toEqual([2, 1]);
    // a ring closed by a corner only is an outer ring and a hole that touch
    expect(outlines(drawn('###', '#.#', '##.')).map((rings) => rings.length)).toEqual([2]);
    expect(outlines(drawn('#.', '.#')).map((rings) => rings.length)).toEqual([1, 1]);
  });

  it('fill to the same mask and touch themselves nowhere: 300 random masks', () => {
    const random = createRandom(5);
    for (let n = 0; n < 300; n++) {
      const [width, height] = [1 + random.integer(12), 1 + random.integer(12)];
      const share = random.uniform(0.1, 0.9);
      const data = Uint8Array.from({ length: width * height }, () => (random.uniform(0, 1) < share ? 1 : 0));
      const polygons = outlines({ data, width, height });
      expect(filled(polygons, { data, width, height })).toEqual([...data]);
      for (const ring of polygons.flat()) {
        const corners = ring.slice(1).map((point) => point.join());
        expect(ring[0]).toEqual(ring.at(-1));
        expect(new Set(corners).size).toBe(corners.length);
      }
    }
  });
});
