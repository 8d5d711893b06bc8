/** Warnings of `segment` in text and JSON, for images and volumes, on the fake network. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMha } from '../src/formats/mha.ts';
import { writeNifti } from '../src/formats/nifti.ts';
import { encodeNrrd } from '../src/formats/nrrd.ts';
import { writePng } from '../src/formats/raster.ts';
import { phantom } from '../src/image/phantoms.ts';
import type { Samples, Volume } from '../src/image/volume.ts';
import { prepareImage } from '../src/parse/prepare.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { type Attributes, dicomFile, greyImage } from './helpers/dicom.ts';

let folder: string;
const path = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-warnings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const call = (...argv: string[]) =>
  callCli([...argv, '--out', path('out')], { loadModel: async () => fakeModel({}).model });

/** Codes of the warnings of the only input. */
async function codesOf(...argv: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await call(...argv, '--json');
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('biomedparse:')]);
  return JSON.parse(stdout).results[0].warnings.map(({ code }: { code: string }) => code);
}

/** Steps from -1000 to 3000 with air at the left and the right, in rows of `width`. */
const steps = (width: number) => (i: number) =>
  i % width < 8 || i % width >= width - 8 ? -1000 : (i % 97) * 40 - 1000;

function dicom(name: string, changes: Attributes, values = steps(96)): string {
  const samples = Int16Array.from({ length: 96 * 80 }, (_, i) => values(i));
  writeFileSync(
    path(name),
    dicomFile(greyImage(96, 80, samples, { PixelRepresentation: 1, Modality: 'CT', ...changes })),
  );
  return path(name);
}

function volume(data: Samples): Volume {
  const direction = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  return { size: [80, 72, 8], spacing: [1, 1, 1], origin: [0, 0, 0], direction, data, channels: 1, identifiers: {} };
}
const levels = (value: (i: number) => number) => Int16Array.from({ length: 80 * 72 * 8 }, (_, i) => value(i));

describe('what a prompt says of its image', () => {
  it('is no knowledge: what the image looks like may speak against it, and it is not said of other prompts', async () => {
    await writePng(path('grey.png'), { data: new Uint8Array(96 * 80).fill(255), width: 96, height: 80, channels: 1 });
    const views = [
      { modality: 'CT', site: 'abdomen' },
      { modality: 'fundus', site: 'retinal' },
    ];
    const [weights, zeros] = [views.map(() => new Array(8).fill(0)), new Array(8).fill(0)];
    const ask = async (bias: number[], ...argv: string[]) => {
      const { model } = fakeModel({}, { views, mean: zeros, scale: zeros.map(() => 1), weights, bias });
      const { stdout } = await callCli(['segment', path('grey.png'), ...argv, '--json', '--out', path('out')], {
        loadModel: async () => model,
      });
      return JSON.parse(stdout).results[0].prompts.map(({ reason }: { reason: string | null }) => reason);
    };
    const looksLike = (what: string) => expect.stringContaining(`as the image looks like ${what}, where it cannot be`);
    expect(await ask([20, 0], '-p', 'optic disc in retinal fundus')).toEqual([looksLike('abdomen CT')]);
    expect(await ask([0, 20], '-p', 'liver in abdomen CT', '-p', 'optic disc')).toEqual([
      looksLike('retinal fundus'),
      null,
    ]);
    // what the caller says is
    expect(await ask([20, 0], '-p', 'optic disc', '--modality', 'fundus')).toEqual([null]);
  });
});

describe('warnings of an image', () => {
  it('have a code, a reason and a proposal, in JSON and as a line', async () => {
    await writePng(path('photo.png'), phantom('dermoscopy', 128, 1).image);
    const ask = ['segment', path('photo.png'), '-p', 'liver in abdomen CT'];
    const { stdout } = await call(...ask, '--json');
    const [warning, ...more] = JSON.parse(stdout).results[0].warnings;
    expect(more).toEqual([]);
    expect(Object.keys(warning)).toEqual(['code', 'reason', 'proposal']);
    expect(warning.code).toBe('unexpected-colour');
    const text = (await call(...ask)).stdout;
    expect(text).toContain(
      `Warning: ${path('photo.png')}: ${warning.reason}. Proposal: ${warning.proposal} (unexpected-colour)\n`,
    );
    expect(await codesOf('segment', path('photo.png'), '-p', 'skin lesion', '--modality', 'dermoscopy')).toEqual([]);
    // other commands on images have them too
    expect(await codesOf('recognize', path('photo.png'), '--modality', 'CT', '--site', 'abdomen')).toEqual([
      'unexpected-colour',
    ]);
    expect(await codesOf('detect', path('photo.png'), '-p', 'liver in abdomen CT')).toEqual(['unexpected-colour']);
    expect(await codesOf('segment', path('photo.png'), '--everything', '--image-type', 'CT-Abdomen')).toEqual([
      'unexpected-colour',
    ]);
  });

  it('follow what a DICOM file says', async () => {
    const usual = {
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      ImagePositionPatient: [0, 0, 0],
      PixelSpacing: [1, 1],
    };
    const ask = (file: string, ...rest: string[]) => codesOf('segment', file, '-p', 'liver', ...rest);
    expect(await ask(dicom('plain.dcm', usual))).toEqual([]);
    expect(await ask(dicom('prone.dcm', { ...usual, ImageOrientationPatient: [-1, 0, 0, 0, -1, 0] }))).toEqual([
      'upside-down',
      'mirrored',
    ]);
    expect(await ask(dicom('text.dcm', { ...usual, BurnedInAnnotation: 'YES' }))).toEqual(['burnt-in-text']);
    expect(await ask(dicom('lost.dcm', usual, (i) => steps(96)(i) + 1000))).toEqual(['not-hounsfield']);
    expect(
      await ask(
        dicom('eight.dcm', usual, (i) => i % 256),
        '--window',
        '0,255',
      ),
    ).toEqual(['already-windowed']);
    expect(await ask(path('plain.dcm'), '--modality', 'MRI')).toEqual(['modality-mismatch', 'modality-mismatch']);
    expect(await ask(path('plain.dcm'), '--window', '9000,9001')).toEqual(['saturating-window']);
    expect(await ask(dicom('x.dcm', { Modality: 'DX', PatientOrientation: 'L\\H' }, (i) => i % 97))).toEqual([
      'upside-down',
    ]);
  });

  it('tell of a window that has nothing to work on', async () => {
    await writePng(path('grey.png'), phantom('abdomen-ct', 128, 1).image);
    expect(await codesOf('segment', path('grey.png'), '-p', 'liver', '--window', 'abdomen')).toEqual(['window-unused']);
  });
});

describe('published preparation and windows of DICOM files', () => {
  it('leaves aside the window that a file proposes, and goes with no other', async () => {
    // the file's own window shows all black
    const file = dicom('ct.dcm', { WindowCenter: 9000, WindowWidth: 10 });
    const codes = (...rest: string[]) => codesOf('segment', file, '-p', 'x', ...rest);
    expect(await codes()).toEqual(['almost-constant']);
    expect(await codes('--preprocess', 'published')).toEqual([]);
    expect(await codes('--preprocess', 'published', '--image-type', 'CT-Lung')).toEqual([]);
    expect(await codes('--preprocess', 'published', '--image-type', 'MRI-Abdomen')).toContain('modality-mismatch');
    const refused = await call('segment', file, '-p', 'x', '--preprocess', 'published', '--window', 'lung');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('a window cannot be given with published preprocessing');
  });

  it('shows Hounsfield units in the window of the image type, others between percentiles', async () => {
    const file = dicom('ct.dcm', { WindowCenter: 9000, WindowWidth: 10 });
    const shown = async (imageType?: string) => {
      const options = { preprocess: 'published', ...(imageType === undefined ? {} : { imageType }) } as const;
      return (await prepareImage(file, options)).image.data;
    };
    // the first row holds -1000 + 40 i from the eighth on
    expect((await shown('CT-Lung'))[25]).toBe(Math.round(255 / 2));
    expect((await shown('CT-Abdomen'))[25]).toBe(Math.round((255 * 150) / 400));
    expect((await shown())[25]).toBe(Math.round((255 * 150) / 400));
    const { image } = await prepareImage(dicom('mr.dcm', { Modality: 'MR', WindowCenter: 9000, WindowWidth: 10 }), {
      preprocess: 'published',
    });
    expect(Math.max(...image.data)).toBe(255);
  });
});

describe('warnings of a volume', () => {
  it('are of its file, of its values and of most of its slices', async () => {
    await writeNifti(path('a.nii'), volume(levels(steps(80))));
    const ask = (name: string, ...rest: string[]) => codesOf('segment', path(name), '-p', 'block', ...rest);
    expect(await ask('a.nii', '--modality', 'CT')).toEqual([]);
    expect(await ask('a.nii', '--modality', 'MRI')).toEqual(['modality-mismatch']);
    expect(await ask('a.nii', '--window', '9000,9001')).toEqual(['saturating-window']);
    expect(await ask('a.nii', '--plane', 'coronal', '--modality', 'CT')).toEqual(['tiny-image', 'extreme-shape']);
    await writeNifti(path('b.nii'), volume(levels((i) => i % 256)));
    expect(await ask('b.nii', '--modality', 'CT')).toEqual(['already-windowed']);
    await writeNifti(path('c.nii'), volume(Uint8Array.from(levels((i) => i % 256))));
    expect(await ask('c.nii', '--modality', 'MRI', '--window', '3,9')).toEqual(['window-unused']);
    const { stdout } = await call('segment', path('b.nii'), '-p', 'block', '--modality', 'CT');
    const receipt = JSON.parse(readFileSync(path('out/b_receipt.json'), 'utf8'));
    expect(receipt.warnings).toMatchObject([{ code: 'already-windowed' }]);
    expect(stdout).toMatch(
      /\nWarning: .*b\.nii: values 0\.\.255 in a CT: already windowed, .*\. Proposal: .* \(already-windowed\)\n/,
    );
  });

  it('name the geometry that a file leaves open', async () => {
    const bytes = async (parts: Promise<Uint8Array[]>) => Buffer.concat(await parts);
    const nrrd = (await bytes(encodeNrrd(volume(levels((i) => i % 97)), false))).toString('latin1');
    const bare = nrrd
      .replace(/space: .*\n/, '')
      .replace(/space directions: .*\n/, '')
      .replace(/space origin: .*\n/, '');
    writeFileSync(path('a.nrrd'), Buffer.from(bare, 'latin1'));
    const ask = (name: string) => codesOf('segment', path(name), '-p', 'block', '--modality', 'MRI');
    expect(await ask('a.nrrd')).toEqual(['spacing-unknown', 'orientation-unknown']);
    const mha = (await bytes(encodeMha(volume(levels((i) => i % 97)), false))).toString('latin1');
    writeFileSync(path('a.mha'), Buffer.from(mha.replace(/ElementSpacing.*\n/, ''), 'latin1'));
    expect(await ask('a.mha')).toEqual(['spacing-unknown']);
    await writeNifti(path('a.nii'), volume(levels((i) => i % 97)));
    const nii = readFileSync(path('a.nii'));
    nii.fill(0, 80, 92); // pixdim
    nii.fill(0, 252, 256); // qform and sform
    writeFileSync(path('b.nii'), nii);
    expect(await ask('b.nii')).toEqual(['spacing-unknown', 'orientation-unknown']);
  });
});
