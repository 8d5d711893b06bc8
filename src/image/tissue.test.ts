import { describe, expect, it } from 'vitest';
import { findTissue, otsu, TISSUE_LIMITS } from './tissue.ts';
import type { Image } from './types.ts';

/** 20 x 10 pixels of one colour, and of another from column 8 on. */
function halves(left: readonly number[], right: readonly number[]): Image {
  const data = new Uint8Array(20 * 10 * 3);
  for (let i = 0; i < 200; i++) data.set(i % 20 < 8 ? left : right, 3 * i);
  return { data, width: 20, height: 10, channels: 3 };
}

const share = (image: Image): number => findTissue(image).mask.data.reduce((sum, value) => sum + value, 0) / 200;

describe('findTissue', () => {
  it('tells pink from glass, at most a pixel off', () => {
    const { mask, threshold } = findTissue(halves([243, 242, 244], [220, 140, 190]));
    expect(threshold).toBeGreaterThanOrEqual(TISSUE_LIMITS.least);
    expect(threshold).toBeLessThanOrEqual(TISSUE_LIMITS.most);
    for (let x = 0; x < 20; x++) if (x < 7 || x > 8) expect(mask.data[5 * 20 + x]).toBe(x > 8 ? 1 : 0);
  });

  it('does not drop the pale half of a picture full of tissue', () => {
    expect(share(halves([235, 200, 225], [120, 40, 110]))).toBe(1);
  });

  it('finds none on glass with noise, and takes all of a picture without colour', () => {
    expect(share(halves([240, 240, 240], [240, 236, 241]))).toBe(1); // nothing above the noise: no colour at all
    expect(findTissue(halves([90, 90, 90], [200, 200, 200])).threshold).toBeNull();
    expect(share(halves([90, 90, 90], [200, 200, 200]))).toBe(1);
  });
});

describe('otsu', () => {
  it('parts two heaps between them', () => {
    const histogram = new Float64Array(256);
    for (const [value, count] of [
      [10, 5],
      [12, 9],
      [200, 4],
      [210, 7],
    ])
      histogram[value] = count;
    expect(otsu(histogram)).toBe(12);
    expect(otsu(new Float64Array(256))).toBe(0);
  });
});
