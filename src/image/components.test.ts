import { describe, expect, it } from 'vitest';
import { components } from './components.ts';

function maskOf(...rows: string[]) {
  const data = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
  return { data, width: rows[0].length, height: rows.length };
}

describe('components', () => {
  it('are the connected parts, corners included, the largest first', () => {
    const mask = maskOf('#..##', '.#.##', '.....', '#....');
    const found = components(mask);
    expect(found.parts).toEqual([
      { label: 1, areaPx: 4, box: [3, 0, 5, 2] },
      { label: 2, areaPx: 2, box: [0, 0, 2, 2] },
      { label: 3, areaPx: 1, box: [0, 3, 1, 4] },
    ]);
    expect([...found.labels]).toEqual([2, 0, 0, 1, 1, 0, 2, 0, 1, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
  });

  it('leave out the small ones', () => {
    const found = components(maskOf('#..##', '.#.##', '.....', '#....'), 2);
    expect(found.parts.map(({ areaPx }) => areaPx)).toEqual([4, 2]);
    expect(found.labels[15]).toBe(0);
  });

  it('of nothing are none, of everything one', () => {
    expect(components(maskOf('...', '...')).parts).toEqual([]);
    expect(components(maskOf('###', '###')).parts).toEqual([{ label: 1, areaPx: 6, box: [0, 0, 3, 2] }]);
  });

  it('of a large image take no recursion', () => {
    const data = new Uint8Array(1000 * 1000).fill(1);
    expect(components({ data, width: 1000, height: 1000 }).parts).toHaveLength(1);
  });
});
