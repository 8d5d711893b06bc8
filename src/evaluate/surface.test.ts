import { describe, expect, it } from 'vitest';
import type { Mask } from '../image/types.ts';
import { createRandom } from '../util/random.ts';
import { surfaceScores } from './surface.ts';

const rows = (...lines: string[]): Mask => ({
  data: Uint8Array.from(lines.join(''), (sign) => (sign === '#' ? 1 : 0)),
  width: lines[0].length,
  height: lines.length,
});

describe('surfaceScores', () => {
  it('are perfect for equal masks, also for one that fills the image', () => {
    for (const mask of [rows('....', '.##.', '....'), rows('###', '###', '###')]) {
      expect(surfaceScores(mask, mask)).toEqual({ hd95: 0, assd: 0, surfaceDice: 1 });
    }
  });

  it('are those of two lone pixels', () => {
    // 3 across, 4 down
    const [a, b] = [rows('#...', '....', '....', '....', '....'), rows('....', '....', '....', '....', '...#')];
    expect(surfaceScores(a, b)).toEqual({ hd95: 5, assd: 5, surfaceDice: 0 });
    expect(surfaceScores(a, b, { tolerance: 5 }).surfaceDice).toBe(1);
    expect(surfaceScores(a, b, { spacing: [2, 2] }).hd95).toBe(10);
    expect(surfaceScores(a, b, { spacing: [4, 1.25] }).hd95).toBe(13);
  });

  it('are those of a line beside a longer one', () => {
    // distances there 0, 0; back 0, 0, 1, 2, 3
    const found = surfaceScores(rows('##...'), rows('#####'));
    expect(found.assd).toBeCloseTo(6 / 7, 12);
    expect(found.hd95).toBeCloseTo(2.8, 12); // between 2 and 3 at 0.95 x 4 = 3.8
    expect(found.surfaceDice).toBeCloseTo(6 / 7, 12);
  });

  it('are those of a search over all pairs of edge pixels', () => {
    const random = createRandom(2);
    const blob = (): Mask => {
      const [x, y, r] = [random.uniform(8, 22), random.uniform(8, 16), random.uniform(3, 8)];
      const data = Uint8Array.from({ length: 30 * 24 }, (_, i) =>
        Math.hypot((i % 30) - x, Math.floor(i / 30) - y) < r && random.next() < 0.9 ? 1 : 0,
      );
      return { data, width: 30, height: 24 };
    };
    const edge = ({ data, width, height }: Mask): [number, number][] => {
      const at = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
      return [...data.keys()]
        .map((i): [number, number] => [i % width, Math.floor(i / width)])
        .filter(([x, y]) => at(x, y) && !(at(x - 1, y) && at(x + 1, y) && at(x, y - 1) && at(x, y + 1)));
    };
    for (let round = 0; round < 5; round++) {
      const [a, b] = [blob(), blob()];
      const far = (from: [number, number][], to: [number, number][]) =>
        from.map(([x, y]) => Math.min(...to.map(([u, v]) => Math.hypot(x - u, y - v))));
      const all = [...far(edge(a), edge(b)), ...far(edge(b), edge(a))];
      const found = surfaceScores(a, b);
      expect(found.assd).toBeCloseTo(all.reduce((sum, value) => sum + value, 0) / all.length, 9);
      expect(found.surfaceDice).toBeCloseTo(all.filter((value) => value <= 2).length / all.length, 9);
    }
  });

  it('are undefined without a prediction, and the surface Dice is 0', () => {
    expect(surfaceScores(rows('..'), rows('#.'))).toEqual({ hd95: null, assd: null, surfaceDice: 0 });
  });
});
