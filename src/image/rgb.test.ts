import { describe, expect, it } from 'vitest';
import { toGreyOrRgb8, toRgb8 } from './rgb.ts';

describe('toRgb8', () => {
  it('repeats grey, drops alpha and keeps 8-bit RGB as it is', () => {
    const grey = toRgb8({ data: Uint8Array.from([7, 200]), width: 2, height: 1, channels: 1 });
    expect(grey).toEqual({ data: Uint8Array.from([7, 7, 7, 200, 200, 200]), width: 2, height: 1, channels: 3 });
    const clear = toRgb8({ data: Uint8Array.from([1, 2, 3, 0, 4, 5, 6, 255]), width: 2, height: 1, channels: 4 });
    expect([...clear.data]).toEqual([1, 2, 3, 4, 5, 6]);
    const data = Uint8Array.from([9, 8, 7]);
    expect(toRgb8({ data, width: 1, height: 1, channels: 3 }).data).toBe(data);
  });

  it('scales 16-bit samples from the 0.5 to 99.5 percentile of those above 0', () => {
    // 1001 samples 1000..2000 and many zeros: percentiles 1005 and 1995.
    const data = new Uint16Array(3000);
    for (let i = 0; i <= 1000; i++) data[i] = 1000 + i;
    const { data: out } = toRgb8({ data, width: 3000, height: 1, channels: 1 });
    expect([out[0], out[5 * 3], out[500 * 3], out[995 * 3], out[1000 * 3], out[2000 * 3]]).toEqual([
      0, 0, 128, 255, 255, 0,
    ]);
  });

  it('leaves alpha out of the range of 16-bit RGBA', () => {
    const data = Uint16Array.from([100, 200, 300, 65535, 100, 200, 300, 65535]);
    const out = toRgb8({ data, width: 2, height: 1, channels: 4 }).data;
    expect([...out.slice(0, 3)]).toEqual([0, 128, 255]);
  });

  it('takes floats below 0, endless ones and none at all', () => {
    const data = Float32Array.from([-5, Number.NaN, 0.5, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    const out = toRgb8({ data, width: 6, height: 1, channels: 1 }).data;
    expect([0, 1, 2, 3, 4, 5].map((i) => out[i * 3])).toEqual([0, 0, 0, 255, 255, 0]);
    expect([...toRgb8({ data: new Float32Array(2), width: 2, height: 1, channels: 1 }).data]).toEqual(Array(6).fill(0));
    const flat = toRgb8({ data: Float32Array.from([0, 4, 4]), width: 3, height: 1, channels: 1 }).data;
    expect([flat[0], flat[3], flat[6]]).toEqual([0, 255, 255]);
  });

  it('shows 16-bit and float samples in a window where one is given, 8-bit samples as they are', () => {
    const hounsfield = {
      data: Float32Array.from([-1000, -150, 50, 250, 3000, NaN]),
      width: 6,
      height: 1,
      channels: 1,
    } as const;
    const shown = toRgb8(hounsfield, [-150, 250]).data.filter((_, i) => i % 3 === 0);
    expect([...shown]).toEqual([0, 0, 128, 255, 255, 0]);
    const wide = { ...hounsfield, data: Uint16Array.from([0, 1, 100, 200, 300, 65535]) };
    expect([...toRgb8(wide, [100, 300]).data.filter((_, i) => i % 3 === 0)]).toEqual([0, 0, 0, 128, 255, 255]);
    const eight = { ...hounsfield, data: Uint8Array.from([0, 1, 100, 200, 250, 255]) };
    expect([...toRgb8(eight, [-150, 250]).data.filter((_, i) => i % 3 === 0)]).toEqual([...eight.data]);
  });
});

describe('toGreyOrRgb8', () => {
  it('keeps grey as one channel with the values of toRgb8, and gives the rest as toRgb8 does', () => {
    for (const data of [Uint8Array.of(7, 200, 9), Uint16Array.of(0, 700, 60000), Float32Array.of(-3, 0.5, 2)]) {
      const image = { data, width: 3, height: 1, channels: 1 } as const;
      const range = [0, 700] as const;
      const grey = toGreyOrRgb8(image, range);
      expect([grey.channels, grey.data.length]).toEqual([1, 3]);
      expect([...grey.data]).toEqual([...toRgb8(image, range).data.filter((_, i) => i % 3 === 0)]);
    }
    const clear = { data: Uint16Array.of(1, 2, 3, 4), width: 1, height: 1, channels: 4 } as const;
    expect(toGreyOrRgb8(clear)).toEqual(toRgb8(clear));
  });
});
