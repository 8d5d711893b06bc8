/** `segment --format dicom-seg` and `rtstruct` in process, on the fake network that finds bright pixels: a real series, refusals. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkObjectsRoundTrip } from '../src/cli/receipt.ts';
import { parseDicom } from '../src/formats/dicom/dataset.ts';
import { readSegmentation } from '../src/formats/dicom/segmentation-read.ts';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { readStructureSet } from '../src/formats/dicom/structure-set-read.ts';
import { TAG } from '../src/formats/dicom/tags.ts';
import { text } from '../src/formats/dicom/values.ts';
import { readNifti } from '../src/formats/nifti.ts';
import { writePng } from '../src/formats/raster.ts';
import { emptyMask, type MaskVolume } from '../src/image/volume.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const series = sharedPath('samples/dicom-seg-liver/series');
const BOTH = ['--format', 'dicom-seg', '--format', 'rtstruct'];
const [SEG, RTSTRUCT] = ['series_segmentation.dcm', 'series_structures.dcm'];
let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-dicom-results-'));
  out = join(folder, 'out');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(...argv: string[]) {
  const { model, calls } = fakeModel({});
  return { ...(await callCli(['segment', ...argv], { loadModel: async () => model })), calls };
}

const receiptOf = (at: string) => JSON.parse(readFileSync(join(at, 'series_receipt.json'), 'utf8'));
const asMask = async (path: string): Promise<MaskVolume> => {
  const { volume } = await readNifti(path);
  return { ...volume, data: Uint8Array.from(volume.data) };
};
const read = (path: string) => {
  const { dataset } = parseDicom(readFileSync(path), path);
  return (keyword: keyof typeof TAG): string | undefined => text(dataset, TAG[keyword]);
};

describeShared('samples/dicom-seg-liver/series', 'segment of a DICOM series as DICOM objects', () => {
  it('writes what was found, coded, and reads it back as the same voxels', async () => {
    const ask = [series, '-p', 'absent thing', '-p', 'liver', '-p', 'bright block', ...BOTH, '--json'];
    const { status, stdout } = await call(...ask, '--out', out);
    expect(status).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result.files).toEqual({ 'dicom-seg': join(out, SEG), rtstruct: join(out, RTSTRUCT) });
    const [absent, liver, block] = result.prompts;
    expect([absent.present, liver.present, block.present]).toEqual([false, true, true]);

    const { volume, source } = await readDicomSeries(series);
    const segmentation = await readSegmentation(join(out, SEG), { grid: volume });
    expect(segmentation.segments.map(({ label, algorithmName }) => [label, algorithmName])).toEqual([
      ['liver', 'fake'],
      ['bright block', 'fake'],
    ]);
    expect(segmentation.segments[0]).toMatchObject({
      description: `presence ${liver.presence}; prompt: liver`,
      type: { value: liver.concept.snomed, scheme: 'SCT' },
    });
    const structures = await readStructureSet(join(out, RTSTRUCT));
    expect(structures.rois.map(({ name }) => name)).toEqual(['liver', 'bright block']);
    for (const [i, one] of [liver, block].entries()) {
      const { data } = await asMask(one.masks.nifti);
      expect(data.includes(1)).toBe(true);
      expect(Buffer.compare((await segmentation.mask(i + 1)).data, data)).toBe(0);
      expect(Buffer.compare(structures.mask(i + 1, volume).data, data)).toBe(0);
    }
    for (const name of [SEG, RTSTRUCT]) {
      const value = read(join(out, name));
      expect(value('StudyInstanceUID')).toBe(source.attributes.StudyInstanceUID);
      expect(value('PatientID')).toBe(source.attributes.PatientID);
    }
    const shared = receiptOf(out).results.slice(-2);
    expect(shared).toMatchObject([
      { format: 'dicom-seg', file: SEG, round_trip: { objects: 2, voxels_equal: true } },
      { format: 'rtstruct', file: RTSTRUCT, round_trip: { objects: 2, voxels_equal: true } },
    ]);
  });

  it('gives the same bytes for the same call, and other identifiers for other masks', async () => {
    const [again, other] = [join(folder, 'again'), join(folder, 'other')];
    const ask = [series, '-p', 'liver', ...BOTH];
    for (const to of [out, again]) expect((await call(...ask, '--out', to)).status).toBe(0);
    expect((await call(...ask, '--slices', '1', '--out', other)).status).toBe(0);
    for (const name of [SEG, RTSTRUCT]) {
      expect(Buffer.compare(readFileSync(join(out, name)), readFileSync(join(again, name)))).toBe(0);
      expect(read(join(out, name))('SOPInstanceUID')).toMatch(/^2\.25\.\d+$/);
    }
    const files = [join(out, SEG), join(other, SEG), join(out, RTSTRUCT), join(other, RTSTRUCT)];
    expect(new Set(files.map((path) => read(path)('SOPInstanceUID'))).size).toBe(4);
    const { StudyDate } = (await readDicomSeries(series)).source.attributes;
    expect(read(join(out, SEG))('ContentDate')).toBe(StudyDate ?? '19000101');
  });

  it('writes an empty object where nothing was found', async () => {
    expect((await call(series, '-p', 'absent thing', ...BOTH, '--out', out)).status).toBe(0);
    const { segments, mask } = await readSegmentation(join(out, SEG));
    expect([segments.map(({ label }) => label), (await mask(1)).data.includes(1)]).toEqual([['absent thing'], false]);
    expect((await readStructureSet(join(out, RTSTRUCT))).rois).toMatchObject([{ name: 'absent thing', contours: 0 }]);
  });

  it('leaves out the patient with --deidentify, with the same replaced identifiers in both files', async () => {
    const again = join(folder, 'again');
    const ask = [series, '-p', 'liver', ...BOTH, '--deidentify'];
    for (const to of [out, again]) expect((await call(...ask, '--out', to)).status).toBe(0);
    const { source } = await readDicomSeries(series);
    const uids = source.images.flat().map(({ sopInstanceUid }) => sopInstanceUid);
    const { PatientID, StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID } = source.attributes;
    expect(PatientID).toBeTruthy();
    const secrets = [...uids, PatientID, StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID] as string[];
    for (const name of [SEG, RTSTRUCT]) {
      const bytes = readFileSync(join(out, name));
      expect(secrets.filter((secret) => bytes.includes(secret))).toEqual([]);
      expect(read(join(out, name))('PatientIdentityRemoved')).toBe('YES');
      expect(bytes.equals(readFileSync(join(again, name))), name).toBe(true);
    }
    const [one, two] = [SEG, RTSTRUCT].map((name) => read(join(out, name))('StudyInstanceUID'));
    expect(one).toBe(two);
    const receipt = receiptOf(out);
    expect(receipt.results.at(-1).round_trip).toEqual({ objects: 1, voxels_equal: true });
    expect(receipt.input.dicom.study_instance_uid).toBe(one);
    expect(Object.keys(receipt.input.files[0])).toEqual(['sha256', 'bytes']);
    expect(secrets.filter((secret) => JSON.stringify(receipt).includes(secret))).toEqual([]);
  });

  it.each([
    ['dicom-seg', SEG],
    ['rtstruct', RTSTRUCT],
  ])('refuses a %s that holds other voxels or objects', async (format, name) => {
    expect((await call(series, '-p', 'liver', ...BOTH, '--out', out)).status).toBe(0);
    const { volume } = await readDicomSeries(series);
    const check = (masks: MaskVolume[]) =>
      checkObjectsRoundTrip(
        format,
        join(out, name),
        masks.map((mask) => ({ mask })),
      );
    const mask = await asMask(join(out, 'series_liver_mask.nii.gz'));
    expect(await check([{ ...emptyMask(volume), data: mask.data }])).toEqual({ objects: 1, voxels_equal: true });
    await expect(check([emptyMask(volume)])).rejects.toThrow(`${name} does not read back with the same voxels`);
    await expect(check([mask, mask])).rejects.toThrow(`${name} does not read back with the same objects`);
  });

  it('writes a label map, and keeps what the model said when objects overlap', async () => {
    const ask = [series, '--format', 'dicom-seg', '--seg-type', 'labelmap', '--out', out];
    expect((await call(...ask, '-p', 'liver')).status).toBe(0);
    expect((await readSegmentation(join(out, SEG))).type).toBe('LABELMAP');
    expect(receiptOf(out).results.at(-1).round_trip).toEqual({ objects: 1, voxels_equal: true });
    // the fake network finds the same voxels for every prompt
    const { status, stderr } = await call(...ask, '-p', 'liver', '-p', 'spleen');
    expect([status, stderr]).toEqual([1, expect.stringContaining('"liver" and "spleen" overlap')]);
    expect(readdirSync(out).filter((name) => name.endsWith('.work'))).toHaveLength(1);
  });

  it('writes probabilities that are above one half where the mask is', async () => {
    const { status } = await call(
      series,
      '-p',
      'liver',
      '--format',
      'dicom-seg',
      '--seg-type',
      'fractional',
      '--out',
      out,
    );
    expect(status).toBe(0);
    const seg = await readSegmentation(join(out, SEG));
    expect(seg.type).toBe('FRACTIONAL');
    const mask = await asMask(join(out, 'series_liver_mask.nii.gz'));
    expect((await seg.mask(1)).data.filter((value) => value === 1)).toHaveLength(
      mask.data.filter((v) => v === 1).length,
    );
    const likely = (await seg.mask(1, 0.9)).data.filter((value) => value === 1).length;
    expect(likely).toBeGreaterThan(0);
    expect(likely).toBeLessThan((await seg.mask(1, 0.1)).data.filter((value) => value === 1).length);
    expect(receiptOf(out).results.at(-1).round_trip).toEqual({ objects: 1, voxels_equal: true });
  });

  it('refuses --seg-type without a segmentation', async () => {
    const { status, stderr } = await call(series, '-p', 'x', '--seg-type', 'labelmap', '--format', 'rtstruct');
    expect([status, stderr]).toEqual([2, 'biomedparse: --seg-type goes with --format dicom-seg\n']);
  });

  it('refuses --deidentify without a DICOM format', async () => {
    const { status, stderr } = await call(series, '-p', 'x', '--deidentify', '--format', 'nrrd', '--out', out);
    expect([status, stderr]).toEqual([2, 'biomedparse: --deidentify goes with --format dicom-seg or rtstruct\n']);
    expect(existsSync(out)).toBe(false);
  });
});

describe('DICOM formats are refused', () => {
  it.each(['dicom-seg', 'rtstruct'])('%s of other volumes and of images', async (format) => {
    const [scan, image] = [join(folder, 'scan.nii.gz'), join(folder, 'photo.png')];
    writeFileSync(scan, 'not looked at');
    await writePng(image, { data: new Uint8Array(64), width: 8, height: 8, channels: 1 });
    const ask = (input: string, ...rest: string[]) => call(input, '-p', 'x', '--format', format, ...rest, '--out', out);
    const volume = await ask(scan);
    expect([volume.status, volume.calls.images]).toEqual([2, 0]);
    expect(volume.stderr).toBe(
      `biomedparse: --format ${format} needs a DICOM series or frames with their places, and ${scan} is read as NIfTI\n`,
    );
    expect(await ask(image)).toMatchObject({
      status: 2,
      stderr: `biomedparse: --format ${format} cannot hold masks of images; allowed: png, npy, coco, geojson\n`,
    });
    expect((await ask(image, '--deidentify')).stderr).toMatch(
      /^biomedparse: --deidentify is for volumes, and [^\n]+\n$/,
    );
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });
});
