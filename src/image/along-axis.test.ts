import { describe, expect, it } from 'vitest';
import { axisShares, smoothAlongAxis } from './along-axis.ts';

describe('axisShares', () => {
  it('are a Gaussian in mm that sums to 1, at the ends too', () => {
    const shares = axisShares(4, 9, 2, 2);
    expect(shares.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(shares[4].weight / shares[3].weight).toBeCloseTo(Math.exp(-0.5), 12);
    expect(shares[5].weight / shares[3].weight).toBeCloseTo(Math.exp(-2), 12);
    for (let at = 0; at < 9; at++) {
      expect(axisShares(at, 9, 2, 2).reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
  });

  it('are the slice alone without smoothing, and where neighbours are too far', () => {
    expect(axisShares(3, 9, 2, 0)).toEqual([{ at: 3, weight: 1 }]);
    expect(axisShares(3, 9, 10, 2)).toEqual([{ at: 3, weight: 1 }]);
  });
});

describe('smoothAlongAxis', () => {
  it('keeps what is even and takes from a lone peak', () => {
    for (const value of smoothAlongAxis([0.3, 0.3, 0.3], 1, 1)) expect(value).toBeCloseTo(0.3, 12);
    const [a, b, c] = smoothAlongAxis([0, 1, 0], 1, 1);
    expect(b).toBeLessThan(0.5);
    expect(a).toBeCloseTo(c, 12);
    expect(smoothAlongAxis([0, 1, 0], 1, 0)).toEqual([0, 1, 0]);
  });
});
