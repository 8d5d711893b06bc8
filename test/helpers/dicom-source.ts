/** A small series as the source of written DICOM objects, and what Debian's programs say about such an object. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DicomWriteOptions } from '../../src/formats/dicom/modules.ts';
import { readDicomSeries } from '../../src/formats/dicom/series.ts';
import type { DicomSource } from '../../src/formats/dicom/source.ts';
import { readNrrd } from '../../src/formats/nrrd.ts';
import { emptyMask, type MaskVolume } from '../../src/image/volume.ts';
import { sharedPath } from './shared.ts';

/** Programs that check written files, with their Debian packages; pydicom needs NumPy for pixels. */
export const VALIDATORS = {
  dciodvfy: 'dicom3tools',
  dcmdump: 'dcmtk',
  pydicom: 'python3-pydicom',
  '/usr/lib/python3/dist-packages/numpy': 'python3-numpy',
};

const CT = '1.2.840.10008.5.1.4.1.1.2';

/** An oblique series of 13 x 7 x 5 voxels; its patient has a Chinese name. */
export const source: DicomSource = {
  size: [13, 7, 5],
  spacing: [0.75, 0.5, 2],
  origin: [-10.25, 20, -30.5],
  direction: [
    [0.8, 0.6, 0],
    [-0.6, 0.8, 0],
    [0, 0, 1],
  ],
  attributes: {
    PatientName: '王^小東',
    PatientID: 'P-1',
    PatientBirthDate: '19700101',
    PatientSex: 'F',
    PatientAge: '054Y',
    StudyInstanceUID: '1.2.3',
    StudyDate: '20240102',
    StudyTime: '101112',
    StudyDescription: 'Röntgen',
    AccessionNumber: 'A7',
    SeriesInstanceUID: '1.2.3.4',
    FrameOfReferenceUID: '1.2.3.5',
  },
  images: [0, 1, 2, 3, 4].map((k) => [{ sopClassUid: CT, sopInstanceUid: `1.2.3.4.${k + 1}`, frame: null }]),
  resampled: false,
  deidentified: false,
};

/** The same without the identifier that every written object needs. */
export function sourceWithoutFrame(): DicomSource {
  const { FrameOfReferenceUID: _, ...attributes } = source.attributes;
  return { ...source, attributes };
}

/** A mask of the voxels that a rule holds for. */
export function maskOf(rule: (x: number, y: number, z: number) => boolean, grid: DicomSource = source): MaskVolume {
  const mask = emptyMask(grid);
  const [columns, rows, slices] = grid.size;
  for (let z = 0, i = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++, i++) mask.data[i] = rule(x, y, z) ? 1 : 0;
  }
  return mask;
}

/** Identifiers that are the same in every run. */
export function countedUids(): () => string {
  let count = 0;
  return () => `2.25.${++count}`;
}

/** How objects are written: the same bytes in every run. */
export function writeOptions(): DicomWriteOptions {
  return { algorithm: { name: 'a model', version: '1' }, date: new Date(2024, 4, 6, 7, 8, 9), uid: countedUids() };
}

/** A real liver of the reference data: folder of its sample. */
export const LIVER = 'samples/dicom-seg-liver';

/** The real series of the liver, and its mask as another program wrote it. */
export async function readLiver() {
  const { volume, source: from } = await readDicomSeries(join(sharedPath(LIVER), 'series'));
  const { volume: nrrd } = await readNrrd(join(sharedPath(LIVER), 'liver_seg.nrrd'));
  return { volume, source: from, nrrd, mask: { ...emptyMask(volume), data: Uint8Array.from(nrrd.data) } };
}

function withFile<T>(bytes: Uint8Array, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-object-'));
  try {
    const path = join(folder, 'object.dcm');
    writeFileSync(path, bytes);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lines of dciodvfy that are errors, and the name of the object it recognised. */
export function validate(bytes: Uint8Array): { readonly errors: string[]; readonly lines: string[] } {
  return withFile(bytes, (path) => {
    const { stdout, stderr } = spawnSync('dciodvfy', [path], { encoding: 'utf8' });
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
    return { errors: lines.filter((line) => line.startsWith('Error')), lines };
  });
}

/** What dcmdump prints of a file, values in full. */
export const dump = (bytes: Uint8Array): string =>
  withFile(bytes, (path) => execFileSync('dcmdump', ['-q', '+L', '+U8', path], { encoding: 'utf8' }));

/** What a line of Python gives as JSON from the data set `d` that pydicom reads. */
export function pydicom(bytes: Uint8Array, expression: string): unknown {
  const program = `import json, sys, pydicom; d = pydicom.dcmread(sys.argv[1]); print(json.dumps(${expression}))`;
  return withFile(bytes, (path) =>
    JSON.parse(execFileSync('/usr/bin/python3', ['-c', program, path], { encoding: 'utf8' })),
  );
}
