/**
 * What a DICOM object made from a series takes over from it: patient, study and frame of reference as text, the images
 * behind every slice, and the grid. LPS millimetres.
 *
 * Text is decoded by the source's character set, so that it can be written in another one. `deidentifySource` leaves out what
 * tells the patient. Source: DICOM PS3.3 (C.7.1.1 patient, C.7.2.1 study, C.7.4.1 frame of reference), PS3.15 table E.1-1.
 */
import type { Grid } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import type { DicomFile } from './dataset.ts';
import { type Keyword, TAG } from './tags.ts';
import { createUid, uidOf } from './uid.ts';
import { characterSet, text, texts } from './values.ts';

/** Attributes that are taken over as they are. */
export const SOURCE_ATTRIBUTES = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientSex',
  'PatientAge',
  'PatientSize',
  'PatientWeight',
  'StudyInstanceUID',
  'StudyDate',
  'StudyTime',
  'StudyID',
  'StudyDescription',
  'AccessionNumber',
  'ReferringPhysicianName',
  'SeriesInstanceUID',
  'FrameOfReferenceUID',
  'PositionReferenceIndicator',
  'LossyImageCompression',
  'LossyImageCompressionRatio',
  'LossyImageCompressionMethod',
] as const satisfies readonly Keyword[];

export type SourceAttribute = (typeof SOURCE_ATTRIBUTES)[number];

/** An image of the source series, or a frame of one. */
export interface SourceImage {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Counted from 0; null for an image of one frame. */
  readonly frame: number | null;
}

/** A series as the source of a DICOM object. */
export interface DicomSource extends Grid {
  /** Text by keyword; what the source does not say is left out. */
  readonly attributes: { readonly [keyword in SourceAttribute]?: string };
  /** Per slice of the grid the images that it was made from: one, or the neighbours of a slice that was missing. */
  readonly images: readonly (readonly SourceImage[])[];
  /** Slices were shifted in their planes (gantry tilt): pixels do not lie where those of the images do. */
  readonly resampled: boolean;
  /** What tells the patient was removed. */
  readonly deidentified: boolean;
}

/** Reads what is taken over, from one file of the series; several values stay joined by a backslash. */
export function sourceAttributes({ dataset }: DicomFile): DicomSource['attributes'] {
  const set = characterSet(dataset);
  const entries = SOURCE_ATTRIBUTES.map((keyword) => [keyword, texts(dataset, TAG[keyword], set).join('\\')] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/** Class and instance of a file, where the data set lacks them from the file's own header; empty if neither says. */
export function instanceOf({ dataset, meta }: DicomFile): Pick<SourceImage, 'sopClassUid' | 'sopInstanceUid'> {
  const read = (tag: number, stored: number): string =>
    text(dataset, tag) ?? (meta === null ? '' : (text(meta, stored) ?? ''));
  return {
    sopClassUid: read(TAG.SOPClassUID, TAG.MediaStorageSOPClassUID),
    sopInstanceUid: read(TAG.SOPInstanceUID, TAG.MediaStorageSOPInstanceUID),
  };
}

/** The source in the form that a written object needs: with identifiers of study and series, which some anonymisers blank. */
export interface IdentifiedSource extends DicomSource {
  readonly frameOfReferenceUid: string;
  readonly studyUid: string;
  readonly seriesUid: string;
}

/**
 * Checks that a DICOM object can refer to the source (`input`). A study or series without identifier gets one derived from
 * its frame of reference, so that all objects made from it stay together.
 */
export function identify(source: DicomSource): IdentifiedSource {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `the source series ${reason}: a DICOM object cannot refer to it`);
  };
  const { FrameOfReferenceUID, StudyInstanceUID, SeriesInstanceUID } = source.attributes;
  if (FrameOfReferenceUID === undefined) return refuse('has no Frame of Reference UID');
  if (source.images.length !== source.size[2]) {
    return refuse(`names images for ${source.images.length} slices, its grid has ${source.size[2]}`);
  }
  for (const [k, images] of source.images.entries()) {
    if (images.length === 0) refuse(`names no image for slice ${k}`);
    if (images.some(({ sopClassUid, sopInstanceUid }) => sopClassUid === '' || sopInstanceUid === '')) {
      refuse(`has no SOP Class UID or no SOP Instance UID in slice ${k}`);
    }
  }
  return {
    ...source,
    frameOfReferenceUid: FrameOfReferenceUID,
    studyUid: StudyInstanceUID ?? uidOf(`study of ${FrameOfReferenceUID}`),
    seriesUid: SeriesInstanceUID ?? uidOf(`series of ${FrameOfReferenceUID}`),
  };
}

/** What stays in a de-identified source; all other attributes tell, or help to tell, the patient. */
const SAFE: readonly SourceAttribute[] = [
  'LossyImageCompression',
  'LossyImageCompressionRatio',
  'LossyImageCompressionMethod',
];

/**
 * The source without what tells the patient, by the basic profile of PS3.15 (table E.1-1) for the attributes that are written
 * here: text and dates are gone, all identifiers are replaced; writers put terms in place of what was asked. `replace` gives the identifier that stands for another one; the default
 * gives random ones, so hand in the map by which the images were de-identified if the object is to refer to those.
 */
export function deidentifySource(source: DicomSource, replace: (uid: string) => string = randomMap()): DicomSource {
  const identified = identify(source);
  const safe = SAFE.flatMap((keyword) => {
    const value = source.attributes[keyword];
    return value === undefined ? [] : [[keyword, value] as const];
  });
  return {
    ...source,
    attributes: {
      ...Object.fromEntries(safe),
      StudyInstanceUID: replace(identified.studyUid),
      SeriesInstanceUID: replace(identified.seriesUid),
      FrameOfReferenceUID: replace(identified.frameOfReferenceUid),
    },
    images: source.images.map((images) =>
      images.map((image) => ({ ...image, sopInstanceUid: replace(image.sopInstanceUid) })),
    ),
    deidentified: true,
  };
}

function randomMap(): (uid: string) => string {
  const map = new Map<string, string>();
  return (uid) => {
    const known = map.get(uid) ?? createUid();
    map.set(uid, known);
    return known;
  };
}
