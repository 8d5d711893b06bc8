import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Attributes, dicomFile, greyImage } from '../../../test/helpers/dicom.ts';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import { type Grid, indexToLps, orientationLabel, sameGrid, type Vector } from '../../image/volume.ts';
import { readNifti } from '../nifti.ts';
import { readNrrd } from '../nrrd.ts';
import { openDicom } from './image.ts';
import { findDicomSeries, readDicomSeries } from './series.ts';

const root = mkdtempSync(join(tmpdir(), 'biomedparse-series-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;

/** Attributes of slice `k` of a small axial series; its samples say which slice and pixel they are. */
const slice = (k: number, changes: Attributes = {}): Attributes =>
  greyImage(
    4,
    3,
    Array.from({ length: 12 }, (_, i) => 100 * k + i),
    {
      Modality: 'CT',
      SeriesInstanceUID: '1.2.3',
      SOPInstanceUID: `1.2.3.${k}`,
      InstanceNumber: 50 - k,
      ImagePositionPatient: [-10, -20, 2 * k],
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      PixelSpacing: [0.5, 0.75],
      SliceThickness: 3,
      ...changes,
    },
  );

/** A folder of files, in an order that says nothing. */
function folder(files: readonly (Attributes | Buffer)[]): string {
  const path = join(root, String(made++));
  mkdirSync(path);
  for (const [i, file] of files.entries()) {
    const name = `${String((i * 7) % 31).padStart(2, '0')}-${i}.dcm`;
    writeFileSync(join(path, name), file instanceof Uint8Array ? file : dicomFile(file as Attributes));
  }
  return path;
}

describe('a series', () => {
  it('is sorted by position and keeps its geometry and identifiers', async () => {
    const { volume, notes } = await readDicomSeries(folder([2, 0, 1, 3].map((k) => slice(k))));
    expect(volume.size).toEqual([4, 3, 4]);
    expect(volume.spacing).toEqual([0.75, 0.5, 2]);
    expect(volume.origin).toEqual([-10, -20, 0]);
    expect(orientationLabel(volume)).toBe('LPS');
    expect([...volume.data].filter((_, i) => i % 12 === 5)).toEqual([5, 105, 205, 305]);
    expect(volume.identifiers).toEqual({
      modality: 'CT',
      seriesUid: '1.2.3',
      instanceUids: ['1.2.3.0', '1.2.3.1', '1.2.3.2', '1.2.3.3'],
    });
    expect(notes).toEqual([]);
  });

  it('of sagittal slices has its own axes', async () => {
    const turned = [0, 1, 2].map((k) =>
      slice(k, { ImageOrientationPatient: [0, 1, 0, 0, 0, -1], ImagePositionPatient: [5 - 4 * k, 0, 9] }),
    );
    const { volume } = await readDicomSeries(folder(turned));
    expect(orientationLabel(volume)).toBe('PIR');
    expect(volume.origin).toEqual([5, 0, 9]);
    expect(indexToLps(volume, [0, 0, 2])).toEqual([-3, 0, 9]);
  });

  it('becomes wider where one slice needs it, and takes a slope per slice', async () => {
    const rescaled = { RescaleSlope: 1, RescaleIntercept: -1024 };
    const wide = slice(1, { ...rescaled, PixelData: new Uint8Array(new Uint16Array(12).fill(65_535).buffer) });
    const { volume } = await readDicomSeries(folder([slice(0, rescaled), wide, slice(2, rescaled)]));
    expect([volume.data[0], volume.data[12], volume.data[24]]).toEqual([-1024, 64_511, -824]);
    const slopes = await readDicomSeries(folder([slice(0, { RescaleSlope: 0.5 }), slice(1, { RescaleSlope: 0.25 })]));
    expect(slopes.volume.data).toBeInstanceOf(Float32Array);
    expect(slopes.volume.data[13]).toBe(25.25);
  });

  it('of one slice takes the thickness, or says that there is none', async () => {
    const path = folder([slice(0)]);
    expect((await readDicomSeries([join(path, '00-0.dcm')])).volume.spacing).toEqual([0.75, 0.5, 3]);
    const { SliceThickness: _, ...thin } = slice(0);
    expect((await readDicomSeries(folder([thin]))).notes[0]).toContain('1 mm is taken');
  });

  it('leaves out and names copies, files that are no images, and objects without pixels', async () => {
    const report = dicomFile({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11' });
    const files = [0, 1, 2].map((k) => slice(k));
    const { volume, notes } = await readDicomSeries(
      folder([...files, slice(1, { InstanceNumber: 99 }), Buffer.from('readme: no image'), report]),
    );
    expect(volume.size[2]).toBe(3);
    expect(notes[0]).toMatch(/^left out 2 file\(s\) that hold no DICOM image: /);
    expect(notes[1]).toMatch(/^left out 1 of 4 images that lie where another one does: /);
  });

  it('is filled, and says so, where slices are missing', async () => {
    const { volume, notes } = await readDicomSeries(folder([0, 1, 2, 4, 5, 6].map((k) => slice(k))));
    expect(volume.size[2]).toBe(7);
    expect(volume.data[3 * 12 + 5]).toBe(305);
    expect(notes).toEqual([expect.stringMatching(/^1 missing slice\(s\) between .* \(4 mm apart\) filled/)]);
    await expect(readDicomSeries(folder([0, 1, 2, 9].map((k) => slice(k))))).rejects.toThrow('missing');
  });

  it('with gantry tilt is resampled upright', async () => {
    // A slope of 0.5 in front-back per mm of height: 26.6 degrees. Samples are their own y in mm.
    const tilted = [0, 1, 2, 3].map((k) =>
      slice(k, {
        ImagePositionPatient: [0, k, 2 * k],
        PixelSpacing: [1, 1],
        PixelData: new Uint8Array(Uint16Array.from({ length: 12 }, (_, i) => 100 + Math.floor(i / 4) + k).buffer),
      }),
    );
    const { volume, notes } = await readDicomSeries(folder(tilted));
    expect(notes).toEqual(['gantry tilt of 26.6 degrees: slices were resampled onto a grid at right angles']);
    expect(volume.size).toEqual([4, 6, 4]);
    expect(volume.direction[2]).toEqual([0, 0, 1]);
    const value = (y: number, k: number): number => volume.data[k * 24 + y * 4] as number;
    for (const k of [0, 1, 2, 3]) for (let y = k; y < k + 3; y++) expect(value(y, k)).toBe(100 + y);
    expect(value(0, 3)).toBe(103); // outside of the slice: its lowest value
  });

  it.each([
    [
      'mixed orientations',
      [slice(0), slice(1, { ImageOrientationPatient: [0, 1, 0, 0, 0, -1] })],
      'different orientations',
    ],
    ['mixed sizes', [slice(0), slice(1, { Rows: 2 })], /4 x 3 pixels, .* 4 x 2|4 x 2 pixels, .* 4 x 3/],
    ['mixed spacings', [slice(0), slice(1, { PixelSpacing: [1, 1] })], 'has pixels of'],
    ['uneven distances', [0, 1, 2, 2.5, 3].map((k) => slice(k)), 'mm apart, most others'],
    ['several phases', [0, 0, 1, 1].map((k) => slice(k)), '4 images at 2 places (several phases or echoes)'],
    [
      'a slice off the line',
      [slice(0), slice(1, { ImagePositionPatient: [40, -20, 2] }), slice(2)],
      'off the line of the others',
    ],
    ['skew rows', [slice(0, { ImageOrientationPatient: [1, 0, 0, 0.6, 0.8, 0] })], 'not at right angles'],
    ['no places', [greyImage(2, 1, [1, 2])], 'does not say where its frames lie'],
    ['no images', [Buffer.from('nothing here')], 'it holds no DICOM images'],
  ] as [string, (Attributes | Buffer)[], string | RegExp][])('is refused with %s', async (_, files, reason) => {
    const path = folder(files);
    const refused = expect(readDicomSeries(path)).rejects;
    await refused.toMatchObject({ code: 'input', message: expect.stringContaining(path) });
    await refused.toThrow(reason);
  });

  it('is chosen by its UID where a folder holds several', async () => {
    const path = folder([slice(0), slice(1), slice(0, { SeriesInstanceUID: '9.9', Modality: 'MR' })]);
    expect((await findDicomSeries(path)).series.map(({ uid, files }) => [uid, files.length])).toEqual(
      expect.arrayContaining([
        ['1.2.3', 2],
        ['9.9', 1],
      ]),
    );
    await expect(readDicomSeries(path)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('9.9 (MR, 1 files)'),
    });
    expect((await readDicomSeries(path, { series: '9.9' })).volume.size).toEqual([4, 3, 1]);
    await expect(readDicomSeries(path, { series: '5' })).rejects.toThrow('it has no series 5; there are: ');
  });

  it('refuses a damaged image rather than leave it out, a missing folder, and an object without pixels by itself', async () => {
    const path = folder([slice(0), dicomFile(slice(1)).subarray(0, 300)]);
    await expect(readDicomSeries(path)).rejects.toThrow('truncated');
    await expect(readDicomSeries(join(root, 'none'))).rejects.toThrow('no such file');
    const report = folder([dicomFile({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11' })]);
    await expect(readDicomSeries(join(report, '00-0.dcm'))).rejects.toThrow('it is a structured report');
  });

  it('may lie in one multi-frame file, in any order of frames', async () => {
    const { ImagePositionPatient: _, ...rest } = slice(0);
    const order = [2, 0, 1];
    const enhanced: Attributes = {
      ...rest,
      NumberOfFrames: 3,
      PixelData: new Uint8Array(
        Uint16Array.from({ length: 36 }, (_, i) => 100 * (order[Math.floor(i / 12)] as number) + (i % 12)).buffer,
      ),
      PerFrameFunctionalGroupsSequence: order.map((k) => ({
        PlanePositionSequence: [{ ImagePositionPatient: [0, 0, 5 * k] }],
      })),
    };
    const { volume } = await readDicomSeries(folder([enhanced]));
    expect([volume.data[0], volume.data[12], volume.data[24]]).toEqual([0, 100, 200]);
    expect(volume.spacing[2]).toBe(5);
  });
});

describeShared('samples/dicom-ct-series', 'a real CT series', () => {
  it('makes the same grid as its label volume after the documented flip, in HU', async () => {
    const { volume, notes } = await readDicomSeries(sharedPath('samples/dicom-ct-series'));
    const label = (await readNifti(sharedPath('samples/dicom-ct-series-label.nii.gz'))).volume;
    const [, rows] = label.size;
    const [across, down, up] = label.direction;
    const flipped: Grid = {
      ...label,
      origin: indexToLps(label, [0, rows - 1, 0]),
      direction: [across, down.map((v) => -v) as unknown as Vector, up],
    };
    expect(sameGrid(volume, flipped, 1e-3)).toBe(true);
    expect(notes).toEqual([]);
    expect(volume.data).toBeInstanceOf(Int16Array);
    // By pydicom and opj_decompress: sum, least and most of all HU, and the mean of the voxels labelled liver.
    const { data } = volume;
    let [sum, least, most] = [0, data[0] as number, data[0] as number];
    for (const value of data) {
      sum += value;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    expect([sum, least, most]).toEqual([-3_272_217_339, -1024, 1839]);
    const mean = (id: number): number => {
      let [total, count] = [0, 0];
      for (let k = 0, i = 0; k < 20; k++) {
        for (let y = 0; y < 512; y++) {
          for (let x = 0; x < 512; x++, i++) {
            if (label.data[(k * 512 + 511 - y) * 512 + x] !== id) continue;
            total += data[i] as number;
            count++;
          }
        }
      }
      return total / count;
    };
    expect(mean(5)).toBeCloseTo(89.30459384578465, 9);
  });
});

describeShared('samples/dicom-seg-liver', 'a real segmentation object', () => {
  it('has the frames of the same mask as NRRD, on the grid of its series', async () => {
    const folder = sharedPath('samples/dicom-seg-liver');
    const series = (await readDicomSeries(join(folder, 'series'))).volume;
    const mask = (await readNrrd(join(folder, 'liver_seg.nrrd'))).volume;
    const { volume } = await readDicomSeries([join(folder, 'liver.dcm')]);
    expect(sameGrid(volume, mask, 1e-3)).toBe(true);
    expect(sameGrid(volume, series, 1e-3)).toBe(true);
    expect([...volume.data].every((value, i) => value === mask.data[i])).toBe(true);
  });
});

describeShared('samples/CT_lung_nodule.dcm', 'a real CT slice', () => {
  it('is read in HU with its two windows', async () => {
    const image = openDicom(readFileSync(sharedPath('samples/CT_lung_nodule.dcm')), 'a');
    const frame = await image.frame(0);
    expect(frame.windows.map(({ window }) => window)).toEqual([
      { low: -1200, high: 399 },
      { low: -1, high: 0 },
    ]);
    const sorted = Int16Array.from(frame.data).sort();
    expect([sorted[0], sorted.at(-1)]).toEqual([-1024, 2764 - 1024]);
  });
});
