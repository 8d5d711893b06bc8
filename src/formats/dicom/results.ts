/**
 * Findings in a series as DICOM objects whose bytes follow from what they hold: identifiers are made of the content's hash,
 * and the date is that of the study, so that the same findings give the same file and others never its identifiers.
 *
 * Only objects that were found are written. DICOM has no segmentation and no structure set without objects: where nothing
 * was found, what was asked for stands there empty.
 */
import { createHash } from 'node:crypto';
import type { MaskVolume } from '../../image/volume.ts';
import type { ObjectConcept } from './codes.ts';
import type { DicomWriteOptions } from './modules.ts';
import { type DicomSegment, writeSegmentation } from './segmentation.ts';
import type { SegmentationType } from './segmentation-pixels.ts';
import { type DicomSource, deidentifySource, identify } from './source.ts';
import { writeStructureSet } from './structure-set.ts';
import { uidOf } from './uid.ts';

/** The series that findings are of, and what made them. */
export interface DicomOrigin {
  readonly source: DicomSource;
  readonly algorithm: DicomWriteOptions['algorithm'];
  /** How a segmentation holds masks. */
  readonly type: SegmentationType;
}

/** What is written of one finding. */
interface Named {
  readonly name: string;
  readonly mask: MaskVolume;
  /** Of every voxel, 0..1, for FRACTIONAL. */
  readonly probabilities?: Float32Array;
  readonly presence: number;
  readonly concept: ObjectConcept | null;
}

/** The identifiers that stand for others where nothing is to tell the patient: hashes of them and the secret. */
export const replaceUids =
  (secret: string) =>
  (uid: string): string =>
    uidOf(`${secret} ${uid}`);

/**
 * The source that files refer to: as it is, or with `secret` without what tells the patient, identifiers replaced by hashes
 * of them and the secret. Refuses (`input`) a series that cannot be referred to.
 */
export function dicomSource(source: DicomSource, secret: string | null): DicomSource {
  return secret === null ? identify(source) : deidentifySource(source, replaceUids(secret));
}

/** The objects that are written of findings, in their order. */
export function dicomObjects(findings: readonly Named[]): DicomSegment[] {
  const found = findings.filter(({ mask }) => mask.data.includes(1));
  return (found.length === 0 ? findings : found).map(({ name, mask, presence, concept, probabilities }) => ({
    prompt: name,
    mask,
    presence,
    concept,
    ...(probabilities === undefined ? {} : { probabilities }),
  }));
}

/** Date and time of the study in local time; 1900-01-01 where the series does not say them. */
function studyDate({ StudyDate = '', StudyTime = '' }: DicomSource['attributes']): Date {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(StudyDate) ?? [null, 1900, 1, 1];
  const [, hours, minutes, seconds] = /^(\d\d)(\d\d)(\d\d)/.exec(StudyTime) ?? [null, 0, 0, 0];
  return new Date(Number(year), Number(month) - 1, Number(day), Number(hours), Number(minutes), Number(seconds));
}

const WRITERS = { SEG: writeSegmentation, RTSTRUCT: writeStructureSet };

/** Findings as the bytes of a DICOM Segmentation or an RT structure set. */
export function writeDicomResults(
  kind: keyof typeof WRITERS,
  { source, algorithm, type }: DicomOrigin,
  findings: readonly Named[],
): Uint8Array {
  const objects = dicomObjects(findings);
  const hash = createHash('sha256').update(kind);
  hash.update(JSON.stringify([source, algorithm, type, objects.map(({ mask, probabilities, ...rest }) => rest)]));
  for (const { mask, probabilities } of objects) {
    hash.update(mask.data);
    if (probabilities !== undefined) hash.update(new Uint8Array(probabilities.buffer));
  }
  const content = hash.digest('hex');
  let count = 0;
  return WRITERS[kind](source, objects, {
    algorithm,
    type,
    date: studyDate(source.attributes),
    uid: () => uidOf(`${content} ${count++}`),
  });
}
