import { describe, expect, it } from 'vitest';
import { keySlices, mosaic } from './mosaic.ts';

describe('keySlices', () => {
  it('are all slices with the object, or nine of them with the largest', () => {
    expect(keySlices([0, 3, 0, 5])).toEqual([1, 3]);
    expect(keySlices([0, 0])).toEqual([0, 1]);
    const areas = Array.from({ length: 100 }, (_, i) => (i === 51 ? 9 : i >= 10 && i < 90 ? 1 : 0));
    const chosen = keySlices(areas);
    expect(chosen).toHaveLength(9);
    expect([chosen[0], chosen[8], chosen.includes(51)]).toEqual([10, 89, true]);
    expect(keySlices(new Array(100).fill(0))).toHaveLength(9);
  });
});

describe('mosaic', () => {
  it('lays tiles in rows of three in their true shape, masks with them', () => {
    const tile = (value: number) => ({
      image: { data: new Uint8Array(40 * 10).fill(value), width: 40, height: 10, channels: 1 as const },
      mask: { data: new Uint8Array(40 * 10).fill(value > 100 ? 1 : 0), width: 40, height: 10 },
      label: '',
      spacing: [1, 2] as const,
    });
    const { image, mask } = mosaic([tile(50), tile(200), tile(50), tile(200)]);
    expect([image.width, image.height, mask.width, mask.height]).toEqual([768, 256, 768, 256]);
    const at = (x: number, y: number) => [image.data[3 * (y * 768 + x)], mask.data[y * 768 + x]];
    expect([at(100, 100), at(300, 100), at(600, 100)]).toEqual([
      [50, 0],
      [200, 1],
      [50, 0],
    ]);
    expect([at(100, 200), at(300, 200)]).toEqual([
      [200, 1],
      [0, 0],
    ]);
  });
});
