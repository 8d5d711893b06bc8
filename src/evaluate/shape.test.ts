import { describe, expect, it } from 'vitest';
import type { Mask } from '../image/types.ts';
import { maskShape } from './shape.ts';

const rows = (...lines: string[]): Mask => ({
  data: Uint8Array.from(lines.join(''), (sign) => (sign === '#' ? 1 : 0)),
  width: lines[0].length,
  height: lines.length,
});

describe('maskShape', () => {
  it('is regular for a box and nearly so for its inertia', () => {
    const { areaFraction, boxRatio, convexRatio, inertiaRatio } = maskShape(rows('....', '.##.', '.##.', '....'));
    expect([areaFraction, boxRatio, convexRatio]).toEqual([0.25, 1, 1]);
    // a square of side a: a^4 / (2 pi a^4 / 6)
    expect(inertiaRatio).toBeCloseTo(3 / Math.PI, 12);
  });
  it('is that of a staircase', () => {
    // hull: the 3 x 3 box less the triangle that is cut off at the upper right, 2 x 2 / 2
    const { boxRatio, convexRatio } = maskShape(rows('#..', '##.', '###'));
    expect(boxRatio).toBeCloseTo(6 / 9, 12);
    expect(convexRatio).toBeCloseTo(6 / 7, 12);
  });
  it('falls for what is scattered', () => {
    // two pixels 4 apart: hull 5 x 1; inertia 2 x 2 x 2 + 2 / 6
    const { boxRatio, convexRatio, inertiaRatio } = maskShape(rows('#...#'));
    expect(boxRatio).toBeCloseTo(2 / 5, 12);
    expect(convexRatio).toBeCloseTo(2 / 5, 12);
    expect(inertiaRatio).toBeCloseTo(4 / (2 * Math.PI * (8 + 1 / 3)), 12);
  });
  it('is 1 for the inertia of a disc', () => {
    const side = 201;
    const data = Uint8Array.from({ length: side * side }, (_, i) =>
      Math.hypot((i % side) - 100, Math.floor(i / side) - 100) <= 90 ? 1 : 0,
    );
    expect(maskShape({ data, width: side, height: side }).inertiaRatio).toBeCloseTo(1, 3);
  });
});
