/**
 * STOW-RS: a DICOM object into a study of a server. It is stored only if the server's answer names it as stored; storing the
 * same object again is no harm, as it has the same identifiers. Source: DICOM PS3.18 (10.5, annex I of PS3.4 for reasons).
 */
import { randomBytes } from 'node:crypto';
import { parseDicom } from '../formats/dicom/dataset.ts';
import { instanceOf } from '../formats/dicom/source.ts';
import { TAG } from '../formats/dicom/tags.ts';
import { text } from '../formats/dicom/values.ts';
import { BiomedParseError } from '../util/errors.ts';
import { DICOM_JSON, jsonItems, jsonTexts, readDataSets } from './json.ts';
import { onePart } from './multipart.ts';
import { DICOM } from './retrieve.ts';
import { type DicomWebServer, within } from './server.ts';

/** Stores the bytes of a file in its study; gives its address. Refused (`io`): what the server does not say it stored. */
export async function storeObject(
  server: DicomWebServer,
  service: string,
  bytes: Uint8Array,
  seconds: number,
  signal: AbortSignal,
): Promise<string> {
  const file = parseDicom(bytes, 'the object to be stored');
  const { sopInstanceUid } = instanceOf(file);
  const [study, series] = [TAG.StudyInstanceUID, TAG.SeriesInstanceUID].map((tag) => text(file.dataset, tag) ?? '');
  const url = `${service}/studies/${study}`;
  const boundary = randomBytes(16).toString('hex');
  const type = `multipart/related; type="${DICOM}"; boundary=${boundary}`;
  const content = { type, pieces: onePart(boundary, DICOM, bytes) };
  const answers = await within(seconds, signal, `storing in ${url}`, (limited) =>
    server.send({ method: 'POST', url, accept: DICOM_JSON, content, also: [409], signal: limited }, readDataSets),
  );
  const named = (keyword: 'FailedSOPSequence' | 'ReferencedSOPSequence') =>
    answers
      .flatMap((answer) => jsonItems(answer, keyword))
      .find((item) => jsonTexts(item, 'ReferencedSOPInstanceUID').includes(sopInstanceUid));
  const failed = named('FailedSOPSequence');
  if (failed !== undefined || named('ReferencedSOPSequence') === undefined) {
    const code = Number(failed === undefined ? Number.NaN : jsonTexts(failed, 'FailureReason')[0]);
    const reason = Number.isNaN(code)
      ? 'the server does not say that it did'
      : `failure reason ${code.toString(16).toUpperCase().padStart(4, '0')}H`;
    throw new BiomedParseError('io', `${sopInstanceUid} was not stored in ${url}: ${reason}`, { url });
  }
  return `${url}/series/${series}/instances/${sopInstanceUid}`;
}
