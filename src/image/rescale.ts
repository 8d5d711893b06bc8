/** Stored numbers to real values (value = slope * stored + intercept) in the narrowest type that keeps them exactly. */
import type { Samples } from './volume.ts';

type IntegerArray = Exclude<Samples, Float32Array | Float64Array>;

/** Integer types by preference: 16 bits before 32, so that Hounsfield units come out as Int16. */
const INTEGERS: readonly {
  readonly make: new (n: number) => IntegerArray;
  readonly low: number;
  readonly high: number;
}[] = [
  { make: Int16Array, low: -(2 ** 15), high: 2 ** 15 - 1 },
  { make: Uint16Array, low: 0, high: 2 ** 16 - 1 },
  { make: Int32Array, low: -(2 ** 31), high: 2 ** 31 - 1 },
  { make: Uint32Array, low: 0, high: 2 ** 32 - 1 },
];

/**
 * Real values of stored samples; slope 1 and intercept 0 give the samples themselves. Whole slope and intercept keep
 * integers as integers where they fit; else the result is float32, or float64 if the samples need more than 24 bits.
 */
export function rescale(data: Samples, slope: number, intercept: number): Samples {
  if (slope === 1 && intercept === 0) return data;
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  if (!isFloat && Number.isInteger(slope) && Number.isInteger(intercept)) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < data.length; i++) {
      if (data[i] < low) low = data[i];
      if (data[i] > high) high = data[i];
    }
    const ends = [slope * low + intercept, slope * high + intercept];
    const type = INTEGERS.find((one) => Math.min(...ends) >= one.low && Math.max(...ends) <= one.high);
    if (type !== undefined) return fill(data, new type.make(data.length), slope, intercept);
  }
  const wide = data instanceof Float64Array || data instanceof Int32Array || data instanceof Uint32Array;
  return fill(data, wide ? new Float64Array(data.length) : new Float32Array(data.length), slope, intercept);
}

function fill(from: Samples, to: Samples, slope: number, intercept: number): Samples {
  for (let i = 0; i < from.length; i++) to[i] = slope * from[i] + intercept;
  return to;
}
