import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { readRaster } from '../formats/raster.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { resizeBicubicPil, resizeBilinear, resizeBilinearWindow, resizeNearest, stretchNearest } from './resize.ts';

const golden = sharedPath('golden/');
const cases = existsSync(golden) ? readdirSync(golden).filter((name) => existsSync(`${golden}${name}/image.png`)) : [];

describeShared('golden', 'resizeBicubicPil, beside golden cases', () => {
  it('has some', () => expect(cases.length).toBeGreaterThan(0));

  it.each(cases)('equals the published reader byte for byte on %s', async (name) => {
    const image = await readRaster(`${golden}${name}/image.png`);
    const { tensors } = await readSafetensors(`${golden}${name}/tensors.safetensors`);
    const expected = tensors.get('input.resized')!;
    const side = JSON.parse(readFileSync(`${golden}${name}/case.json`, 'utf8')).model_size as number;
    // The full-size case stores every fourth row and column only.
    const step = side / expected.shape[0];
    const resized = resizeBicubicPil(image, side, side).data;
    let different = 0;
    for (let i = 0; i < expected.bytes.length; i++) {
      const [y, x, c] = [Math.floor(i / (expected.shape[1] * 3)), Math.floor(i / 3) % expected.shape[1], i % 3];
      if (resized[(y * step * side + x * step) * 3 + c] !== expected.bytes[i]) different++;
    }
    expect(different).toBe(0);
  });
});

describe('resizeBicubicPil', () => {
  it('keeps a flat image flat, clips overshoot and returns a copy at the same size', () => {
    const flat = { data: new Uint8Array(7 * 5 * 3).fill(200), width: 7, height: 5, channels: 3 } as const;
    expect(resizeBicubicPil(flat, 3, 11).data.every((value) => value === 200)).toBe(true);
    const edge = { data: Uint8Array.from([0, 0, 0, 255, 255, 255]), width: 6, height: 1, channels: 1 } as const;
    const large = resizeBicubicPil(edge, 24, 1);
    expect(Math.max(...large.data)).toBe(255);
    expect(Math.min(...large.data)).toBe(0);
    const same = resizeBicubicPil(edge, 6, 1);
    expect([...same.data]).toEqual([...edge.data]);
    expect(same.data).not.toBe(edge.data);
  });

  it('refuses a size of zero and 16-bit samples', () => {
    const image = { data: new Uint8Array(4), width: 2, height: 2, channels: 1 } as const;
    expect(() => resizeBicubicPil(image, 0, 4)).toThrow('0 x 4');
    expect(() => resizeBicubicPil({ ...image, data: new Uint16Array(4) }, 3, 3)).toThrow('8-bit');
  });
});

describe('resizeBilinear', () => {
  it('equals torch.nn.functional.interpolate on a small plane', () => {
    // interpolate(tensor([[[[0, 1], [2, 4]]]]), size=(4, 4), mode='bilinear', align_corners=False)
    const out = resizeBilinear(Float32Array.from([0, 1, 2, 4]), 2, 2, 4, 4);
    const rows = [
      [0, 0.25, 0.75, 1],
      [0.5, 0.8125, 1.4375, 1.75],
      [1.5, 1.9375, 2.8125, 3.25],
      [2, 2.5, 3.5, 4],
    ];
    expect([...out]).toEqual(rows.flat());
  });

  it('cuts a window equal to the same part of the whole', () => {
    const plane = Float32Array.from({ length: 6 * 5 }, (_, i) => Math.sin(i));
    const whole = resizeBilinear(plane, 6, 5, 23, 17);
    const window = resizeBilinearWindow(plane, 6, 5, {
      fullWidth: 23,
      fullHeight: 17,
      left: 4,
      top: 3,
      width: 9,
      height: 8,
    });
    for (let y = 0; y < 8; y++) for (let x = 0; x < 9; x++) expect(window[y * 9 + x]).toBe(whole[(y + 3) * 23 + x + 4]);
  });
});

describe('stretchNearest', () => {
  it('keeps the kind and the range of values', () => {
    expect(stretchNearest(Uint16Array.of(300, 7), 2, 1, 4, 1)).toEqual(Uint16Array.of(300, 300, 7, 7));
    expect(stretchNearest(Float32Array.of(0.5, -1), 1, 2, 1, 1)).toEqual(Float32Array.of(-1));
  });
});

describe('resizeNearest', () => {
  it('enlarges by repeating and shrinks by picking centres', () => {
    const mask = { data: Uint8Array.from([1, 0, 0, 1]), width: 2, height: 2 };
    expect([...resizeNearest(mask, 4, 2).data]).toEqual([1, 1, 0, 0, 0, 0, 1, 1]);
    expect([...resizeNearest({ data: Uint8Array.from([0, 1, 0]), width: 3, height: 1 }, 1, 1).data]).toEqual([1]);
  });
});
