import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { fillPolygon, type Polygon, traceContours } from './contours.ts';
import type { Mask } from './types.ts';

/** A mask drawn in rows of text: `#` is inside. */
const drawn = (...rows: string[]): Mask => ({
  width: rows[0]?.length ?? 0,
  height: rows.length,
  data: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)),
});
const empty = ({ width, height }: Mask): Mask => ({ width, height, data: new Uint8Array(width * height) });

/** Area by the shoelace formula; clockwise is positive. */
const area = (polygon: Polygon): number =>
  polygon.reduce((sum, [x1, y1], i) => {
    const [x0, y0] = polygon[(i + polygon.length - 1) % polygon.length] as readonly [number, number];
    return sum + (x0 * y1 - x1 * y0) / 2;
  }, 0);

describe('contours', () => {
  it('run along the edges of pixels, without needless points', () => {
    expect(traceContours(drawn('.....', '.##..', '.##..'))).toEqual([
      [
        [0.5, 0.5],
        [2.5, 0.5],
        [2.5, 2.5],
        [0.5, 2.5],
      ],
    ]);
    expect(traceContours(empty(drawn('...')))).toEqual([]);
  });

  it('are apart where pixels touch only at a corner', () => {
    expect(traceContours(drawn('#.', '.#'))).toHaveLength(2);
    expect(traceContours(drawn('##', '.#'))).toHaveLength(1);
  });

  it('have a hole by a channel straight up from it', () => {
    const corners = '-1 -1, 1 -1, 1 3, 3 3, 3 1, 1 1, 1 -1, 5 -1, 5 5, -1 5';
    const polygon = corners.split(', ').map((corner) => corner.split(' ').map((half) => Number(half) / 2));
    expect(traceContours(drawn('###', '#.#', '###'))).toEqual([polygon]);
  });

  it('have the area of the mask and give it back, whatever it looks like', () => {
    const random = createRandom(4);
    for (let round = 0; round < 400; round++) {
      const [width, height, share] = [1 + random.integer(24), 1 + random.integer(24), random.next()];
      const mask = {
        width,
        height,
        data: Uint8Array.from({ length: width * height }, () => (random.next() < share ? 1 : 0)),
      };
      const contours = traceContours(mask);
      const voxels = mask.data.reduce((sum, value) => sum + value, 0);
      expect(contours.reduce((sum, polygon) => sum + area(polygon), 0)).toBeCloseTo(voxels, 6);
      expect(contours.every((polygon) => area(polygon) > 0)).toBe(true);
      const back = empty(mask);
      for (const polygon of contours) fillPolygon(back, polygon);
      expect(back.data).toEqual(mask.data);
    }
  });

  it('are one for each part of a mask', () => {
    const mask = drawn('##.##.#', '##....#', '..###..', '#.#.#.#', '#.###.#');
    expect(traceContours(mask)).toHaveLength(6);
  });
});

describe('filling', () => {
  it('takes pixels by their centres, leaves out what lies in two polygons, and is cut at the border', () => {
    const mask = empty(drawn('....', '....', '....'));
    fillPolygon(mask, [
      [-9, -9],
      [2.2, -9],
      [2.2, 9],
      [-9, 9],
    ]);
    fillPolygon(mask, [
      [0.5, 0.5],
      [1.5, 0.5],
      [1.5, 1.5],
      [0.5, 1.5],
    ]);
    expect(mask).toEqual(drawn('###.', '#.#.', '###.'));
    fillPolygon(mask, []);
    fillPolygon(mask, [
      [0, 40],
      [3, 41],
      [2, 44],
    ]);
    expect(mask).toEqual(drawn('###.', '#.#.', '###.'));
  });
});
