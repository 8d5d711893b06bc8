/**
 * The part of a written object that all kinds share: patient, study, series, equipment, de-identification and time.
 * Source: DICOM PS3.3 (C.7.1 to C.7.5, C.12.1), PS3.15 (E.1.1, E.3.6).
 */

import { type MaskVolume, sameGrid } from '../../image/volume.ts';
import { resolve } from '../../ontology/index.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { code, type ObjectConcept, oneValue } from './codes.ts';
import type { Attributes } from './encode.ts';
import type { IdentifiedSource } from './source.ts';
import { createUid } from './uid.ts';

/** One object that was asked for, with what was found. */
export interface FoundObject {
  /** What was asked. */
  readonly prompt: string;
  /** In the grid of the source; all zero where the object is not there. */
  readonly mask: MaskVolume;
  /** What it is understood as, `concept` of an answer; left out: what `resolve` makes of the prompt. */
  readonly concept?: ObjectConcept | null;
  /** How sure the model is that the object is there, 0..1. */
  readonly presence?: number | null;
}

export interface DicomWriteOptions {
  /** What made the masks: name and version of the model or program. */
  readonly algorithm: { readonly name: string; readonly version: string };
  readonly seriesDescription?: string;
  /** Number of the new series in its study (default 1000). */
  readonly seriesNumber?: number;
  /** When the object was made, in local time (default: now). */
  readonly date?: Date;
  /** Makes identifiers (default: random ones under 2.25). */
  readonly uid?: () => string;
}

/** Date and time of an object as DA and TM. */
export interface Moment {
  readonly date: string;
  readonly time: string;
}

/** What the basic profile puts in place of a date. */
const NO_MOMENT: Moment = { date: '19000101', time: '000000' };

/** When an object is said to be made: dates are no part of a de-identified one. */
export function momentOf({ deidentified }: IdentifiedSource, date: Date = new Date()): Moment {
  if (deidentified) return NO_MOMENT;
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`,
    time: `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`,
  };
}

/**
 * An object for a de-identified file: what was asked is free text and may hold anything, so an object that is understood goes
 * by its term, another one by its number.
 */
function cleaned<T extends FoundObject>(object: T, index: number): T {
  const { prompt, concept = resolve(prompt).concept } = object;
  return { ...object, prompt: concept?.name ?? `object ${index + 1}`, concept };
}

/**
 * The objects as they are written. Refuses (`input`) those that do not fit their source: none, too many, or in another grid.
 */
export function checkObjects<T extends FoundObject>(
  source: IdentifiedSource,
  objects: readonly T[],
  most: number,
): readonly T[] {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', reason);
  };
  if (objects.length === 0) refuse('no object to write: at least one is needed');
  if (objects.length > most) refuse(`${objects.length} objects to write; at most ${most} are allowed`);
  for (const { prompt, mask } of objects) {
    const name = oneValue(prompt, 60);
    if (name === '') refuse('an object to write has an empty prompt');
    const [size, wanted] = [mask.size.join(' x '), source.size.join(' x ')];
    if (size !== wanted) refuse(`the mask of "${name}" has ${size} voxels, the source ${wanted}`);
    if (mask.data.length !== source.size[0] * source.size[1] * source.size[2]) {
      refuse(`the mask of "${name}" has ${mask.data.length} samples for ${wanted} voxels`);
    }
    if (!sameGrid(mask, source, 1e-2)) refuse(`the mask of "${name}" does not lie where the source lies`);
  }
  return source.deidentified ? objects.map(cleaned) : objects;
}

/** Patient, study, series and equipment of a new object in the source's study. */
export function commonModules(
  source: IdentifiedSource,
  options: DicomWriteOptions,
  object: { readonly sopClassUid: string; readonly modality: string; readonly description: string },
): Attributes {
  const { algorithm, seriesNumber = 1000, uid = createUid } = options;
  const { attributes, deidentified } = source;
  const version = oneValue(algorithm.version, 64);
  return {
    // Attributes of type 2 are there even if they are empty.
    PatientName: '',
    PatientID: '',
    PatientBirthDate: '',
    PatientSex: '',
    StudyDate: '',
    StudyTime: '',
    StudyID: '',
    AccessionNumber: '',
    ReferringPhysicianName: '',
    ...Object.fromEntries(Object.entries(attributes).filter(([keyword]) => !keyword.startsWith('Lossy'))),
    SOPClassUID: object.sopClassUid,
    SOPInstanceUID: uid(),
    Modality: object.modality,
    StudyInstanceUID: source.studyUid,
    SeriesInstanceUID: uid(),
    SeriesNumber: seriesNumber,
    InstanceNumber: 1,
    SeriesDescription: oneValue((deidentified ? undefined : options.seriesDescription) ?? object.description, 64),
    FrameOfReferenceUID: source.frameOfReferenceUid,
    PositionReferenceIndicator: attributes.PositionReferenceIndicator ?? '',
    Manufacturer: 'biomedparse',
    ManufacturerModelName: oneValue(algorithm.name, 64),
    DeviceSerialNumber: version,
    SoftwareVersions: version,
    ...(deidentified
      ? {
          PatientIdentityRemoved: 'YES',
          DeidentificationMethod: 'DICOM PS3.15 E: basic profile, clean descriptors',
          // descriptions that are kept are terms and words of this program, never what a caller wrote
          DeidentificationMethodCodeSequence: [
            code('113100', 'DCM', 'Basic Application Confidentiality Profile'),
            code('113105', 'DCM', 'Clean Descriptors Option'),
          ],
          LongitudinalTemporalInformationModified: 'REMOVED',
        }
      : {}),
  };
}

/** A reference to an instance, or to a frame of it. */
export function imageReference(image: IdentifiedSource['images'][number][number]): Attributes {
  return {
    ReferencedSOPClassUID: image.sopClassUid,
    ReferencedSOPInstanceUID: image.sopInstanceUid,
    ReferencedFrameNumber: image.frame === null ? undefined : image.frame + 1,
  };
}

/** All instances of the source, each once. */
export function instancesOf({ images }: IdentifiedSource): Attributes[] {
  const byUid = new Map(images.flat().map((image) => [image.sopInstanceUid, { ...image, frame: null }]));
  return [...byUid.values()].map(imageReference);
}
