/** Parts found row by row are those that components.ts finds in the whole mask. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { components } from './components.ts';
import { type RowComponent, rowComponentMask, rowComponents } from './row-components.ts';
import type { Mask } from './types.ts';

function byRows({ data, width, height }: Mask, weight = 1): RowComponent[] {
  const found: RowComponent[] = [];
  const rows = rowComponents();
  const weights = new Float32Array(width).fill(weight);
  for (let y = 0; y < height; y++) found.push(...rows.add(data.subarray(y * width, (y + 1) * width), weights));
  return [...found, ...rows.end()];
}

const drawn = (...lines: string[]): Mask => ({
  data: Uint8Array.from(lines.join(''), (character) => (character === '#' ? 1 : 0)),
  width: lines[0].length,
  height: lines.length,
});

describe('rowComponents', () => {
  it('agrees with the flood fill on random masks of all densities', () => {
    const random = createRandom(5);
    for (let n = 0; n < 60; n++) {
      const [width, height] = [1 + random.integer(40), 1 + random.integer(30)];
      const density = random.next();
      const mask = {
        data: Uint8Array.from({ length: width * height }, () => (random.next() < density ? 1 : 0)),
        width,
        height,
      };
      const whole = components(mask);
      const found = byRows(mask).map((part) => ({
        area: part.areaPx,
        box: part.box,
        mask: rowComponentMask(part).data,
      }));
      const expected = whole.parts.map(({ label, areaPx, box: [left, top, right, bottom] }) => {
        const all = Uint8Array.from(whole.labels, (value) => (value === label ? 1 : 0));
        const cut = [];
        for (let y = top; y < bottom; y++) cut.push(...all.subarray(y * width + left, y * width + right));
        return { area: areaPx, box: [left, top, right, bottom], mask: Uint8Array.from(cut) };
      });
      const order = (a: { box: readonly number[]; area: number }, b: { box: readonly number[]; area: number }) =>
        a.area - b.area || a.box[1] - b.box[1] || a.box[0] - b.box[0] || a.box[2] - b.box[2];
      expect(found.sort(order)).toEqual(expected.sort(order));
    }
  });

  it('hands a part out as soon as it has ended, and sums its places and weights', () => {
    const mask = drawn('##..', '....', '...#');
    const rows = rowComponents();
    const weights = new Float32Array(4).fill(0.5);
    const row = (y: number) => rows.add(mask.data.subarray(4 * y, 4 * y + 4), weights);
    expect(row(0)).toEqual([]);
    expect(row(1)).toMatchObject([{ areaPx: 2, box: [0, 0, 2, 1], sumX: 2, sumY: 1, weight: 1 }]);
    expect(row(2)).toEqual([]);
    expect(rows.end()).toMatchObject([{ areaPx: 1, box: [3, 2, 4, 3], sumX: 3.5, sumY: 2.5, weight: 0.5 }]);
  });

  it('joins arms that meet late, corners included', () => {
    expect(byRows(drawn('#.#.#', '#.#.#', '.#.#.'))).toMatchObject([{ areaPx: 8, box: [0, 0, 5, 3] }]);
    expect(byRows(drawn('#..#', '#..#'))).toHaveLength(2);
  });

  it('gives a coarser mask of a part, in which nothing is lost', () => {
    const [part] = byRows(drawn('#....', '#....', '#####'));
    expect(rowComponentMask(part, 2)).toEqual({ data: Uint8Array.of(1, 0, 0, 1, 1, 1), width: 3, height: 2 });
  });
});
