import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { box, writeSplit } from '../../test/helpers/dataset.ts';
import { openDataset } from './layout.ts';
import { createSampler, type Sample, type SamplerOptions } from './sample.ts';
import { type ImageStore, loadImages } from './store.ts';

const options: SamplerOptions = {
  size: 32,
  promptsPerImage: 4,
  negativeFraction: 0.25,
  augmentation: 1,
  seed: 5,
  cell: 4,
};

let root: string;
/** Pelvis, bright on its left side; `corner` holds a speck in a corner, `wide` a colour image that is not square. */
const stores: Record<string, ImageStore> = {};
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-sample-'));
  const side = { width: 64, height: 64 };
  await writeSplit(root, 'pelvis', 'train', [
    {
      name: 'a_CT_pelvis',
      ...side,
      pixel: (x) => [x < 32 ? 40 : 200],
      masks: {
        'left hip bone': box(40, 16, 60, 48),
        'right hip bone': box(4, 16, 24, 48),
        sacrum: box(26, 26, 38, 38),
      },
    },
    { name: 'b_CT_pelvis', ...side, pixel: (x) => [x < 32 ? 40 : 200], masks: { sacrum: box(26, 26, 38, 38) } },
  ]);
  await writeSplit(root, 'corner', 'train', [
    { name: 'a_CT_brain', ...side, masks: { 'brain tumor': box(0, 0, 3, 3) } },
  ]);
  await writeSplit(root, 'wide', 'train', [
    {
      name: 'a_fundus_retinal',
      width: 64,
      height: 32,
      pixel: (x, y) => [x * 2, y * 3, 100],
      masks: { 'optic disc': box(8, 6, 14, 16) },
    },
  ]);
  for (const set of ['pelvis', 'corner', 'wide']) {
    stores[set] = await loadImages(await openDataset(root, { split: 'train', sets: [set] }));
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function samples(set: string, n: number, changes: Partial<SamplerOptions> = {}): Sample[] {
  const sampler = createSampler(stores[set], { ...options, ...changes });
  return Array.from({ length: n }, (_, index) => sampler(index));
}

const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

describe('a sample', () => {
  test('depends on seed and index alone, in any order and from any sampler', () => {
    const forwards = samples('pelvis', 12);
    const again = createSampler(stores.pelvis, options);
    for (let index = 11; index >= 0; index--) expect(again(index)).toEqual(forwards[index]);
    const other = samples('pelvis', 12, { seed: 6 });
    expect(other.some(({ pixels }, i) => sum(pixels) !== sum(forwards[i].pixels))).toBe(true);
    expect(forwards[0].pixels).not.toEqual(forwards[1].pixels);
  });

  test.each(['pelvis', 'wide', 'corner'])('has its shapes and ranges (%s)', (set) => {
    for (const { pixels, prompts, targets, present } of samples(set, 60)) {
      expect([pixels.length, prompts.length, targets.length, present.length]).toEqual([3 * 32 * 32, 4, 4 * 8 * 8, 4]);
      expect(pixels.every((value) => value >= 0 && value <= 255)).toBe(true);
      expect(targets.every((value) => value >= 0 && value <= 1)).toBe(true);
      for (const [i, prompt] of prompts.entries()) {
        expect(prompt.length).toBeGreaterThan(1);
        // whatever is called present is in the picture, even a speck; what is absent has no mask
        expect(sum(targets.subarray(64 * i, 64 * i + 64)) > 0).toBe(present[i] === 1);
      }
    }
  });

  test('a mirror image swaps pixels, masks and words together', () => {
    let [mirrored, asked] = [0, 0];
    for (const { pixels, prompts, targets, present } of samples('pelvis', 120, { size: 64 })) {
      let balance = 0;
      for (let i = 0; i < 64 * 64; i++) balance += (i % 64 < 32 ? -1 : 1) * pixels[i];
      if (balance < 0) mirrored++;
      for (const [i, prompt] of prompts.entries()) {
        const side = /\b(left|right)\b/.exec(prompt)?.[0];
        if (present[i] === 0 || side === undefined) continue;
        const plane = targets.subarray(256 * i, 256 * i + 256);
        let centre = 0;
        for (const [at, value] of plane.entries()) centre += value * ((at % 16) + 0.5);
        asked++;
        // the patient's left is on the right of the picture, mirrored or not
        expect(centre / sum(plane) > 8, prompt).toBe(side === 'left');
      }
    }
    expect(mirrored).toBeGreaterThan(35);
    expect(mirrored).toBeLessThan(85);
    expect(asked).toBeGreaterThan(60);
  });

  test('without augmentation the image and its masks are shown as they are, padded to a square', () => {
    for (const { pixels, targets } of samples('wide', 3, { size: 64, augmentation: 0, negativeFraction: 0 })) {
      for (const [x, y] of [
        [0, 0],
        [63, 31],
        [20, 7],
      ]) {
        const at = (y + 16) * 64 + x;
        expect([pixels[at], pixels[4096 + at], pixels[8192 + at]]).toEqual([x * 2, y * 3, 100]);
      }
      expect(sum(pixels.subarray(0, 16 * 64)) + sum(pixels.subarray(48 * 64, 64 * 64))).toBe(0);
      const plane = targets.subarray(0, 256);
      expect(sum(plane)).toBeCloseTo(60 / 16, 5);
      // rows 22 to 32 of the square, columns 8 to 14
      expect([plane[5 * 16 + 2], plane[6 * 16 + 2], plane[6 * 16 + 3], plane[8 * 16 + 2]]).toEqual([0.5, 1, 0.5, 0]);
    }
  });

  test('falls back to the whole image where a mask would be lost', () => {
    // a ninth of a cell at this size; without falling back it would often be empty
    for (const { targets } of samples('corner', 80, { negativeFraction: 0, size: 16 })) {
      expect(sum(targets.subarray(0, 16))).toBeGreaterThan(0);
    }
  });

  test('cells of 2 pixels are what cells of 4 are the means of', () => {
    const whole = { ...options, augmentation: 0 };
    const [coarse, fine] = ([4, 2] as const).map((cell) => createSampler(stores.pelvis, { ...whole, cell })(3));
    expect(fine.targets.length).toBe(4 * coarse.targets.length);
    const [side, prompts] = [options.size / 2, options.promptsPerImage];
    const means = Array.from({ length: (prompts * side * side) / 4 }, (_, i) => {
      const [row, column] = [Math.floor(i / (side / 2)) * 2, (i % (side / 2)) * 2];
      const corner = row * side + column;
      return [0, 1, side, side + 1].reduce((sum, step) => sum + fine.targets[corner + step] / 4, 0);
    });
    expect(means).toEqual([...coarse.targets].map((value) => expect.closeTo(value, 6)));
    expect(Math.max(...means)).toBe(1);
  });

  test('is refused for sizes off the grid, no prompts, and shares outside 0 to 1', () => {
    expect(() => createSampler(stores.pelvis, { ...options, size: 30 })).toThrow(/size is 30; allowed: multiples of 4/);
    expect(() => createSampler(stores.pelvis, { ...options, promptsPerImage: 0 })).toThrow(/prompts is 0; allowed/);
    expect(() => createSampler(stores.pelvis, { ...options, negativeFraction: 1.5 })).toThrow(/1\.5; allowed: 0 to 1/);
    expect(() => createSampler(stores.pelvis, { ...options, augmentation: -1 })).toThrow(/-1; allowed: 0 to 1/);
  });
});
