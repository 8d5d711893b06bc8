import { describe, expect, it } from 'vitest';
import { wilcoxon } from './wilcoxon.ts';

describe('wilcoxon', () => {
  it('is exact for few differences', () => {
    expect(wilcoxon([1, 2, 3, 4, 5])).toBe(2 / 32);
    // negative rank 1 alone: sums 0 and 1 are as extreme
    expect(wilcoxon([-1, 2, 3, 4, 5])).toBe(4 / 32);
    expect(wilcoxon([-1, 1.5])).toBe(1);
  });
  it('leaves zeros out, and is null where there is nothing else', () => {
    expect(wilcoxon([0, 1, 2, 3, 4, 5, 0])).toBe(2 / 32);
    expect(wilcoxon([0, 0])).toBeNull();
  });
  it('is by the normal distribution with ties', () => {
    // ten equal differences, one negative: W+ = 49.5, mean 27.5, variance 96.25 - 990 / 48 = 75.625, z = 21.5 / 8.6963
    expect(wilcoxon([1, 1, 1, 1, 1, 1, 1, 1, 1, -1])).toBeCloseTo(0.01342, 4);
  });
  it('does not depend on the sign', () => {
    const values = Array.from({ length: 40 }, (_, i) => Math.sin(i * 7) + 0.3);
    expect(wilcoxon(values)).toBeCloseTo(wilcoxon(values.map((value) => -value)) as number, 12);
    expect(wilcoxon(values)).toBeGreaterThan(0.0001);
    expect(wilcoxon(values)).toBeLessThan(0.2);
  });
});
