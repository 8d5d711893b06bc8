/** `data inspect` on outlines, run lengths, and a file for every structure: drafts that build to the right masks by value. */
import { describe, expect, it } from 'vitest';
import { inspected, MASK, nii, only, ROWS } from './helpers/inspect.ts';
import { digitsPng, png } from './helpers/sources.ts';

/** A picture of 6 x 4 pixels, which becomes a square of 6 with a black row above and below. */
const WIDE = ['012345', '678901', '234567', '890123'];
const wide = () => digitsPng(WIDE, 20);
const BORDER = '000000';
/** Columns 1 and 2 of rows 1 and 2, and the lower right pixel. */
const CELL = ['000000', '011000', '011000', '000000'];
const DOT = ['000000', '000000', '000000', '000001'];
const square = (rows: readonly string[]): string[] => [BORDER, ...rows, BORDER];

const coco = (names: readonly string[], annotations: readonly object[]): string =>
  JSON.stringify({
    images: names.map((file_name, i) => ({ id: i + 1, file_name, width: 6, height: 4 })),
    annotations: annotations.map((one, i) => ({ id: i + 1, ...one })),
    categories: [
      { id: 3, name: 'nucleus' },
      { id: 7, name: 'mitotic_figure' },
    ],
  });

describe('data inspect of outlines', () => {
  it('finds COCO files and the images that they name', async () => {
    const shapes = [
      { image_id: 1, category_id: 3, segmentation: [[1, 1, 3, 1, 3, 3, 1, 3]] },
      { image_id: 1, category_id: 7, segmentation: { size: [4, 6], counts: [23, 1] } },
      { image_id: 2, category_id: 7, bbox: [5, 3, 1, 1] },
    ];
    const { found, draft, built } = await inspected(
      'histology',
      {
        ...{ 'train/a.png': await wide(), 'train/b.png': await wide(), 'val/c.png': await wide() },
        'annotations/instances_train.json': coco(['a.png', 'b.png'], shapes),
        'annotations/instances_val.json': coco(['c.png'], [{ ...shapes[0], image_id: 1 }]),
        'annotations/captions.json': JSON.stringify({ captions: [] }),
      },
      6,
    );
    expect(found.parts.map(({ images, masks, reader, pairs }) => [images, masks, reader, pairs])).toEqual([
      ['train/{id}.png', 'annotations/instances_train.json', 'coco', 2],
      ['val/{id:c}.png', 'annotations/instances_val.json', 'coco', 1],
    ]);
    expect(found.parts[0]).toMatchObject({
      labels: [
        { label: 'nucleus', target: 'nucleus', named: true },
        { label: 'mitotic_figure', target: 'mitotic figure', named: true },
      ],
      settings: {},
      modality: { value: 'pathology', known: true },
    });
    expect(found.parts[0].why).toEqual([
      'annotations/instances_train.json is a COCO file that names 2 images, such as train/a.png',
      'reader coco: 2 outlines and 1 boxes of 2 labels in the files',
    ]);
    expect(found.open).toContain(
      'annotations/instances_train.json: 1 objects have a box and no outline; their masks would be rectangles',
    );
    expect(draft).toContain("reader: coco\n        labels:\n          'nucleus': 'nucleus'");
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(await built.mask('nucleus', '-a-p1_')).toEqual(square(CELL));
    expect(await built.mask('mitotic figure', '-a-p1_')).toEqual(square(DOT));
    expect(await built.mask('mitotic figure', '-b-p1_')).toEqual(square(DOT));
    expect(await built.mask('nucleus', '-c-p2_')).toEqual(square(CELL));
  });

  it('leaves out images that a COCO file does not name', async () => {
    const shape = { image_id: 1, category_id: 3, segmentation: [[1, 1, 3, 1, 3, 3, 1, 3]] };
    const { found, built } = await inspected(
      'cells',
      { 'a.png': await wide(), 'b.png': await wide(), 'coco.json': coco(['a.png'], [shape]) },
      6,
    );
    expect(found.parts).toMatchObject([{ images: '{id:a}.png', settings: {} }]);
    expect(found.open).toContain('1 images without a mask, such as b.png');
    expect(built.images).toHaveLength(1);
    const several = await inspected(
      'cells',
      {
        ...{ 'a.png': await wide(), 'b.png': await wide(), 'c.png': await wide() },
        'coco.json': coco(['a.png', 'c.png'], [shape]),
      },
      6,
    );
    expect(several.found.parts).toMatchObject([{ images: '{id}.png', settings: { missing: 'empty' } }]);
    expect(several.found.open).toContain(
      'coco.json: 1 images, such as b.png, are not named in it; the draft leaves them out',
    );
    expect(several.built.summary.failures).toEqual([]);
    expect(several.built.images.map(({ source }) => source.image)).toEqual(['a.png']);
  });

  it('finds labelme files beside images and in a folder', async () => {
    const labelme = (label: string, shape_type: string, points: readonly (readonly number[])[]): string =>
      JSON.stringify({
        ...{ version: '5.0.1', flags: {}, imagePath: 'a.png', imageWidth: 6, imageHeight: 4 },
        shapes: [{ label, shape_type, points }],
      });
    const polygon = [
      [1, 1],
      [3, 1],
      [3, 3],
      [1, 3],
    ];
    const json = labelme('polyp', 'polygon', polygon);
    const box = labelme('snare_tip', 'rectangle', [
      [5, 3],
      [6, 4],
    ]);
    for (const [images, notes] of [
      ['', ''],
      ['images/', 'annotations/'],
    ]) {
      const { found, built } = await inspected(
        'colonoscopy',
        {
          ...{ [`${images}a.png`]: await wide(), [`${images}b.png`]: await wide() },
          ...{ [`${notes}a.json`]: json, [`${notes}b.json`]: box, 'readme.json': '{"about": "us"}' },
        },
        6,
      );
      expect(found.parts).toMatchObject([
        {
          ...{ images: `${images}{id}.png`, masks: `${notes}{id}.json`, reader: 'labelme', pairs: 2, except: null },
          labels: [{ target: 'polyp' }, { target: 'snare tip' }],
        },
      ]);
      expect(found.parts[0].why[0]).toMatch(/^\S*a\.json is taken for the mask of \S*a\.png: .*the names share a$/);
      expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
      expect(await built.mask('polyp', '-a_')).toEqual(square(CELL));
      expect(await built.mask('snare tip', '-b_')).toEqual(square(DOT));
    }
  });

  it.each([
    ['data.yaml', 'names: [cell, dot]\nnc: 2\n', ['cell', 'dot']],
    ['data.yaml', 'names:\n  0: cell\n  1: dot\n', ['cell', 'dot']],
    ['classes.txt', 'cell\ndot\n', ['cell', 'dot']],
    ['notes.txt', 'nothing of use\n', ['class 0', 'class 1']],
  ])('finds YOLO files, with names of classes in %s', async (file, text, names) => {
    const share = (...points: readonly number[]): string =>
      points.map((value, i) => value / (i % 2 === 0 ? 6 : 4)).join(' ');
    const { found, built } = await inspected(
      'micrographs',
      {
        ...{ 'images/train/a.png': await wide(), 'labels/train/a.txt': `0 ${share(1, 1, 3, 1, 3, 3, 1, 3)}\n` },
        ...{ 'images/val/b.png': await wide(), 'labels/val/b.txt': `1 ${share(5.5, 3.5, 1, 1)}\n` },
        ...{ 'images/val/c.png': await wide(), 'labels/val/c.txt': '', [file]: text },
      },
      6,
    );
    expect(found.parts).toMatchObject([
      { images: 'images/{subject}/{id}.png', masks: 'labels/{subject}/{id}.txt', reader: 'yolo', pairs: 3 },
    ]);
    const named = names[0] === 'cell';
    expect(found.parts[0].labels).toEqual(names.map((target, i) => ({ label: String(i), target, named })));
    expect(found.open.includes('labels/{subject}/{id}.txt: what the classes 0, 1 mean')).toBe(!named);
    expect(built.summary).toMatchObject({ failures: [], dropped: 1 });
    expect(await built.mask(names[0], '-a_')).toEqual(square(CELL));
    expect(await built.mask(names[1], '-b_')).toEqual(square(DOT));
  });

  it('says that outlines of images with masks are not in the draft', async () => {
    const shape = { image_id: 1, category_id: 3, segmentation: [[1, 1, 3, 1, 3, 3, 1, 3]] };
    const { found } = await inspected(
      'cells',
      {
        ...{ 'images/a.png': await wide(), 'masks/a.png': await digitsPng(CELL, 255) },
        'coco.json': coco(['a.png'], [shape]),
      },
      6,
    );
    expect(found.parts.map(({ reader }) => reader)).toEqual(['binary']);
    expect(found.open).toContain('coco.json: it speaks of images that have other masks too, and is not in the draft');
  });
});

describe('data inspect of run lengths', () => {
  const columns = { cell: '6 2 10 2', dot: '24 1' };
  const rows = { cell: '8 2 14 2', dot: '24 1' };

  it.each([
    ['down columns', columns, 'columns'],
    ['along rows', rows, 'rows'],
  ])('finds that pixels are counted %s', async (_, { cell, dot }, order) => {
    const { found, built } = await inspected(
      'micrographs',
      {
        ...{ 'train/a.png': await wide(), 'train/b.png': await wide(), 'test/c.png': await wide() },
        'train.csv': `ImageId,ClassId,EncodedPixels\na.png,cell,${cell}\na.png,dot,${dot}\nb.png,cell,${cell}\n`,
        'other.csv': 'ImageId,score\na.png,0.3\n',
      },
      6,
    );
    expect(found.parts).toMatchObject([
      {
        ...{ images: 'train/{id}.png', masks: 'train.csv', reader: 'rle-csv', pairs: 2 },
        labels: [{ label: 'cell' }, { label: 'dot' }],
        settings: { columns: { key: 'ImageId', runs: 'EncodedPixels', label: 'ClassId' }, order, start: 1 },
      },
    ]);
    expect(found.parts[0].why[0]).toBe(
      'train.csv has run lengths in its column EncodedPixels and names images, such as train/a.png, in its column ImageId',
    );
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(await built.mask('cell', '-a_')).toEqual(square(CELL));
    expect(await built.mask('dot', '-a_')).toEqual(square(DOT));
    expect(await built.mask('cell', '-b_')).toEqual(square(CELL));
  });

  it('finds a single object without a name, relative starts, and rows that mark nothing', async () => {
    const { found, built } = await inspected(
      'CXR',
      {
        ...{ 'x/a.png': await wide(), 'x/b.png': await wide(), 'x/c.png': await wide() },
        'mask.csv': 'ImageId,EncodedPixels\na, 5 2 2 2\nb, -1\n',
      },
      6,
    );
    expect(found.parts).toMatchObject([
      { settings: { columns: { key: 'ImageId' }, order: 'columns', start: 0, relative: true, missing: 'empty' } },
    ]);
    expect(found.open).toContain('mask.csv: what is marked is not named; the draft calls it "object"');
    expect(built.summary).toMatchObject({ failures: [], dropped: 2 });
    expect(await built.mask('object', '-a_')).toEqual(square(CELL));
  });

  it('says what nothing tells: order in square images, the first pixel', async () => {
    const { found, built } = await inspected('X-rays', {
      'a.png': await digitsPng(ROWS, 20),
      'rle.csv': 'id,rle\na,2 1 6 1\n',
    });
    expect(found.open).toContain('rle.csv: whether pixels are counted down columns or along rows (order)');
    expect(found.open).toContain('rle.csv: whether the first pixel is 1 or 0 (start)');
    expect(await built.mask('object')).toEqual(['0000', '1100', '0000', '0000']);
  });
});

describe('data inspect of a file for every structure', () => {
  it('finds a case’s folder of structures (TotalSegmentator)', async () => {
    const { found, draft, built } = await inspected('Totalsegmentator_dataset', {
      ...{ 's0001/ct.nii': nii(ROWS, 200, -1000), 's0002/ct.nii': nii(ROWS, 200, -1000) },
      ...{ 's0001/segmentations/liver.nii': nii(only('1')), 's0001/segmentations/kidney_left.nii': nii(only('2')) },
      ...{ 's0002/segmentations/liver.nii': nii(only('2')), 's0002/segmentations/spleen.nii': nii(only('1')) },
    });
    expect(found.parts).toMatchObject([
      {
        ...{ images: '{subject}/ct.nii', masks: '{subject}/segmentations/{structure}.nii', reader: 'binary', pairs: 4 },
        labels: [
          { label: 'kidney_left', target: 'kidney left', named: true },
          { label: 'liver', target: 'liver', named: true },
          { label: 'spleen', target: 'spleen', named: true },
        ],
        ...{ settings: { label: '{structure}' }, modality: { value: 'CT', known: true } },
        site: { value: 'abdomen', known: true },
      },
    ]);
    expect(found.parts[0].why[1]).toBe(
      'reader binary: every structure has a file of its own, and its name says which; 3 were seen',
    );
    expect(draft).toContain("label: '{structure}'");
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(built.images.map(({ subject }) => subject)).toEqual(['s0001', 's0001', 's0002', 's0002']);
    expect(await built.mask('liver', '-s0001-s0')).toEqual(only('1'));
    expect(await built.mask('kidney left', '-s0001-s1')).toEqual(only('2'));
    expect(await built.mask('spleen', '-s0002-s0')).toEqual(only('1'));
  });

  const image = nii(ROWS, 10);
  const [first, second] = [nii(only('1')), nii(only('2'))];
  it.each<[string, Readonly<Record<string, Uint8Array>>, readonly string[]]>([
    [
      'a folder of a structure’s cases',
      {
        ...{ 'images/a.nii': image, 'images/b.nii': image },
        ...{ 'labels/liver/a.nii': first, 'labels/liver/b.nii': second, 'labels/spleen/a.nii': second },
      },
      ['images/{id}.nii', 'labels/{structure}/{id}.nii'],
    ],
    [
      'a folder of a case’s structures',
      {
        ...{ 'images/a.nii': image, 'images/b.nii': image },
        ...{ 'labels/a/liver.nii': first, 'labels/b/liver.nii': second, 'labels/a/spleen.nii': second },
      },
      ['images/{id}.nii', 'labels/{id}/{structure}.nii'],
    ],
    [
      'names with the structure behind',
      {
        ...{ 'images/a.nii': image, 'images/b.nii': image },
        ...{ 'masks/a_liver.nii': first, 'masks/b_liver.nii': second, 'masks/a_spleen.nii': second },
      },
      ['images/{id}.nii', 'masks/{id}_{structure}.nii'],
    ],
    [
      'the same beside the images',
      {
        ...{ 'a.nii': image, 'b.nii': image },
        ...{ 'a_liver_mask.nii': first, 'b_liver_mask.nii': second, 'a_spleen_mask.nii': second },
      },
      ['{id}.nii', '{id}_{structure}_mask.nii'],
    ],
    [
      'objects beside what is called image',
      {
        ...{ 'a/image.nii': image, 'b/image.nii': image },
        ...{ 'a/liver.nii': first, 'b/liver.nii': second, 'a/spleen.nii': second },
      },
      ['{subject}/image.nii', '{subject}/{structure:liver|spleen}.nii'],
    ],
  ])('finds %s', async (_, files, patterns) => {
    const { found, built } = await inspected('MRI of us', files);
    expect(found.parts.map(({ images, masks }) => [images, masks])).toEqual([patterns]);
    expect(found.parts[0].labels.map(({ target }) => target)).toEqual(['liver', 'spleen']);
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    expect(await built.mask('liver', '-a-s0')).toEqual(only('1'));
    expect(await built.mask('spleen', '-a-s1')).toEqual(only('2'));
    expect(await built.mask('liver', '-b-s0')).toEqual(only('2'));
  });

  it('finds the names and labels of the Medical Segmentation Decathlon', async () => {
    const { found, built } = await inspected('Task09_Spleen', {
      'dataset.json': JSON.stringify({
        ...{ name: 'Spleen', tensorImageSize: '3D', modality: { 0: 'CT' } },
        labels: { 0: 'background', 1: 'spleen', 2: 'cyst' },
      }),
      ...{ 'imagesTr/spleen_2.nii': nii(ROWS, 200, -1000), 'labelsTr/spleen_2.nii': nii(MASK) },
      ...{ 'imagesTs/spleen_1.nii': nii(ROWS, 200, -1000) },
    });
    expect(found.parts).toMatchObject([{ reader: 'labels', modality: { value: 'CT' }, site: { value: 'abdomen' } }]);
    expect(await built.mask('spleen', '-s0')).toEqual(only('1'));
    expect(await built.mask('cyst', '-s0')).toEqual(only('2'));
  });

  it('takes masks whose names say nothing for single objects', async () => {
    const [image, one, two] = [await wide(), await digitsPng(CELL, 255), await digitsPng(DOT, 255)];
    const { found, built } = await inspected(
      'nuclei',
      {
        ...{ '00ae/images/00ae.png': image, '00ae/masks/x7f1.png': one, '00ae/masks/q0b2.png': two },
        ...{ '0b2c/images/0b2c.png': image, '0b2c/masks/zz91.png': one },
      },
      6,
    );
    expect(found.parts).toMatchObject([
      { images: '{subject}/images/{id}.png', masks: '{subject}/masks/*.png', reader: 'instances', settings: {} },
    ]);
    expect(built.summary).toMatchObject({ failures: [], dropped: 0 });
    const both = CELL.map((row, y) => [...row].map((value, x) => (value === '1' ? '1' : DOT[y][x])).join(''));
    expect(await built.mask('object', '-00ae-')).toEqual(square(both));
    expect(built.images[0].masks[0].instances).toHaveLength(2);
  });

  it('keeps label maps of one image apart, and leaves masks alone that belong to no image', async () => {
    const { found } = await inspected('MRI', {
      ...{ 'images/a.nii': image, 'masks/a_coarse.nii': nii(MASK), 'masks/a_fine.nii': nii(MASK) },
      ...{ 'masks/zzz.nii': first },
    });
    expect(found.parts.map(({ masks, reader }) => [masks, reader])).toEqual([
      ['masks/{id}_coarse.nii', 'labels'],
      ['masks/{id}_fine.nii', 'labels'],
    ]);
    expect(found.open).toContain('1 masks without an image, such as masks/zzz.nii');
  });

  it('says that a structure’s file holds several numbers', async () => {
    const { found, built } = await inspected('CT', {
      ...{ 'p1/ct.nii': nii(ROWS, 200, -1000), 'p1/segmentations/ribs.nii': nii(MASK) },
      ...{ 'p1/segmentations/liver.nii': first },
    });
    expect(found.open).toContainEqual(expect.stringMatching(/some masks hold several numbers; all that is not 0/));
    expect(await built.mask('ribs', '-s0')).toEqual(MASK.map((row) => row.replaceAll('2', '1')));
  });

  it('leaves coloured pictures of masks as they were', async () => {
    const data = MASK.flatMap((row) => [...row].flatMap((digit) => (digit === '1' ? [255, 0, 0] : [0, 0, 0])));
    const { found } = await inspected('polyps', {
      ...{ 'images/a.png': await digitsPng(ROWS, 20), 'masks/a.png': await png(data, 4, 4, 3) },
    });
    expect(found.parts).toMatchObject([{ reader: 'colour', settings: {} }]);
  });
});
