/** Reference values: DLMF table 7.23 and the identities of the function. */
import { describe, expect, it } from 'vitest';
import { erf } from './erf.ts';

describe('erf', () => {
  it.each([
    [1e-10, 1.1283791670955126e-10],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [4, 0.9999999845827421],
    [5.5, 0.9999999999999927],
    [30, 1],
  ])('erf(%d) is %d', (x, expected) => {
    expect(Math.abs(erf(x) / expected - 1)).toBeLessThan(1e-14);
    expect(erf(-x)).toBe(-erf(x));
  });

  it('of 0 is 0, of infinity 1, of what is no number no number', () => {
    expect([erf(0), erf(Infinity), erf(-Infinity), erf(Number.NaN)]).toEqual([0, 1, -1, Number.NaN]);
  });

  it('has the slope 2 / sqrt(pi) exp(-x^2) and rises without a jump where the series ends', () => {
    for (const x of [0.3, 1.2, 2.5]) {
      const slope = (erf(x + 1e-5) - erf(x - 1e-5)) / 2e-5;
      expect(slope).toBeCloseTo((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), 9);
    }
    for (let x = 5; x < 7; x += 0.01) expect(erf(x + 0.01)).toBeGreaterThanOrEqual(erf(x) - 1e-15);
    expect(1 - erf(5.999)).toBeLessThan(1e-15);
  });
});
