/**
 * The receipt of the results of a volume or a slide: what went in (files by SHA-256, DICOM UIDs), which model and settings made it, where it
 * lies in the patient, and the proof that what was written reads back as the same voxels in the same place. It names no
 * patient and no time, so that the same call gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { replaceUids } from '../formats/dicom/results.ts';
import { readSegmentation } from '../formats/dicom/segmentation-read.ts';
import { readStructureSet } from '../formats/dicom/structure-set-read.ts';
import { readNifti } from '../formats/nifti.ts';
import { readNrrd } from '../formats/nrrd.ts';
import type { ReadVolume } from '../formats/volume.ts';
import type { Warning } from '../image/checks/warning.ts';
import { add, type Grid, indexToLps, type MaskVolume, norm, orientationLabel, sameGrid } from '../image/volume.ts';
import { fileDigest } from '../parse/convert.ts';
import { packageVersion } from '../parse/package-root.ts';
import type { Model } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { listFolder } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { reportModel } from './io.ts';

/** A file by name, size and hash. */
interface FileHash {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** How a written mask reads back. */
interface MaskRoundTrip {
  readonly voxels_equal: true;
  readonly grid_equal: true;
  /** The furthest that a corner of the grid moved, mm: header fields of NIfTI-1 are float32. */
  readonly largest_offset_mm: number;
}

/** How the objects of a DICOM file read back on the grid of their series. */
interface ObjectsRoundTrip {
  readonly objects: number;
  readonly voxels_equal: true;
}

export type RoundTrip = MaskRoundTrip | ObjectsRoundTrip;

/** The hash of a file, under the name that it will have. */
export async function hashFile(path: string): Promise<FileHash> {
  return { file: basename(path), ...(await fileDigest(path)) };
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

const geometry = ({ size, spacing, origin, direction }: Grid) => ({ size, spacing, origin, direction });

/** What a volume's results come from: the volume, hashed once, and the model, hashed once a call. */
export interface Origin {
  readonly input: object;
  readonly model: object;
  /** Of the decoded samples and their grid: the same for the same volume in another file. */
  readonly samples: string;
}

const MODEL_FILES = ['config.json', 'model.safetensors', 'tokenizer.json'];
/** What not every model has. */
const VIEWS_FILE = 'views.json';

/** A model with the hashes of its files. */
export async function hashModel(model: Model): Promise<object> {
  const { directory } = model;
  const files: FileHash[] = [];
  if (directory !== null) {
    const views = (await listFolder(directory))?.includes(VIEWS_FILE) ? [VIEWS_FILE] : [];
    for (const file of [...MODEL_FILES, ...views]) files.push(await hashFile(join(directory, file)));
  }
  return { ...reportModel(model), files };
}

/**
 * Hashes the input's files and samples; `model` is what `hashModel` gave. With `deidentify`, names of DICOM files are left out and
 * identifiers are those of the results.
 */
export async function hashOrigin(
  input: string,
  read: ReadVolume,
  model: object,
  { frame, deidentify = false }: { readonly frame?: number | undefined; readonly deidentify?: boolean | undefined },
): Promise<Origin> {
  const { volume, kind, files } = read;
  const { data, identifiers } = volume;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const samples = sha256(JSON.stringify(geometry(volume)), bytes);
  const { studyUid, seriesUid, frameOfReferenceUid, instanceUids } = identifiers;
  const replace = deidentify ? replaceUids(samples) : (uid: string) => uid;
  const told = (uid: string | undefined): string | null => (uid === undefined ? null : replace(uid));
  const hashes: object[] = [];
  for (const file of files) hashes.push(deidentify ? await fileDigest(file) : await hashFile(file));
  return {
    samples,
    input: {
      name: basename(input),
      kind,
      files: hashes,
      samples_sha256: samples,
      ...(frame === undefined ? {} : { frame }),
      ...(!kind.startsWith('DICOM')
        ? {}
        : {
            dicom: {
              study_instance_uid: told(studyUid),
              series_instance_uid: told(seriesUid),
              frame_of_reference_uid: told(frameOfReferenceUid),
              sop_instance_uids: (instanceUids ?? []).map(replace),
            },
          }),
    },
    model,
  };
}

/** The key of what the network will say: the same key, the same answers. */
export function workKey(origin: Origin, asked: object): string {
  return sha256(JSON.stringify({ version: packageVersion(), samples: origin.samples, model: origin.model, asked }));
}

const READERS = { nifti: readNifti, nrrd: readNrrd };

const sameVoxels = (read: ArrayLike<number>, written: Uint8Array): boolean =>
  read.length === written.length && written.every((value, i) => value === read[i]);

const notTheSame = (path: string, what: string): BiomedParseError =>
  new BiomedParseError('internal', `${basename(path)} does not read back with the same ${what}`, { path });

/** Reads a written mask back and compares it; refuses (`internal`) one that is not the same. Null for formats without a grid. */
export async function checkRoundTrip(format: string, path: string, mask: MaskVolume): Promise<RoundTrip | null> {
  if (format !== 'nifti' && format !== 'nrrd') return null;
  const { volume } = await READERS[format](path);
  const equal = sameVoxels(volume.data, mask.data);
  if (!equal || !sameGrid(volume, mask)) throw notTheSame(path, equal ? 'grid' : 'voxels');
  const [columns, rows, slices] = mask.size.map((n) => n - 1);
  const corners = [
    [0, 0, 0],
    [columns, 0, 0],
    [0, rows, 0],
    [0, 0, slices],
    [columns, rows, slices],
  ] as const;
  const offsets = corners.map((at) => norm(add(indexToLps(volume, at), indexToLps(mask, at), -1)));
  return { voxels_equal: true, grid_equal: true, largest_offset_mm: Number(Math.max(...offsets).toPrecision(3)) };
}

/** Masks by number of the objects in a DICOM file, on the grid of its series. */
async function openObjects(format: 'dicom-seg' | 'rtstruct', path: string, grid: Grid) {
  if (format === 'dicom-seg') {
    const { segments, mask } = await readSegmentation(path, { grid });
    return { count: segments.length, mask };
  }
  const { rois, mask } = await readStructureSet(path);
  return { count: rois.length, mask: (roi: number) => mask(roi, grid) };
}

/**
 * Reads all objects of a written DICOM file back, contours filled, and compares every voxel; refuses (`internal`) a file that
 * does not hold the same. Null for formats that are no DICOM.
 */
export async function checkObjectsRoundTrip(
  format: string,
  path: string,
  objects: readonly { readonly mask: MaskVolume; readonly probabilities?: Float32Array }[],
): Promise<RoundTrip | null> {
  if (format !== 'dicom-seg' && format !== 'rtstruct') return null;
  const { count, mask } = await openObjects(format, path, objects[0].mask);
  if (count !== objects.length) throw notTheSame(path, 'objects');
  for (const [i, { mask: written, probabilities }] of objects.entries()) {
    // probabilities are stored in 8 bits and compared at one half
    const fractional = format === 'dicom-seg' && probabilities !== undefined;
    const data = fractional ? Uint8Array.from(probabilities, (p) => (Math.round(255 * p) > 127 ? 1 : 0)) : written.data;
    if (!sameVoxels((await mask(i + 1)).data, data)) throw notTheSame(path, 'voxels');
  }
  return { objects: count, voxels_equal: true };
}

/** Where a grid lies in the patient, for a receipt. */
export const gridGeometry = (grid: Grid) => ({
  coordinates: 'LPS, mm',
  orientation: orientationLabel(grid),
  ...geometry(grid),
});

/** The receipt as text. */
export function receiptText(
  origin: Origin,
  place: object,
  prompts: readonly object[],
  settings: object,
  results: readonly object[],
  { notes, warnings }: { readonly notes: readonly string[]; readonly warnings: readonly Warning[] },
): string {
  const receipt = {
    biomedparse: packageVersion(),
    notice: NOTICE,
    input: origin.input,
    model: origin.model,
    prompts,
    settings,
    geometry: place,
    results,
    notes,
    warnings,
  };
  return `${JSON.stringify(receipt, null, 2)}\n`;
}
