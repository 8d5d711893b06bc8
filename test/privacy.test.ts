/** Nothing that a command says or writes beside DICOM objects holds what names the patient; what the pixels may hold is told. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { dicomFile } from './helpers/dicom.ts';
import { PATIENT, patientSlice, SERIES } from './helpers/dicom-series.ts';
import { unpacked } from './helpers/unpacked.ts';

let folder: string;
let out: string;
let count = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-privacy-'));
  out = join(folder, 'out');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with files. */
function series(...files: Uint8Array[]): string {
  const path = join(folder, `scan${++count}`);
  mkdirSync(path);
  for (const [i, bytes] of files.entries()) writeFileSync(join(path, `${i}.dcm`), bytes);
  return path;
}

async function call(...argv: string[]) {
  const { model } = fakeModel({});
  return callCli(['segment', ...argv, '-p', 'liver', '--out', out], { loadModel: async () => model });
}

const secrets = [...Object.values(PATIENT), 'Secret', 'SECRET', 'Jane', '4711'];
const told = (text: string | Buffer): string[] => secrets.filter((secret) => text.includes(secret));
const toldBy = (path: string): string[] => told(unpacked(path));
const slices = (changes: Parameters<typeof patientSlice>[1] = {}) =>
  [0, 1, 2, 3, 4].map((k) => patientSlice(k, changes));

it('results, receipts and messages of a series name no patient', async () => {
  const formats = ['nrrd', 'npy', 'coco', 'geojson'].flatMap((name) => ['--format', name]);
  for (const json of [[], ['--json']]) {
    const { status, stdout, stderr } = await call(series(...slices()), ...formats, ...json);
    expect([status, told(stdout), told(stderr)]).toEqual([0, [], []]);
  }
  const files = readdirSync(out);
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((name) => name.endsWith('.nii.gz'))).toHaveLength(2);
  expect(files.flatMap((name) => toldBy(join(out, name)))).toEqual([]);
  const packed = join(folder, 'self-check.gz');
  writeFileSync(packed, gzipSync('of Jane'));
  expect(toldBy(packed)).toEqual(['Jane']);
});

it('refusals of damaged and mixed series name no patient', async () => {
  const [first, second, ...rest] = slices();
  const turned = patientSlice(1, { ImageOrientationPatient: [1, 0, 0, 0, 1, 0] });
  const inputs = [
    series(first, second.subarray(0, second.length - 100), ...rest),
    series(...slices(), ...slices({ SeriesInstanceUID: `${SERIES}.7` })),
    series(first, turned, ...rest),
    series(first, patientSlice(1, { Columns: 16 }), ...rest),
    series(patientSlice(0, { PixelSpacing: 'Secret' })),
    series(dicomFile({ ...PATIENT, SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', SOPInstanceUID: '1.2.3' })),
    join(series(patientSlice(0, { PhotometricInterpretation: 'XYZ' })), '0.dcm'),
    join(series(patientSlice(0, { BitsAllocated: 12 })), '0.dcm'),
    join(series(second.subarray(0, 700)), '0.dcm'),
  ];
  for (const input of inputs) {
    const { status, stdout, stderr } = await call(input);
    expect([input, status > 0, stderr.length > 0, told(stdout), told(stderr)]).toEqual([input, true, true, [], []]);
  }
});

describe('what the header says of the pixels is told', () => {
  const face = 'the header says that the patient can be recognised in the image';

  it('of a series, once, in the notes and the receipt', async () => {
    const scan = series(...slices({ BurnedInAnnotation: 'YES', RecognizableVisualFeatures: 'YES' }));
    const { status, stdout } = await call(scan, '--json');
    const [{ warnings, notes }] = JSON.parse(stdout).results;
    expect([status, notes.filter((note: string) => note.startsWith(face)).length]).toEqual([0, 1]);
    expect(warnings.map(({ code }: { code: string }) => code)).toContain('burnt-in-text');
    const receipt = readFileSync(join(out, readdirSync(out).find((name) => name.endsWith('receipt.json')) as string));
    expect(JSON.parse(receipt.toString()).notes.join()).toContain(face);
  });

  it('of an image, and of none that does not say so', async () => {
    const inputs = [{ BurnedInAnnotation: 'YES' }, { BurnedInAnnotation: 'NO' }].map((changes) =>
      join(series(patientSlice(1, changes)), '0.dcm'),
    );
    const { status, stdout } = await call(...inputs, '--json');
    const codes = JSON.parse(stdout).results.map(
      ({ warnings }: { warnings: { code: string }[] }) =>
        warnings.filter(({ code }) => code === 'burnt-in-text').length,
    );
    expect([status, codes]).toEqual([0, [1, 0]]);
  });
});
