import { describe, expect, it } from 'vitest';
import { combineMaps, suppressDoubles } from './combine.ts';
import type { Mask } from './types.ts';

const mask = (...values: number[]): Mask => ({ data: Uint8Array.from(values), width: values.length, height: 1 });
const map = (...values: number[]): Float32Array => Float32Array.from(values);

describe('suppressDoubles', () => {
  const whole = mask(1, 1, 1, 1, 0, 0);
  const half = mask(0, 0, 1, 1, 1, 1);
  const most = mask(0, 1, 1, 1, 1, 0);
  it('drops a mask of which more than half lies in a better one', () => {
    expect(suppressDoubles([whole, most], [0.9, 0.1])).toEqual([null, 0]);
    expect(suppressDoubles([whole, most], [0.1, 0.9])).toEqual([1, null]);
  });
  it('keeps a mask of which exactly half does', () => {
    expect(suppressDoubles([whole, half], [0.9, 0.1])).toEqual([null, null]);
  });
  it('measures by the own area: a large mask round a small better one stays', () => {
    const small = mask(1, 0, 0, 0, 0, 0);
    expect(suppressDoubles([small, whole], [0.9, 0.1])).toEqual([null, null]);
    expect(suppressDoubles([small, whole], [0.1, 0.9])).toEqual([1, null]);
  });
  it('does not count against masks that were dropped themselves', () => {
    // the third lies in the second only, which is a double of the first
    const third = mask(0, 0, 0, 0, 1, 0);
    expect(suppressDoubles([whole, most, third], [3, 2, 1])).toEqual([null, 0, null]);
  });
  it('takes the earlier on a tie and keeps empty masks', () => {
    expect(suppressDoubles([whole, whole, mask(0, 0, 0, 0, 0, 0)], [1, 1, 1])).toEqual([null, 0, null]);
    expect(suppressDoubles([], [])).toEqual([]);
  });
});

describe('combineMaps', () => {
  it('gives a pixel above 0.5 to the most probable target, the earlier on a tie', () => {
    const { labels, discarded } = combineMaps([map(0.9, 0.6, 0.7, 0.5, 0.8, 0), map(0.2, 0.8, 0.7, 0.4, 0.9, 0.6)]);
    expect(discarded).toEqual([false, false]);
    expect([...labels]).toEqual([1, 2, 1, 0, 2, 2]);
  });
  it('discards a target that wins less than half of its candidates; its pixels go to the next', () => {
    // the second wins one of its three candidates; its mean is the lower one
    const { labels, discarded } = combineMaps([map(0.9, 0.9, 0.6, 0), map(0.3, 0.2, 0.7, 0)]);
    expect(discarded).toEqual([false, true]);
    expect([...labels]).toEqual([1, 1, 1, 0]);
  });
  it('does not discard one that wins exactly half', () => {
    expect(combineMaps([map(0.9, 0.9, 0.1, 0.1), map(0.3, 0.1, 0.7, 0.1)]).discarded).toEqual([false, false]);
  });
  it('does not discard the one with the highest mean, though it wins little', () => {
    // the first wins one of four candidates but has the mean 0.8; the second wins its three, by little
    const { discarded, labels } = combineMaps([map(0.8, 0.8, 0.8, 0.8, 0), map(0.2, 0.81, 0.81, 0.81, 0.3)]);
    expect(discarded).toEqual([false, false]);
    expect([...labels]).toEqual([1, 2, 2, 2, 0]);
  });
  it('leaves pixels of 0.1 and less out of the candidates', () => {
    // counted with them, the second would win one of four
    expect(combineMaps([map(0.9, 0.9, 0.9, 0), map(0.1, 0.05, 0.09, 0.7)]).discarded).toEqual([false, false]);
  });
  it('takes no maps and empty maps', () => {
    expect(combineMaps([])).toEqual({ labels: new Uint16Array(0), discarded: [] });
    expect([...combineMaps([map(0, 0), map(0, 0)]).labels]).toEqual([0, 0]);
  });
});
