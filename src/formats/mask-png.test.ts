import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { encodeMaskPng } from './mask-png.ts';
import { readRaster } from './raster.ts';

describe('a mask as PNG', () => {
  test('is read back by the image library as one channel of 0 and 255, whatever its size', async () => {
    const random = createRandom(3);
    for (const [width, height] of [
      [1, 1],
      [7, 3],
      [256, 256],
      [300, 1],
      [1, 300],
    ]) {
      const dense = Uint8Array.from({ length: width * height }, () => random.integer(3));
      const square = Uint8Array.from(dense, (_, i) => ((i % width) + Math.floor(i / width) > width / 2 ? 1 : 0));
      for (const data of [dense, square, new Uint8Array(width * height)]) {
        const image = await readRaster(encodeMaskPng({ data, width, height }));
        expect([image.width, image.height, image.channels]).toEqual([width, height, 1]);
        expect([...image.data]).toEqual([...data].map((value) => (value === 0 ? 0 : 255)));
      }
    }
  });

  test('of even areas is small: 1000 x 1000 pixels in less than 10 kB', () => {
    const data = Uint8Array.from({ length: 1e6 }, (_, i) =>
      Math.hypot((i % 1000) - 500, i / 1000 - 500) < 300 ? 1 : 0,
    );
    expect(encodeMaskPng({ data, width: 1000, height: 1000 }).length).toBeLessThan(10_000);
  });

  test('of too few pixels is refused', () => {
    expect(() => encodeMaskPng({ data: new Uint8Array(5), width: 2, height: 3 })).toThrow('does not fill 2 x 3');
  });
});
