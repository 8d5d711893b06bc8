/** `segment` on DICOM files of several frames, on the fake network that finds bright pixels: volumes, single frames, cines. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSegmentation } from '../src/formats/dicom/segmentation-read.ts';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { readNifti } from '../src/formats/nifti.ts';
import { readMask, writePng } from '../src/formats/raster.ts';
import { sameGrid } from '../src/image/volume.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { type Attributes, dicomFile, greyImage } from './helpers/dicom.ts';
import { dump, pydicom, VALIDATORS, validate } from './helpers/dicom-source.ts';
import { describePrograms } from './helpers/programs.ts';

const [COLUMNS, ROWS] = [80, 72];
/** Frames lie in this order in the file: the third is the lowest in the patient. */
const ORDER = [2, 4, 0, 1, 3];
let folder: string;
let out: string;
const path = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-frames-'));
  out = path('out');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(...argv: string[]) {
  const { model, calls } = fakeModel({});
  return { ...(await callCli(['segment', ...argv, '--out', out], { loadModel: async () => model })), calls };
}

/** Bright (200 HU) where `inside` holds, air elsewhere. */
function samples(frames: readonly number[], inside: (x: number, y: number, k: number) => boolean): Int16Array {
  return Int16Array.from({ length: frames.length * COLUMNS * ROWS }, (_, i) => {
    const [x, y] = [i % COLUMNS, Math.floor(i / COLUMNS) % ROWS];
    return inside(x, y, frames[Math.floor(i / COLUMNS / ROWS)]) ? 200 : -1000;
  });
}

/** An enhanced CT of five oblique frames, 3 mm apart; a block in the middle three. */
function enhanced(name: string, changes: Attributes = {}): string {
  const data = samples(ORDER, (x, y, k) => k >= 1 && k <= 3 && x >= 20 && x < 60 && y >= 10 && y < 40);
  const attributes = greyImage(COLUMNS, ROWS, data, {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.2.1',
    SOPInstanceUID: '1.2.3.4.5',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: '1.2.3.4',
    FrameOfReferenceUID: '1.2.3.9',
    PatientID: 'P-1',
    PatientName: 'Doe^Jane',
    StudyDate: '20240102',
    Modality: 'CT',
    PixelRepresentation: 1,
    NumberOfFrames: ORDER.length,
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient: [0.8, 0.6, 0, -0.6, 0.8, 0] }],
        PixelMeasuresSequence: [{ SliceThickness: 3, PixelSpacing: [0.5, 0.75] }],
      },
    ],
    PerFrameFunctionalGroupsSequence: ORDER.map((k) => ({
      PlanePositionSequence: [{ ImagePositionPatient: [-10, 20, 100 + 3 * k] }],
    })),
    ...changes,
  });
  writeFileSync(path(name), dicomFile(attributes));
  return path(name);
}

/** An ultrasound cine of three colour frames without places; the block moves. */
function cine(name: string): string {
  const grey = samples([0, 1, 2], (x, y, k) => x >= 20 * k && x < 20 * k + 24 && y >= 10 && y < 50);
  const pixels = Uint8Array.from({ length: grey.length * 3 }, (_, i) => (grey[Math.floor(i / 3)] > 0 ? 250 : 0));
  const { PixelRepresentation: _, ...rest } = greyImage(COLUMNS, ROWS, [], {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.3.1',
    Modality: 'US',
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    NumberOfFrames: 3,
    PixelData: pixels,
  });
  writeFileSync(path(name), dicomFile({ ...rest, PixelRepresentation: 0 }));
  return path(name);
}

describe('segment of an enhanced multi-frame file', () => {
  it('is that of a volume: masks in its grid, and objects that refer to its frames', async () => {
    const file = enhanced('scan.dcm');
    const formats = ['--format', 'dicom-seg', '--format', 'rtstruct'];
    const { status, stdout, calls } = await call(file, '-p', 'block', '--smooth', '0', ...formats, '--json');
    expect([status, calls.images]).toEqual([0, 5]);
    const [result] = JSON.parse(stdout).results;
    expect(result).toMatchObject({ size: [COLUMNS, ROWS, 5], modality: 'CT', warnings: [], notes: [] });
    const { volume } = await readDicomSeries(file);
    const mask = (await readNifti(result.prompts[0].masks.nifti)).volume;
    expect(sameGrid(mask, volume)).toBe(true);
    const inside = Array.from({ length: 5 }, (_, k) =>
      mask.data.subarray(k * COLUMNS * ROWS, (k + 1) * COLUMNS * ROWS).includes(1),
    );
    expect(inside).toEqual([false, true, true, true, false]);
    const segmentation = await readSegmentation(result.files['dicom-seg'], { grid: volume });
    expect(Buffer.compare((await segmentation.mask(1)).data, Uint8Array.from(mask.data))).toBe(0);
    const receipt = JSON.parse(readFileSync(result.receipt, 'utf8'));
    expect(receipt.input).toMatchObject({
      kind: 'DICOM multi-frame',
      dicom: { series_instance_uid: '1.2.3.4', frame_of_reference_uid: '1.2.3.9' },
    });
    expect(
      receipt.results.map((one: { round_trip: { voxels_equal: boolean } }) => one.round_trip.voxels_equal),
    ).toEqual([true, true, true]);
  });

  it('asks single slices, and one frame as an image', async () => {
    const file = enhanced('scan.dcm');
    expect((await call(file, '-p', 'block', '--slices', '1:3')).calls.images).toBe(2);
    // frame 2 of the file is the lowest slice, without the block; frame 0 shows it
    const present = async (frame: string) => {
      const { stdout, calls } = await call(file, '-p', 'block', '--frame', frame, '--json');
      expect(calls.images).toBe(1);
      const [{ prompts }] = JSON.parse(stdout).results;
      return prompts[0];
    };
    expect((await present('2')).present).toBe(false);
    const found = await present('0');
    expect(found.present).toBe(true);
    expect(await readMask(found.mask)).toMatchObject({ width: COLUMNS, height: ROWS });
  });

  it('is refused where frames, series or places do not fit', async () => {
    const refused = async (line: RegExp, status: number, ...argv: string[]) => {
      const result = await call(...argv, '-p', 'x');
      expect([result.status, result.stderr]).toEqual([status, expect.stringMatching(line)]);
      expect(readdirSync(folder)).not.toContain('out');
    };
    const file = enhanced('scan.dcm');
    await refused(/scan\.dcm has no frame 5; allowed: 0 to 4/, 2, file, '--frame', '5');
    await refused(/it has no series 1\.9; there are: 1\.2\.3\.4/, 2, file, '--series', '1.9');
    await refused(/no axial slices 0:6:1; allowed: .* 0:5:1/, 2, file, '--slices', '0:6');
    await writePng(path('a.png'), { data: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 });
    await refused(/a\.png has no frames to choose from: it is no DICOM file/, 2, path('a.png'), '--frame', '0');
    const twice = enhanced('twice.dcm', {
      PerFrameFunctionalGroupsSequence: [0, 0, 0, 1, 1].map((k) => ({
        PlanePositionSequence: [{ ImagePositionPatient: [0, 0, k] }],
      })),
    });
    await refused(/it has 5 images at 2 places \(several phases or echoes\)/, 1, twice);
  });
});

describe('segment of a cine', () => {
  it('asks every frame by itself, and says that they have no place', async () => {
    const { status, stdout } = await call(cine('heart.dcm'), '-p', 'block', '--json');
    expect(status).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result.warnings.map(({ code }: { code: string }) => code)).toEqual([
      'spacing-unknown',
      'orientation-unknown',
    ]);
    expect(result.notes).toEqual([
      'its frames have no place in the patient: they are asked one by one, as slices 1 mm apart',
    ]);
    const { data } = (await readNifti(result.prompts[0].masks.nifti)).volume;
    // the block is where it is in each frame, not smeared over its neighbours
    const row = (frame: number, x: number) => data[(frame * ROWS + 30) * COLUMNS + x];
    expect([0, 1, 2].map((k) => [row(k, 10), row(k, 32), row(k, 52)])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const receipt = JSON.parse(readFileSync(result.receipt, 'utf8'));
    expect([receipt.input.kind, receipt.settings.smoothing_mm]).toEqual(['DICOM cine', 0]);
  });

  it('gives one frame as an image, and no DICOM object', async () => {
    const file = cine('heart.dcm');
    const one = await call(file, '-p', 'block', '--frame', '1', '--json');
    expect(JSON.parse(one.stdout).results[0].prompts[0].box[0]).toBeGreaterThan(15);
    const refused = await call(file, '-p', 'block', '--format', 'dicom-seg');
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining('--format dicom-seg needs a DICOM series or frames with their places'),
    ]);
  });
});

describePrograms(VALIDATORS, 'DICOM objects made from a multi-frame file', () => {
  it('name the frame that each of theirs comes from, and are well formed', async () => {
    const formats = ['--format', 'dicom-seg', '--format', 'rtstruct'];
    const { stdout } = await call(enhanced('scan.dcm'), '-p', 'block', '--smooth', '0', ...formats, '--json');
    const [{ files }] = JSON.parse(stdout).results;
    const seg = readFileSync(files['dicom-seg']);
    expect(validate(seg).errors).toEqual([]);
    expect(validate(readFileSync(files.rtstruct)).errors).toEqual([]);
    // [height of the frame, frame of the source that it names]: frames 4, 1, 5 of the file lie at 103, 106 and 109 mm
    const frames = pydicom(
      seg,
      '[[float(f.PlanePositionSequence[0].ImagePositionPatient[2]), int(f.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)] for f in d.PerFrameFunctionalGroupsSequence]',
    );
    expect(frames).toEqual([
      [103, 4],
      [106, 1],
      [109, 5],
    ]);
    expect(dump(seg)).toContain('ReferencedSOPClassUID');
    expect(dump(seg)).toMatch(/\(0008,1155\) UI \[1\.2\.3\.4\.5\]/);
  });
});
