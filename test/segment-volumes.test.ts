/** `segment` on volumes in process, on the fake network that finds bright pixels: files, grids, resuming, refusals. */

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDicomSeries } from '../src/formats/dicom/series.ts';
import { writeMha } from '../src/formats/mha.ts';
import { encodeNifti, readNifti, writeNifti } from '../src/formats/nifti.ts';
import { decodeNpy } from '../src/formats/npy.ts';
import { readNrrd, writeNrrd } from '../src/formats/nrrd.ts';
import { readRaster, writePng } from '../src/formats/raster.ts';
import { sameGrid, splitSteps, type Vector, type Volume } from '../src/image/volume.ts';
import { fakeConfig, fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';
import { patientSlice } from './helpers/dicom-series.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';
import { stoppedCall } from './helpers/stopped-call.ts';

let folder: string;
let out: string;
let file: string;

/** 24 x 20 x 10 voxels of an oblique CT, whose rows count up to the front; bright (200 HU) in a block. */
function obliqueCt(): Volume {
  const steps: [Vector, Vector, Vector] = [
    [0.99, 0.1, 0],
    [0.1, -0.99, 0.05],
    [0, 0.1, 2.5],
  ];
  const split = splitSteps(steps);
  if (split === null) throw new Error('no axes');
  const data = new Int16Array(24 * 20 * 10).fill(-1000);
  for (let z = 3; z < 8; z++) {
    for (let y = 4; y < 16; y++) data.fill(200, (z * 20 + y) * 24 + 6, (z * 20 + y) * 24 + 18);
  }
  return { size: [24, 20, 10], origin: [-31.5, 12.25, 100.125], ...split, data, channels: 1, identifiers: {} };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-volumes-'));
  out = join(folder, 'out');
  file = join(folder, 'scan.nii.gz');
  await writeNifti(file, obliqueCt());
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const call = (argv: string[], stopAfter?: number, plain = false) =>
  stoppedCall(argv, stopAfter, plain ? { decoder: { ...fakeConfig.decoder, existence: false } } : {});

const segment = (...rest: string[]) => ['segment', file, '--out', out, ...rest];
const files = (at = out) => (existsSync(at) ? readdirSync(at).sort() : []);

async function expectRefusal(argv: string[], status: number, line: RegExp) {
  const result = await call(argv);
  expect(result.stderr).toMatch(/^biomedparse: [^\n]+\n$/);
  expect(result.stderr).toMatch(line);
  expect([result.status, files()]).toEqual([status, []]);
}

describe('segment of a volume', () => {
  it("writes a mask in the source's grid, a report, a picture and a receipt", async () => {
    const { status, stdout } = await call(segment('-p', 'Bright block', '--json', '--smooth', '0'), undefined, true);
    expect(status).toBe(0);
    const base = 'scan_bright-block';
    expect(files()).toEqual([`${base}_mask.nii.gz`, `${base}_mosaic.png`, `${base}_report.json`, 'scan_receipt.json']);
    const source = (await readNifti(file)).volume;
    const { volume } = await readNifti(join(out, `${base}_mask.nii.gz`));
    expect(sameGrid(volume, source, 0)).toBe(true);
    // the header's own bytes: dimensions, spacing, both transforms
    const header = (bytes: Buffer) => {
      const raw = gunzipSync(bytes);
      return [raw.subarray(40, 56), raw.subarray(76, 92), raw.subarray(252, 328)];
    };
    expect(header(readFileSync(join(out, `${base}_mask.nii.gz`)))).toEqual(header(readFileSync(file)));
    const wrong = Array.from(source.data).reduce(
      (n, value, i) => n + ((value > 0 ? 1 : 0) === volume.data[i] ? 0 : 1),
      0,
    );
    expect(wrong / source.data.length).toBeLessThan(0.06);

    const answer = JSON.parse(stdout);
    expect(answer.notice).toMatch(/^Not a medical device/);
    expect(answer.model.name).toBe('fake');
    const [result] = answer.results;
    expect(result).toMatchObject({
      input: file,
      size: [24, 20, 10],
      orientation: 'LAS',
      plane: 'axial',
      modality: 'CT',
    });
    expect(result.slices).toEqual({ first: 0, last: 9, count: 10 });
    expect(result.window).toEqual({ low: -150, high: 250 });
    expect(result.notes.at(-1)).toMatch(/^nothing says what kind of image this is: taken for Hounsfield units of a CT/);
    const [found] = result.prompts;
    expect(found).toMatchObject({ text: 'Bright block', present: true, reason: null, slices_inside: 5 });
    const inside = Array.from(volume.data).reduce((sum, value) => sum + value, 0);
    expect(found.voxels).toBe(inside);
    const steps = source.spacing[0] * source.spacing[1] * source.spacing[2];
    expect(found.volume_ml).toBeCloseTo((inside * steps) / 1000, 1);
    expect(found.mean).toBeGreaterThan(100);
    expect([found.box_voxels.from[2], found.box_voxels.to[2]]).toEqual([3, 8]);
    const report = JSON.parse(readFileSync(join(out, `${base}_report.json`), 'utf8'));
    expect(report.slices.map((one: { area_px: number }) => one.area_px > 0)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => index >= 3 && index < 8),
    );
    expect(report.slices.reduce((sum: number, one: { area_px: number }) => sum + one.area_px, 0)).toBe(inside);
    expect((await readRaster(join(out, `${base}_mosaic.png`))).channels).toBe(3);
  });

  it('gives a receipt whose hashes and round trip are true', async () => {
    expect((await call(segment('-p', 'block', '--format', 'nrrd', '--format', 'coco'))).status).toBe(0);
    const receipt = JSON.parse(readFileSync(join(out, 'scan_receipt.json'), 'utf8'));
    const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(receipt.notice).toMatch(/^Not a medical device/);
    expect(receipt.input.files).toEqual([
      { file: 'scan.nii.gz', bytes: readFileSync(file).length, sha256: sha256(file) },
    ]);
    expect(receipt.geometry).toMatchObject({ size: [24, 20, 10], orientation: 'LAS' });
    expect(receipt.prompts).toMatchObject([{ text: 'block', present: true }]);
    expect(receipt.settings).toMatchObject({ plane: 'axial', smoothing_mm: 2, threshold: 0.5, fill_holes: false });
    expect(receipt.results.map((one: { format: string }) => one.format)).toEqual(['nifti', 'nrrd', 'coco']);
    for (const one of receipt.results) {
      expect(one.sha256).toBe(sha256(join(out, one.file)));
      if (one.format === 'coco') continue;
      expect(one.round_trip).toMatchObject({ voxels_equal: true, grid_equal: true });
      expect(one.round_trip.largest_offset_mm).toBeLessThan(1e-4);
    }
  });

  it("hashes the model's files once for all volumes of a call", async () => {
    await writeNifti(join(folder, 'second.nii'), obliqueCt());
    const directory = join(folder, 'model');
    mkdirSync(directory);
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'views.json'];
    for (const name of names) writeFileSync(join(directory, name), name);
    const { model } = fakeModel({});
    const watched = {
      ...model,
      directory,
      encode: (...given: Parameters<typeof model.encode>) => {
        rmSync(directory, { recursive: true, force: true }); // hashed by now, or never
        return model.encode(...given);
      },
    };
    const argv = ['segment', file, join(folder, 'second.nii'), '-p', 'block', '--slices', '4', '--out', out];
    expect((await callCli(argv, { loadModel: async () => watched })).status).toBe(0);
    const filesOf = (name: string) => JSON.parse(readFileSync(join(out, name), 'utf8')).model.files;
    expect(filesOf('scan_receipt.json').map((one: { file: string }) => one.file)).toEqual(names);
    expect(filesOf('second_receipt.json')).toEqual(filesOf('scan_receipt.json'));
  });

  it('writes what --format asks for, all of the same mask', async () => {
    const formats = ['npy', 'nrrd', 'coco', 'geojson'].flatMap((name) => ['--format', name]);
    const { stdout } = await call(segment('-p', 'block', '-p', 'absent thing', ...formats, '--json'));
    const [result] = JSON.parse(stdout).results;
    const [block, absent] = result.prompts;
    expect([absent.present, absent.voxels, absent.reason]).toEqual([
      false,
      0,
      'absent: presence 0.02 < 0.50 in every slice',
    ]);
    const mask = (await readNifti(block.masks.nifti)).volume;
    expect((await readNrrd(block.masks.nrrd)).volume.data).toEqual(mask.data);
    const array = decodeNpy(readFileSync(block.masks.npy), 'mask');
    expect([array.shape, array.data]).toEqual([[10, 20, 24], mask.data]);
    const coco = JSON.parse(readFileSync(result.files.coco, 'utf8'));
    expect(coco.images).toHaveLength(10);
    const areas = coco.annotations.reduce((sum: number, one: { area: number }) => sum + one.area, 0);
    expect(areas).toBe(block.voxels);
    const { features } = JSON.parse(readFileSync(result.files.geojson, 'utf8'));
    expect(new Set(features.map((one: { properties: { name: string } }) => one.properties.name))).toEqual(
      new Set(['block']),
    );
    expect(features.map((one: { geometry: { plane: { z: number } } }) => one.geometry.plane.z)).toEqual(
      coco.annotations.map((one: { image_id: number }) => one.image_id - 1),
    );
  });

  it('reads NRRD and MetaImage as it reads NIfTI, and prints a table', async () => {
    const { volume } = await readNifti(file);
    await writeNrrd(join(folder, 'a.nrrd'), volume);
    await writeMha(join(folder, 'b.mha'), volume);
    const inputs = [file, join(folder, 'a.nrrd'), join(folder, 'b.mha')];
    const { status, stdout } = await call(['segment', ...inputs, '-p', 'block', '--out', out]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/volume +prompt +found +presence +mL +mean +sd +slices\n/);
    expect(stdout).toMatch(/Note: nothing says what kind of image this is/);
    expect(stdout).toMatch(/Model fake\. Not a medical device/);
    const masks = ['scan', 'a', 'b'].map((name) => readFileSync(join(out, `${name}_block_mask.nii.gz`)));
    expect(gunzipSync(masks[1])).toEqual(gunzipSync(masks[0]));
    expect(gunzipSync(masks[2])).toEqual(gunzipSync(masks[0]));
  });

  it('gives the same masks of all formats in every plane, with a range and a window', async () => {
    const data = new Int16Array(24 * 20 * 10).fill(-1000);
    for (let z = 3; z < 8; z++) {
      for (let y = 4; y < 16; y++) data.fill(40 * z, (z * 20 + y) * 24 + 6, (z * 20 + y) * 24 + 18);
    }
    const split = splitSteps([
      [0.8, 0.6, 0],
      [-0.6, 0.8, 0],
      [0, 0, 2.5],
    ]);
    if (split === null) throw new Error('no axes');
    const volume: Volume = {
      size: [24, 20, 10],
      origin: [-31.5, 12.25, 100],
      ...split,
      data,
      channels: 1,
      identifiers: {},
    };
    await writeNifti(join(folder, 'n.nii'), volume);
    await writeNrrd(join(folder, 'r.nrrd'), volume);
    await writeMha(join(folder, 'm.mha'), volume);
    mkdirSync(join(folder, 'd'));
    for (let z = 0; z < 10; z++) {
      const slice = greyImage(24, 20, data.subarray(z * 480, (z + 1) * 480), {
        Modality: 'CT',
        SOPInstanceUID: `1.2.${z}`,
        SeriesInstanceUID: '1.2.3',
        PixelRepresentation: 1,
        PixelSpacing: [1, 1],
        ImageOrientationPatient: [0.8, 0.6, 0, -0.6, 0.8, 0],
        ImagePositionPatient: [-31.5, 12.25, 100 + 2.5 * z],
      });
      writeFileSync(join(folder, 'd', `${9 - z}.dcm`), dicomFile(slice));
    }
    const inputs = ['n.nii', 'r.nrrd', 'm.mha', 'd'].map((name) => join(folder, name));
    const voxels: number[] = [];
    for (const [plane, slices, window] of [
      ['axial', '2:9:2', '0,400'],
      ['coronal', '4:16:3', '0,200'],
      ['sagittal', '8:16', '-150,250'],
    ]) {
      const to = join(out, plane);
      const ask = ['-p', 'block', '--plane', plane, '--slices', slices, '--window', window, '--smooth', '0'];
      const { status, stdout } = await call(['segment', ...inputs, ...ask, '--out', to, '--json']);
      expect(status).toBe(0);
      const { results } = JSON.parse(stdout);
      const [low, high] = window.split(',').map(Number);
      const masks: Uint8Array[] = [];
      for (const result of results) {
        expect(result).toMatchObject({ plane, window: { low, high } });
        masks.push(Uint8Array.from((await readNifti(result.prompts[0].masks.nifti)).volume.data));
      }
      for (const mask of masks) expect(Buffer.compare(mask, masks[0])).toBe(0);
      voxels.push(results[0].prompts[0].voxels);
    }
    // what is white enough depends on the window: 200 HU and more of 400, 100 and more of 200
    expect(voxels[0]).toBeGreaterThan(0);
    expect(new Set(voxels).size).toBe(3);
  });

  it('goes on where it was ended, with the same bytes in every file', async () => {
    const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
    const ask = (to: string) => ['segment', file, '-p', 'block', '-p', 'absent', '--format', 'geojson', '--out', to];
    expect((await call(ask(whole))).status).toBe(0);
    const ended = await call(ask(parts), 4);
    expect([ended.status, ended.calls.images]).toEqual([130, 4]);
    expect(ended.stderr).toMatch(/4 slices are kept in [^\n]+\.work; the same call goes on from there\n/);
    const [work, ...rest] = files(parts);
    expect([work.startsWith('.scan-'), rest]).toEqual([true, []]);
    expect(files(join(parts, work))).toHaveLength(4);
    // another question does not take the kept slices for its own
    const other = join(folder, 'other');
    cpSync(parts, other, { recursive: true });
    expect((await call(['segment', file, '-p', 'something', '--out', other])).calls.images).toBe(10);
    const again = await call(ask(parts));
    expect([again.status, again.calls.images]).toEqual([0, 6]);
    expect(again.stderr).toContain('4 of 10 slices were kept by an earlier run\n');
    expect(files(parts)).toEqual(files(whole));
    for (const name of files(whole)) {
      expect(readFileSync(join(parts, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
    }
  });

  it('does not take what was kept of the same samples under another modality', async () => {
    const series = join(folder, 'series');
    mkdirSync(series);
    const write = (Modality: string): void => {
      for (let k = 0; k < 5; k++) writeFileSync(join(series, `${k}.dcm`), patientSlice(k, { Modality }));
    };
    const ask = ['segment', series, '-p', 'block', '--window', '-150,250', '--out', out];
    write('CT');
    expect((await call(ask, 2)).calls.images).toBe(2);
    write('MR');
    expect((await call(ask)).calls.images).toBe(5);
  });

  it('takes one frame of a file with several', async () => {
    const { volume } = await readNifti(file);
    const [header, samples] = encodeNifti(volume);
    const four = header.slice();
    const view = new DataView(four.buffer);
    view.setInt16(40, 4, true);
    view.setInt16(48, 2, true);
    writeFileSync(join(folder, 'four.nii'), Buffer.concat([four, new Uint8Array(samples.length), samples]));
    const ask = ['segment', join(folder, 'four.nii'), '-p', 'block', '--out', out];
    await expectRefusal(ask, 2, /four\.nii holds 2 frames; choose one from 0 to 1/);
    await expectRefusal([...ask, '--frame', '2'], 2, /four\.nii has no frame 2; allowed: 0 to 1/);
    expect((await call([...ask, '--frame', '1'])).status).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'four_receipt.json'), 'utf8')).input.frame).toBe(1);
  });

  it('asks only the slices and the plane that are wanted', async () => {
    const { calls, stdout } = await call(segment('-p', 'block', '--plane', 'sagittal', '--slices', '8:16:4', '--json'));
    expect(calls.images).toBe(2);
    const [result] = JSON.parse(stdout).results;
    expect([result.plane, result.slices]).toEqual(['sagittal', { first: 8, last: 12, count: 2 }]);
    expect((await call(segment('-p', 'block', '--slices', '5'))).calls.images).toBe(1);
    expect((await call(segment('-p', 'block', '--slices', '7:'))).calls.images).toBe(3);
  });
});

describe('segment refuses', () => {
  it('slices outside the volume', async () => {
    await expectRefusal(
      segment('-p', 'x', '--slices', '4:11'),
      2,
      /no axial slices 4:11:1; allowed: start:stop:step from 0:10:1/,
    );
    await expectRefusal(segment('-p', 'x', '--slices', '5:5'), 2, /start below stop/);
    await expectRefusal(segment('-p', 'x', '--slices', 'all'), 2, /allowed: start:stop:step in whole numbers/);
    await expectRefusal(segment('-p', 'x', '--smooth', '-1'), 2, /allowed: a number of mm from 0 to 100/);
    await expectRefusal(segment('-p', 'x', '--plane', 'front'), 2, /Allowed choices are axial, coronal, sagittal/);
  });

  it('a folder without DICOM images, and files that are no volumes', async () => {
    mkdirSync(join(folder, 'empty'));
    const ask = (input: string, ...rest: string[]) => [
      'segment',
      join(folder, input),
      '-p',
      'x',
      '--out',
      out,
      ...rest,
    ];
    expect((await call(ask('empty'))).stderr).toMatch(
      /^biomedparse: cannot make a volume of .*empty: it holds no DICOM images\n$/,
    );
    mkdirSync(join(folder, 'notes'));
    writeFileSync(join(folder, 'notes', 'a.txt'), 'no image');
    expect((await call(ask('notes'))).stderr).toMatch(/it holds no DICOM images\n$/);
    expect((await call(ask('notes', '--frame', '1'))).stderr).toMatch(/is a DICOM series, which has no frames/);
    writeFileSync(join(folder, 'text.nii.gz'), 'no image');
    expect((await call(ask('text.nii.gz'))).stderr).toMatch(/text\.nii\.gz is not a usable NIfTI file/);
    writeFileSync(join(folder, 'text.nrrd'), 'no image');
    expect((await call(ask('text.nrrd'))).stderr).toMatch(/text\.nrrd is not a usable NRRD file/);
    expect((await call(ask('gone.mha'))).stderr).toMatch(/cannot read .*gone\.mha: no such file/);
    expect((await call(segment('-p', 'x', '--series', '1.2'))).stderr).toMatch(/a series is chosen in a folder/);
    expect(files()).toEqual([]);
  });

  it('options that are for the other kind, and kinds mixed', async () => {
    const image = join(folder, 'scan.png');
    await writePng(image, { data: new Uint8Array(64), width: 8, height: 8, channels: 1 });
    await expectRefusal(
      segment('-p', 'x', '--point', '1,1'),
      2,
      /--point is for images, and .*scan\.nii\.gz is read as a volume/,
    );
    await expectRefusal(segment('--everything'), 2, /--everything is for images/);
    await expectRefusal(
      ['segment', image, '-p', 'x', '--out', out, '--fill-holes'],
      2,
      /--fill-holes is for volumes, and .*scan\.png is read as an image/,
    );
    await expectRefusal(
      ['segment', image, file, '-p', 'x', '--out', out],
      2,
      /scan\.png is an image and .*scan\.nii\.gz a volume/,
    );
    await expectRefusal(
      segment('-p', 'x', '--format', 'png'),
      2,
      /--format png cannot hold masks of volumes; allowed: npy, nifti, nrrd, dicom-seg, rtstruct, coco, geojson/,
    );
    await expectRefusal(segment('-p', 'x', '--format', 'dwg'), 2, /--format dwg is unknown; allowed for volumes: npy/);
    await expectRefusal(
      ['segment', image, '-p', 'x', '--out', out, '--format', 'nifti'],
      2,
      /--format nifti cannot hold masks of images; allowed: png, npy, coco, geojson/,
    );
    await expectRefusal(segment(), 2, /No prompt given/);
  });
});

describe('segment of an image with --format', () => {
  it('writes NumPy, COCO and GeoJSON beside the PNG', async () => {
    const image = join(folder, 'photo.png');
    const data = new Uint8Array(80 * 60);
    for (let y = 0; y < 30; y++) data.fill(255, y * 80, y * 80 + 40);
    await writePng(image, { data, width: 80, height: 60, channels: 1 });
    const formats = ['png', 'npy', 'coco', 'geojson'].flatMap((name) => ['--format', name]);
    const { status, stdout } = await call([
      'segment',
      image,
      '-p',
      'square',
      '-p',
      'absent',
      '--out',
      out,
      '--json',
      ...formats,
    ]);
    expect(status).toBe(0);
    const [result] = JSON.parse(stdout).results;
    expect(result.files.map((one: { format: string }) => one.format)).toEqual(['npy', 'npy', 'coco', 'geojson']);
    const [square] = result.prompts;
    const array = decodeNpy(readFileSync(join(out, 'photo_square_mask.npy')), 'mask');
    expect([array.shape, Array.from(array.data).reduce((sum, value) => sum + value, 0)]).toEqual([
      [60, 80],
      square.area_px,
    ]);
    const coco = JSON.parse(readFileSync(join(out, 'photo_coco.json'), 'utf8'));
    expect(coco.annotations).toHaveLength(1);
    expect(coco.annotations[0]).toMatchObject({ image_id: 1, category_id: 1, area: square.area_px });
    const { type, features } = JSON.parse(readFileSync(join(out, 'photo_annotations.geojson'), 'utf8'));
    expect([type, features.length, features[0].geometry.type]).toEqual(['FeatureCollection', 1, 'Polygon']);
    expect(features[0].geometry.plane).toBeUndefined();
    expect(features[0].properties).toMatchObject({ objectType: 'annotation', classification: { name: 'square' } });
    const [ring] = features[0].geometry.coordinates as [number, number][][];
    let area = 0;
    for (let i = 1; i < ring.length; i++) area += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    expect(area / 2).toBe(square.area_px);
  });
});

describeShared('samples/dicom-seg-liver/series', 'segment of a DICOM folder', () => {
  it('names the series and its instances by their UIDs in the receipt, and no patient', async () => {
    const input = sharedPath('samples/dicom-seg-liver/series');
    expect((await call(['segment', input, '-p', 'liver', '--out', out])).status).toBe(0);
    const text = readFileSync(join(out, 'series_receipt.json'), 'utf8');
    const { kind, files: hashed, dicom } = JSON.parse(text).input;
    expect([kind, hashed.length]).toEqual(['DICOM series', 3]);
    expect(dicom.series_instance_uid).toMatch(/^[\d.]+$/);
    expect(new Set(dicom.sop_instance_uids).size).toBe(3);
    const { patientId } = (await readDicomSeries(input)).volume.identifiers;
    expect(patientId).toBeTruthy();
    expect(text).not.toContain(`"${patientId}"`);
    expect(text).not.toMatch(/patient/i);
  });
});
