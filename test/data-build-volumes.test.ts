/**
 * Volumes built by value: masks equal the source's labels voxel for voxel where nothing is resampled, and lie within half a pixel where it is; geometry,
 * DICOM objects, outlines of LIDC, arrays of MATLAB and HDF5, and the shipped recipes of sources whose real files are at hand.
 */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildSet } from '../src/curate/build/build.ts';
import { recipeFile } from '../src/curate/recipe/registry.ts';
import { readSegmentation } from '../src/formats/dicom/segmentation-read.ts';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { writeStructureSet } from '../src/formats/dicom/structure-set.ts';
import { encodeNifti, readNifti, writeNifti } from '../src/formats/nifti.ts';
import { readMask } from '../src/formats/raster.ts';
import { cutSlice, nativePlane } from '../src/image/slice.ts';
import { emptyMask, type Grid, type Volume } from '../src/image/volume.ts';
import { matFile } from './helpers/arrays.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';
import { buildTree, HEAD, manifestOf, temporaryFolder, writeTree } from './helpers/sources.ts';

const GRID: Grid = {
  size: [8, 8, 4],
  spacing: [1, 1, 3],
  origin: [10, -20, 30],
  direction: [
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, 1],
  ],
};

function volumeOf(grid: Grid, value: (x: number, y: number, z: number) => number, type = Int16Array): Volume {
  const [columns, rows, slices] = grid.size;
  const data = new type(columns * rows * slices);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(i % columns, Math.floor(i / columns) % rows, Math.floor(i / columns / rows));
  }
  return { ...grid, data, channels: 1, identifiers: {} };
}

const nii = (volume: Volume): Uint8Array => Buffer.concat(encodeNifti(volume));
const LABEL = (x: number, y: number, z: number): number => (z === 3 ? 0 : (x * 3 + y * 5 + z) % 4);
const IMAGE = volumeOf(GRID, (x, y, z) => 100 * z + 10 * y + x + 1);

const VOLUMES = `${HEAD}parts:
  - images: '{id}/image.nii'
    masks:
      - {file: '{id}/label.nii', reader: labels, labels: {1: brain tumor, 2: edema, 3: null}}
`;

/** Rows of a target in a slice in the usual display. */
function expected(label: Volume, slice: number, value: number): string[] {
  const { data, width, height } = cutSlice(label, nativePlane(label), slice);
  return Array.from({ length: height }, (_, y) =>
    [...data.slice(y * width, (y + 1) * width)].map((one) => (one === value ? '1' : '0')).join(''),
  );
}

describe('volumes', () => {
  it('give the labels voxel for voxel, slice by slice, with their geometry', async () => {
    const label = volumeOf(GRID, LABEL);
    const built = await buildTree(VOLUMES, { 'a/image.nii': nii(IMAGE), 'a/label.nii': nii(label) }, 8);
    expect(built.images).toHaveLength(3);
    for (const slice of [0, 1, 2]) {
      expect(await built.mask('brain tumor', `-s${slice}_`)).toEqual(expected(label, slice, 1));
      expect(await built.mask('edema', `-s${slice}_`)).toEqual(expected(label, slice, 2));
    }
    const [{ spacing, orientation, source, size }] = built.images;
    expect({ spacing, orientation, size }).toEqual({ spacing: [1, 1, 3], orientation: 'RAS', size: [8, 8] });
    expect(source).toEqual({ image: 'a/image.nii', part: 0, frame: null, plane: 'axial', slice: 0, slices: 4 });
    expect(built.records.at(-1)).toEqual({
      kind: 'dropped',
      source: { image: 'a/image.nii', part: 0, frame: null, plane: 'axial', slice: null, slices: 4 },
      reason: 'slices without masks',
      slices: 1,
    });
  });

  it('turn a mask whose axes are stored in another order and direction', async () => {
    const label = volumeOf(GRID, LABEL);
    // slices first, columns backwards: [z, y, x'] of the same voxels
    const turned = volumeOf(
      {
        size: [4, 8, 8],
        spacing: [3, 1, 1],
        origin: [10 - 7, -20, 30],
        direction: [GRID.direction[2], GRID.direction[1], [1, 0, 0]],
      },
      (z, y, back) => LABEL(7 - back, y, z),
    );
    const built = await buildTree(VOLUMES, { 'a/image.nii': nii(IMAGE), 'a/label.nii': nii(turned) }, 8);
    for (const slice of [0, 1, 2]) expect(await built.mask('edema', `-s${slice}_`)).toEqual(expected(label, slice, 2));
  });

  it('other planes, steps, empty slices, true shape', async () => {
    const yaml = VOLUMES.replace(
      "'{id}/image.nii'",
      "'{id}/image.nii'\n    slices: {plane: coronal, step: 2, empty: 1}",
    );
    const label = volumeOf(GRID, LABEL);
    const built = await buildTree(yaml, { 'a/image.nii': nii(IMAGE), 'a/label.nii': nii(label) }, 24);
    expect(built.images.map(({ source }) => source.slice)).toEqual([0, 2, 4, 6]);
    // 8 columns of 1 mm, 4 slices of 3 mm: 8 x 12 in true shape
    expect(built.images[0].inner).toEqual({ width: 16, height: 24, left: 4, top: 0 });
    const axial = VOLUMES.replace("'{id}/image.nii'", "'{id}/image.nii'\n    slices: {empty: 1, pixels: stored}");
    const whole = await buildTree(axial, { 'a/image.nii': nii(IMAGE), 'a/label.nii': nii(label) }, 8);
    expect(whole.images.map(({ masks, absent }) => [masks.length, absent.length])).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
      [0, 2],
    ]);
  });

  it('windows: of the site for CT, as stated, percentiles of a slice', async () => {
    const ct = volumeOf(GRID, (x) => (x < 4 ? -150 : 250));
    const label = volumeOf(GRID, () => 1);
    const files = { 'a/image.nii': nii(ct), 'a/label.nii': nii(label) };
    const abdomen = VOLUMES.replace('modality: MRI\nsite: brain', 'modality: CT\nsite: abdomen');
    const built = await buildTree(abdomen, files, 8);
    expect(built.images[0].window).toEqual({ low: -150, high: 250 });
    expect(new Set(await built.grey('-s0_'))).toEqual(new Set([0, 255]));
    const brain = VOLUMES.replace('modality: MRI', 'modality: CT');
    expect((await buildTree(brain, files, 8)).summary.failures[0]).toBe(
      'a/image.nii: no window is published for CT of brain; the recipe needs the field window',
    );
    const stated = await buildTree(`${brain}    window: {level: 50, width: 800}\n`, files, 8);
    expect(stated.images[0].window).toEqual({ low: -350, high: 450 });
    expect(new Set(await stated.grey('-s0_'))).toEqual(new Set([64, 191]));
  });

  it('masks that are resized lie within half a pixel', async () => {
    const grid: Grid = { ...GRID, size: [20, 20, 1] };
    const disc = (x: number, y: number, scale: number): number =>
      ((x + 0.5) / scale - 10) ** 2 + ((y + 0.5) / scale - 10) ** 2 < 49 ? 1 : 0;
    const image = volumeOf(grid, (x, y) => x + y + 1);
    const label = volumeOf(grid, (x, y) => disc(x, y, 1));
    const built = await buildTree(VOLUMES, { 'a/image.nii': nii(image), 'a/label.nii': nii(label) }, 50);
    const rows = await built.mask('brain tumor');
    for (let y = 0; y < 50; y++) {
      for (let x = 0; x < 50; x++) {
        // the source's pixel under the centre: nowhere further than half a pixel of the source
        const [sx, sy] = [19 - Math.floor((x + 0.5) / 2.5), 19 - Math.floor((y + 0.5) / 2.5)];
        expect(rows[y][x]).toBe(disc(sx, sy, 1) === 1 ? '1' : '0');
      }
    }
  });

  it('several frames: all, some, and those with masks', async () => {
    // not a number where nothing was drawn
    const fluid = [Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0, 0, 5, 0, 0, 0, 0, 0];
    const mat = matFile([
      { name: 'images', shape: [2, 2, 3], data: Uint8Array.from({ length: 12 }, (_, i) => i * 20) },
      { name: 'fluid', shape: [2, 2, 3], data: Float64Array.from(fluid), packed: true },
    ]);
    const yaml = `${HEAD}parts:
  - images: {file: '{id}.mat', variable: images, axes: yxn, frame: labelled}
    masks:
      - {file: '{id}.mat', reader: binary, variable: fluid, axes: yxn, target: edema}
`;
    const built = await buildTree(yaml, { 'Subject_01.mat': mat }, 2);
    expect(built.images.map(({ image }) => image)).toEqual(['train/demo-Subject-01-t1_MRI_brain.png']);
    expect(await built.mask('edema')).toEqual(['01', '00']);
    const all = await buildTree(yaml.replace('labelled', '[0, 2]'), { 'Subject_01.mat': mat }, 2);
    expect(all.images.map(({ masks, absent }) => [masks.length, absent])).toEqual([
      [0, ['edema']],
      [0, ['edema']],
    ]);
    const none = await buildTree(yaml.replace('variable: fluid', 'variable: fluids'), { 'Subject_01.mat': mat }, 2);
    expect(none.summary.failures[0]).toContain('it has no array "fluids"; there are: images, fluid');
  });
});

describe('arrays', () => {
  it('of HDF5 are read piece by piece', async () => {
    const { default: h5wasm, File } = await import('h5wasm/node');
    await h5wasm.ready;
    const root = await temporaryFolder();
    await mkdir(join(root, 'source'));
    const file = new File(join(root, 'source/set.h5'), 'w');
    file.create_dataset({ name: 'images', data: Uint8Array.from({ length: 12 }, (_, i) => i), shape: [3, 2, 2] });
    file.create_group('truth').create_dataset({
      ...{ name: 'masks', shape: [3, 2, 2] },
      data: BigInt64Array.from([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2].map(BigInt)),
    });
    file.close();
    const yaml = `${HEAD}parts:
  - images: {file: '{id}.h5', variable: images, axes: nyx}
    masks: [{file: '{id}.h5', reader: labels, variable: truth/masks, axes: nyx, labels: {1: edema, 2: brain tumor}}]
`;
    const built = await buildTree(yaml, join(root, 'source'), 2);
    expect(await built.mask('edema', '-t1')).toEqual(['10', '00']);
    expect(await built.mask('brain tumor', '-t2')).toEqual(['00', '01']);
    expect(await built.grey('-t2')).toEqual([8, 9, 10, 11]);
  });
});

/** A series of 4 slices of 8 x 8 with a patient's orientation, one file each. */
function seriesFiles(folder: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    [0, 1, 2, 3].map((z) => [
      `${folder}/${z}.dcm`,
      dicomFile(
        greyImage(
          8,
          8,
          Array.from({ length: 64 }, (_, i) => i * 4),
          {
            ...{
              SOPInstanceUID: `1.2.3.${z}`,
              SeriesInstanceUID: '1.2.3',
              StudyInstanceUID: '1.2',
              FrameOfReferenceUID: '1.9',
              Modality: 'CT',
            },
            ...{
              ImagePositionPatient: [0, 0, z * 3],
              ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
              PixelSpacing: [1, 1],
            },
          },
        ),
      ),
    ]),
  );
}

const CT = HEAD.replace('modality: MRI\nsite: brain', 'modality: CT\nsite: chest');

describe('objects on DICOM series', () => {
  it('LIDC: outlines are outside of the nodule, holes, points, agreement of readers', async () => {
    const roi = (z: number, points: number[][], inclusion = 'TRUE'): string =>
      `<roi><imageZposition>${z * 3}</imageZposition><imageSOP_UID>1.2.3.${z}</imageSOP_UID><inclusion>${inclusion}</inclusion>${points
        .map(([x, y]) => `<edgeMap><xCoord>${x}</xCoord><yCoord>${y}</yCoord></edgeMap>`)
        .join('')}</roi>`;
    const square = (low: number, high: number): number[][] => {
      const ring: number[][] = [];
      for (let i = low; i < high; i++) ring.push([i, low]);
      for (let i = low; i < high; i++) ring.push([high, i]);
      for (let i = high; i > low; i--) ring.push([i, high]);
      for (let i = high; i > low; i--) ring.push([low, i]);
      return ring;
    };
    const nodule = (...rois: string[]): string =>
      `<unblindedReadNodule><noduleID>1</noduleID>${rois.join('')}</unblindedReadNodule>`;
    const xml = `<?xml version="1.0"?><LidcReadMessage xmlns="http://www.nih.gov">
<readingSession>${nodule(roi(1, square(1, 6)), roi(2, square(0, 7)), roi(2, square(2, 5), 'FALSE'))}<nonNodule><imageSOP_UID>1.2.3.2</imageSOP_UID><locus><xCoord>7</xCoord><yCoord>0</yCoord></locus></nonNodule></readingSession>
<readingSession>${nodule(roi(1, square(2, 7)))}${nodule(roi(3, [[2, 5]]))}</readingSession></LidcReadMessage>`;
    const yaml = (more: string): string => `${CT}parts:
  - images: '{subject}/ct/'
    masks:
      - {file: '{subject}/*.xml', reader: lidc-xml${more}, labels: {nodule: lung nodule, small nodule: null, non-nodule: null}}
`;
    const files = { ...seriesFiles('LIDC-0001/ct'), 'LIDC-0001/069.xml': xml };
    const one = await buildTree(yaml(''), files, 8);
    expect(one.images).toHaveLength(2);
    expect(await one.mask('lung nodule', '-s2_')).toEqual([
      '00000000',
      '01111110',
      '01111110',
      '01100110',
      '01100110',
      '01111110',
      '01111110',
      '00000000',
    ]);
    expect(await one.mask('lung nodule', '-s1_')).toEqual([
      '00000000',
      '00000000',
      '00111100',
      '00111110',
      '00111110',
      '00111110',
      '00011110',
      '00000000',
    ]);
    const two = await buildTree(yaml(', agreement: 2'), files, 8);
    expect(await two.mask('lung nodule')).toEqual([
      '00000000',
      '00000000',
      '00000000',
      '00011100',
      '00011100',
      '00011100',
      '00000000',
      '00000000',
    ]);
    const other = { ...files, 'LIDC-0001/069.xml': xml.replaceAll('1.2.3.', '9.9.9.') };
    expect((await buildTree(yaml(''), other, 8)).summary.failures[0]).toContain(
      'LIDC-0001/069.xml: none of its outlines is on a slice of this series',
    );
  });

  it('RT structure sets: regions by name', async () => {
    const files = seriesFiles('p1/ct');
    const root = await temporaryFolder();
    await writeTree(root, files);
    const series = await readDicomSeries(join(root, 'p1/ct'));
    const mask = emptyMask(series.volume);
    for (const at of [64 + 9, 64 + 10, 64 + 17]) mask.data[at] = 1;
    const object = writeStructureSet(series.source, [{ prompt: 'heart', mask, presence: 1 }], {
      ...{
        algorithm: { name: 'a', version: '1' },
        date: new Date(0),
        uid: (() => {
          let n = 0;
          return () => `2.25.${++n}`;
        })(),
      },
    });
    const yaml = `${CT}parts:
  - images: '{subject}/ct/'
    masks: [{file: '{subject}/rt.dcm', reader: rtstruct, labels: {heart: heart}}]
`;
    const built = await buildTree(yaml, { ...files, 'p1/rt.dcm': object }, 8);
    expect(await built.mask('heart')).toEqual([
      '00000000',
      '01100000',
      '01000000',
      ...Array.from({ length: 5 }, () => '00000000'),
    ]);
    const unknown = await buildTree(
      yaml.replace('{heart: heart}', '{Heart: heart}'),
      { ...files, 'p1/rt.dcm': object },
      8,
    );
    expect(unknown.summary.failures).toEqual([
      'p1/ct: p1/rt.dcm: label "heart" is not in parts[0].masks[0].labels; there are: Heart',
    ]);
  });
});

describeShared('samples/nifti', 'shipped recipes on real files', () => {
  /** Builds a shipped recipe on a folder. */
  async function ship(name: string, source: string, size: number) {
    const out = await temporaryFolder();
    const summary = await buildSet(await recipeFile(name), { source, out, size, workers: 1 });
    const records = await manifestOf(summary.folder);
    const images = records.filter((record) => record.kind === 'image');
    return { summary, images };
  }

  it('ACDC: every mask is the label map in the usual display, resized to the nearest pixel', async () => {
    const source = await temporaryFolder();
    const folder = join(source, 'training/patient041');
    await mkdir(folder, { recursive: true });
    const sample = sharedPath('samples/nifti/patient041_frame01');
    await cp(`${sample}_image.nii.gz`, join(folder, 'patient041_frame01.nii.gz'));
    await cp(`${sample}_label.nii.gz`, join(folder, 'patient041_frame01_gt.nii.gz'));
    const { volume } = await readNifti(`${sample}_label.nii.gz`);
    const size = Math.max(volume.size[0], volume.size[1]);
    const { summary, images } = await ship('acdc', source, size);
    expect(summary.failures).toEqual([]);
    const values = { 'right heart ventricle': 1, myocardium: 2, 'left heart ventricle': 3 };
    let compared = 0;
    for (const { masks, source: place, inner } of images) {
      const label = cutSlice(volume, 'axial', place.slice as number);
      for (const { target, file, sourceArea } of masks) {
        const mask = await readMask(join(summary.folder, file));
        let area = 0;
        for (let y = 0; y < label.height; y++) {
          for (let x = 0; x < label.width; x++, compared++) {
            const own = label.data[y * label.width + x] === values[target as keyof typeof values] ? 1 : 0;
            area += own;
            if (mask.data[(y + inner.top) * size + x + inner.left] !== own)
              throw new Error(`${file} differs at ${x}, ${y}`);
          }
        }
        expect(sourceArea).toBe(area);
      }
    }
    expect(compared).toBe(17 * volume.size[0] * volume.size[1]);
  });

  it('TotalSegmentator: one file per structure, a split from a table, sides united', async () => {
    const source = await temporaryFolder();
    const folder = join(source, 's0000/segmentations');
    await mkdir(folder, { recursive: true });
    await cp(sharedPath('samples/nifti/tsct_ct.nii.gz'), join(source, 's0000/ct.nii.gz'));
    const { volume } = await readNifti(sharedPath('samples/nifti/tsct_label.nii.gz'));
    const structures = { liver: 5, kidney_right: 2, kidney_left: 3, spleen: 1 };
    for (const [name, value] of Object.entries(structures)) {
      const data = Uint8Array.from(volume.data, (one) => (one === value ? 1 : 0));
      await writeNifti(join(folder, `${name}.nii.gz`), { ...volume, data });
    }
    await writeTree(source, { 'meta.csv': 'image_id;age;split\ns0000;60;test\n' });
    const { summary, images } = await ship('totalsegmentator', source, 256);
    expect(summary.failures).toEqual([]);
    const count = (wanted: readonly number[]): number =>
      Array.from(volume.data).filter((one) => wanted.includes(one)).length;
    const area = (target: string): number =>
      images
        .flatMap(({ masks }) => masks)
        .reduce((sum, mask) => sum + (mask.target === target ? mask.sourceArea : 0), 0);
    expect(area('liver')).toBe(count([5]));
    expect(area('kidney')).toBe(count([2, 3]));
    expect(area('right kidney')).toBe(count([2]));
    expect(new Set(images.map(({ split }) => split))).toEqual(new Set(['test']));
    expect(images[0].window).toEqual({ low: -150, high: 250 });
  });

  it('DICOM SEG: the liver of another writer', async () => {
    const samples = sharedPath('samples');
    const { summary, images } = await ship('dicom-seg', samples, 512);
    expect(images).toHaveLength(3);
    const series = await readDicomSeries(join(samples, 'dicom-seg-liver/series'));
    const file = await readSegmentation(join(samples, 'dicom-seg-liver/liver.dcm'), { grid: series.volume });
    const liver = await file.mask(1);
    for (const { masks, source } of images) {
      const mask = await readMask(join(summary.folder, masks[0].file));
      const slice = cutSlice({ ...liver, channels: 1, identifiers: {} }, 'axial', source.slice as number);
      expect(Buffer.from(mask.data).equals(Buffer.from(slice.data as Uint8Array))).toBe(true);
    }
  });
});
