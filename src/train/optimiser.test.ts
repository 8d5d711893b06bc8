import { describe, expect, test } from 'vitest';
import { type AdamWArrays, adamW, averageGradients } from './optimiser.ts';

function arraysOf(values: number[], gradient: number[]): AdamWArrays {
  const zeros = (): Float32Array => new Float32Array(values.length);
  return {
    parameters: Float32Array.from(values),
    average: Float32Array.from(values),
    firstMoment: zeros(),
    secondMoment: zeros(),
    gradient: Float32Array.from(gradient),
  };
}

const settings = { rate: 0.1, beta1: 0.9, beta2: 0.99, weightDecay: 0.5, scale: 1, step: 0, averaging: 0.999 };

describe('AdamW', () => {
  test('the first step moves by the rate against the sign of the mean gradient, after decay', () => {
    const arrays = arraysOf([1, -2, 3], [3, -3, 0]);
    adamW(arrays, 0, 3, true, settings);
    expect(arrays.parameters[0]).toBeCloseTo(1 * 0.95 - 0.1, 6);
    expect(arrays.parameters[1]).toBeCloseTo(-2 * 0.95 + 0.1, 6);
    expect(arrays.parameters[2]).toBeCloseTo(3 * 0.95, 6);
    expect(arrays.firstMoment[0]).toBeCloseTo(0.3, 6);
    expect(arrays.secondMoment[1]).toBeCloseTo(0.09, 6);
  });

  test('without decay a weight without gradient stays; positions outside the range stay', () => {
    const arrays = arraysOf([1, 1, 1], [0, 0, 5]);
    adamW(arrays, 0, 2, false, settings);
    expect([...arrays.parameters]).toEqual([1, 1, 1]);
  });

  test('the second step by hand', () => {
    const arrays = arraysOf([0], [1]);
    adamW(arrays, 0, 1, false, settings);
    arrays.gradient.fill(-0.5);
    adamW(arrays, 0, 1, false, { ...settings, step: 1 });
    const m = (0.9 * 0.1 + 0.1 * -0.5) / (1 - 0.81);
    const v = (0.99 * 0.01 + 0.01 * 0.25) / (1 - 0.99 ** 2);
    expect(arrays.parameters[0]).toBeCloseTo(-0.1 - (0.1 * m) / Math.sqrt(v), 5);
  });

  test('the average forgets its start early and then moves slowly', () => {
    const arrays = arraysOf([0], [1]);
    adamW(arrays, 0, 1, false, settings);
    expect(arrays.average[0]).toBeCloseTo(0.9 * (arrays.parameters[0] as number), 6);
    adamW(arrays, 0, 1, false, { ...settings, step: 100_000 });
    expect(Math.abs((arrays.average[0] as number) - 0.9 * -0.1)).toBeLessThan(1e-3);
  });

  test('gradients are averaged over the workers, in the range only; the sum is of the mean’s squares', () => {
    const into = Float32Array.of(9, 9, 9);
    expect(averageGradients([Float32Array.of(1, 2, 5), Float32Array.of(3, 2, 5)], into, 0, 2)).toBe(4 + 4);
    expect([...into]).toEqual([2, 2, 9]);
    expect(averageGradients([Float32Array.of(3, 4)], new Float32Array(2), 1, 2)).toBe(16);
  });
});
