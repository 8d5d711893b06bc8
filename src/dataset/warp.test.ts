import { describe, expect, test } from 'vitest';
import { coverMasks, type Placement, reductionVariance, smooth, spansOf, stepOf, warpOf, warpPixels } from './warp.ts';

const plain: Placement = { scale: 1, stretch: 1, angle: 0, shiftX: 0, shiftY: 0, mirror: false };
const ramp = (width: number, height: number) => Uint8Array.from({ length: width * height }, (_, i) => (i * 7) % 251);

function warp(source: Uint8Array, width: number, height: number, size: number, placement: Placement): Uint8Array {
  const map = warpOf({ width, height }, size, placement);
  return warpPixels(source, { width, height, channels: 1 }, map, spansOf(map, { width, height }, size), size);
}

function pack(inside: (x: number, y: number) => boolean, width: number, height: number) {
  const bits = new Uint8Array(3 + Math.ceil((width * height) / 8));
  for (let i = 0; i < width * height; i++) {
    if (inside(i % width, Math.floor(i / width))) bits[3 + (i >> 3)] |= 1 << (i & 7);
  }
  return { bits, offset: 3 };
}

describe('the map', () => {
  test('plain and of the same size copies the image, centred, zeros round it', () => {
    const source = ramp(8, 4);
    const out = warp(source, 8, 4, 8, plain);
    expect([...out.subarray(0, 16)]).toEqual(new Array(16).fill(0));
    expect([...out.subarray(16, 48)]).toEqual([...source]);
    expect([...out.subarray(48)]).toEqual(new Array(16).fill(0));
  });

  test('mirrors left and right', () => {
    const source = ramp(6, 6);
    const out = warp(source, 6, 6, 6, { ...plain, mirror: true });
    for (let y = 0; y < 6; y++) {
      expect([...out.subarray(6 * y, 6 * y + 6)]).toEqual([...source.subarray(6 * y, 6 * y + 6)].reverse());
    }
  });

  test('turns by a right angle exactly', () => {
    const source = ramp(6, 6);
    const out = warp(source, 6, 6, 6, { ...plain, angle: Math.PI / 2 });
    for (let y = 0; y < 6; y++) for (let x = 0; x < 6; x++) expect(out[y * 6 + x]).toBe(source[x * 6 + 5 - y]);
  });

  test('takes steps of the image against the output and the scale', () => {
    const map = warpOf({ width: 100, height: 60 }, 50, { ...plain, scale: 0.5, angle: 1, mirror: true });
    expect(stepOf(map)).toBeCloseTo(4, 10);
  });

  test('stretches width against height and leaves the area', () => {
    const source = { width: 64, height: 64 };
    const wide = warpOf(source, 32, { ...plain, stretch: 4 });
    expect([wide.xx, wide.xy, wide.yx, wide.yy]).toEqual([1, -0, 0, 4]);
    expect(stepOf(wide)).toBe(2);
    const turned = warpOf(source, 32, { ...plain, stretch: 4, angle: Math.PI / 2 });
    expect(turned.xy).toBeCloseTo(-1, 12);
    expect(turned.yx).toBeCloseTo(4, 12);
  });

  test('interpolates between centres, a border pixel reaching to the edge', () => {
    expect([...warp(Uint8Array.from([0, 100, 0, 100]), 2, 2, 4, plain).subarray(0, 4)]).toEqual([0, 25, 75, 100]);
  });

  test('waves move whole rows across and whole columns down, border pixels repeated', () => {
    const [size, flat] = [8, { height: 0, length: 1, phase: 0 }];
    const source = ramp(size, size);
    // one pixel everywhere: a wave so long that it stands still at its top
    const still = { height: 1 / size, length: 1e9, phase: Math.PI / 2 };
    const across = warp(source, size, size, size, { ...plain, waves: [still, flat] });
    const down = warp(source, size, size, size, { ...plain, waves: [flat, still] });
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        expect(across[y * size + x]).toBe(source[y * size + Math.min(x + 1, size - 1)]);
        expect(down[y * size + x]).toBe(source[Math.min(y + 1, size - 1) * size + x]);
      }
    }
  });

  test('waves go to and fro along the lines', () => {
    const size = 32;
    const columns = Uint8Array.from({ length: size * size }, (_, i) => 4 * (i % size));
    const wave = { height: 0.1, length: 0.5, phase: 0.7 };
    const flat = { height: 0, length: 1, phase: 0 };
    const out = warp(columns, size, size, size, { ...plain, waves: [wave, flat] });
    for (let y = 0; y < size; y++) {
      const shift = 3.2 * Math.sin((4 * Math.PI * (y + 0.5)) / size + 0.7);
      expect(Math.abs(out[y * size + 16] - 4 * (16 + shift))).toBeLessThanOrEqual(0.51);
    }
  });

  test('spans hold the pixels whose centres lie in the image, whatever the angle', () => {
    const [size, source] = [20, { width: 17, height: 9 }];
    for (const angle of [0, 0.3, 1.9, -2.5]) {
      for (const mirror of [false, true]) {
        const map = warpOf(source, size, { ...plain, scale: 0.8, stretch: 1.2, angle, shiftX: 0.07, mirror });
        const spans = spansOf(map, source, size);
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) {
            const sx = map.xx * (x + 0.5) + map.xy * (y + 0.5) + map.x0;
            const sy = map.yx * (x + 0.5) + map.yy * (y + 0.5) + map.y0;
            const within = sx > 1e-9 && sy > 1e-9 && sx < source.width - 1e-9 && sy < source.height - 1e-9;
            expect(x >= spans[2 * y] && x < spans[2 * y + 1], `${x}, ${y} at ${angle}`).toBe(within);
          }
        }
      }
    }
  });
});

describe('smoothing', () => {
  test('spreads a point by the variance asked for, on both axes, and keeps its mass', () => {
    for (const variance of [0.2, 0.5, 1.7]) {
      const source = new Uint8Array(31 * 31);
      for (const at of [15 * 31 + 15, 15 * 31 + 14, 14 * 31 + 15, 14 * 31 + 14]) source[at] = 250;
      const out = smooth(source, { width: 31, height: 31, channels: 1 }, variance);
      let [mass, across, down] = [0, 0, 0];
      for (let i = 0; i < out.length; i++) {
        mass += out[i];
        across += out[i] * ((i % 31) - 14.5) ** 2;
        down += out[i] * (Math.floor(i / 31) - 14.5) ** 2;
      }
      expect(mass / 1000).toBeCloseTo(1, 1);
      expect(across / mass - 0.25).toBeCloseTo(variance, 0.6);
      expect(down / mass - 0.25).toBeCloseTo(variance, 0.6);
    }
  });

  test('keeps channels apart and even areas even', () => {
    const source = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => [10, 120, 255][i % 3]);
    expect(smooth(source, { width: 5, height: 4, channels: 3 }, 2)).toEqual(source);
  });

  test('is left out where it would not be seen', () => {
    const source = ramp(4, 4);
    expect(smooth(source, { width: 4, height: 4, channels: 1 }, 0.01)).toBe(source);
    expect(reductionVariance(0.7)).toBe(0);
    expect(reductionVariance(2)).toBeCloseTo(0.25, 10);
  });
});

describe('coverage', () => {
  const source = { width: 32, height: 32 };
  test('is the exact share of each cell where pixels coincide', () => {
    const mask = pack((x, y) => x >= 6 && x < 14 && y < 10, 32, 32);
    const { targets, sums } = coverMasks([mask], source, warpOf(source, 32, plain), 32, 1);
    expect([...targets.subarray(0, 8)]).toEqual([0, 0.5, 1, 0.5, 0, 0, 0, 0]);
    expect([...targets.subarray(16, 24)]).toEqual([0, 0.25, 0.5, 0.25, 0, 0, 0, 0]);
    expect(sums).toEqual([80 / 16]);
  });

  test('is in finer cells where those are asked for', () => {
    const mask = pack((x, y) => x >= 6 && x < 13 && y < 9, 32, 32);
    const { targets, sums } = coverMasks([mask], source, warpOf(source, 32, plain), 32, 1, 2);
    expect(targets).toHaveLength(16 * 16);
    expect([...targets.subarray(0, 8)]).toEqual([0, 0, 0, 1, 1, 1, 0.5, 0]);
    expect([...targets.subarray(4 * 16, 4 * 16 + 8)]).toEqual([0, 0, 0, 0.5, 0.5, 0.5, 0.25, 0]);
    expect(targets.subarray(5 * 16).every((share) => share === 0)).toBe(true);
    expect(sums).toEqual([63 / 4]);
    const onePixel = pack((x, y) => x === 13 && y === 7, 32, 32);
    expect(coverMasks([onePixel], source, warpOf(source, 8, plain), 8, 4, 2).sums[0]).toBeCloseTo(1 / 64, 10);
  });

  test('follows the waves as pixels do', () => {
    const placement: Placement = {
      ...{ ...plain, scale: 0.8, angle: 0.3, mirror: true },
      waves: [
        { height: 0.1, length: 0.6, phase: 1 },
        { height: -0.08, length: 0.9, phase: 2 },
      ],
    };
    const shape = (x: number, y: number) => (x - 15) ** 2 + 2 * (y - 17) ** 2 < 90;
    const map = warpOf(source, 64, placement);
    const { targets } = coverMasks([pack(shape, 32, 32)], source, map, 64, 1, 2);
    const image = Uint8Array.from({ length: 32 * 32 }, (_, i) => (shape(i % 32, i >> 5) ? 255 : 0));
    const shown = warpPixels(image, { ...source, channels: 1 }, map, spansOf(map, source, 64), 64);
    const still = coverMasks(
      [pack(shape, 32, 32)],
      source,
      warpOf(source, 64, { ...placement, waves: undefined }),
      64,
      1,
      2,
    );
    let [apart, moved] = [0, 0];
    for (let i = 0; i < targets.length; i++) {
      const at = (i >> 5) * 128 + 2 * (i & 31);
      const mean = (shown[at] + shown[at + 1] + shown[at + 64] + shown[at + 65]) / (4 * 255);
      apart += Math.abs(targets[i] - mean);
      moved += Math.abs(targets[i] - still.targets[i]);
    }
    expect(moved).toBeGreaterThan(40);
    expect(apart).toBeLessThan(0.2 * moved);
  });

  test('keeps the area under rotation and scale, mask by mask', () => {
    const masks = [pack((x, y) => x > 8 && x < 22 && y > 9 && y < 20, 32, 32), pack((x) => x === 16, 32, 32)];
    const map = warpOf(source, 64, { ...plain, angle: 0.6, scale: 0.7 });
    const { sums } = coverMasks(masks, source, map, 64, 1);
    const cell = (4 * stepOf(map)) ** 2;
    expect(sums[0] * cell).toBeCloseTo(13 * 10, -1);
    expect(sums[1] * cell).toBeCloseTo(32, -1);
  });

  test('passes over no pixel of a reduced image if fine enough', () => {
    for (const [x0, y0] of [
      [0, 0],
      [13, 7],
      [31, 30],
    ]) {
      const mask = pack((x, y) => x === x0 && y === y0, 32, 32);
      const map = warpOf(source, 8, plain);
      expect(coverMasks([mask], source, map, 8, 4).sums[0]).toBeCloseTo(1 / 256, 10);
    }
  });
});
