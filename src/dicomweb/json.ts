/**
 * Answers in DICOM JSON: an array of data sets as objects by tag. Nothing of them is believed but that they are objects; values
 * are taken as text. Refused (`input`): other JSON, and answers beyond a size. Source: DICOM PS3.18 (F).
 */
import type { IncomingMessage } from 'node:http';
import { BiomedParseError } from '../util/errors.ts';

export const DICOM_JSON = 'application/dicom+json';
const MAX_JSON_BYTES = 64_000_000;

/** Tags by keyword as DICOM JSON spells them. */
const KEYS = {
  ModalitiesInStudy: '00080061',
  Modality: '00080060',
  SOPInstanceUID: '00080018',
  ReferencedSOPInstanceUID: '00081155',
  FailureReason: '00081197',
  FailedSOPSequence: '00081198',
  ReferencedSOPSequence: '00081199',
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  SeriesNumber: '00200011',
  NumberOfStudyRelatedSeries: '00201206',
  NumberOfSeriesRelatedInstances: '00201209',
} as const;

export type JsonKeyword = keyof typeof KEYS;
export type JsonDataSet = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonDataSet =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function values(item: JsonDataSet, keyword: JsonKeyword): readonly unknown[] {
  const element = item[KEYS[keyword]];
  return isObject(element) && Array.isArray(element.Value) ? element.Value : [];
}

/** Values of an element as text; numbers and text only. */
export const jsonTexts = (item: JsonDataSet, keyword: JsonKeyword): string[] =>
  values(item, keyword).flatMap((value) => (['string', 'number'].includes(typeof value) ? [String(value)] : []));

/** Items of a sequence. */
export const jsonItems = (item: JsonDataSet, keyword: JsonKeyword): JsonDataSet[] =>
  values(item, keyword).filter(isObject);

/** The data sets of an answer; none if it has no body. */
export async function readDataSets(answer: IncomingMessage): Promise<JsonDataSet[]> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `the DICOMweb server's answer ${reason}`);
  };
  for await (const piece of answer as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > MAX_JSON_BYTES) refuse(`has more than ${MAX_JSON_BYTES} bytes`);
    pieces.push(piece);
  }
  if (bytes === 0) return [];
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    return refuse('is no JSON: is this the address of a DICOMweb service?');
  }
  const list = Array.isArray(value) ? value : [value];
  return list.every(isObject) ? list : refuse('is no list of DICOM data sets');
}
