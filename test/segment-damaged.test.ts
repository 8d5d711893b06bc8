/**
 * Damaged files and files with paths in their headers through `segment`, on the fake network: a typed error or a right end for
 * each, and nothing is written but in the output folder.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMha } from '../src/formats/mha.ts';
import { encodeNifti } from '../src/formats/nifti.ts';
import { encodeNrrd } from '../src/formats/nrrd.ts';
import type { Volume } from '../src/image/volume.ts';
import { createRandom } from '../src/util/random.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { type Attributes, dicomFile, greyImage } from './helpers/dicom.ts';
import { mutate } from './helpers/mutations.ts';
import { unpacked } from './helpers/unpacked.ts';

let folder: string;
const path = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-damaged-'));
  mkdirSync(path('in'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { model } = fakeModel({});
const call = (input: string) =>
  callCli(['segment', input, '-p', 'block', '--format', 'geojson', '--out', path('out')], {
    loadModel: async () => ({ ...model, dispose: async () => undefined }),
  });

/** Names, sizes and times of all files outside the output folder. */
const outside = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && !`${one.parentPath}/`.startsWith(`${path('out')}/`))
    .map((one) => {
      const { size, mtimeMs } = statSync(join(one.parentPath, one.name));
      return `${join(one.parentPath, one.name)} ${size} ${mtimeMs}`;
    })
    .sort();

const small: Volume = {
  size: [8, 6, 3],
  spacing: [1, 1, 2],
  origin: [1, 2, 3],
  direction: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  data: Int16Array.from({ length: 144 }, (_, i) => i * 10),
  channels: 1,
  identifiers: {},
};
const place: Attributes = {
  Modality: 'CT',
  SeriesInstanceUID: '1.2.3',
  PixelSpacing: [1, 1],
  ImagePositionPatient: [0, 0, 0],
  ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
};
const pixels = Array.from({ length: 144 }, (_, i) => i * 10);
const frames: Attributes = {
  ...place,
  NumberOfFrames: 3,
  PerFrameFunctionalGroupsSequence: [0, 1, 2].map((k) => ({
    PlanePositionSequence: [{ ImagePositionPatient: [0, 0, k] }],
  })),
};

const kinds: [string, boolean, () => Promise<Uint8Array>][] = [
  ['scan.nii', false, async () => Buffer.concat(encodeNifti(small))],
  ['scan.nrrd', true, async () => Buffer.concat(await encodeNrrd(small, true))],
  ['scan.mha', true, async () => Buffer.concat(await encodeMha(small, true))],
  ['image.dcm', false, async () => dicomFile(greyImage(12, 12, pixels, place))],
  ['frames.dcm', false, async () => dicomFile(greyImage(8, 6, pixels, frames))],
  [
    'image.tif',
    false,
    () =>
      sharp(
        Uint8Array.from(pixels, (v) => v % 256),
        { raw: { width: 12, height: 12, channels: 1 } },
      )
        .tiff({ compression: 'lzw' })
        .toBuffer(),
  ],
];

describe('damaged files', () => {
  it.each(
    kinds,
  )('like %s end with a typed error or a result, and nothing lies outside the output folder', async (name, text, make) => {
    const random = createRandom(name.length);
    const good = Buffer.from(await make());
    writeFileSync(path('in', name), good);
    expect((await call(path('in', name))).status).toBe(0);
    let refused = 0;
    for (let i = 0; i < 25; i++) {
      writeFileSync(path('in', name), mutate(random, good, text));
      const before = outside();
      const { status, stderr } = await call(path('in', name));
      const errors = stderr.split('\n').filter((line) => line.startsWith('biomedparse:'));
      expect([0, 1, 2]).toContain(status);
      expect(errors.length).toBe(status === 0 ? 0 : 1);
      expect(stderr).not.toMatch(/internal|TypeError|RangeError|\.ts:/);
      expect(outside()).toEqual(before);
      if (status !== 0) refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe('names in headers', () => {
  it.each([
    '../secret.raw',
    '/etc/hostname',
    'sub/a.raw',
    '..',
    'a:b',
  ])('that lead elsewhere are refused: %s', async (name) => {
    writeFileSync(path('secret.raw'), Buffer.alloc(8));
    const nrrd = `NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: ${name}\n\n`;
    const mhd = `ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nBinaryData = True\nElementType = MET_UCHAR\nElementDataFile = ${name}\n`;
    for (const [file, header] of [
      ['a.nhdr', nrrd],
      ['a.mhd', mhd],
    ] as const) {
      writeFileSync(path('in', file), header);
      const { status, stderr } = await call(path('in', file));
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining('only a plain file name in the same folder is allowed'),
      ]);
    }
  });

  it('of DICOM files are never part of a path', async () => {
    const evil = '../../evil';
    mkdirSync(path('in', 'series'));
    const attributes: Attributes = {
      ...place,
      SeriesDescription: evil,
      StudyDescription: evil,
      PatientID: `${evil}-number-4711`,
      PatientName: `${evil}-Secret^Jane`,
      SeriesInstanceUID: evil,
      StudyInstanceUID: evil,
      SOPInstanceUID: evil,
      FrameOfReferenceUID: evil,
    };
    writeFileSync(path('in', 'series', 'a.dcm'), dicomFile(greyImage(12, 12, pixels, attributes)));
    const before = outside();
    const { status } = await call(path('in', 'series'));
    expect(status).toBe(0);
    expect(outside()).toEqual(before);
    const names = readdirSync(path('out')).sort();
    expect(names.every((name) => name.startsWith('series_'))).toBe(true);
    for (const name of names) {
      const text = unpacked(path('out', name)).toString('latin1');
      for (const told of ['PatientID', 'number-4711', 'Secret^Jane']) expect(text, name).not.toContain(told);
    }
  });
});
