import { describe, expect, it } from 'vitest';
import { createSolver } from './symbols.ts';

const sizes = { B: [5, 7, 11], P: [13, 17, 19], s: [3, 5, 7] };
const { whole, number } = createSolver(sizes, { 'weights["dice"]': [0.5, 0.7, 1.1] });

describe('numbers by the sizes they come from', () => {
  it.each([
    [[4, 4, 4], '4'],
    [[5, 7, 11], 'B'],
    [[65, 119, 209], 'B * P'],
    [[24, 40, 56], '8 * s'],
    [[64 * 9, 64 * 25, 64 * 49], '64 * s * s'],
    [[13 + 8, 17 + 8, 19 + 8], '8 + P'],
  ])('%j is %s', (values, text) => expect(whole(values).text).toBe(text));

  it.each([
    [[0.25, 0.25, 0.25], '0.25'],
    [[0.5, 0.7, 1.1], 'weights["dice"]'],
    [[1 / 9, 1 / 25, 1 / 49], '1 / (s * s)'],
    [[-1 / 65, -1 / 119, -1 / 209], '-1 / (B * P)'],
  ])('%j is %s', (values, text) => expect(number(values).text).toBe(text));

  it('refuses what has no formula', () => {
    expect(() => whole([1, 2, 4])).toThrow('no formula in B, P, s for 1, 2, 4');
    expect(() => number([0.1, 0.2, 0.4])).toThrow('no formula in B, P, s for 0.1, 0.2, 0.4');
  });
});
