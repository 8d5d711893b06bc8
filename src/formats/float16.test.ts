import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import {
  fromBfloatArray,
  fromBfloatBits,
  fromHalfArray,
  fromHalfBits,
  toBfloatArray,
  toBfloatBits,
  toHalfArray,
  toHalfBits,
} from './float16.ts';

const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];
const value = (pattern: number): number => new Float32Array(Uint32Array.of(pattern).buffer)[0];

/** Random float32 bit patterns: every exponent is as likely as any other. */
function* randomSingles(count: number): Generator<number> {
  const random = createRandom(11);
  for (let i = 0; i < count; i++) yield value(Math.floor(random.next() * 2 ** 32));
  // Half of them in the range of binary16, subnormals included.
  for (let i = 0; i < count; i++) yield Math.fround((random.next() - 0.5) * 2 ** (random.integer(46) - 28));
}

/** The value of binary16 by its definition. */
function halfByDefinition(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const mantissa = pattern & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

describe('binary16', () => {
  it('widens all 65,536 patterns exactly and narrows them back to themselves', () => {
    for (let pattern = 0; pattern < 65536; pattern++) {
      const wide = fromHalfBits(pattern);
      if (!Object.is(wide, halfByDefinition(pattern))) expect.fail(`${pattern} gave ${wide}`);
      const back = toHalfBits(wide);
      if (Number.isNaN(wide) ? !Number.isNaN(fromHalfBits(back)) : back !== pattern)
        expect.fail(`${pattern} came back ${back}`);
    }
  });

  it('rounds to the nearest, ties to even', () => {
    for (const single of randomSingles(50_000)) {
      const pattern = toHalfBits(single);
      if (Number.isNaN(single)) {
        expect(fromHalfBits(pattern)).toBeNaN();
        continue;
      }
      if (Math.abs(single) >= 65520) {
        expect(fromHalfBits(pattern)).toBe(Math.sign(single) * Infinity);
        continue;
      }
      const error = Math.abs(fromHalfBits(pattern) - single);
      for (const neighbour of [pattern - 1, pattern + 1]) {
        if ((neighbour & 0x7c00) === 0x7c00 || (neighbour ^ pattern) & 0x8000) continue;
        const other = Math.abs(fromHalfBits(neighbour) - single);
        if (other < error || (other === error && (pattern & 1) === 1)) expect.fail(`${single} gave ${pattern}`);
      }
    }
  });

  it('knows the edges', () => {
    const cases: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519, 0x7bff],
      [65520, 0x7c00],
      [-Infinity, 0xfc00],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [2 ** -25 * (1 + 2 ** -20), 0x0001],
      [3 * 2 ** -25, 0x0002],
      [-(2 ** -14), 0x8400],
      [2 ** -14 - 2 ** -25, 0x0400],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 ** -149, 0x0000],
    ];
    for (const [single, pattern] of cases) expect(toHalfBits(single), String(single)).toBe(pattern);
    expect(toHalfBits(NaN) & 0x7e00).toBe(0x7e00);
  });
});

describe('bfloat16', () => {
  it('widens and narrows all 65,536 patterns back to themselves', () => {
    for (let pattern = 0; pattern < 65536; pattern++) {
      const wide = fromBfloatBits(pattern);
      const back = toBfloatBits(wide);
      if (Number.isNaN(wide) ? !Number.isNaN(fromBfloatBits(back)) : back !== pattern)
        expect.fail(`${pattern} came back ${back}`);
    }
  });

  it('rounds to the nearest, ties to even', () => {
    for (const single of randomSingles(50_000)) {
      if (Number.isNaN(single)) {
        expect(fromBfloatBits(toBfloatBits(single))).toBeNaN();
        continue;
      }
      const low = bits(single) & 0xffff;
      const kept = bits(single) >>> 16;
      const up = low > 0x8000 || (low === 0x8000 && (kept & 1) === 1);
      if (toBfloatBits(single) !== kept + (up ? 1 : 0)) expect.fail(`${single} gave ${toBfloatBits(single)}`);
    }
    expect(toBfloatBits(3.4e38)).toBe(0x7f80);
    expect(toBfloatBits(-0)).toBe(0x8000);
  });
});

it('converts arrays as single values', () => {
  const values = Float32Array.of(0.1, -3.5, 1e-7, 70000, -0);
  expect([...toHalfArray(values)]).toEqual([...values].map(toHalfBits));
  expect([...toBfloatArray(values)]).toEqual([...values].map(toBfloatBits));
  const patterns = Uint16Array.of(0x3c01, 0x8001, 0x7c00);
  expect([...fromHalfArray(patterns)]).toEqual([...patterns].map(fromHalfBits));
  expect([...fromBfloatArray(patterns)]).toEqual([...patterns].map(fromBfloatBits));
});
