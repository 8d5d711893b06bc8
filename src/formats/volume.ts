/**
 * One volume from a file or folder of any kind: NIfTI, NRRD and MetaImage by the file's ending, a DICOM series from a folder,
 * DICOM files of several frames by what they hold.
 */
import { stat } from 'node:fs/promises';
import { BiomedParseError } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { framesOf, readDicomCine } from './dicom/frames.ts';
import { readDicomSeries } from './dicom/series.ts';
import type { DicomSource } from './dicom/source.ts';
import { readMha } from './mha.ts';
import { readNifti } from './nifti.ts';
import { readNrrd } from './nrrd.ts';
import type { VolumeFile } from './volume-bytes.ts';

export type VolumeKind = 'NIfTI' | 'NRRD' | 'MetaImage' | 'DICOM series' | 'DICOM multi-frame' | 'DICOM cine';

const ENDINGS: readonly (readonly [RegExp, VolumeKind])[] = [
  [/\.(nii|hdr|img)(\.gz)?$/i, 'NIfTI'],
  [/\.(nrrd|nhdr)$/i, 'NRRD'],
  [/\.(mha|mhd)$/i, 'MetaImage'],
];

/** The kind of volume that a path names; null if it names none, which may still be an image. */
export async function volumeKind(path: string): Promise<VolumeKind | null> {
  const found = ENDINGS.find(([ending]) => ending.test(path));
  if (found !== undefined) return found[1];
  const folder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (folder) return 'DICOM series';
  const frames = await framesOf(path);
  return frames === null ? null : frames === 'placed' ? 'DICOM multi-frame' : 'DICOM cine';
}

export interface ReadVolumeOptions {
  /** Which frame of a file with several, from 0. */
  readonly frame?: number;
  /** Series Instance UID, for a folder with several series. */
  readonly series?: string;
}

/** A volume with the files that it was read from. */
export interface ReadVolume extends VolumeFile {
  readonly kind: VolumeKind;
  readonly files: readonly string[];
  /** What DICOM objects made from it refer to; only of a DICOM series or frames with places. */
  readonly source?: DicomSource;
}

/** Reads a volume; refuses (`input`, `usage`) what its kind refuses, and options that are for another kind. */
export async function readVolume(path: string, options: ReadVolumeOptions = {}): Promise<ReadVolume> {
  const kind = await volumeKind(path);
  const { frame, series } = options;
  if (kind === null) {
    await stat(path).catch((error) => {
      throw readError(path, error);
    });
    throw new BiomedParseError(
      'input',
      `${path} is no volume; allowed: .nii, .nii.gz, .hdr, .img, .nrrd, .nhdr, .mha, .mhd, the folder of a DICOM series, or a DICOM file of several frames`,
      { path },
    );
  }
  if (kind.startsWith('DICOM')) {
    if (frame !== undefined) {
      const reason =
        kind === 'DICOM series'
          ? 'a DICOM series, which has no frames to choose from'
          : `a ${kind}, of which a frame is an image`;
      throw new BiomedParseError('usage', `${path} is ${reason}`, { path });
    }
    const found =
      kind === 'DICOM cine'
        ? await readDicomCine(path)
        : await readDicomSeries(path, series === undefined ? {} : { series });
    return { ...found, kind, files: found.files ?? [] };
  }
  if (series !== undefined) {
    throw new BiomedParseError('usage', `${path} is a ${kind} file; a series is chosen in a folder of DICOM files`, {
      path,
    });
  }
  const read = { NIfTI: readNifti, NRRD: readNrrd, MetaImage: readMha }[kind as 'NIfTI' | 'NRRD' | 'MetaImage'];
  return { ...(await read(path, frame === undefined ? {} : { frame })), kind, files: [path] };
}
