/** Folders of DICOM files by the headers of a few: series of images, and the segmentations and structure sets that refer to them. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DicomFile, isDicom, parseDicom } from '../../formats/dicom/dataset.ts';
import { decodeSegmentation } from '../../formats/dicom/segmentation-read.ts';
import { decodeStructureSet } from '../../formats/dicom/structure-set-read.ts';
import { TAG } from '../../formats/dicom/tags.ts';
import { items, text } from '../../formats/dicom/values.ts';
import { readFileChecked } from '../../util/files.ts';
import { addTo } from '../../util/groups.ts';
import { namedOf } from './names.ts';
import { sample, unreadable } from './values.ts';

const FILES_PER_FOLDER = 8;
const MOST_FILES = 400;
/** Larger files (bytes) are not opened. */
const MOST_BYTES = 256 * 2 ** 20;
const BODY_PART = 0x00180015;
/** The bytes before the data elements of a DICOM file, with its mark. */
const PREAMBLE = 132;

/** A series of images that fills a folder. */
export interface SeriesFolder {
  /** Ends with a slash. */
  readonly path: string;
  readonly modality: string;
  readonly bodyPart: string;
  readonly uid: string;
}

/** An object whose segments or regions are masks. */
export interface MaskObject {
  readonly path: string;
  readonly reader: 'dicom-seg' | 'rtstruct';
  readonly labels: readonly string[];
  /** Series Instance UID that it refers to; empty where it does not say. */
  readonly of: string;
}

async function hasMark(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(PREAMBLE);
    const { bytesRead } = await file.read(bytes, 0, PREAMBLE, 0);
    return bytesRead === PREAMBLE && isDicom(bytes);
  } finally {
    await file.close();
  }
}

function objectOf(path: string, bytes: Uint8Array, { dataset }: DicomFile, modality: string): MaskObject | null {
  if (modality === 'SEG') {
    const of = text(items(dataset, TAG.ReferencedSeriesSequence)[0] ?? dataset, TAG.SeriesInstanceUID) ?? '';
    const labels = decodeSegmentation(bytes, path).segments.map(({ label, number }) => label ?? String(number));
    return { path, reader: 'dicom-seg', labels, of };
  }
  if (modality !== 'RTSTRUCT') return null;
  const frame = items(dataset, TAG.ReferencedFrameOfReferenceSequence)[0];
  const study = frame && items(frame, TAG.RTReferencedStudySequence)[0];
  const series = study && items(study, TAG.RTReferencedSeriesSequence)[0];
  const of = (series && text(series, TAG.SeriesInstanceUID)) ?? '';
  const { rois } = decodeStructureSet(bytes, path);
  return { path, reader: 'rtstruct', labels: rois.map(({ name, number }) => name ?? String(number)), of };
}

/** Reads some headers of each folder; files that are named as other pixels are not opened. */
export async function readDicomFolders(
  root: string,
  files: readonly string[],
): Promise<{
  readonly series: readonly SeriesFolder[];
  readonly objects: readonly MaskObject[];
  readonly failed: readonly string[];
}> {
  const folders = new Map<string, string[]>();
  for (const path of files) {
    if (namedOf(path) !== null || /\.(json|txt|csv|xml|md|ya?ml|pdf|zip|gz|tar|mat|npy|npz|h5)$/i.test(path)) continue;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    addTo(folders, folder, path);
  }
  const series = new Map<string, SeriesFolder>();
  const objects: MaskObject[] = [];
  const failed: string[] = [];
  let read = 0;
  for (const [folder, paths] of folders) {
    for (const path of sample(paths, FILES_PER_FOLDER)) {
      if (read >= MOST_FILES) break;
      try {
        if ((await stat(join(root, path))).size > MOST_BYTES || !(await hasMark(join(root, path)))) continue;
        read++;
        const bytes = await readFileChecked(join(root, path));
        const file = parseDicom(bytes, path);
        const modality = text(file.dataset, TAG.Modality) ?? '';
        const object = objectOf(path, bytes, file, modality);
        if (object !== null) objects.push(object);
        else {
          const bodyPart = text(file.dataset, BODY_PART) ?? '';
          const uid = text(file.dataset, TAG.SeriesInstanceUID) ?? '';
          if (folder !== '') series.set(folder, { path: folder, modality, bodyPart, uid });
        }
      } catch (error) {
        failed.push(unreadable(error, root, path));
      }
    }
  }
  return { series: [...series.values()], objects, failed };
}
