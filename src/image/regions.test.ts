import { describe, expect, it } from 'vitest';
import { fitMask, fitToSquare } from './fit.ts';
import { type RegionPrompt, regionMask } from './regions.ts';
import type { Mask } from './types.ts';

const marked = ({ data, width }: { data: Uint8Array; width: number }): string[] =>
  [...data].flatMap((value, i) => (value === 0 ? [] : [`${i % width},${Math.floor(i / width)}`]));
const scribble = (width: number, height: number, ...at: number[]): Mask => {
  const data = new Uint8Array(width * height);
  for (const i of at) data[i] = 255;
  return { data, width, height };
};

describe('regionMask', () => {
  it('marks points, boxes and scribbles together', () => {
    const mask = regionMask([{ point: [5, 0] }, { box: [1, 1, 3, 3] }, { scribble: scribble(6, 4, 23) }], 6, 4);
    expect([mask.width, mask.height]).toEqual([6, 4]);
    expect(marked(mask)).toEqual(['5,0', '1,1', '2,1', '1,2', '2,2', '5,3']);
  });
  it('takes the whole image as a box and its last pixel as a point', () => {
    expect(regionMask([{ box: [0, 0, 6, 4] }], 6, 4).data.every((value) => value === 1)).toBe(true);
    expect(marked(regionMask([{ point: [5, 3] }], 6, 4))).toEqual(['5,3']);
  });
  it.each<[string, RegionPrompt[], RegExp]>([
    ['nothing', [], /No region given/],
    [
      'a point to the right',
      [{ point: [6, 0] }],
      /point 6,0 lies outside the image of 6 x 4 pixels; allowed: x from 0 to 5/,
    ],
    ['a point above', [{ point: [0, -1] }], /point 0,-1 lies outside/],
    ['half a pixel', [{ point: [0.5, 1] }], /\{"point":\[0.5,1\]\} is not valid/],
    ['a box of three', [{ box: [0, 1, 2] as never }], /is not valid; allowed: a point of two or a box of four/],
    ['an empty box', [{ box: [2, 1, 2, 3] }], /box 2,1,2,3 is empty/],
    ['a box turned round', [{ box: [3, 3, 1, 1] }], /box 3,3,1,1 is empty/],
    ['a box beyond the image', [{ box: [0, 0, 7, 2] }], /reaches outside the image of 6 x 4 pixels/],
    ['an empty scribble', [{ scribble: scribble(6, 4) }], /scribble is empty/],
    ['a scribble of another size', [{ scribble: scribble(4, 6, 1) }], /has 4 x 6 pixels; .*6 x 4/],
  ])('refuses %s', (_, regions, message) => {
    expect(() => regionMask(regions, 6, 4)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => regionMask(regions, 6, 4)).toThrow(message);
  });
});

describe('fitMask', () => {
  const fitOf = (width: number, height: number, size: number, mode: 'pad' | 'stretch') =>
    fitToSquare({ data: new Uint8Array(width * height * 3), width, height, channels: 3 }, size, mode).fit;
  it('loses no pixel when shrinking', () => {
    const fit = fitOf(640, 480, 32, 'pad');
    for (const i of [0, 639, 640 * 200 + 333, 640 * 480 - 1]) {
      const square = fitMask(scribble(640, 480, i), fit);
      expect(square.reduce((sum, value) => sum + value, 0)).toBe(1);
    }
    // borders of 4 rows above and below: the last pixel lies in row 27
    expect(marked({ data: fitMask(scribble(640, 480, 640 * 480 - 1), fit), width: 32 })).toEqual(['31,27']);
  });
  it('fills the whole of a pixel when enlarging', () => {
    const square = fitMask(scribble(4, 4, 5), fitOf(4, 4, 16, 'stretch'));
    expect(square.reduce((sum, value) => sum + value, 0)).toBe(16);
    expect(marked({ data: square, width: 16 })[0]).toBe('4,4');
  });
});
