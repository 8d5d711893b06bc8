/** The library's main task on a fake network: what is asked, cached, thresholded, measured and refused. */
import { describe, expect, it } from 'vitest';
import type { RegionPrompt } from '../src/image/regions.ts';
import type { Image } from '../src/image/types.ts';
import { fakeModel } from './fake-model.ts';

/** A grey image of 96 x 64 (width x height): white in the left half, black in the right. */
function halfWhite(): Image {
  const data = new Uint8Array(96 * 64);
  for (let y = 0; y < 64; y++) data.fill(255, y * 96, y * 96 + 48);
  return { data, width: 96, height: 64, channels: 1 };
}

const usage = (message: RegExp) => expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) });

describe('segment', () => {
  it("finds what the network finds, at the image's own size", async () => {
    const { model } = fakeModel();
    const [found] = await model.segment(halfWhite(), [' left half ']);
    expect(found).toMatchObject({ text: 'left half', present: true, reason: null });
    expect(found.presence).toBeCloseTo(1 / (1 + Math.exp(-4)), 6);
    expect([found.mask.width, found.mask.height, found.mask.data.length]).toEqual([96, 64, 96 * 64]);
    expect(found.mask.data[32 * 96 + 20]).toBe(1);
    expect(found.mask.data[32 * 96 + 75]).toBe(0);
    expect(found.areaPx).toBe(found.mask.data.reduce((sum, value) => sum + value, 0));
    expect(found.areaFraction).toBeCloseTo(found.areaPx / (96 * 64), 12);
    expect(found.areaFraction).toBeGreaterThan(0.45);
    expect(found.areaFraction).toBeLessThan(0.55);
    const [left, , right, bottom] = found.box as readonly number[];
    expect(left).toBe(0);
    // the last rows mix with the black border that makes the image square
    expect(Math.abs(bottom - 64)).toBeLessThanOrEqual(4);
    expect(Math.abs(right - 48)).toBeLessThanOrEqual(4);
    expect(found.probability).toBeGreaterThan(0.9);
    expect(found.probabilities).toBeUndefined();
  });

  it('answers "absent" with an empty mask and the reason', async () => {
    const { model } = fakeModel();
    const [found] = await model.segment(halfWhite(), ['absent thing']);
    expect(found).toMatchObject({ present: false, areaPx: 0, areaFraction: 0, box: null, probability: 0 });
    expect(found.reason).toBe('absent: presence 0.02 < 0.50');
    expect(found.mask.data.some((value) => value !== 0)).toBe(false);
    const [forced] = await model.segment(halfWhite(), ['absent thing'], { presenceThreshold: 0.01 });
    expect(forced.present).toBe(true);
    expect(forced.areaPx).toBeGreaterThan(0);
  });

  it("takes the presence threshold from the call, else the model's, else 0.5", async () => {
    const strict = fakeModel({ presenceThreshold: 0.99 }).model;
    expect(strict.presenceLimit('CT')).toBe(0.99);
    const [found] = await strict.segment(halfWhite(), ['thing']);
    expect(found.reason).toBe('absent: presence 0.98 < 0.99');
    const [easier] = await strict.segment(halfWhite(), ['thing'], { presenceThreshold: 0.5 });
    expect(easier.present).toBe(true);
    expect(fakeModel().model.presenceLimit(null)).toBe(0.5);
  });

  it('says so when no pixel is above the threshold', async () => {
    const black = { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 } as const;
    const [found] = await fakeModel().model.segment(black, ['thing']);
    expect(found).toMatchObject({ present: false, areaPx: 0, reason: 'empty: no pixel has a probability above 0.5' });
  });

  it('uses the highest pixel probability as presence where there is no existence head', async () => {
    const { model } = fakeModel({ decoder: { ...fakeDecoder(), existence: false } });
    const [found] = await model.segment(halfWhite(), ['absent thing'], { probabilities: true });
    expect(found.presence).toBeCloseTo(Math.max(...(found.probabilities as Float32Array)), 6);
    expect(found.present).toBe(true);
  });

  it('hands out probabilities on request and thresholds them strictly', async () => {
    const { model } = fakeModel();
    const [found] = await model.segment(halfWhite(), ['thing'], { probabilities: true, threshold: 0.9 });
    const map = found.probabilities as Float32Array;
    expect(map).toHaveLength(96 * 64);
    expect([...found.mask.data]).toEqual([...map].map((value) => (value > 0.9 ? 1 : 0)));
    const inside = [...map].filter((value) => value > 0.9);
    expect(found.probability).toBeCloseTo(inside.reduce((sum, value) => sum + value, 0) / inside.length, 6);
  });

  it('encodes the image once, each text once, and decodes in batches of 32', async () => {
    const { model, calls } = fakeModel();
    const prompts = Array.from({ length: 70 }, (_, i) => `thing ${i % 40}`);
    const found = await model.segment(halfWhite(), prompts);
    expect(found.map((one) => one.text)).toEqual(prompts);
    expect(calls.images).toBe(1);
    expect(calls.texts).toHaveLength(40);
    expect(calls.decodes).toEqual([32, 32, 6]);
    expect(calls.joint).toEqual([false, false, false]);
    expect(calls.freed).toBe(1);
    await model.segment(halfWhite(), ['thing 3', 'new']);
    expect(calls.texts).toHaveLength(41);
  });

  it('asks jointly on request, in one run', async () => {
    const { model, calls } = fakeModel();
    await model.segment(halfWhite(), ['a', 'b', 'c'], { joint: true });
    expect([calls.decodes, calls.joint]).toEqual([[3], [true]]);
    const many = Array.from({ length: 33 }, (_, i) => `thing ${i}`);
    await expect(model.segment(halfWhite(), many, { joint: true })).rejects.toThrow(usage(/33 prompts.*at most 32/));
  });

  it('lets an encoded image be asked again', async () => {
    const { model, calls } = fakeModel();
    const encoded = await model.encode(halfWhite());
    for (const prompt of ['a', 'b']) {
      for await (const found of encoded.segment([prompt])) expect(found.text).toBe(prompt);
    }
    expect([encoded.width, encoded.height, calls.images, calls.freed]).toEqual([96, 64, 1, 0]);
    expect(encoded.seconds.image).toBeGreaterThan(0);
    expect(encoded.seconds.decode).toBeGreaterThan(0);
    encoded.dispose();
    expect(calls.freed).toBe(1);
  });

  it('accepts 16-bit, RGB and RGBA rasters', async () => {
    const { model } = fakeModel();
    const grey = halfWhite();
    const expected = (await model.segment(grey, ['x']))[0].mask.data;
    const wide = { ...grey, data: Uint16Array.from(grey.data, (value) => value * 257) };
    const rgb = new Uint8Array(96 * 64 * 3).map((_, i) => grey.data[Math.floor(i / 3)]);
    const rgba = new Uint8Array(96 * 64 * 4).map((_, i) => (i % 4 === 3 ? 255 : grey.data[i >> 2]));
    expect((await model.segment(wide, ['x']))[0].mask.data).toEqual(expected);
    expect((await model.segment({ ...grey, data: rgb, channels: 3 }, ['x']))[0].mask.data).toEqual(expected);
    expect((await model.segment({ ...grey, data: rgba, channels: 4 }, ['x']))[0].mask.data).toEqual(expected);
  });
});

function fakeDecoder() {
  return { dim: 8, queries: 4, layers: 1, heads: 2, feedForward: 16, textQueries: false, existence: true };
}

describe('segment refuses', () => {
  const ask = (prompts: unknown, options = {}) => fakeModel().model.segment(halfWhite(), prompts as string[], options);
  it('prompts that are none, blank, too long or too many', async () => {
    await expect(ask([])).rejects.toThrow(usage(/No prompt given/));
    await expect(ask('lung')).rejects.toThrow(usage(/No prompt given|must be/));
    await expect(ask([' \n '])).rejects.toThrow(usage(/prompt is empty/));
    await expect(ask(['a', ''])).rejects.toThrow(usage(/Prompt 2 of 2 is empty/));
    await expect(ask(['x'.repeat(10_000)])).rejects.toThrow(usage(/10000 characters; at most 1000/));
    await expect(ask(Array(257).fill('a'))).rejects.toThrow(usage(/257 prompts given; at most 256/));
  });
  it('thresholds outside 0..1', async () => {
    await expect(ask(['a'], { threshold: 1.5 })).rejects.toThrow(
      usage(/threshold must be a number from 0 to 1, got 1.5/),
    );
    await expect(ask(['a'], { presenceThreshold: Number.NaN })).rejects.toThrow(usage(/presenceThreshold/));
  });
  it('an image whose samples do not fill its size', async () => {
    const broken = { ...halfWhite(), width: 95 };
    await expect(fakeModel().model.segment(broken, ['a'])).rejects.toThrow(expect.objectContaining({ code: 'input' }));
  });
  it('a missing file, by name', async () => {
    await expect(fakeModel().model.segment('/no/such/image.png', ['a'])).rejects.toThrow(/\/no\/such\/image\.png/);
  });
  it('to go on once the signal is aborted, and frees the image', async () => {
    const { model, calls } = fakeModel();
    await expect(model.segment(halfWhite(), ['a'], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(calls.images).toBe(0);
    const controller = new AbortController();
    const encoded = await model.encode(halfWhite());
    const answers = encoded.segment(['a', 'b'], { signal: controller.signal });
    await answers.next();
    controller.abort();
    await expect(answers.next()).rejects.toThrow(/abort/i);
  });
  it('work after dispose', async () => {
    const { model, calls } = fakeModel();
    await model.dispose();
    await model.dispose();
    expect(calls.disposed).toBe(1);
    await expect(model.segment(halfWhite(), ['a'])).rejects.toThrow(usage(/was disposed/));
  });
});

describe('region prompts', () => {
  const regional = (regionsTrained?: boolean) => {
    const decoder = { ...fakeDecoder(), regions: true, ...(regionsTrained === undefined ? {} : { regionsTrained }) };
    return fakeModel({ decoder });
  };
  it('are seen beside every text, as one mask of the square', async () => {
    const { model, calls } = regional(true);
    const regions = [{ point: [95, 63] as const }, { box: [0, 0, 48, 32] as const }];
    const found = await model.segment(halfWhite(), ['a', 'b'], { regions });
    expect(found.map((one) => [one.text, one.present])).toEqual([
      ['a', true],
      ['b', true],
    ]);
    // 96 x 64 becomes 64 x 43: a quarter of it and one pixel
    expect(calls.regions).toEqual([32 * 22 + 1]);
    expect(calls.texts).toEqual(['a', 'b']);
  });
  it('alone give one answer without a text, whose presence is its highest probability', async () => {
    const { model, calls } = regional(true);
    const [found, ...others] = await model.segment(halfWhite(), [], {
      regions: [{ point: [1, 1] }],
      probabilities: true,
    });
    expect([found.text, found.present, others.length, calls.texts.length]).toEqual(['', true, 0, 0]);
    expect(found.presence).toBeCloseTo(Math.max(...(found.probabilities as Float32Array)), 6);
  });
  it('are refused where the model was not trained for them, unless forced', async () => {
    const regions = [{ point: [1, 1] as const }];
    for (const { model, calls } of [regional(false), regional()]) {
      await expect(model.segment(halfWhite(), ['a'], { regions })).rejects.toThrow(
        usage(/not trained for region prompts.*--force/),
      );
      await expect(model.encode(halfWhite(), { regions })).rejects.toThrow(usage(/not trained/));
      expect(calls.images).toBe(0);
      expect(await model.segment(halfWhite(), ['a'], { regions, forceRegions: true })).toHaveLength(1);
    }
  });
  it('cannot be forced on a model without weights for them', async () => {
    const { model, calls } = fakeModel();
    const options = { regions: [{ point: [1, 1] as const }], forceRegions: true };
    await expect(model.segment(halfWhite(), ['a'], options)).rejects.toThrow(
      usage(/no weights for region prompts.*cannot be forced/),
    );
    expect(calls.images).toBe(0);
  });
  it('outside the image are refused before it is encoded', async () => {
    const { model, calls } = regional(true);
    const ask = (regions: RegionPrompt[]) => model.segment(halfWhite(), ['a'], { regions });
    await expect(ask([{ point: [96, 0] }])).rejects.toThrow(usage(/point 96,0 lies outside the image of 96 x 64/));
    await expect(ask([{ box: [0, 0, 10, 65] }])).rejects.toThrow(usage(/reaches outside/));
    const scribble = { data: new Uint8Array(96 * 64), width: 96, height: 64 };
    await expect(ask([{ scribble }])).rejects.toThrow(usage(/scribble is empty/));
    expect(calls.images).toBe(0);
    await expect(model.segment(halfWhite(), [])).rejects.toThrow(usage(/No prompt given/));
    await expect(model.segment(halfWhite(), [], { regions: [] })).rejects.toThrow(usage(/No prompt given/));
  });
});

describe('published preprocessing', () => {
  /** Float samples in Hounsfield units, 96 x 48: soft tissue on the left, air on the right. */
  const slice = (): Image => {
    const data = new Float32Array(96 * 48).fill(-1000);
    for (let y = 0; y < 48; y++) data.fill(240, y * 96, y * 96 + 48);
    return { data, width: 96, height: 48, channels: 1 };
  };
  it('shows a CT in the window of its image type and pads it to a square', async () => {
    const { model } = fakeModel({ fit: 'stretch' });
    const options = { preprocess: 'published', imageType: 'CT-Abdomen' } as const;
    const encoded = await model.encode(slice(), options);
    expect([encoded.image.data[0], encoded.image.data[3 * 95]]).toEqual([249, 0]);
    // in the lung window air is black and tissue grey
    const lung = await model.encode(slice(), { preprocess: 'published', imageType: 'CT-Lung' });
    expect([lung.image.data[0], lung.image.data[3 * 95]]).toEqual([158, 0]);
    const [found] = await model.segment(slice(), ['tissue'], options);
    // stretched, the mask would reach the last row; padded, the black border next to it blurs it
    const [stretched] = await model.segment(slice(), ['tissue'], { imageType: 'CT-Abdomen' });
    expect([found.mask.width, found.mask.height]).toEqual([96, 48]);
    expect(found.areaPx).toBeGreaterThan(0.4 * 96 * 48);
    expect(found.areaPx).not.toBe(stretched.areaPx);
  });
  it('uses percentiles where no window is published, and refuses unknown image types', async () => {
    const { model, calls } = fakeModel();
    const encoded = await model.encode(slice(), { preprocess: 'published', imageType: 'MRI-Abdomen' });
    expect([encoded.image.data[0], encoded.image.data[3 * 95]]).toEqual([255, 0]);
    await expect(model.encode(slice(), { preprocess: 'published', imageType: 'PET' })).rejects.toThrow(
      usage(/No preprocessing is published for image type "PET"; allowed: CT-Abdomen/),
    );
    expect(calls.images).toBe(1);
  });
});
