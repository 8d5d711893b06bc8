import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { squaredDistances } from './distance.ts';

describe('squaredDistances', () => {
  it('are those of a search over all sources', () => {
    const random = createRandom(5);
    for (const [width, height] of [
      [17, 11],
      [1, 9],
      [12, 1],
    ] as const) {
      const sources = Uint8Array.from({ length: width * height }, (_, i) =>
        i === 4 || random.integer(12) === 0 ? 1 : 0,
      );
      const found = squaredDistances(sources, width, height);
      for (let i = 0; i < found.length; i++) {
        let nearest = Number.POSITIVE_INFINITY;
        for (let j = 0; j < found.length; j++) {
          if (sources[j] === 0) continue;
          const [dx, dy] = [(i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)];
          nearest = Math.min(nearest, dx * dx + dy * dy);
        }
        expect(found[i]).toBe(nearest);
      }
    }
  });
  it('are those of pixels that are not square', () => {
    const random = createRandom(6);
    const [width, height, across, down] = [13, 9, 0.5, 1.75];
    const sources = Uint8Array.from({ length: width * height }, () => (random.integer(15) === 0 ? 1 : 0));
    const found = squaredDistances(sources, width, height, [across, down]);
    for (let i = 0; i < found.length; i++) {
      const all = [...sources.keys()].filter((j) => sources[j] !== 0);
      const squares = all.map(
        (j) =>
          (across * ((i % width) - (j % width))) ** 2 + (down * (Math.floor(i / width) - Math.floor(j / width))) ** 2,
      );
      expect(found[i]).toBeCloseTo(Math.min(...squares), 9);
    }
  });
  it('are infinite without a source', () => {
    expect(squaredDistances(new Uint8Array(6), 3, 2).every((value) => value === Number.POSITIVE_INFINITY)).toBe(true);
  });
});
