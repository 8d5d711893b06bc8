import { describe, expect, it } from 'vitest';
import { contour, measure } from './measure.ts';
import type { Mask } from './types.ts';

/** A mask from rows of "#" and ".". */
function draw(...rows: string[]): Mask {
  const data = Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0));
  return { data, width: rows[0].length, height: rows.length };
}

describe('measure', () => {
  it('gives area, share and a box that excludes its right and bottom', () => {
    const found = measure(draw('.....', '..#..', '.##..', '....#'));
    expect(found).toEqual({ areaPx: 4, areaFraction: 0.2, box: [1, 1, 5, 4] });
    expect(measure(draw('##', '##')).box).toEqual([0, 0, 2, 2]);
  });

  it('has no box for an empty mask', () => {
    expect(measure(draw('...', '...'))).toEqual({ areaPx: 0, areaFraction: 0, box: null });
  });
});

describe('contour', () => {
  it('keeps pixels beside the outside and leaves the image edge open', () => {
    const outline = contour(draw('.....', '.###.', '.###.', '.###.', '.....'));
    expect(outline).toEqual(draw('.....', '.###.', '.#.#.', '.###.', '.....'));
    expect(contour(draw('##.', '##.'))).toEqual(draw('.#.', '.#.'));
  });
});
