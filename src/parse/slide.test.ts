/** Tiles of slides put together, on the fake network that finds pixels with much red. */
import { describe, expect, it } from 'vitest';
import { fakeModel } from '../../test/fake-model.ts';
import { aperioPages, page, type Scene, scene, tiffFile } from '../../test/helpers/tiff.ts';
import { readSlide, type Slide } from '../formats/slide/slide.ts';
import { bytesSource } from '../formats/tiff/source.ts';
import type { Model } from './segment.ts';
import { type SlideOptions, scanSlide } from './slide.ts';
import { axisTiles, tileWeights } from './slide-tiles.ts';

const TISSUE = [60, 20, 90];
const OBJECT = [230, 60, 120];
const GLASS = [110, 110, 110];

const disc = (x: number, y: number, cx: number, cy: number, r: number): boolean =>
  (x - cx) ** 2 + (y - cy) ** 2 < r * r;

/** Tissue from (80, 60) to (560, 400) of 640 x 480, in it discs; some lie across the seams of tiles of 64. */
const DISCS = [
  [130, 110, 14],
  [256, 128, 20],
  [320, 250, 30],
  [450, 330, 9],
] as const;
const slideScene = scene(640, 480, (x, y) => {
  if (DISCS.some(([cx, cy, r]) => disc(x, y, cx, cy, r))) return OBJECT;
  return x >= 80 && x < 560 && y >= 60 && y < 400 ? TISSUE : GLASS;
});
const slideBytes = (whole: Scene): Buffer => tiffFile(aperioPages(whole, 0.5, 112));
const discs = slideBytes(slideScene);
const open = (bytes = discs): Promise<Slide> => readSlide(bytesSource(bytes, 'a.svs'));

/** The whole mask and the whole map, with what was found. */
async function ask(model: Model, slide: Slide, options: SlideOptions = {}, text = 'discs') {
  const scanned = await scanSlide(model, slide, [text], options);
  const { width, height } = scanned.grid;
  const [mask, probabilities] = [new Uint8Array(width * height), new Float32Array(width * height)];
  let rows = 0;
  const found = await scanned.answer(0, async (band) => {
    expect(band.top).toBe(rows);
    rows += band.height;
    mask.set(band.mask, band.top * width);
    probabilities.set(band.probabilities, band.top * width);
  });
  expect(rows).toBe(height);
  return { scanned, found, mask, probabilities, width, height };
}

describe('scanSlide', () => {
  it('puts tiles together without a seam: objects have their pixels wherever tiles meet', async () => {
    const { model } = fakeModel();
    const { found, mask, width, scanned } = await ask(model, await open());
    expect(scanned.grid).toEqual({ width: 640, height: 480, step: [1, 1] });
    const truth = Uint8Array.from(mask, (_, i) =>
      DISCS.some(([cx, cy, r]) => disc(i % width, Math.floor(i / width), cx, cy, r)) ? 1 : 0,
    );
    const inside = truth.reduce((sum, value) => sum + value, 0);
    const wrong = truth.reduce((sum, value, i) => sum + (value === mask[i] ? 0 : 1), 0);
    // the network's answer has a quarter of the size: edges are off by a pixel or two
    expect(wrong / inside).toBeLessThan(0.12);
    for (const [cx, cy, r] of DISCS) {
      for (let dx = -r + 4; dx < r - 4; dx++) expect(mask[cy * width + cx + dx]).toBe(1);
    }
    expect(found).toMatchObject({ text: 'discs', present: true, reason: null });
    expect(found.areaPx).toBe(mask.reduce((sum, value) => sum + value, 0));
    expect(found.areaMm2).toBeCloseTo((found.areaPx * 0.25) / 1e6, 12);
  });

  it('has in the middle of a tile what the model says of that tile alone', async () => {
    const { model } = fakeModel();
    const slide = await open();
    const { probabilities, width, scanned } = await ask(model, slide);
    const { columns, rows, overlap } = scanned.tiles;
    const [left, top] = [columns[4], rows[2]];
    const data = await slide.read(0, { left, top, width: 64, height: 64 });
    const [alone] = await model.segment({ data, width: 64, height: 64, channels: 3 }, ['discs'], {
      probabilities: true,
    });
    let furthest = 0;
    for (let y = overlap; y < 64 - overlap; y++) {
      for (let x = overlap; x < 64 - overlap; x++) {
        const difference = probabilities[(top + y) * width + left + x] - (alone.probabilities?.[y * 64 + x] as number);
        furthest = Math.max(furthest, Math.abs(difference));
      }
    }
    expect(furthest).toBeLessThan(1e-6);
  });

  it('asks only where there is tissue, and everything if wished', async () => {
    const { model, calls } = fakeModel();
    const { scanned } = await ask(model, await open());
    const tiles = scanned.tiles.columns.length * scanned.tiles.rows.length;
    expect([scanned.asked, tiles]).toEqual([calls.images, 13 * 10]);
    expect(scanned.asked).toBe(11 * 9); // columns that reach into 80 to 560, rows into 60 to 400
    expect(scanned.tissueMm2).toBeCloseTo((480 * 340 * 0.25) / 1e6, 2);
    expect((await ask(model, await open(), { tissue: 'all' })).scanned.asked).toBe(tiles);
    const glass = await ask(model, await open(slideBytes(scene(300, 200, (x) => (x < 20 ? [60, 20, 90] : GLASS)))));
    expect(glass.scanned.asked).toBeLessThan(12);
    const grey = await ask(model, await open(slideBytes(scene(300, 200, () => GLASS))));
    expect(grey.scanned.asked).toBe(6 * 4);
    expect(grey.scanned.notes.at(-1)).toMatch(/has no colour to tell tissue from glass by/);
  });

  it('works at the microns per pixel that are asked for', async () => {
    const { model } = fakeModel();
    const { scanned, found, mask, width } = await ask(model, await open(), { mpp: 1 });
    expect(scanned.grid).toEqual({ width: 320, height: 240, step: [2, 2] });
    expect(mask[125 * width + 160]).toBe(1); // the disc at (320, 250) of the slide
    const areas = DISCS.reduce((sum, [, , r]) => sum + Math.PI * r * r * 0.25, 0) / 1e6;
    expect(found.areaMm2 / areas).toBeGreaterThan(0.85);
    expect(found.areaMm2 / areas).toBeLessThan(1.15);
    const fine = await ask(model, await open(), { mpp: 0.4 });
    expect(fine.scanned.grid.width).toBe(800);
    expect(fine.scanned.notes).toContain('the slide has 0.5 microns per pixel: enlarged to 0.4, nothing finer is seen');
    const coarse = await ask(model, await open(), { mpp: 4 });
    expect(coarse.scanned.warnings).toMatchObject([
      { code: 'resolution', reason: '4 microns per pixel: this model saw 0.25-2' },
    ]);
    expect(fine.scanned.warnings).toEqual([]);
    const given = await ask(model, await open(), { mpp: 1, sourceMpp: 1 });
    expect(given.scanned.grid.width).toBe(640);
    expect(given.scanned.notes).toContain('1 microns per pixel were given, the file says 0.5 (Aperio description)');
  });

  it('says why nothing was found', async () => {
    const { model } = fakeModel();
    const absent = await ask(model, await open(), {}, 'an absent thing');
    expect(absent.found).toMatchObject({ present: false, areaPx: 0, probability: 0, tilesInside: 0 });
    expect(absent.found.reason).toBe('absent: presence 0.02 < 0.50 in every tile');
    const none = await ask(
      model,
      await open(slideBytes(scene(640, 480, (x, y) => (x > 80 && y > 60 ? TISSUE : GLASS)))),
    );
    expect(none.found.reason).toBe('empty: no pixel has a probability above 0.5');
    const { existence: _, ...decoder } = (await import('../../test/fake-model.ts')).fakeConfig.decoder;
    const plain = fakeModel({ decoder: { ...decoder, existence: false } });
    expect((await ask(plain.model, await open())).found.presence).toBeGreaterThan(0.9);
  });

  it('refuses what no image of its kind can show: it is pathology, whatever else its tiles look like', async () => {
    const views = [
      { modality: 'fundus', site: 'retinal' },
      { modality: 'pathology', site: 'cells' },
      { modality: 'pathology', site: 'colon' },
    ];
    const zeros = new Array(16).fill(0);
    const bias = [3, Math.log(3), 0]; // of pathology three quarters cells
    const { model, calls } = fakeModel(
      {},
      { views, mean: zeros, scale: zeros.map(() => 1), weights: views.map(() => zeros), bias },
    );
    const disc = await ask(model, await open(), {}, 'optic disc');
    expect(disc.found).toMatchObject({ present: false, presence: 0, tilesInside: 0, areaPx: 0 });
    expect(disc.found.reason).toBe(
      'absent: presence 0.00 < 0.50 in every tile, as the slide looks like cells pathology, where it cannot be',
    );
    expect(calls.images).toBe(disc.scanned.asked);
    const liver = await ask(model, await open(), {}, 'liver');
    const odds = 0.25 * Math.exp(4);
    expect(liver.found.presence).toBeCloseTo(odds / (1 + odds), 12);
    expect(liver.found).toMatchObject({ present: true, reason: null });
    const absent = await ask(model, await open(), {}, 'absent liver');
    expect(absent.found.reason).toMatch(/ in every tile$/);
  });

  it('takes a slide smaller than a tile', async () => {
    const { model, calls } = fakeModel();
    const small = await readSlide(
      bytesSource(
        tiffFile([
          page(
            scene(50, 30, (x) => (x < 25 ? TISSUE : OBJECT)),
            null,
          ),
        ]),
        's.tif',
      ),
    );
    const { mask } = await ask(model, small, { sourceMpp: 0.5 });
    expect([calls.images, mask[40], mask[5]]).toEqual([1, 1, 0]);
  });

  it('refuses what it cannot do, by name', async () => {
    const { model, calls } = fakeModel();
    const slide = await open();
    const refused = (options: SlideOptions) => expect(scanSlide(model, slide, ['x'], options)).rejects;
    await refused({ mpp: 0 }).toThrow('mpp must be a number from 0.05 to 50, got 0');
    await refused({ tile: 31 }).toThrow('tile must be a whole number from 32 to 4096, got 31');
    await refused({ tile: 64, overlap: 33 }).toThrow('overlap must be a whole number from 0 to 32, got 33');
    await refused({ sourceMpp: Number.NaN }).toThrow('sourceMpp must be a number');
    await refused({ threshold: 2 }).toThrow('threshold must be a number from 0 to 1, got 2');
    const unknown = await readSlide(bytesSource(tiffFile([page(slideScene, 128)]), 'b.tif'));
    await expect(scanSlide(model, unknown, ['x'])).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/^b\.tif does not say how many microns a pixel is, .*--source-mpp \(sourceMpp\)$/),
    });
    expect(calls.images).toBe(0);
  });
});

describe('tiles', () => {
  it('cover an axis, the last one ending with it', () => {
    expect(axisTiles(640, 64, 16)).toEqual({
      places: [0, 48, 96, 144, 192, 240, 288, 336, 384, 432, 480, 528, 576],
      size: 64,
    });
    expect(axisTiles(100, 64, 16)).toEqual({ places: [0, 36], size: 64 });
    expect(axisTiles(64, 64, 16)).toEqual({ places: [0], size: 64 });
    expect(axisTiles(10, 64, 16)).toEqual({ places: [0], size: 10 });
    expect(axisTiles(65, 64, 0).places).toEqual([0, 1]);
  });

  it('count less towards their edges', () => {
    expect([...tileWeights(7, 2)].map((value) => Number(value.toFixed(3)))).toEqual([
      0.333, 0.667, 1, 1, 1, 0.667, 0.333,
    ]);
    expect([...tileWeights(3, 0)]).toEqual([1, 1, 1]);
  });
});
