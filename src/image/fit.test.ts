import { describe, expect, it } from 'vitest';
import { fitToSquare, unfitLogits } from './fit.ts';
import { resizeBicubicPil, resizeBilinear } from './resize.ts';
import type { Image } from './types.ts';

function noise(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 256);
  return { data, width, height, channels: 3 };
}

/** A step at `edge` image pixels from the left, as logits of a quarter of the square. */
function step(side: number, edge: number): Float32Array {
  return Float32Array.from({ length: side * side }, (_, i) => (i % side) + 0.5 - edge);
}

describe('fitToSquare', () => {
  it('stretches both sides and splits the channels into planes', () => {
    const image = noise(20, 10);
    const { pixels, fit } = fitToSquare(image, 16, 'stretch');
    const resized = resizeBicubicPil(image, 16, 16).data;
    expect(pixels).toHaveLength(3 * 256);
    for (let i = 0; i < 256; i++) for (let c = 0; c < 3; c++) expect(pixels[c * 256 + i]).toBe(resized[i * 3 + c]);
    expect(fit).toEqual({ width: 20, height: 10, size: 16, inner: { left: 0, top: 0, width: 16, height: 16 } });
  });

  it('pads with black, centred, and keeps the shape', () => {
    const white: Image = { data: new Uint8Array(20 * 10 * 3).fill(255), width: 20, height: 10, channels: 3 };
    const { pixels, fit } = fitToSquare(white, 16, 'pad');
    expect(fit.inner).toEqual({ left: 0, top: 4, width: 16, height: 8 });
    for (let y = 0; y < 16; y++) expect(pixels[256 + y * 16 + 5]).toBe(y >= 4 && y < 12 ? 255 : 0);
    expect(fitToSquare({ ...white, width: 10, height: 20 }, 16, 'pad').fit.inner.left).toBe(4);
    expect(fitToSquare({ ...white, width: 200, height: 1 }, 16, 'pad').fit.inner).toMatchObject({ height: 1, top: 7 });
  });

  it('shows pixels that are not square in their true shape when padding', () => {
    const flat: Image = { data: new Uint8Array(20 * 5 * 3), width: 20, height: 5, channels: 3 };
    expect(fitToSquare(flat, 16, 'pad', 4).fit.inner).toEqual({ left: 0, top: 0, width: 16, height: 16 });
    expect(fitToSquare(flat, 16, 'pad', 8).fit.inner).toEqual({ left: 4, top: 0, width: 8, height: 16 });
    expect(fitToSquare(flat, 16, 'stretch', 8).fit).toEqual(fitToSquare(flat, 16, 'stretch').fit);
  });

  it('shows grey as RGB of three equal channels is shown', () => {
    const rgb = noise(37, 23);
    const grey: Image = { ...rgb, data: rgb.data.slice(0, 37 * 23) as Uint8Array, channels: 1 };
    const repeated: Image = { ...rgb, data: Uint8Array.from(rgb.data, (_, i) => grey.data[Math.floor(i / 3)]) };
    for (const mode of ['pad', 'stretch'] as const) {
      expect(fitToSquare(grey, 16, mode, 1.5)).toEqual(fitToSquare(repeated, 16, mode, 1.5));
    }
  });

  it('refuses what is not 8-bit grey or RGB', () => {
    expect(() => fitToSquare({ data: new Uint8Array(16), width: 2, height: 2, channels: 4 }, 8, 'pad')).toThrow('RGB');
    const wide = { data: new Uint16Array(12), width: 2, height: 2, channels: 3 } as const;
    expect(() => fitToSquare(wide, 8, 'pad')).toThrow('8-bit');
  });
});

describe('unfitLogits', () => {
  it('equals the plain bilinear resize when stretched, at sizes that do not divide', () => {
    const { fit } = fitToSquare(noise(37, 23), 28, 'stretch');
    const logits = Float32Array.from({ length: 49 }, (_, i) => Math.sin(i));
    expect(unfitLogits(logits, 7, 7, fit)).toEqual(resizeBilinear(logits, 7, 7, 37, 23));
  });

  it('samples the inner window only when padded', () => {
    // 10 x 40 in a square of 80: inner window 20 wide from 30 on; an edge in its middle lands in the image's middle.
    const { fit } = fitToSquare(noise(10, 40), 80, 'pad');
    expect(fit.inner).toEqual({ left: 30, top: 0, width: 20, height: 80 });
    const out = unfitLogits(step(20, 10), 20, 20, fit);
    expect(out).toHaveLength(400);
    // Image pixel x has its centre at (30 + 2 (x + 0.5)) / 4 of the logits, whose value there is that less 10.
    for (let x = 0; x < 10; x++) expect(out[x]).toBeCloseTo((30 + 2 * (x + 0.5)) / 4 - 10, 4);
  });
});
