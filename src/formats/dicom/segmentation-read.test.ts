import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Attributes, dicomFile } from '../../../test/helpers/dicom.ts';
import { LIVER, maskOf, readLiver, source, writeOptions } from '../../../test/helpers/dicom-source.ts';
import { survive } from '../../../test/helpers/mutations.ts';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import { emptyMask, indexToLps, sameGrid } from '../../image/volume.ts';
import { createRandom } from '../../util/random.ts';
import { writeSegmentation } from './segmentation.ts';
import { decodeSegmentation, readSegmentation } from './segmentation-read.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-seg-'));
afterAll(() => rmSync(folder, { recursive: true }));

const random = createRandom(8);
const masks = [0, 1, 2].map((k) => maskOf((_, __, z) => random.next() < 0.4 && (z + k) % 3 !== 0));
const segments = [
  { prompt: 'liver', mask: masks[0] ?? emptyMask(source), presence: 0.9 },
  { prompt: '左肾', mask: masks[1] ?? emptyMask(source) },
  { prompt: 'nothing', mask: emptyMask(source), concept: null },
  { prompt: 'spleen', mask: masks[2] ?? emptyMask(source) },
];
const binary = Buffer.from(writeSegmentation(source, segments, writeOptions()));

/** A segmentation of 3 x 2 pixels by attributes. */
const made = (changes: Attributes = {}): Buffer =>
  dicomFile({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.66.4',
    SegmentationType: 'LABELMAP',
    SamplesPerPixel: 1,
    NumberOfFrames: 1,
    Rows: 2,
    Columns: 3,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: Uint8Array.of(0, 1, 2, 2, 1, 0),
    SegmentSequence: [{ SegmentNumber: 1 }, { SegmentNumber: 2 }],
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient: [1, 0, 0, 0, 1, 0] }],
        PixelMeasuresSequence: [{ SliceThickness: 2, PixelSpacing: [1, 1] }],
      },
    ],
    PerFrameFunctionalGroupsSequence: [{ PlanePositionSequence: [{ ImagePositionPatient: [0, 0, 4] }] }],
    ...changes,
  });

describe('a written segmentation', () => {
  it('is read back voxel by voxel on the grid of its source', async () => {
    const path = join(folder, 'a.dcm');
    writeFileSync(path, binary);
    const read = await readSegmentation(path, { grid: source });
    expect(read.segments.map(({ number, label }) => [number, label])).toEqual([
      [1, 'liver'],
      [2, 'left kidney'],
      [3, 'nothing'],
      [4, 'spleen'],
    ]);
    expect(read.segments[0]).toMatchObject({
      description: 'presence 0.9; prompt: liver',
      type: { value: '10200004', scheme: 'SCT', meaning: 'liver' },
      algorithmType: 'AUTOMATIC',
      algorithmName: 'a model',
    });
    expect(read.segments[1]?.description).toBe('prompt: 左肾');
    for (const [i, { mask }] of segments.entries()) expect((await read.mask(i + 1)).data).toEqual(mask.data);
    await expect(read.mask(9)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('has no segment 9; there are: 1, 2, 3, 4'),
    });
  });

  it('makes a grid of its own where none is given, with empty slices between', async () => {
    const mask = maskOf((x, _, z) => x > 3 && (z === 1 || z === 4));
    const read = decodeSegmentation(writeSegmentation(source, [{ prompt: 'liver', mask }], writeOptions()), 'a');
    const grid = { ...source, size: [13, 7, 4] as const, origin: indexToLps(source, [0, 0, 1]) };
    expect(sameGrid(read.grid, grid, 1e-6)).toBe(true);
    expect((await read.mask(1)).data).toEqual(mask.data.subarray(91));
  });

  it('of probabilities is cut at a threshold', async () => {
    const probabilities = Float32Array.from({ length: 455 }, (_, i) => (i % 11) / 10);
    const bytes = writeSegmentation(source, [{ prompt: 'liver', mask: emptyMask(source), probabilities }], {
      ...writeOptions(),
      type: 'FRACTIONAL',
    });
    const read = decodeSegmentation(bytes, 'a', source);
    const above = (least: number): number[] =>
      [...probabilities].map((p) => (Math.round(p * 255) > least * 255 ? 1 : 0));
    expect([...(await read.mask(1)).data]).toEqual(above(0.5));
    expect([...(await read.mask(1, 0.85)).data]).toEqual(above(0.85));
  });
});

describe('a segmentation by others', () => {
  it('may be a label map, flipped or cropped against the grid', async () => {
    expect([...(await decodeSegmentation(made(), 'a').mask(2)).data]).toEqual([0, 0, 1, 1, 0, 0]);
    const grid = {
      size: [4, 3, 2],
      spacing: [1, 1, 2],
      origin: [3, 0, 2],
      direction: [
        [-1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    } as const;
    const mask = await decodeSegmentation(made(), 'a', grid).mask(2);
    // Columns run the other way from x = 3; the frame is the second slice.
    expect([...mask.data.subarray(12)]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(mask.data.subarray(0, 12).every((value) => value === 0)).toBe(true);
  });

  it.each<[string, Buffer, string]>([
    ['of another class', made({ SOPClassUID: '1.2.3' }), 'it is no segmentation (SOP class 1.2.3)'],
    [
      'of an unknown type',
      made({ SegmentationType: 'SURFACE' }),
      'SegmentationType is SURFACE; allowed: BINARY, FRACTIONAL, LABELMAP',
    ],
    [
      'without segment numbers',
      made({ SegmentSequence: [{ SegmentLabel: 'a' }] }),
      'one of its segments has no SegmentNumber',
    ],
    [
      'with a number twice',
      made({ SegmentSequence: [{ SegmentNumber: 1 }, { SegmentNumber: 1 }] }),
      'the same SegmentNumber',
    ],
    [
      'with a frame of no segment',
      made({ SegmentationType: 'BINARY' }),
      'its frame 0 does not say which segment it is of',
    ],
    [
      'with a frame of no place',
      made({ PerFrameFunctionalGroupsSequence: [] }),
      'its frame 0 does not say where it lies',
    ],
    [
      'without a greatest value',
      made({
        SegmentationType: 'FRACTIONAL',
        PerFrameFunctionalGroupsSequence: [
          {
            PlanePositionSequence: [{ ImagePositionPatient: [0, 0, 4] }],
            SegmentIdentificationSequence: [{ ReferencedSegmentNumber: 1 }],
          },
        ],
      }),
      'MaximumFractionalValue is missing',
    ],
    [
      'without pixels',
      dicomFile({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.66.4', SegmentationType: 'BINARY' }),
      'holds no pixels',
    ],
  ])('is refused %s', (_, bytes, reason) => {
    expect(() => decodeSegmentation(bytes, 'a')).toThrow(
      expect.objectContaining({ code: 'input', message: expect.stringContaining(reason) }),
    );
  });

  it('is refused where it does not lie on the grid', async () => {
    const grid = {
      size: [4, 3, 2],
      spacing: [1, 1, 2],
      origin: [0, 0, 2],
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    } as const;
    expect(() => decodeSegmentation(made(), 'a', { ...grid, origin: [0.3, 0, 2] })).toThrow(
      'does not lie on the voxels of the 4 x 3 x 2 grid',
    );
    expect(() => decodeSegmentation(made(), 'a', { ...grid, spacing: [0.99, 1, 2] })).toThrow(
      'does not lie on the voxels',
    );
    await expect(decodeSegmentation(made(), 'a', { ...grid, size: [2, 3, 2] }).mask(2)).rejects.toThrow(
      'outside of the 2 x 3 x 2 grid',
    );
    const far = made({
      NumberOfFrames: 2,
      PixelData: new Uint8Array(12),
      PerFrameFunctionalGroupsSequence: [0, 4e9].map((z) => ({
        PlanePositionSequence: [{ ImagePositionPatient: [0, 0, z] }],
      })),
    });
    expect(() => decodeSegmentation(far, 'a')).toThrow('that is too many');
  });

  it('is read or refused however it is damaged: 1000', async () => {
    const read = async (bytes: Buffer): Promise<void> => {
      const found = decodeSegmentation(bytes, 'a.dcm');
      for (const { number } of found.segments.slice(0, 2)) await found.mask(number);
    };
    await survive({ name: 'DICOM SEG', sources: [binary, made()], text: false, read }, 1000);
  });
});

describeShared(LIVER, 'a real segmentation by another writer', () => {
  it('is the mask of its NRRD, on its own grid and on that of its series', async () => {
    const { volume, source: from, nrrd } = await readLiver();
    for (const grid of [undefined, volume]) {
      const read = await readSegmentation(join(sharedPath(LIVER), 'liver.dcm'), grid === undefined ? {} : { grid });
      expect(sameGrid(read.grid, nrrd, 1e-3)).toBe(true);
      expect(read.segments).toMatchObject([{ number: 1, label: 'Liver', type: { value: 'T-62000', scheme: 'SRT' } }]);
      const mask = await read.mask(1);
      expect(Buffer.compare(mask.data, Uint8Array.from(nrrd.data))).toBe(0);
      const again = decodeSegmentation(
        writeSegmentation(from, [{ prompt: 'liver', mask: { ...mask, ...volume, data: mask.data } }], writeOptions()),
        'a',
        volume,
      );
      expect(Buffer.compare((await again.mask(1)).data, mask.data)).toBe(0);
    }
  });
});
