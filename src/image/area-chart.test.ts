import { describe, expect, it } from 'vitest';
import { areaChart, stacked } from './area-chart.ts';
import type { Image } from './types.ts';

const BAR = '0,150,170';
const DOT = '255,205,0';
const at = ({ data, width }: Image, x: number, y: number): string =>
  [0, 1, 2].map((c) => data[3 * (y * width + x) + c]).join();
const heightOf = (image: Image, x: number): number =>
  Array.from({ length: image.height }, (_, y) => at(image, x, y)).filter((colour) => colour === BAR).length;

describe('a chart of areas', () => {
  it('has a bar per slice, as high as its area, and a dot at its presence', () => {
    const slices = [0, 50, 100, 25].map((areaMm2, i) => ({ index: i + 7, areaMm2, presence: i / 3 }));
    const chart = areaChart(slices, 408);
    expect([chart.width, chart.height]).toEqual([408, 96]);
    const heights = [10, 110, 210, 310].map((x) => heightOf(chart, x));
    expect(heights[0]).toBe(0);
    expect(heights[1] / heights[2]).toBeCloseTo(0.5, 1);
    expect(heights[3] / heights[2]).toBeCloseTo(0.25, 1);
    const dotRow = (x: number) => Array.from({ length: 96 }, (_, y) => at(chart, x, y)).indexOf(DOT);
    const rows = [53, 153, 253, 353].map(dotRow);
    expect(rows[0]).toBeGreaterThan(rows[1]);
    expect(rows[1]).toBeGreaterThan(rows[2]);
    expect(rows[2]).toBeGreaterThan(rows[3]);
    expect(rows[3]).toBeGreaterThan(0);
  });

  it('of more slices than pixels keeps the largest, and of nothing found has no bars', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ index, areaMm2: index === 500 ? 10 : 0, presence: 0 }));
    const chart = areaChart(many, 60);
    expect(Array.from({ length: 60 }, (_, x) => heightOf(chart, x)).filter((height) => height > 0)).toHaveLength(1);
    const none = areaChart([{ index: 0, areaMm2: 0, presence: 0.1 }], 40);
    expect(Array.from({ length: 40 }, (_, x) => heightOf(none, x)).every((height) => height === 0)).toBe(true);
  });

  it('stands below a picture', () => {
    const picture: Image = { data: new Uint8Array(3 * 50 * 4).fill(9), width: 50, height: 4, channels: 3 };
    const both = stacked(picture, areaChart([{ index: 0, areaMm2: 1, presence: 1 }], 50));
    expect([both.width, both.height, both.data.length]).toEqual([50, 100, 3 * 50 * 100]);
    expect([both.data[0], both.data[3 * 50 * 4]]).toEqual([9, 24]);
  });
});
