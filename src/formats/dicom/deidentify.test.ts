/**
 * De-identified objects against the basic profile, tag by tag: DICOM PS3.15 table E.1-1, column "Basic Prof.", with option E.3.6
 * (clean descriptors) for text that is kept. X: removed, Z: empty or a dummy, D: a dummy, U: another identifier, C: kept, cleaned.
 */
import { describe, expect, it } from 'vitest';
import { countedUids, maskOf, source } from '../../../test/helpers/dicom-source.ts';
import { type DataSet, parseDicom } from './dataset.ts';
import { writeSegmentation } from './segmentation.ts';
import { type DicomSource, deidentifySource, SOURCE_ATTRIBUTES } from './source.ts';
import { writeStructureSet } from './structure-set.ts';
import { type Keyword, TAG, tagName } from './tags.ts';
import { texts } from './values.ts';

type Action = 'X' | 'Z' | 'D' | 'U' | 'C';

/** All that the table names among what is read of a source or written; the rest of the table is never written at all. */
const PROFILE: Partial<Record<Keyword, Action>> = {
  MediaStorageSOPInstanceUID: 'U',
  SOPInstanceUID: 'U',
  StudyDate: 'Z',
  ContentDate: 'Z',
  StudyTime: 'Z',
  ContentTime: 'Z',
  AccessionNumber: 'Z',
  ReferringPhysicianName: 'Z',
  StudyDescription: 'X',
  SeriesDescription: 'C',
  OperatorsName: 'Z',
  ReferencedSOPInstanceUID: 'U',
  PatientName: 'Z',
  PatientID: 'Z',
  IssuerOfPatientID: 'X',
  PatientBirthDate: 'Z',
  PatientSex: 'Z',
  PatientAge: 'X',
  PatientSize: 'X',
  PatientWeight: 'X',
  DeviceSerialNumber: 'D',
  StudyInstanceUID: 'U',
  SeriesInstanceUID: 'U',
  StudyID: 'Z',
  FrameOfReferenceUID: 'U',
  DimensionOrganizationUID: 'U',
  TrackingUID: 'U',
  ContentCreatorName: 'Z',
  StructureSetLabel: 'D',
  StructureSetDate: 'Z',
  StructureSetTime: 'Z',
  ReferencedFrameOfReferenceUID: 'U',
  ROIName: 'C',
  ROIDescription: 'C',
  ROIGenerationDescription: 'C',
  ROIInterpreter: 'Z',
};
/** Taken over from a source and not in the table. */
const NOT_IN_TABLE: readonly Keyword[] = [
  'PositionReferenceIndicator',
  'LossyImageCompression',
  'LossyImageCompressionRatio',
  'LossyImageCompressionMethod',
];
const DUMMIES = ['19000101', '000000', 'BIOMEDPARSE', '0.1.0'];
const WORDS = [
  'liver',
  'object 2',
  'presence 0.5; prompt: liver',
  'prompt: object 2',
  'Segmentation by biomedparse',
  'Structure set by biomedparse',
  'compact 0.1.0',
];

const all = [...Object.keys(PROFILE), ...NOT_IN_TABLE] as Keyword[];
const secret = (keyword: Keyword): string => (keyword.endsWith('UID') ? `1.2.77.${TAG[keyword]}` : `Secret ${keyword}`);
/** A source that says everything that a source can say. */
const full: DicomSource = {
  ...source,
  attributes: Object.fromEntries(all.map((keyword) => [keyword, secret(keyword)])),
};
const hidden = deidentifySource(full, (uid) => `2.25.9${uid.length}${uid.replaceAll('.', '')}`);
const objects = [
  { prompt: 'Liver', mask: maskOf((x) => x > 4), presence: 0.5 },
  { prompt: 'the thing of Jane Doe', mask: maskOf((x) => x === 1) },
];
const options = { algorithm: { name: 'compact', version: '0.1.0' }, seriesDescription: 'of Jane Doe' };
const files = {
  segmentation: () => writeSegmentation(hidden, objects, { ...options, uid: countedUids() }),
  'label map': () => writeSegmentation(hidden, objects, { ...options, uid: countedUids(), type: 'LABELMAP' }),
  'structure set': () => writeStructureSet(hidden, objects, { ...options, uid: countedUids() }),
};

/** Every element of a data set and of all items within. */
function walk(dataset: DataSet): { readonly tag: number; readonly values: readonly string[] }[] {
  return [...dataset.elements].flatMap(([tag, { items = [] }]) => [
    { tag, values: texts(dataset, tag, ['ISO_IR 192']).filter((value) => value !== '') },
    ...items.flatMap(walk),
  ]);
}

describe.each(Object.entries(files))('a de-identified %s', (_, make) => {
  const bytes = Buffer.from(make());
  const { dataset, meta } = parseDicom(bytes, 'a');
  const elements = [...walk(meta as DataSet), ...walk(dataset)];
  const originals = new Set([...all.map(secret), ...source.images.flat().map(({ sopInstanceUid }) => sopInstanceUid)]);

  it('keeps to the profile in every attribute that the table names', () => {
    const wrong = elements.flatMap(({ tag, values }) => {
      const keyword = all.find((name) => TAG[name] === tag);
      const action = keyword === undefined ? undefined : PROFILE[keyword];
      const right: Record<Action, (value: string) => boolean> = {
        X: () => false,
        Z: (value) => DUMMIES.includes(value),
        D: (value) => DUMMIES.includes(value),
        U: (value) => value.startsWith('2.25.') && !originals.has(value),
        C: (value) => WORDS.includes(value),
      };
      if (action === undefined || (action !== 'X' && values.every(right[action]))) return [];
      return [`${tagName(tag)} ${keyword} ${action}: ${values.join()}`];
    });
    expect(wrong).toEqual([]);
    expect(elements.filter(({ tag }) => tag === TAG.ReferencedSOPInstanceUID).length).toBeGreaterThan(4);
  });

  it('holds nothing of the source and no word of the caller, anywhere', () => {
    const told = elements.flatMap(({ tag, values }) => values.map((value) => `${tagName(tag)} ${value}`));
    const kept = NOT_IN_TABLE.filter((keyword) => keyword.startsWith('Lossy')).map(secret);
    const known = told.filter(
      (line) => /Secret|Jane|1\.2\.77/.test(line) && !kept.some((value) => line.endsWith(value)),
    );
    expect(known).toEqual([]);
    expect([...originals].filter((value) => bytes.includes(value) && !kept.includes(value))).toEqual([]);
  });

  it('says what was done, in codes', () => {
    const found = elements.filter(({ tag }) => tag === TAG.CodeValue).flatMap(({ values }) => values);
    expect(found.filter((value) => /^1131\d\d$/.test(value))).toEqual(['113100', '113105']);
    const textOf = (keyword: Keyword) => elements.find(({ tag }) => tag === TAG[keyword])?.values;
    expect(textOf('PatientIdentityRemoved')).toEqual(['YES']);
    expect(textOf('LongitudinalTemporalInformationModified')).toEqual(['REMOVED']);
  });
});

it('every attribute that is taken over from a source was looked up in the table', () => {
  expect(SOURCE_ATTRIBUTES.filter((keyword) => !all.includes(keyword))).toEqual([]);
});
