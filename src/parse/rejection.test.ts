import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maskStatistics } from '../image/statistics.ts';
import type { Image } from '../image/types.ts';
import { imageTypes } from '../ontology/index.ts';
import { betaCdf } from '../util/beta.ts';
import {
  type ChannelDistributions,
  checkDistributions,
  publishedDistributions,
  readDistributions,
} from './distributions.ts';
import { identify, rejectionPValue, rejectionTest } from './rejection.ts';

/** A 2 x 2 image whose four pixels have the given colours. */
const image = (...pixels: [number, number, number][]): Image => ({
  data: Uint8Array.from(pixels.flat()),
  width: 2,
  height: 2,
  channels: 3,
});
const colours = image([10, 20, 30], [30, 40, 50], [200, 200, 200], [0, 0, 0]);

describe('maskStatistics', () => {
  it('are means over pixels of 128 of 255 and more, over 256', () => {
    const map = Float32Array.from([1, 0.51, 0.501, 0]);
    const [p, ...rgb] = maskStatistics(map, colours);
    expect(p).toBeCloseTo((255 * (1 + Math.fround(0.51))) / 2 / 256, 12);
    expect(rgb).toEqual([20 / 256, 30 / 256, 40 / 256]);
  });
  it('are 0 where no pixel is inside', () => {
    expect(maskStatistics(new Float32Array(4).fill(0.5), colours)).toEqual([0, 0, 0, 0]);
  });
});

describe('rejectionPValue', () => {
  const uniform: ChannelDistributions = [
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
  ];
  it('is the fourth root of the product of four single-sample p-values', () => {
    const map = Float32Array.from([1, 1, 0, 0]);
    const p = [255 / 256, 20 / 256, 30 / 256, 40 / 256].map((f) => 2 * (1 - Math.max(f, 1 - f)));
    expect(rejectionPValue(map, colours, uniform)).toBeCloseTo((p[0] * p[1] * p[2] * p[3]) ** 0.25, 12);
  });
  it('is 0 for an empty mask and near 1 at the medians', () => {
    expect(rejectionPValue(new Float32Array(4), colours, uniform)).toBe(0);
    const middle = image([128, 128, 128], [128, 128, 128], [128, 128, 128], [128, 128, 128]);
    const channels = publishedDistributions.get('CT-Abdomen')?.get('aorta') as ChannelDistributions;
    expect(betaCdf(0.98, channels[0])).toBeGreaterThan(0);
    expect(rejectionPValue(new Float32Array(4).fill(128.5 / 255), middle, uniform)).toBeGreaterThan(0.99);
  });
});

describe('the published distributions', () => {
  it('hold 13 image types and 61 pairs with positive parameters', () => {
    expect(publishedDistributions.size).toBe(13);
    const pairs = [...publishedDistributions.values()].flatMap((targets) => [...targets.values()]);
    expect(pairs).toHaveLength(61);
    expect(pairs.flat(2).every((value) => Number.isFinite(value) && value > 0)).toBe(true);
    // grey images have one distribution for all three colours, colour images three
    expect(publishedDistributions.get('CT-Abdomen')?.get('liver')?.[1]).toEqual([20.5528, 16.3127]);
    const polyp = publishedDistributions.get('Endoscopy')?.get('polyp') as ChannelDistributions;
    expect(polyp[1]).not.toEqual(polyp[2]);
  });
  it('are of image types that are known by name, with the targets that "everything" asks', () => {
    for (const { name, targets } of imageTypes) {
      const known = publishedDistributions.get(name);
      if (known !== undefined) expect([...known.keys()]).toEqual(expect.arrayContaining([...targets]));
    }
    for (const name of publishedDistributions.keys()) expect(imageTypes.map((one) => one.name)).toContain(name);
  });
});

describe('identify', () => {
  const of = (prompt: string, imageType?: string) => {
    const found = identify(prompt, publishedDistributions, imageType);
    return 'target' in found ? [found.imageType, found.target] : [found.imageType];
  };
  it('reads image type and target off a prompt of the published form', () => {
    expect(of('liver in abdomen CT')).toEqual(['CT-Abdomen', 'liver']);
    expect(of('the left lung in chest X-Ray')).toEqual(['X-Ray-Chest', 'left lung']);
    expect(of('tumor core in brain MRI-FLAIR')).toEqual(['MRI-FLAIR-Brain', 'tumor core']);
    expect(of('spleen in abdomen MRI-T2')).toEqual(['MRI-Abdomen', 'spleen']);
    expect(of('neoplastic cells in breast pathology')).toEqual(['Pathology', 'neoplastic cells']);
    expect(of('optic disc in retinal fundus')).toEqual(['Fundus', 'optic disc']);
  });
  it('takes a named image type and a bare target or a synonym', () => {
    expect(of('Liver', 'CT-Abdomen')).toEqual(['CT-Abdomen', 'liver']);
    expect(of('LV', 'MRI-Cardiac')).toEqual(['MRI-Cardiac', 'left heart ventricle']);
    expect(of('lungs', 'X-Ray-Chest')).toEqual(['X-Ray-Chest', 'lung']);
  });
  it('knows what it does not know', () => {
    expect(of('liver')).toEqual([null]);
    expect(of('liver in the abdomen')).toEqual([null]);
    expect(of('pharynx in abdomen CT')).toEqual(['CT-Abdomen']);
    expect(rejectionTest(colours, {}, 'OCT')('fovea', new Float32Array(4))).toEqual({
      imageType: 'OCT',
      target: null,
      pValue: null,
    });
  });
  it('refuses an image type without distributions', () => {
    expect(() => rejectionTest(colours, {}, 'PET-Brain')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/"PET-Brain"; there are CT-Abdomen, /) }),
    );
  });
});

describe('a file of distributions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-distributions-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const channels = { probability: [9, 1], red: [2, 3], green: [2, 3], blue: [2, 3] };
  const whole = (imageTypes: unknown) => ({ format: 'biomedparse-distributions', imageTypes });

  it('is read with whatever else it says', async () => {
    const file = join(folder, 'own.json');
    writeFileSync(
      file,
      JSON.stringify({ ...whole({ 'CT-Neck': { thyroid: { ...channels, images: 7 } } }), about: {} }),
    );
    const table = await readDistributions(file);
    expect(table.get('CT-Neck')?.get('thyroid')).toEqual([
      [9, 1],
      [2, 3],
      [2, 3],
      [2, 3],
    ]);
  });
  it.each<[string, unknown, RegExp]>([
    ['another format', { imageTypes: {} }, /f\.json: field "format" must be/],
    ['a list', [], /field "format" must be/],
    ['no image types', whole(undefined), /"imageTypes" must be an object/],
    ['targets that are no object', whole({ CT: 1 }), /"imageTypes\.CT" must be an object/],
    [
      'a missing channel',
      whole({ CT: { liver: { ...channels, red: undefined } } }),
      /"imageTypes\.CT\.liver\.red" must be/,
    ],
    [
      'a negative parameter',
      whole({ CT: { liver: { ...channels, blue: [1, -1] } } }),
      /CT\.liver\.blue" must be two numbers/,
    ],
  ])('is refused: %s', (_, value, message) => {
    expect(() => checkDistributions(value, 'f.json')).toThrow(message);
    expect(() => checkDistributions(value, 'f.json')).toThrow(expect.objectContaining({ code: 'input' }));
  });
  it('is refused when it is missing or not JSON', async () => {
    const file = join(folder, 'own.json');
    await expect(readDistributions(file)).rejects.toThrow(/own\.json: no such file/);
    writeFileSync(file, '{');
    await expect(readDistributions(file)).rejects.toThrow(/own\.json: not valid JSON/);
    writeFileSync(file, Buffer.alloc(2 ** 24 + 1, 32));
    await expect(readDistributions(file)).rejects.toThrow(/16777217 bytes; at most 16777216/);
  });
});
