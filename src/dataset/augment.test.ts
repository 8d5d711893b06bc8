import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { applyIntensity, augmentationRanges, drawIntensity, drawPlacement, milder, plainIntensity } from './augment.ts';

const draws = <T>(n: number, make: (seed: number) => T): T[] => Array.from({ length: n }, (_, seed) => make(seed));

describe('placement', () => {
  test('stays in its limits, turned freely only where nothing is upright', () => {
    const skin = draws(200, (seed) =>
      drawPlacement(createRandom(seed), augmentationRanges('dermoscopy', 'skin'), false),
    );
    const chest = draws(200, (seed) => drawPlacement(createRandom(seed), augmentationRanges('X-Ray', 'chest'), true));
    expect(Math.max(...skin.map(({ angle }) => Math.abs(angle)))).toBeGreaterThan(2.5);
    expect(Math.max(...chest.map(({ angle }) => Math.abs(angle)))).toBeLessThanOrEqual(0.3);
    for (const { scale, stretch, shiftX, shiftY } of [...skin, ...chest]) {
      expect(scale).toBeGreaterThanOrEqual(0.4);
      expect(scale).toBeLessThanOrEqual(2);
      expect(Math.abs(Math.log(stretch))).toBeLessThanOrEqual(0.12);
      expect(Math.max(Math.abs(shiftX), Math.abs(shiftY))).toBeLessThanOrEqual(0.12);
    }
    const logs = [...skin, ...chest].map(({ scale }) => Math.log(scale));
    expect(logs.filter((log) => log > 0).length / 400).toBeCloseTo(0.5, 1);
    expect(logs.filter((log) => Math.abs(log) < 0.3).length / 400).toBeCloseTo(0.68, 1);
    expect([skin[0].mirror, chest[0].mirror]).toEqual([false, true]);
  });

  test('scans are shown in wider and narrower fields of view than pictures', () => {
    const far = (modality: string) =>
      draws(400, (seed) =>
        Math.abs(Math.log(drawPlacement(createRandom(seed), augmentationRanges(modality, 'heart'), false).scale)),
      ).filter((log) => log > 0.6).length / 400;
    expect(far('MRI-T2w')).toBeGreaterThan(0.12);
    expect(far('CT')).toBe(far('MRI-T2w'));
    expect(far('X-Ray')).toBeLessThan(0.08);
  });

  test('a milder one lies half as far from the whole image', () => {
    const placement = { scale: 0.64, stretch: 1.21, angle: 0.2, shiftX: -0.1, shiftY: 0.06, mirror: true };
    expect(milder(placement)).toEqual({
      ...{ scale: 0.8, stretch: 1.1, angle: 0.1, shiftX: -0.05, shiftY: 0.03 },
      mirror: true,
    });
    const waves = [
      { height: 0.04, length: 0.5, phase: 2 },
      { height: -0.02, length: 1, phase: 3 },
    ] as const;
    expect(milder({ ...placement, waves }).waves).toEqual([
      { ...waves[0], height: 0.02 },
      { ...waves[1], height: -0.01 },
    ]);
  });

  test('half the strength goes half as far, none nowhere', () => {
    const scale = (strength: number) =>
      draws(200, (seed) =>
        Math.log(drawPlacement(createRandom(seed), augmentationRanges('X-Ray', 'chest', strength), false).scale),
      );
    const [full, half] = [scale(1), scale(0.5)];
    const free = half.flatMap((log, i) => (full[i] > Math.log(0.4) && full[i] < Math.log(2) ? [[log, full[i]]] : []));
    for (const [log, whole] of free) expect(log).toBeCloseTo(whole / 2, 10);
    const still = augmentationRanges('MRI', 'brain', 0);
    const { waves, ...placement } = drawPlacement(createRandom(3), still, true);
    expect(waves?.map(({ height }) => Math.abs(height))).toEqual([0, 0]);
    const rounded = Object.entries(placement).map(([name, value]) => [name, Math.abs(Number(value))]);
    expect(Object.fromEntries(rounded)).toEqual({
      ...{ scale: 1, stretch: 1, angle: 0, shiftX: 0, shiftY: 0 },
      mirror: 1,
    });
    const change = drawIntensity(createRandom(3), still, 1);
    expect([change.noise, change.blur, change.saturation, change.shading]).toEqual([0, 0, 1, undefined]);
    for (const [v, tone] of change.tones[0].entries()) expect(tone).toBeCloseTo(v, 3);
  });

  test('waves are never steeper than 0.3 and of many lengths', () => {
    const ranges = augmentationRanges('CT', 'abdomen');
    const waves = draws(200, (seed) => drawPlacement(createRandom(seed), ranges, false).waves ?? []).flat();
    expect(waves).toHaveLength(400);
    const slopes = waves.map(({ height, length }) => (2 * Math.PI * height) / length);
    expect(Math.max(...slopes)).toBeGreaterThan(0.28);
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThanOrEqual(0.3);
    const lengths = waves.map(({ length }) => length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(0.4);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1.5);
    expect(lengths.filter((length) => length < 0.7746).length / 400).toBeCloseTo(0.5, 1);
  });
});

describe('intensity', () => {
  const drawn = (seed: number, modality: string, site: string, channels: 1 | 3) =>
    drawIntensity(createRandom(seed), augmentationRanges(modality, site), channels);
  const inverted = (tones: readonly Float32Array[]) => tones[0][255] < tones[0][0];
  test('colour changes with colour images only', () => {
    for (const change of draws(50, (seed) => drawn(seed, 'ultrasound', 'breast', 1))) {
      expect(change.tones).toHaveLength(1);
      expect(change.saturation).toBe(1);
    }
    const colour = draws(50, (seed) => drawn(seed, 'fundus', 'retinal', 3));
    expect(colour.every(({ tones }) => tones.length === 3 && tones[0][120] !== tones[1][120])).toBe(true);
    expect(new Set(colour.map(({ saturation }) => saturation)).size).toBe(50);
  });

  test('only radiographs are inverted, and rarely', () => {
    const share = (modality: string) =>
      draws(2000, (seed) => inverted(drawn(seed, modality, 'chest', 1).tones)).filter(Boolean).length / 2000;
    expect(share('CT')).toBe(0);
    expect(share('X-Ray')).toBeGreaterThan(0.01);
    expect(share('X-Ray')).toBeLessThan(0.06);
  });

  test('the middle tones of MRI turn round now and then, CT is never shaded', () => {
    const mri = draws(300, (seed) => drawn(seed, 'MRI-T1', 'brain', 1));
    const ct = draws(300, (seed) => drawn(seed, 'CT', 'chest', 1));
    const turns = mri.filter(({ tones }) => tones[0].some((tone, v) => v > 0 && tone < tones[0][v - 1])).length;
    expect(turns).toBeGreaterThan(10);
    expect(turns).toBeLessThan(150);
    expect(mri.filter(({ shading }) => shading !== undefined).length / 300).toBeCloseTo(0.3, 1);
    expect(ct.every(({ shading }) => shading === undefined)).toBe(true);
  });

  test('tones stay in range and keep their order', () => {
    for (const { tones } of draws(100, (seed) => drawn(seed, 'CT', 'chest', 1))) {
      for (let v = 1; v < 256; v++) expect(tones[0][v]).toBeGreaterThanOrEqual(tones[0][v - 1]);
      expect(tones[0][0]).toBeGreaterThanOrEqual(0);
      expect(tones[0][255]).toBeLessThanOrEqual(255);
    }
  });

  test('plain intensities are the bytes, grey in all planes', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
    const spans = Int32Array.from([0, 4, 0, 4, 0, 4, 0, 4]);
    const planes = applyIntensity(bytes, spans, 4, plainIntensity(1), createRandom(1));
    expect([...planes]).toEqual([...bytes, ...bytes, ...bytes]);
  });

  test('what lies round the image stays 0, noise or not, and nothing leaves 0..255', () => {
    const [size, spans] = [4, Int32Array.from([0, 0, 1, 3, 1, 3, 0, 0])];
    const change = {
      tones: draws(3, () => new Float32Array(256).fill(250)),
      shading: undefined,
      ...{ saturation: 1.3, noise: 30, blur: 0 },
    };
    const planes = applyIntensity(new Uint8Array(48), spans, size, change, createRandom(5));
    const inside = (i: number) => i % 4 > 0 && i % 4 < 3 && i % 16 >= 4 && i % 16 < 12;
    for (const [i, value] of planes.entries()) {
      if (!inside(i)) expect(value).toBe(0);
      else {
        expect(value).toBeGreaterThan(100);
        expect(value).toBeLessThanOrEqual(255);
      }
    }
    expect(new Set(planes.subarray(16, 32)).size).toBeGreaterThan(2);
  });

  test('shading multiplies by its factor at each place, up to 255', () => {
    const change = { ...plainIntensity(1), shading: [Math.LN2, 0, 0, Math.LN2] as [number, number, number, number] };
    const planes = applyIntensity(
      new Uint8Array(16).fill(120),
      Int32Array.from([0, 4, 0, 4, 0, 4, 0, 4]),
      4,
      change,
      createRandom(1),
    );
    const factor = (x: number, y: number) => 2 ** ((x - 1.5) / 2) * 2 ** (((y - 1.5) / 2) ** 2);
    for (let i = 0; i < 16; i++) expect(planes[i]).toBeCloseTo(Math.min(255, 120 * factor(i % 4, i >> 2)), 3);
    expect(Math.max(...planes)).toBe(255);
  });

  test('saturation 0 would make grey, the mean of the channels', () => {
    const change = { ...plainIntensity(3), saturation: 0 };
    const planes = applyIntensity(Uint8Array.from([30, 60, 120]), Int32Array.from([0, 1]), 1, change, createRandom(1));
    expect([...planes]).toEqual([70, 70, 70]);
  });
});
