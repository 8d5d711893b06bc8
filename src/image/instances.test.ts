import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import { fillHoles, instances } from './instances.ts';
import type { Mask } from './types.ts';

type Disc = readonly [x: number, y: number, radius: number];

function discs(width: number, height: number, ...all: Disc[]): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    all.some(([x, y, r]) => Math.hypot((i % width) - x, Math.floor(i / width) - y) <= r) ? 1 : 0,
  );
  return { data, width, height };
}

const rows = (...lines: string[]): Mask => ({
  data: Uint8Array.from(lines.join(''), (c) => (c === '#' ? 1 : 0)),
  width: lines[0]?.length ?? 0,
  height: lines.length,
});

describe('fillHoles', () => {
  it('fills what is enclosed, diagonal gaps included, and nothing that reaches the border', () => {
    const mask = rows('.####..', '.#..#.#', '.####.#', '..#...#', '.#.#..#', '..#...#');
    expect(fillHoles(mask)).toEqual(rows('.####..', '.####.#', '.####.#', '..#...#', '.###..#', '..#...#'));
  });
  it('leaves an empty and a full mask as they are', () => {
    expect(fillHoles(rows('...', '...')).data.every((value) => value === 0)).toBe(true);
    expect(fillHoles(rows('##', '##')).data.every((value) => value === 1)).toBe(true);
  });
});

describe('instances', () => {
  it('cuts two touching discs at the neck', () => {
    const mask = discs(60, 40, [20, 20, 12], [40, 20, 12]);
    const { labels, count } = instances(mask);
    expect(count).toBe(2);
    const at = (x: number, y: number): number => labels[y * 60 + x] as number;
    expect([at(20, 20), at(10, 20), at(40, 20), at(50, 20), at(30, 2)]).toEqual([1, 1, 2, 2, 0]);
    const sizes = [1, 2].map((label) => labels.filter((value) => value === label).length);
    const area = mask.data.reduce((sum, value) => sum + value, 0);
    expect(sizes[0] + sizes[1]).toBe(area);
    expect(Math.abs(sizes[0] - sizes[1])).toBeLessThan(0.1 * area);
    // the cut is the line between the centres
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === 1) expect(i % 60).toBeLessThanOrEqual(31);
      if (labels[i] === 2) expect(i % 60).toBeGreaterThanOrEqual(29);
    }
  });
  it('does not cut one disc, a ring, or a shape whose neck is hardly narrower', () => {
    expect(instances(discs(40, 40, [20, 20, 14])).count).toBe(1);
    const ring = discs(40, 40, [20, 20, 14]);
    for (const i of discs(40, 40, [20, 20, 6]).data.keys()) {
      if (Math.hypot((i % 40) - 20, Math.floor(i / 40) - 20) <= 6) ring.data[i] = 0;
    }
    const filled = instances(ring);
    expect([filled.count, filled.labels[20 * 40 + 20]]).toEqual([1, 1]);
    expect(instances(discs(60, 40, [26, 20, 12], [32, 20, 12])).count).toBe(1);
    expect(instances(rows('##########', '##########', '##########')).count).toBe(1);
  });
  it('finds separate and touching discs, whatever their place', () => {
    const random = createRandom(9);
    for (let round = 0; round < 5; round++) {
      const centres: Disc[] = Array.from({ length: 9 }, (_, i) => [
        20 + 40 * (i % 3) + random.integer(5),
        20 + 40 * Math.floor(i / 3) + random.integer(5),
        11 + random.integer(3),
      ]);
      // each has a neighbour of its own size that it touches
      const twins = centres.slice(0, 3).map(([x, y, r]): Disc => [x, y + 2 * r - 3, r]);
      const free = centres.filter(([, y]) => y > 80);
      const { labels, count } = instances(discs(140, 140, ...centres.slice(0, 3), ...twins, ...free));
      expect(count).toBe(6 + free.length);
      const own = [...centres.slice(0, 3), ...twins, ...free].map(([x, y]) => labels[y * 140 + x]);
      expect(new Set(own).size).toBe(count);
    }
  });
  it('drops an instance much smaller than the others, keeps one that is not', () => {
    const many: Disc[] = Array.from({ length: 12 }, (_, i) => [15 + 30 * (i % 4), 15 + 30 * Math.floor(i / 4), 10]);
    const speck = discs(120, 95, ...many, [2, 2, 0]);
    expect(speck.data[2 * 120 + 2]).toBe(1);
    const { labels, count } = instances(speck);
    expect([count, labels[2 * 120 + 2]]).toEqual([12, 0]);
    expect(instances(discs(60, 30, [15, 15, 10], [40, 15, 3])).count).toBe(2);
  });
  it('numbers instances in the order of their first pixels, and finds none in an empty mask', () => {
    const { labels, count } = instances(rows('..##', '....', '##..'));
    expect([count, labels[2], labels[8]]).toEqual([2, 1, 2]);
    expect(instances(rows('....', '....'))).toEqual({ labels: new Uint16Array(8), count: 0 });
    expect(instances(rows('##', '##')).count).toBe(1);
  });
});
