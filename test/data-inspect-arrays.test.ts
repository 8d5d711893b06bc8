/** `data inspect` on arrays of NumPy, MATLAB and HDF5: drafts that build to the right masks by value, and files that cannot be read. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../src/formats/npy.ts';
import { columnsOf, matFile, npy, npz, rowsOf } from './helpers/arrays.ts';
import { inspected, MASK, only, ROWS, seenIn } from './helpers/inspect.ts';
import { digitsPng, png, temporaryFolder } from './helpers/sources.ts';

/** Grey levels of `ROWS` from 0 to 180. */
const GREY = rowsOf(ROWS).map((value) => value * 20);
/** A coloured picture of 4 x 4 pixels. */
const COLOURS = GREY.flatMap((value) => [value, 255 - value, 10]);
const coloured = () => png(COLOURS, 4, 4, 3);
const EMPTY = ['0000', '0000', '0000', '0000'];

/** Pixels of the places of an axis that runs fastest. */
const interleave = (places: readonly (readonly string[])[]): number[] =>
  rowsOf(places[0]).flatMap((_, i) => places.map((rows) => rowsOf(rows)[i]));

describe('data inspect of stacks', () => {
  // two cells of the first kind, one of the second, none of the third
  const first = ['1200', '0000', '0000', '0000'];
  const second = ['0000', '0033', '0033', '0000'];
  const rest = ['0011', '1100', '1100', '1111'];

  it('PanNuke: pictures and a place for each kind of cell, with what is left as the last', async () => {
    const images = npy([2, 4, 4, 3], [...COLOURS, ...COLOURS.toReversed()], true);
    const none = ['1111', '1111', '1111', '1111'];
    const masks = npy(
      [2, 4, 4, 4],
      [...interleave([first, second, EMPTY, rest]), ...interleave([EMPTY, EMPTY, EMPTY, none])],
      true,
    );
    const text = Buffer.from(encodeNpy(new Uint8Array(8), [8])).toString('latin1');
    const types = Buffer.from(text.replace("'|u1'", "'<U4'"), 'latin1');
    const files = Object.fromEntries(
      [1, 2].flatMap((n) => [
        [`Fold ${n}/images/fold${n}/images.npy`, images],
        [`Fold ${n}/images/fold${n}/types.npy`, types],
        [`Fold ${n}/masks/fold${n}/masks.npy`, masks],
      ]),
    );
    const { found, draft, built } = await inspected('nuclei', files);
    expect(found.parts).toMatchObject([
      {
        images: '{subject}/images/{folder3}/images.npy',
        masks: '{subject}/masks/{folder3}/masks.npy',
        ...{ pairs: 2, pixels: { axes: 'nyxc' }, reader: 'instances', settings: { axes: 'nyxl' } },
        labels: [
          { label: '0', target: 'label 0', named: false },
          { label: '1', target: 'label 1', named: false },
          { label: '2', target: 'label 2', named: false },
          { label: '3', target: null, named: true },
        ],
        modality: { value: 'pathology', known: false },
        site: { value: 'mixed', known: false },
      },
    ]);
    expect(found.parts[0].why.slice(1)).toEqual([
      'Fold 1/images/fold1/images.npy is [2 x 4 x 4 x 3]: axes nyxc, 2 items',
      'Fold 1/masks/fold1/masks.npy is [2 x 4 x 4 x 4]: axes nyxl, 2 items',
      'reader instances: axis l has 4 places, which number objects in 4 masks that were read; place 3 marks what the others leave',
    ]);
    expect(found.open).toContain('{subject}/masks/{folder3}/masks.npy: what the places 0, 1, 2 of axis l mean');
    expect(found.open).toContain(
      "not read: Fold 1/images/fold1/types.npy is not a usable .npy file: its elements are '<U4'; allowed: b1, i1, u1, i2, u2, i4, u4, i8, u8, f4, f8",
    );
    expect(draft).toContain("images: {file: '{subject}/images/{folder3}/images.npy', axes: nyxc}");
    expect(draft).toContain("0: 'label 0' # OPEN: its name");
    expect(draft).toContain('3: null\n');
    expect(built.summary).toMatchObject({ failures: [], dropped: 2 });
    expect(built.images).toHaveLength(2);
    expect(await built.mask('label 0', '-Fold-1-fold1-t0')).toEqual(['1100', '0000', '0000', '0000']);
    expect(await built.mask('label 1', '-Fold-2-fold2-t0')).toEqual(['0000', '0011', '0011', '0000']);
    expect(built.images[0].masks.map(({ target, instances }) => [target, instances?.length])).toEqual([
      ['label 0', 2],
      ['label 1', 1],
    ]);
    expect(await built.grey('-Fold-1-fold1-t0')).toEqual(COLOURS);
  });

  it('one stack of grey pictures with label maps, and names of their numbers', async () => {
    const { found, draft, built } = await inspected('brain MRI', {
      'images.npy': npy([2, 4, 4], [...GREY, ...GREY.toReversed()]),
      'masks.npy': npy([2, 4, 4], [...rowsOf(EMPTY), ...rowsOf(MASK)]),
      'dataset.json': JSON.stringify({ labels: { background: 0, edema: 1, brain_tumor: 2 } }),
      'labels_of_subjects.npy': npy([2], [0, 1]),
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'images.npy', masks: 'masks.npy', pixels: { axes: 'nyx' }, reader: 'labels' },
        settings: { axes: 'nyx' },
        labels: [
          { label: '1', target: 'edema' },
          { label: '2', target: 'brain tumor' },
        ],
        modality: { value: 'MRI', known: true },
      },
    ]);
    expect(found.open).toContain(
      'images.npy: whether its arrays hold pictures (axis n) or the slices of a volume (z in its place, also in the mask)',
    );
    expect(found.open).toContain('1 files of arrays that are in no pair, such as labels_of_subjects.npy ([2])');
    expect(draft).toContain("images: {file: 'images.npy', axes: nyx}");
    expect(built.summary.failures).toEqual([]);
    expect(built.images).toHaveLength(1);
    expect(await built.mask('edema', '-t1')).toEqual(only('1'));
    expect(await built.mask('brain tumor', '-t1')).toEqual(only('2'));
    expect(await built.grey('-t1')).toEqual(GREY.toReversed());
  });

  it.each([
    ['in front of the picture', 'lyx', [...rowsOf(only('1')), ...rowsOf(only('2')), ...rowsOf(EMPTY)]],
    ['behind it', 'yxl', interleave([only('1'), only('2'), EMPTY])],
  ])('an axis of labels %s', async (_, axes, values) => {
    const { found, built } = await inspected('scans', {
      'images/a.png': await digitsPng(ROWS, 20),
      'masks/a.npy': npy(axes === 'lyx' ? [3, 4, 4] : [4, 4, 3], values),
    });
    expect(found.parts).toMatchObject([{ reader: 'binary', settings: { axes }, labels: [{}, {}, {}] }]);
    expect(found.parts[0].pixels).toBeUndefined();
    expect(await built.mask('label 0')).toEqual(only('1'));
    expect(await built.mask('label 1')).toEqual(only('2'));
    expect(built.images[0].masks).toHaveLength(2);
  });

  it('tells colours from places', async () => {
    const colours: Readonly<Record<string, readonly number[]>> = { 0: [0, 0, 0], 1: [255, 255, 0], 2: [0, 255, 255] };
    const mask = rowsOf(MASK).flatMap((digit) => colours[digit]);
    const { found, built } = await inspected('scans', {
      'a.npy': npy([4, 4], GREY),
      'a_mask.npy': npy([4, 4, 3], mask),
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{id:a}.npy', masks: '{id}_mask.npy', reader: 'colour', settings: { axes: 'yxc' } },
        labels: [{ label: '#00ffff' }, { label: '#ffff00' }],
      },
    ]);
    expect(await built.mask('label 1')).toEqual(only('2'));
    expect(await built.mask('label 2')).toEqual(only('1'));
  });

  it('takes shares of 1 for a mask above a half', async () => {
    const shares = rowsOf(MASK).map((value) => value * 0.45);
    const { found, built } = await inspected('scans', {
      ...{ 'images/a.npy': npy([4, 4], GREY), 'masks/a_liver.npy': npy([4, 4], shares, true) },
    });
    expect(found.parts).toMatchObject([
      { reader: 'binary', threshold: 0.5, labels: [{ target: 'liver', named: true }] },
    ]);
    expect(await built.mask('liver')).toEqual(only('2'));
  });

  it('takes many numbers for single objects', async () => {
    const grid = Array.from({ length: 64 }, (_, i) => (i < 40 ? i + 1 : 0));
    const levels = Array.from({ length: 64 * 4 }, (_, i) => (i * 3) % 256);
    const { found, built } = await inspected(
      'cells of us',
      { 'images/a.npy': npy([8, 8, 4], levels), 'masks/a.npy': npy([8, 8], grid) },
      8,
    );
    expect(found.parts).toMatchObject([{ reader: 'instances', labels: [{ target: 'object', named: false }] }]);
    expect(found.parts[0].why.at(-1)).toBe(
      'reader instances: more than 32 numbers in 1 masks that were read, taken for single objects',
    );
    expect(found.open).toContain(
      'images/{id:a}.npy: its 4 channels are taken for colours with opacity; "channel" takes one of them',
    );
    expect(built.images[0].masks[0].instances).toHaveLength(40);
  });

  it('an array whose mask is a picture', async () => {
    const { found, draft, built } = await inspected('X-rays', {
      ...{ 'images/a.npy': npy([4, 4], GREY), 'masks/a.png': await digitsPng(MASK) },
    });
    expect(found.parts).toMatchObject([{ images: 'images/{id:a}.npy', masks: 'masks/{id}.png', settings: {} }]);
    expect(draft).toContain("images: {file: 'images/{id:a}.npy', axes: yx}");
    expect(await built.mask('label 2')).toEqual(only('2'));
  });

  it('says that one of complete places is the background, and cannot say which', async () => {
    const inverse = MASK.map((row) => row.replaceAll(/./g, (digit) => (digit === '0' ? '1' : '0')));
    const values = interleave([inverse, only('1'), only('2')]);
    const { found } = await inspected('scans', {
      'images/a.npy': npy([4, 4], GREY),
      'masks/a.npy': npy([4, 4, 3], values),
    });
    expect(found.parts[0].labels.map(({ target }) => target)).toEqual(['label 0', 'label 1', 'label 2']);
    expect(found.open).toContain('masks/{id}.npy: which place is the background: every pixel is in one of them');
  });
});

describe('data inspect of a file of arrays per case', () => {
  it('volumes with label maps, whose slices are the first axis', async () => {
    const volume = (scale: number): number[] => [...GREY, ...GREY].map((value) => value * scale - 1000);
    const mask = [...rowsOf(EMPTY), ...rowsOf(MASK)];
    const files = Object.fromEntries(
      ['c1', 'c2'].flatMap((name) => [
        [`images/${name}.npy`, npy([2, 4, 4], volume(8), true)],
        [`labels/${name}.npy`, npy([2, 4, 4], mask)],
      ]),
    );
    const { found, built } = await inspected('scans of the liver', files);
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'images/{id}.npy', masks: 'labels/{id}.npy', pixels: { axes: 'zyx' }, settings: { axes: 'zyx' } },
        modality: { value: 'CT', known: true },
        site: { value: 'liver', known: true },
      },
    ]);
    expect(found.parts[0].why).toContain('images/c1.npy is [2 x 4 x 4]: axes zyx, 2 slices');
    expect(built.summary.failures).toEqual([]);
    expect(built.images.map(({ source }) => [source.image, source.slice])).toEqual([
      ['images/c1.npy', 1],
      ['images/c2.npy', 1],
    ]);
    expect(await built.mask('label 2', '-c2-s1')).toEqual(only('2'));
  });

  it.each([true, false])('an archive that holds image and mask (deflated: %s)', async (deflate) => {
    const pair = {
      image: npy(
        [4, 4],
        GREY.map((value) => value / 180),
        true,
      ),
      label: npy([4, 4], rowsOf(MASK)),
    };
    const { found, draft, built } = await inspected('CXR', {
      'train/case1_slice0.npz': npz(pair, deflate),
      'train/case1_slice1.npz': npz({ ...pair, spacing: npy([2], [1, 1]) }, deflate),
      'train/mean.npz': npz({ mean: npy([1], [3]), deviation: npy([1], [2]) }),
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'train/{id}.npz', masks: 'train/{id}.npz', pairs: 2, reader: 'labels' },
        ...{ pixels: { variable: 'image', axes: 'yx' }, settings: { variable: 'label', axes: 'yx' } },
      },
    ]);
    expect(found.parts[0].why.slice(0, 2)).toEqual([
      'train/case1_slice0.npz holds an image and its mask',
      'array image of train/case1_slice0.npz is [4 x 4]: axes yx',
    ]);
    expect(draft).toContain("images: {file: 'train/{id}.npz', variable: image, axes: yx}");
    expect(found.open).toContain('train/{id}.npz: 1 files, such as train/mean.npz, hold no such image and mask');
    expect(built.summary.failures).toHaveLength(1);
    expect(built.summary.failures[0]).toContain('train/mean.npz: it has no array "image"');
    expect(await built.mask('label 1', '-case1-slice1_')).toEqual(only('1'));
    expect(await built.mask('label 2', '-case1-slice0_')).toEqual(only('2'));
  });

  it('takes an archive of classes for no masks', async () => {
    const found = await seenIn({
      'pathmnist.npz': npz({
        train_images: npy([3, 4, 4], [...GREY, ...GREY, ...GREY]),
        train_labels: npy([3, 1], [0, 1, 1]),
      }),
    });
    expect(found.parts).toEqual([]);
    expect(found.open).toContain(
      '1 files of arrays that are in no pair, such as pathmnist.npz (train_images [3 x 4 x 4], train_labels [3 x 1])',
    );
  });

  it('HDF5 of a case', async () => {
    const root = await temporaryFolder();
    const { default: h5wasm, File } = await import('h5wasm/node');
    await h5wasm.ready;
    await mkdir(join(root, 'knees'));
    for (const name of ['case1', 'case2']) {
      const file = new File(join(root, `knees/${name}.npy.h5`), 'w');
      file.create_dataset({ name: 'image', data: Float32Array.from([...GREY, ...GREY]), shape: [2, 4, 4] });
      file.create_dataset({
        name: 'label',
        data: Uint8Array.from([...rowsOf(EMPTY), ...rowsOf(MASK)]),
        shape: [2, 4, 4],
      });
      file.close();
    }
    const { found, built } = await inspected(join(root, 'knees'), null);
    expect(found.parts).toMatchObject([
      { images: '{id}.h5', pixels: { variable: 'image', axes: 'zyx' }, settings: { variable: 'label', axes: 'zyx' } },
    ]);
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('label 1', '-case2.npy-s1')).toEqual(only('1'));
  });
});

describe('data inspect of MATLAB', () => {
  const doubles = (rows: readonly string[]): Float64Array => Float64Array.from(columnsOf(rows));
  const inst = ['0100', '0120', '0002', '3000'];
  const kinds = ['0500', '0520', '0002', '5000'];

  it('CoNSeP: a map of kinds beside a map of objects', async () => {
    const mat = matFile([
      { name: 'inst_map', shape: [4, 4], data: doubles(inst), packed: true },
      { name: 'type_map', shape: [4, 4], data: doubles(kinds), packed: true },
      { name: 'inst_type', shape: [3, 1], data: Float64Array.from([5, 2, 5]) },
      { name: 'inst_centroid', shape: [3, 2], data: new Float64Array(6) },
    ]);
    const { found, built } = await inspected('CoNSeP', {
      ...{ 'Train/Images/train_1.png': await coloured(), 'Train/Labels/train_1.mat': mat },
      ...{ 'Train/Overlay/train_1.png': await coloured(), 'Train/Images/train_2.png': await coloured() },
      'Train/Labels/train_2.mat': mat,
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'Train/Images/{id}.png', masks: 'Train/Labels/{id}.mat', pairs: 2, reader: 'labels' },
        settings: { variable: 'type_map', axes: 'yx' },
        labels: [
          { label: '2', target: 'label 2', named: false },
          { label: '5', target: 'label 5', named: false },
        ],
        modality: { value: 'pathology', known: false },
      },
    ]);
    expect(found.open).toEqual(
      expect.arrayContaining([
        'Train/Labels/{id}.mat: what the labels 2, 5 mean',
        'Train/Labels/{id}.mat: the array inst_map of it fits too; the draft takes type_map',
        'Train/Labels/{id}.mat: inst_type may give each object a kind, which no reader of masks takes',
        '1 images without a mask, such as Train/Overlay/train_1.png',
      ]),
    );
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(await built.mask('label 5', '-train-1_')).toEqual(['0100', '0100', '0000', '1000']);
    expect(await built.mask('label 2', '-train-2_')).toEqual(['0000', '0010', '0001', '0000']);
  });

  it('Lizard: a map of objects, in a folder far from the images', async () => {
    const mat = matFile([
      { name: 'inst_map', shape: [4, 4], data: Int32Array.from(columnsOf(inst)), packed: true },
      { name: 'class', shape: [3, 1], data: Int32Array.from([5, 2, 5]) },
      { name: 'bbox', shape: [3, 4], data: new Int32Array(12) },
    ]);
    const { found, draft, built } = await inspected('Lizard', {
      'lizard_images1/Lizard_Images1/consep_1.png': await coloured(),
      'lizard_images2/Lizard_Images2/glas_1.png': await coloured(),
      'lizard_labels/Lizard_Labels/Labels/consep_1.mat': mat,
      'lizard_labels/Lizard_Labels/Labels/glas_1.mat': mat,
    });
    expect(found.parts.map(({ images, masks, reader }) => [images, masks, reader])).toEqual([
      ['lizard_images1/Lizard_Images1/{id:consep_1}.png', 'lizard_labels/Lizard_Labels/Labels/{id}.mat', 'instances'],
      ['lizard_images2/Lizard_Images2/{id:glas_1}.png', 'lizard_labels/Lizard_Labels/Labels/{id}.mat', 'instances'],
    ]);
    expect(found.parts[0].why.at(-1)).toBe('reader instances: inst_map numbers single objects');
    expect(found.open).toEqual(
      expect.arrayContaining([
        'lizard_labels/Lizard_Labels/Labels/{id}.mat: what is marked is not named; the draft calls it "object"',
        'lizard_labels/Lizard_Labels/Labels/{id}.mat: class may give each object a kind, which no reader of masks takes',
      ]),
    );
    expect(draft).toContain("variable: 'inst_map'\n        axes: yx\n        target: 'object' # OPEN: what is marked");
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('object', '-consep-1-')).toEqual(['0100', '0110', '0001', '1000']);
    expect(built.images[0].masks[0].instances).toHaveLength(3);
  });

  it('a single array beside a picture, marked by the name of the file or the array', async () => {
    const data = Uint8Array.from(columnsOf(only('1')), (value) => value * 255);
    const { found, built } = await inspected('smears', {
      ...{ 'a.png': await coloured(), 'a.mat': matFile([{ name: 'nucleus', shape: [4, 4], data }]) },
      'notes.mat': matFile([{ name: 'ages', shape: [1, 3], data: Float64Array.from([1, 2, 3]) }]),
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{id:a}.png', masks: '{id}.mat', reader: 'binary', settings: { variable: 'nucleus', axes: 'yx' } },
        labels: [{ label: '255', target: 'nucleus', named: true }],
      },
    ]);
    expect(found.open).toContain('1 files of arrays that are in no pair, such as notes.mat (ages [1 x 3])');
    expect(await built.mask('nucleus')).toEqual(only('1'));
  });

  it('pictures and drawings in one file, not a number where nothing was drawn', async () => {
    const images = Uint8Array.from([...columnsOf(ROWS), ...columnsOf(MASK)], (value) => value * 20);
    const drawn = Float64Array.from([...columnsOf(MASK), ...columnsOf(EMPTY).map(() => Number.NaN)]);
    const file = matFile([
      { name: 'images', shape: [4, 4, 2], data: images },
      { name: 'manualFluid1', shape: [4, 4, 2], data: drawn, packed: true },
      { name: 'manualFluid2', shape: [4, 4, 2], data: drawn, packed: true },
      { name: 'manualLayers1', shape: [8, 4, 2], data: new Uint8Array(64) },
    ]);
    const { found, built } = await inspected('retinal OCT', { 'Subject_01.mat': file, 'Subject_02.mat': file });
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{id}.mat', masks: '{id}.mat', pairs: 2, pixels: { variable: 'images', axes: 'yxn' } },
        ...{ reader: 'labels', settings: { variable: 'manualFluid1', axes: 'yxn' } },
        modality: { value: 'OCT', known: true },
      },
    ]);
    expect(found.open).toContain('{id}.mat: the array manualFluid2 of it fits too; the draft takes manualFluid1');
    expect(built.summary.failures).toEqual([]);
    expect(await built.mask('label 1', '-Subject-02-t0')).toEqual(only('1'));
    expect(built.images).toHaveLength(2);
  });
});

describe('data inspect of arrays that cannot be used', () => {
  it('names damaged files with the reason and goes on with the others', async () => {
    const mat = matFile([{ name: 'mask', shape: [4, 4], data: Uint8Array.from(columnsOf(only('1'))), packed: true }]);
    const image = await digitsPng(ROWS, 20);
    const { found } = await inspected('scans', {
      ...{ 'images/a.png': image, 'labels/a.mat': mat.subarray(0, mat.length - 20) },
      ...{ 'images/b.png': image, 'labels/b.mat': 'some text' },
      ...{ 'images/c.png': image, 'labels/c.mat': mat },
      ...{ 'stack/images.npy': npy([2, 4, 4], [...GREY, ...GREY]).subarray(0, 150), 'stack/masks.npy': '' },
      'other/x.npz': npz({ image: npy([4, 4], GREY), label: npy([4, 4], rowsOf(MASK)) }).subarray(10),
      'other/y.h5': Buffer.from('no HDF5'),
    });
    expect(found.parts).toMatchObject([{ masks: 'labels/{id}.mat', settings: { variable: 'mask' }, pairs: 3 }]);
    const unread = found.open.filter((one) => one.startsWith('not read: ')).map((one) => one.slice(10));
    expect(unread).toEqual([
      expect.stringMatching(/^labels\/a\.mat is not a usable MATLAB file: .*truncated/),
      'labels/b.mat is not a usable MATLAB file: it has 9 bytes (truncated?)',
      'stack/images.npy is not usable: it has 150 bytes, shape [2, 4, 4] needs 160',
      'stack/masks.npy is not a usable .npy file: it does not start as one',
      expect.stringMatching(/^other\/x\.npz is not a usable zip archive: /),
      '1 more files of arrays',
    ]);
    const other = await seenIn({ 'y.h5': Buffer.from('no HDF5') });
    expect(other.open[0]).toBe('not read: y.h5 is not a usable HDF5 file: it does not start as one');
  });

  it('says why arrays do not go with their images', async () => {
    const found = await seenIn({
      'images/a.png': await digitsPng(ROWS),
      'labels/a.npy': npy(
        [3, 4],
        Array.from({ length: 12 }, () => 1),
      ),
    });
    expect(found.parts).toEqual([]);
    expect(found.open).toContain('not in the draft: labels/a.npy holds [3 x 4], images/a.png [4 x 4]');
  });

  it('leaves arrays beside masks of pixels', async () => {
    const { found } = await inspected('cells', {
      ...{ 'images/a.png': await digitsPng(ROWS), 'masks/a.png': await digitsPng(MASK) },
      'masks/a.npy': npy([4, 4], rowsOf(MASK)),
    });
    expect(found.parts.map(({ masks }) => masks)).toEqual(['masks/{id}.png']);
    expect(found.open).toContain('1 files of arrays that are in no pair, such as masks/a.npy ([4 x 4])');
  });
});
