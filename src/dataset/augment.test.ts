import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { applyIntensity, drawIntensity, drawPlacement, milder, plainIntensity } from './augment.ts';

const draws = <T>(n: number, make: (seed: number) => T): T[] => Array.from({ length: n }, (_, seed) => make(seed));

describe('placement', () => {
  test('stays in its limits, turned freely only where nothing is upright', () => {
    const skin = draws(200, (seed) => drawPlacement(createRandom(seed), 'dermoscopy', 'skin', false));
    const chest = draws(200, (seed) => drawPlacement(createRandom(seed), 'X-Ray', 'chest', true));
    expect(Math.max(...skin.map(({ angle }) => Math.abs(angle)))).toBeGreaterThan(2.5);
    expect(Math.max(...chest.map(({ angle }) => Math.abs(angle)))).toBeLessThanOrEqual(0.3);
    for (const { scale, shiftX, shiftY } of [...skin, ...chest]) {
      expect(scale).toBeGreaterThanOrEqual(0.4);
      expect(scale).toBeLessThanOrEqual(2);
      expect(Math.max(Math.abs(shiftX), Math.abs(shiftY))).toBeLessThanOrEqual(0.12);
    }
    const logs = [...skin, ...chest].map(({ scale }) => Math.log(scale));
    expect(logs.filter((log) => log > 0).length / 400).toBeCloseTo(0.5, 1);
    expect(logs.filter((log) => Math.abs(log) < 0.3).length / 400).toBeCloseTo(0.68, 1);
    expect([skin[0].mirror, chest[0].mirror]).toEqual([false, true]);
  });

  test('a milder one lies half as far from the whole image', () => {
    const placement = { scale: 0.64, angle: 0.2, shiftX: -0.1, shiftY: 0.06, mirror: true };
    expect(milder(placement)).toEqual({ scale: 0.8, angle: 0.1, shiftX: -0.05, shiftY: 0.03, mirror: true });
  });
});

describe('intensity', () => {
  const inverted = (tones: readonly Float32Array[]) => tones[0][255] < tones[0][0];
  test('colour changes with colour images only', () => {
    for (const change of draws(50, (seed) => drawIntensity(createRandom(seed), 'ultrasound', 1))) {
      expect(change.tones).toHaveLength(1);
      expect(change.saturation).toBe(1);
    }
    const colour = draws(50, (seed) => drawIntensity(createRandom(seed), 'fundus', 3));
    expect(colour.every(({ tones }) => tones.length === 3 && tones[0][120] !== tones[1][120])).toBe(true);
    expect(new Set(colour.map(({ saturation }) => saturation)).size).toBe(50);
  });

  test('only radiographs are inverted, and rarely', () => {
    const share = (modality: string) =>
      draws(2000, (seed) => inverted(drawIntensity(createRandom(seed), modality, 1).tones)).filter(Boolean).length /
      2000;
    expect(share('CT')).toBe(0);
    expect(share('X-Ray')).toBeGreaterThan(0.01);
    expect(share('X-Ray')).toBeLessThan(0.06);
  });

  test('tones stay in range and keep their order', () => {
    for (const { tones } of draws(100, (seed) => drawIntensity(createRandom(seed), 'CT', 1))) {
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
    const change = { tones: draws(3, () => new Float32Array(256).fill(250)), saturation: 1.3, noise: 30, blur: 0 };
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

  test('saturation 0 would make grey, the mean of the channels', () => {
    const change = { ...plainIntensity(3), saturation: 0 };
    const planes = applyIntensity(Uint8Array.from([30, 60, 120]), Int32Array.from([0, 1]), 1, change, createRandom(1));
    expect([...planes]).toEqual([70, 70, 70]);
  });
});
