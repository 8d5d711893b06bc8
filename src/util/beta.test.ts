import { describe, expect, it } from 'vitest';
import { type Beta, betaCdf, fitBeta, logGamma, singleSamplePValue } from './beta.ts';
import { createRandom, type Random } from './random.ts';

/** A value of Beta(a, b) for whole a, b: the a-th smallest of a + b - 1 uniform ones. */
function draw(random: Random, [a, b]: Beta): number {
  const uniform = Array.from({ length: a + b - 1 }, random.next).sort((x, y) => x - y);
  return uniform[a - 1] as number;
}

describe('logGamma', () => {
  it('is the logarithm of the factorial, and of the root of pi', () => {
    let sum = 0;
    for (let n = 1; n < 150; n++) {
      expect(logGamma(n)).toBeCloseTo(sum, 9);
      sum += Math.log(n);
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12);
    expect(logGamma(0.25)).toBeCloseTo(1.2880225246980774, 12);
  });
});

describe('betaCdf', () => {
  // from a computation with 40 digits
  it.each([
    [0.5, 2, 3, 0.6875],
    [0.9, 244.8001, 5.314271, 1.956496256072131e-7],
    [0.97, 831.8568, 14.99187, 0.009457300383603606],
    [0.01, 0.5, 0.5, 0.06376856085851985],
    [0.3, 20.5527577828, 16.312687320589742, 0.0006128795235074765],
  ])('at %d of Beta(%d, %d)', (x, a, b, expected) => {
    expect(Math.abs(betaCdf(x, [a, b]) / expected - 1)).toBeLessThan(1e-10);
  });
  it('has its closed forms and is symmetric', () => {
    const random = createRandom(1);
    for (let i = 0; i < 200; i++) {
      const [x, a, b] = [random.next(), random.uniform(0.1, 300), random.uniform(0.1, 300)];
      expect(betaCdf(x, [1, 1])).toBeCloseTo(x, 12);
      expect(betaCdf(x, [a, 1])).toBeCloseTo(x ** a, 10);
      expect(betaCdf(x, [1, b])).toBeCloseTo(1 - (1 - x) ** b, 10);
      expect(betaCdf(x, [a, b])).toBeCloseTo(1 - betaCdf(1 - x, [b, a]), 10);
    }
  });
  it('rises from 0 to 1, ends included', () => {
    const values = Array.from({ length: 103 }, (_, i) => betaCdf((i - 1) / 100, [7.2, 5.1]));
    expect([values[0], values[1], values[101], values[102]]).toEqual([0, 0, 1, 1]);
    for (let i = 2; i < 102; i++) expect(values[i] as number).toBeGreaterThan(values[i - 1] as number);
  });
});

describe('singleSamplePValue', () => {
  it('is 2 (1 - max(F, 1 - F)): 1 in the middle, 0 at the ends, uniform where the distribution fits', () => {
    expect([0, 0.25, 0.5, 0.75, 1].map(singleSamplePValue)).toEqual([0, 0.5, 1, 0.5, 0]);
    const random = createRandom(2);
    const p = Array.from({ length: 4000 }, () => singleSamplePValue(betaCdf(draw(random, [9, 4]), [9, 4])));
    for (const level of [0.05, 0.3, 0.8]) {
      expect(Math.abs(p.filter((value) => value < level).length / p.length - level)).toBeLessThan(0.03);
    }
  });
});

describe('fitBeta', () => {
  it.each<[Beta]>([[[9, 4]], [[2, 30]], [[120, 3]], [[1, 1]]])('finds %j again', (truth) => {
    const random = createRandom(3);
    const fitted = fitBeta(Array.from({ length: 3000 }, () => draw(random, truth))) as Beta;
    for (const i of [0, 1] as const) expect(Math.abs(fitted[i] / truth[i] - 1)).toBeLessThan(0.12);
  });
  it('is the top of the likelihood', () => {
    const random = createRandom(4);
    const values = Array.from({ length: 40 }, () => draw(random, [6, 3]));
    const [a, b] = fitBeta(values) as Beta;
    const likelihood = (p: number, q: number): number =>
      values.reduce(
        (sum, x) =>
          sum + (p - 1) * Math.log(x) + (q - 1) * Math.log1p(-x) + logGamma(p + q) - logGamma(p) - logGamma(q),
        0,
      );
    const top = likelihood(a, b);
    for (const factor of [0.98, 1.02]) {
      expect(likelihood(a * factor, b)).toBeLessThan(top);
      expect(likelihood(a, b * factor)).toBeLessThan(top);
      expect(likelihood(a * factor, b * factor)).toBeLessThan(top);
    }
  });
  it('stays finite with values at the ends, and has no answer for values that do not differ', () => {
    const fitted = fitBeta([0, 1, 0.5, 1, 0]) as Beta;
    expect(fitted.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
    expect([fitBeta([]), fitBeta([0.4]), fitBeta([0.4, 0.4, 0.4])]).toEqual([null, null, null]);
  });
});
