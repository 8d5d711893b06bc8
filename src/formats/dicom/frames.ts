/**
 * DICOM files of several frames: whether these have places in the patient, and so make a volume, or follow each other in time.
 *
 * A cine is read as a volume whose slices are its frames, 1 mm apart in no known place, so that every frame is asked like a
 * slice. No DICOM object can refer to such places. A file that gives places to some of its frames only is refused.
 */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Vector } from '../../image/volume.ts';
import { readFileChecked } from '../../util/files.ts';
import type { VolumeFile } from '../volume-bytes.ts';
import { refuseDicom } from './dataset.ts';
import { openDicom } from './image.ts';
import { decodeStack } from './series.ts';
import { instanceOf } from './source.ts';
import { stackSlices } from './stack.ts';

/** Whether a file announces itself as DICOM; what cannot be read is for its reader to refuse. */
async function announcesDicom(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(132), 0, 132, 0);
    return bytesRead === 132 && buffer.toString('latin1', 128) === 'DICM';
  } catch {
    return false; // a folder
  } finally {
    await file.close();
  }
}

/** What the frames of a DICOM file of several are: in the patient, or a cine; null for all other files. */
export async function framesOf(path: string): Promise<'placed' | 'cine' | null> {
  if (!(await announcesDicom(path))) return null;
  try {
    const image = openDicom(await readFileChecked(path), path);
    const { frames } = image.format;
    if (frames === 1) return null;
    const { position, orientation, spacing } = image.place(0);
    return position !== null && orientation !== null && spacing !== null ? 'placed' : 'cine';
  } catch {
    return null; // damaged or without pixels: its reader says so
  }
}

const AXES: readonly [Vector, Vector] = [
  [1, 0, 0],
  [0, 1, 0],
];

/** Reads the frames of a cine as slices. */
export async function readDicomCine(path: string): Promise<VolumeFile> {
  const image = openDicom(await readFileChecked(path), path);
  const { format, identifiers, file } = image;
  const spacing = image.place(0).spacing;
  const slices = Array.from({ length: format.frames }, (_, frame) => {
    if (image.place(frame).position !== null) refuseDicom(path, 'some of its frames have a place and some have none');
    return {
      name: `${basename(path)} frame ${frame}`,
      path,
      frame,
      uid: identifiers.instanceUids?.[0],
      image: { ...instanceOf(file), frame },
      columns: format.columns,
      rows: format.rows,
      position: [0, 0, frame] as const,
      orientation: AXES,
      spacing: spacing ?? ([1, 1] as const),
      depth: 1,
      number: frame,
    };
  });
  const { volume } = await decodeStack(stackSlices(slices, path), identifiers);
  return {
    volume,
    frames: 1,
    notes: ['its frames have no place in the patient: they are asked one by one, as slices 1 mm apart'],
    unknown: ['spacing', 'orientation'],
    burntIn: image.burntIn,
    cine: true,
    files: [path],
  };
}
