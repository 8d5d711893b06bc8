import { describe, expect, it } from 'vitest';
import { auroc, averagePrecision, calibrationError, dice, mean, median, quantile } from './metrics.ts';

const mask = (width: number, bits: string) => ({
  width,
  height: bits.length / width,
  data: Uint8Array.from(bits, (bit) => Number(bit)),
});

describe('dice', () => {
  it('is 2|A and B| / (|A| + |B|)', () => {
    // |A| = 3, |B| = 2, common = 2
    expect(dice(mask(3, '111000'), mask(3, '011000'))).toBeCloseTo(4 / 5, 12);
  });
  it('is 1 for equal masks, 0 for disjoint ones and 0 for an empty prediction', () => {
    expect(dice(mask(2, '1100'), mask(2, '1100'))).toBe(1);
    expect(dice(mask(2, '1100'), mask(2, '0011'))).toBe(0);
    expect(dice(mask(2, '0000'), mask(2, '0011'))).toBe(0);
  });
  it('refuses an empty ground truth and masks of different sizes', () => {
    expect(() => dice(mask(2, '1100'), mask(2, '0000'))).toThrow(/empty ground truth/);
    expect(() => dice(mask(2, '1100'), mask(4, '1100'))).toThrow(/2 x 2 and 4 x 1/);
  });
});

describe('auroc', () => {
  it('is the share of pairs in the right order', () => {
    // pairs: 0.9>0.1 0.9>0.5 0.4>0.1 0.4<0.5 -> 3 of 4
    expect(auroc([0.9, 0.4], [0.1, 0.5])).toBe(0.75);
  });
  it('counts ties half', () => {
    expect(auroc([0.5, 0.5], [0.5])).toBe(0.5);
    // 0.7>0.5, 0.7>0.2, 0.5=0.5 (half), 0.5>0.2 -> 3.5 of 4
    expect(auroc([0.7, 0.5], [0.5, 0.2])).toBe(0.875);
  });
  it('reaches 1 and 0, and is null with one side empty', () => {
    expect(auroc([2, 3], [0, 1])).toBe(1);
    expect(auroc([0, 1], [2, 3])).toBe(0);
    expect(auroc([], [1])).toBeNull();
    expect(auroc([1], [])).toBeNull();
  });
});

describe('mean and median', () => {
  it('are the known values', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(median([6, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 9])).toBe(3);
    expect(mean([])).toBeNull();
    expect(median([])).toBeNull();
  });
});

describe('averagePrecision', () => {
  it('is the mean precision at the positives', () => {
    // in falling order: + - +; precision 1/1 and 2/3
    expect(averagePrecision([0.9, 0.4], [0.5])).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });
  it('takes equal scores together, and is null without positives', () => {
    expect(averagePrecision([0.5, 0.5], [0.5, 0.5])).toBe(0.5);
    expect(averagePrecision([0.5], [])).toBe(1);
    expect(averagePrecision([], [0.5])).toBeNull();
  });
});

describe('calibrationError', () => {
  it('is the weighted distance of confidence from frequency', () => {
    // bin 0.9..1: mean 0.95, share 1/2; bin 0..0.1: mean 0.05, share 0
    expect(calibrationError([0.95], [0.95, 0.05, 0.05])).toBeCloseTo(0.5 * 0.45 + 0.5 * 0.05, 12);
    expect(calibrationError([1, 1], [0])).toBe(0);
    expect(calibrationError([], [])).toBeNull();
  });
});

describe('quantile', () => {
  it('is linear between values', () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([0, 10], 0.95)).toBe(9.5);
    expect(quantile([7], 0.95)).toBe(7);
    expect(quantile([], 0.5)).toBeNull();
  });
});
