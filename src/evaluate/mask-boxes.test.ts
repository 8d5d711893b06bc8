/** Objects of drawn masks as boxes: what is crowded is cut, what is small is left out. */
import { describe, expect, it } from 'vitest';
import type { Mask } from '../image/types.ts';
import { maskBoxes } from './mask-boxes.ts';

const [WIDTH, HEIGHT] = [120, 60];

/** A mask of everything that one of the tests says is inside; the value of a pixel inside is any but 0. */
function mask(...inside: ((x: number, y: number) => boolean)[]): Mask {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    inside.some((test) => test(i % WIDTH, Math.floor(i / WIDTH))) ? 255 : 0,
  );
  return { data, width: WIDTH, height: HEIGHT };
}

const square = (left: number, top: number, side: number) => (x: number, y: number) =>
  x >= left && x < left + side && y >= top && y < top + side;
const disc = (cx: number, cy: number, radius: number) => (x: number, y: number) => Math.hypot(x - cx, y - cy) <= radius;

describe('maskBoxes', () => {
  it('gives the box of every connected part, right and bottom exclusive', () => {
    const boxes = maskBoxes(mask(square(2, 3, 10), square(40, 20, 20)), 'polyp');
    expect(boxes).toHaveLength(2);
    expect(boxes).toEqual(
      expect.arrayContaining([
        [2, 3, 12, 13],
        [40, 20, 60, 40],
      ]),
    );
  });

  it('cuts what lies crowded where it touches, and only that', () => {
    const touching = mask(disc(30, 30, 14), disc(56, 30, 14));
    expect(maskBoxes(touching, 'polyp')).toEqual([[16, 16, 71, 45]]);
    const nuclei = [...maskBoxes(touching, 'cell nuclei')].sort(([a], [b]) => a - b);
    expect(nuclei).toHaveLength(2);
    expect(nuclei[0].slice(0, 2)).toEqual([16, 16]);
    expect(nuclei[1].slice(2)).toEqual([71, 45]);
    expect(Math.abs(nuclei[0][2] - nuclei[1][0])).toBeLessThanOrEqual(2); // cut at the waist
  });

  it('counts of an object only what the mask has of it, not a hole that was filled to cut it', () => {
    // a ring whose hole is most of it: 16 x 16 without 14 x 14 inside
    const ring = mask((x, y) => square(10, 10, 16)(x, y) && !square(11, 11, 14)(x, y), square(60, 10, 16));
    expect([...maskBoxes(ring, 'cell nuclei')].sort(([a], [b]) => a - b)).toEqual([
      [10, 10, 26, 26],
      [60, 10, 76, 26],
    ]);
  });

  it('leaves out what detect would not report', () => {
    for (const target of ['polyp', 'cell nuclei']) {
      // 120 x 60: parts of fewer than 4 pixels
      const boxes = maskBoxes(
        mask(square(40, 20, 2), (x, y) => y === 5 && x < 3),
        target,
      );
      expect(boxes, target).toEqual([[40, 20, 42, 22]]);
      expect(maskBoxes(mask(), target), target).toEqual([]);
    }
  });
});
