/** Volumes on a network that finds bright pixels: orientation, windows, smoothing, parts, stores, refusals. */
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeModel } from '../../test/fake-model.ts';
import { indexToLps, splitSteps, type Vector, type Volume } from '../image/volume.ts';
import { createRandom } from '../util/random.ts';
import { decodeRecord, encodeRecord, folderStore, memoryStore } from './slice-store.ts';
import { scanVolume, segmentVolume } from './volume.ts';

/** A volume of 64 x 64 x 12 mm in any axes that is bright (200 HU) where `bright` says so of the LPS place, else dark (-1000 HU). */
function volumeOf(steps: [Vector, Vector, Vector], size: Vector, bright: (place: Vector) => boolean): Volume {
  const split = splitSteps(steps);
  if (split === null) throw new Error('no axes');
  const grid = { size, origin: [0, 0, 0] as Vector, ...split };
  const centre = indexToLps(grid, [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2]);
  const placed = { ...grid, origin: [-centre[0], -centre[1], -centre[2]] as Vector };
  const data = new Int16Array(size[0] * size[1] * size[2]);
  for (let z = 0, at = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, at++) data[at] = bright(indexToLps(placed, [x, y, z])) ? 200 : -1000;
    }
  }
  return { ...placed, data, channels: 1, identifiers: {} };
}

const straight: [Vector, Vector, Vector] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 2],
];
/** The left front half of the body, feet half too: tells every flip and swap apart. */
const corner = (place: Vector): boolean => place[0] > 0 && place[1] < 0 && place[2] < 0;
const model = () => fakeModel().model;

describe('segmentVolume', () => {
  it('finds the same places whatever the order of axes in the file, in every plane', async () => {
    // each axis of the file turned or swapped, and one grid a few degrees oblique
    const orders: { steps: [Vector, Vector, Vector]; size: Vector }[] = [
      { steps: straight, size: [64, 64, 12] },
      {
        steps: [
          [-1, 0, 0],
          [0, -1, 0],
          [0, 0, 2],
        ],
        size: [64, 64, 12],
      },
      {
        steps: [
          [0, 0, -2],
          [0, 1, 0],
          [-1, 0, 0],
        ],
        size: [12, 64, 64],
      },
      {
        steps: [
          [0, 1, 0],
          [0, 0, 2],
          [1, 0, 0],
        ],
        size: [64, 12, 64],
      },
      {
        steps: [
          [0.998, 0.06, 0],
          [-0.06, 0.998, 0],
          [0, 0.05, 2],
        ],
        size: [64, 64, 12],
      },
    ];
    for (const { steps, size } of orders) {
      const volume = volumeOf(steps, size, corner);
      for (const plane of ['axial', 'coronal', 'sagittal'] as const) {
        const [found] = await segmentVolume(model(), volume, ['thing'], { plane, smoothing: 0 });
        expect([found.mask.size, found.mask.origin, found.mask.direction, found.mask.spacing]).toEqual([
          volume.size,
          volume.origin,
          volume.direction,
          volume.spacing,
        ]);
        let wrong = 0;
        for (let at = 0; at < volume.data.length; at++)
          if ((volume.data[at] > 0 ? 1 : 0) !== found.mask.data[at]) wrong++;
        // the fake network sees a quarter of its square's pixels: only the edge of the object may differ
        expect(wrong / volume.data.length, `${plane} ${JSON.stringify(steps)}`).toBeLessThan(0.03);
        expect(found.mean).toBeGreaterThan(100);
        expect(found.millilitres).toBeCloseTo((32 * 32 * 12) / 1000, 0);
      }
    }
  });

  it('shows the model the patient with the right on the left and the front on top', async () => {
    const volume = volumeOf(
      [
        [0, 0, -2],
        [0, -1, 0],
        [1, 0, 0],
      ],
      [12, 64, 64],
      corner,
    );
    const real = model();
    const seen: number[][] = [];
    const spied = {
      ...real,
      presenceThreshold: 0.5,
      encode: async (image: Parameters<typeof real.encode>[0], options: Parameters<typeof real.encode>[1]) => {
        if (typeof image === 'string') throw new Error('an image is expected');
        const { data, width, height } = image;
        const at = (x: number, y: number) => data[y * width + x];
        seen.push([at(4, 4), at(width - 5, 4), at(4, height - 5), at(width - 5, height - 5)]);
        return real.encode(image, options);
      },
    };
    await segmentVolume(spied, volume, ['thing'], { slices: { start: 11 } });
    // the file's columns count up to the feet: its last slice lies there; the left front corner is on the upper right
    expect(seen).toEqual([[0, 223, 0, 0]]); // 200 HU between -150 and 250
  });

  it('uses the window of the site for a CT, and says what it assumed', async () => {
    const volume = volumeOf(straight, [64, 64, 12], corner);
    const display = async (options: object, prompts = ['thing'], of = volume) => {
      const { window, modality, site, notes } = await scanVolume(model(), of, prompts, {
        slices: { stop: 1 },
        ...options,
      });
      return [window, modality, site, notes.length];
    };
    expect(await display({})).toEqual([{ low: -150, high: 250 }, 'CT', null, 1]);
    expect(await display({ modality: 'CT', site: 'chest' })).toEqual([{ low: -1000, high: 1000 }, 'CT', 'chest', 0]);
    expect(await display({}, ['liver in pelvis CT'])).toEqual([{ low: -55, high: 200 }, 'CT', 'pelvis', 0]);
    expect(await display({ modality: 'CT', site: 'brain' })).toEqual([{ low: -150, high: 250 }, 'CT', 'brain', 1]);
    expect(await display({ modality: 'MRI' })).toEqual([null, 'MRI', null, 0]);
    expect(await display({ window: { low: 0, high: 9 } })).toEqual([{ low: 0, high: 9 }, null, null, 0]);
    const dicom = { ...volume, identifiers: { modality: 'CT' } };
    expect(await display({}, ['thing'], dicom)).toEqual([{ low: -150, high: 250 }, 'CT', null, 0]);
    const positive = { ...volume, data: volume.data.map((value) => value + 1000) };
    expect(await display({}, ['thing'], positive)).toEqual([null, null, null, 1]);
    const bytes = { ...volume, data: Uint8Array.from(volume.data, (value) => (value > 0 ? 255 : 0)) };
    expect(await display({ modality: 'CT' }, ['thing'], bytes)).toEqual([null, 'CT', null, 0]);
  });

  it('leaves an absent object empty and says why', async () => {
    const volume = volumeOf(straight, [64, 64, 12], corner);
    const [found] = await segmentVolume(model(), volume, ['absent thing']);
    expect([found.present, found.voxels, found.mean, found.boxMm]).toEqual([false, 0, null, null]);
    expect(found.reason).toBe('absent: presence 0.02 < 0.50 in every slice');
    expect(found.mask.data.includes(1)).toBe(false);
  });

  it('without an existence head goes by the highest pixel, slice by slice, and smooths along the axis', async () => {
    const { decoder } = (await import('../../test/fake-model.ts')).fakeConfig;
    const plain = () => fakeModel({ decoder: { ...decoder, existence: false } }).model;
    const slab = volumeOf(straight, [64, 64, 12], (place) => place[2] > -8 && place[2] < 8);
    const run = async (smoothing: number) => (await segmentVolume(plain(), slab, ['thing'], { smoothing }))[0];
    const [sharp, smooth] = [await run(0), await run(3)];
    expect(sharp.slices.map(({ areaPx }) => (areaPx > 0 ? 1 : 0))).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect(sharp.slices.map(({ presence }) => presence)).toEqual(sharp.slices.map(({ rawPresence }) => rawPresence));
    expect(smooth.slices[2].presence).toBeLessThan(smooth.slices[2].rawPresence);
    expect(smooth.slices[1].presence).toBeGreaterThan(smooth.slices[1].rawPresence);
    expect(smooth.slices.map(({ rawPresence }) => rawPresence)).toEqual(sharp.slices.map((one) => one.rawPresence));
  });

  it('asks the slices of a range only', async () => {
    const volume = volumeOf(straight, [64, 64, 12], () => true);
    const { model: counted, calls } = fakeModel();
    const told: number[] = [];
    const [found] = await segmentVolume(counted, volume, ['thing'], {
      slices: { start: 2, stop: 9, step: 3 },
      onSlice: (done, total) => told.push(done, total),
    });
    expect([calls.images, calls.freed]).toEqual([3, 3]);
    expect(told).toEqual([1, 3, 2, 3, 3, 3]);
    expect(found.slices.map(({ index, areaPx }) => [index, areaPx])).toEqual([
      [2, 4096],
      [5, 4096],
      [8, 4096],
    ]);
    expect(found.voxels).toBe(3 * 4096);
  });

  it('keeps the largest part and fills holes where it is asked', async () => {
    const two = (place: Vector): boolean => {
      const hole = Math.hypot(place[0] + 14, place[1], place[2]) < 8;
      return (Math.hypot(place[0] + 14, place[1]) < 16 && Math.abs(place[2]) < 10 && !hole) || place[0] > 22;
    };
    const volume = volumeOf(straight, [64, 64, 12], two);
    const run = async (options: object) =>
      (await segmentVolume(model(), volume, ['thing'], { smoothing: 0, ...options }))[0];
    const [plain, filled] = [await run({}), await run({ fillHoles: true })];
    const largest = await run({ fillHoles: true, largestComponent: true });
    expect(filled.voxels).toBeGreaterThan(plain.voxels);
    expect(largest.parts).toBe(2);
    expect(largest.voxels).toBeLessThan(filled.voxels);
    expect(plain.parts).toBeUndefined();
  });

  it('refuses slices, smoothing, thresholds and prompts that make no sense', async () => {
    const volume = volumeOf(straight, [64, 64, 12], corner);
    const refused = (options: object, prompts = ['thing']) => segmentVolume(model(), volume, prompts, options);
    await expect(refused({ slices: { stop: 13 } })).rejects.toThrow(
      'there are no axial slices 0:13:1; allowed: start:stop:step from 0:12:1',
    );
    await expect(refused({ slices: { start: 5, stop: 5 } })).rejects.toThrow(/start below stop/);
    await expect(refused({ slices: { step: 0 } })).rejects.toThrow(/allowed: start:stop:step/);
    await expect(refused({ smoothing: -1 })).rejects.toThrow('smoothing must be a number of mm from 0 on, got -1');
    await expect(refused({ threshold: 2 })).rejects.toThrow('threshold must be a number from 0 to 1, got 2');
    await expect(refused({ modality: 'magic' })).rejects.toThrow(/Unknown modality "magic"; allowed: /);
    await expect(refused({ site: 'moon' })).rejects.toThrow(/Unknown site "moon"; allowed: /);
    await expect(refused({}, [''])).rejects.toThrow(/The prompt is empty/);
  });
});

describe('the kind of image that a volume is', () => {
  const views = [
    { modality: 'fundus', site: 'retinal' },
    { modality: 'CT', site: 'abdomen' },
  ];
  const row = (first: number) => [first, ...new Array(15).fill(0)];
  const classifier = { views, mean: row(0), scale: new Array(16).fill(1), weights: [row(0.25), row(0)], bias: [0, 0] };
  /** Slices of one grey level each, darker ones first: 8 bits, which say nothing of their modality. */
  const levels = [64, 64, 64, 128, 128, 160, 160, 192];
  const data = Uint8Array.from({ length: 64 * 64 * levels.length }, (_, i) => levels[Math.floor(i / 4096)]);
  const volume: Volume = { ...volumeOf(straight, [64, 64, levels.length], corner), data };
  const fundus = levels.reduce((sum, grey) => sum + 1 / (1 + Math.exp(-(grey - 128) / 64)), 0) / levels.length;
  const oddsTimes = (possible: number) => (possible * Math.exp(4)) / (1 + possible * Math.exp(4));

  it('is the mean of its slices, each encoded once, and counts in all of them', async () => {
    const { model: guessing, calls } = fakeModel({}, classifier);
    const [disc, liver, chair] = await segmentVolume(guessing, volume, ['optic disc', 'liver', 'wooden chair']);
    expect(calls.images).toBe(levels.length);
    expect(disc.slices.map((one) => one.rawPresence)).toEqual(
      new Array(levels.length).fill(disc.slices[0].rawPresence),
    );
    expect(disc.slices[0].rawPresence).toBeCloseTo(oddsTimes(fundus), 12);
    expect(disc.presence).toBeCloseTo(oddsTimes(fundus), 12);
    expect(liver.presence).toBeCloseTo(oddsTimes(1 - fundus), 12);
    expect(chair.presence).toBeCloseTo(oddsTimes(1), 12);
  });

  it('is told by the file or the caller before any guess; what a prompt says is evidence', async () => {
    const ask = async (text: string, of: Volume, options: object = {}) =>
      (await segmentVolume(fakeModel({}, classifier).model, of, [text], { presenceThreshold: 0.9, ...options }))[0];
    const ct = { ...volume, identifiers: { modality: 'CT' } };
    const refused =
      'absent: presence 0.00 < 0.90 in every slice, as the volume looks like abdomen CT, where it cannot be';
    expect(await ask('optic disc', ct)).toMatchObject({ present: false, presence: 0, reason: refused, voxels: 0 });
    expect(await ask('optic disc', volume, { modality: 'CT' })).toMatchObject({ presence: 0, reason: refused });
    expect(await ask('optic disc', volume, { modality: 'fundus' })).toMatchObject({ present: true, reason: null });
    const said = (400 * fundus) / (400 * fundus + 1 - fundus);
    expect((await ask('optic disc in retinal fundus', volume)).presence).toBeCloseTo(oddsTimes(said), 12);
    expect(await ask('optic disc in retinal fundus', ct)).toMatchObject({ presence: 0, reason: refused });
    // values that only Hounsfield units have
    const values = volumeOf(straight, [64, 64, 12], corner);
    expect(await ask('optic disc', values)).toMatchObject({ present: false, presence: 0, reason: refused });
    // absent whatever the kind of image
    expect((await ask('absent liver', volume)).reason).toMatch(/^absent: presence 0\.0\d < 0\.90 in every slice$/);
  });

  it('is left out in planes that the guess does not know', async () => {
    const ct = { ...volume, identifiers: { modality: 'CT' } };
    const { model: guessing } = fakeModel({}, classifier);
    const [disc] = await segmentVolume(guessing, ct, ['optic disc'], { plane: 'coronal' });
    expect(disc.presence).toBeCloseTo(oddsTimes(1), 12);
  });

  it('is the same from what an earlier run kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'biomedparse-kinds-'));
    try {
      const whole = await segmentVolume(fakeModel({}, classifier).model, volume, ['optic disc']);
      const store = await folderStore(folder);
      const stop = new AbortController();
      const onSlice = (done: number) => (done === 3 ? stop.abort() : undefined);
      const first = segmentVolume(fakeModel({}, classifier).model, volume, ['optic disc'], {
        ...{ store, onSlice, signal: stop.signal },
      });
      await expect(first).rejects.toThrow();
      const { model: second, calls } = fakeModel({}, classifier);
      expect(await segmentVolume(second, volume, ['optic disc'], { store })).toEqual(whole);
      expect(calls.images).toBe(levels.length - 3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('stores', () => {
  it('give back what was written, to the bit', () => {
    const random = createRandom(3);
    const fit = { width: 7, height: 5, size: 64, inner: { left: 1, top: 2, width: 60, height: 50 } };
    for (const [heads, moments] of [
      [true, 6],
      [true, 0],
      [false, 6],
      [false, 0],
    ] as const) {
      const logits = Float32Array.from({ length: 24 }, () => random.normal());
      const existence = heads ? Float32Array.from([random.normal(), random.normal()]) : null;
      const summary = moments === 0 ? null : Float32Array.from({ length: moments }, () => random.normal());
      const record = { logits, height: 3, width: 4, existence, summary, fit };
      const bytes = encodeRecord(record);
      expect(decodeRecord(bytes)).toEqual(record);
      for (let n = 0; n < 100; n++) {
        const damaged = bytes.slice();
        damaged[random.integer(bytes.length)] ^= 1 << random.integer(8);
        expect(decodeRecord(damaged)).toBeNull();
        expect(decodeRecord(bytes.subarray(0, random.integer(bytes.length)))).toBeNull();
      }
    }
  });

  it('spare the slices that they hold, and give the same answer', async () => {
    const volume = volumeOf(straight, [64, 64, 12], corner);
    const folder = mkdtempSync(join(tmpdir(), 'biomedparse-slices-'));
    try {
      const whole = await segmentVolume(model(), volume, ['thing', 'other'], { store: memoryStore() });
      const stop = new AbortController();
      const first = fakeModel();
      const store = await folderStore(join(folder, 'work'));
      const onSlice = (done: number) => (done === 7 ? stop.abort() : undefined);
      const options = { store, onSlice, signal: stop.signal };
      await expect(segmentVolume(first.model, volume, ['thing', 'other'], options)).rejects.toThrow();
      expect([first.calls.images, readdirSync(join(folder, 'work')).length]).toEqual([7, 7]);
      truncateSync(join(folder, 'work', 'slice-00003'), 40); // a damaged record is asked again
      const second = fakeModel();
      const again = await scanVolume(second.model, volume, ['thing', 'other'], { store });
      expect([second.calls.images, again.kept]).toEqual([6, 6]);
      expect([await again.answer(0), await again.answer(1)]).toEqual(whole);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuse a folder that cannot be made', async () => {
    await expect(folderStore('/proc/none/work')).rejects.toThrow(/^cannot make the work folder \/proc\/none\/work: /);
  });
});
