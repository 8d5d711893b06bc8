/**
 * QIDO-RS: which studies, series and instances a server has. Identifiers are checked before anything is made of them. What is
 * told for a choice names no patient: identifiers, modality, numbers. Source: DICOM PS3.18 (10.6).
 */
import { BiomedParseError } from '../util/errors.ts';
import { type DicomWebAddress, isUid } from './address.ts';
import { DICOM_JSON, type JsonDataSet, type JsonKeyword, jsonTexts, readDataSets } from './json.ts';
import type { DicomWebServer } from './server.ts';

const PAGE = 1000;
const SHOWN = 20;
/** Modalities of objects without pixels to look at, and of results of others. */
const NO_IMAGES = new Set(['SEG', 'RTSTRUCT', 'RTPLAN', 'RTDOSE', 'RTRECORD', 'SR', 'PR', 'KO', 'DOC', 'REG', 'AU']);

/** A series by its identifiers. */
export interface SeriesPlace {
  readonly study: string;
  readonly series: string;
}

const first = (item: JsonDataSet, keyword: JsonKeyword): string => jsonTexts(item, keyword)[0] ?? '';

/**
 * What matches, each identifier once; stops after `most`. Pages are asked for until one brings nothing new: a server may send
 * fewer at a time than it was asked for, and one that knows no pages sends the same again.
 */
async function list(
  server: DicomWebServer,
  url: string,
  id: JsonKeyword,
  most: number,
  signal?: AbortSignal,
): Promise<Map<string, JsonDataSet>> {
  const found = new Map<string, JsonDataSet>();
  const joint = url.includes('?') ? '&' : '?';
  for (let offset = 0, before = -1; found.size > before && found.size <= most; ) {
    before = found.size;
    const page = `${url}${joint}limit=${PAGE}&offset=${offset}`;
    const request = {
      method: 'GET',
      url: page,
      accept: DICOM_JSON,
      ...(signal === undefined ? {} : { signal }),
    } as const;
    const items = await server.send(request, readDataSets);
    for (const item of items) {
      const uid = first(item, id);
      if (!isUid(uid)) throw new BiomedParseError('input', `the DICOMweb server names "${uid.slice(0, 70)}" as a UID`);
      found.set(uid, item);
    }
    offset += items.length;
  }
  return found;
}

function choose(what: string, how: string, lines: readonly string[]): never {
  const more = lines.length > SHOWN ? `; and ${lines.length - SHOWN} more` : '';
  throw new BiomedParseError('usage', `${what}; ${how}: ${lines.slice(0, SHOWN).join('; ')}${more}`);
}

async function findStudy(server: DicomWebServer, service: string, search: string): Promise<string> {
  const studies = await list(server, `${service}/studies?${search}`, 'StudyInstanceUID', PAGE);
  if (studies.size === 0) throw new BiomedParseError('input', `no study in ${service} is as searched for`);
  const [[uid]] = studies;
  if (studies.size === 1) return uid;
  const lines = [...studies].map(([study, item]) => {
    const series = first(item, 'NumberOfStudyRelatedSeries') || '?';
    return `${study} (${jsonTexts(item, 'ModalitiesInStudy').join(', ') || '?'}, ${series} series)`;
  });
  return choose(`${studies.size} studies in ${service} are as searched for`, 'give the address of one', lines);
}

async function findSeries(
  server: DicomWebServer,
  service: string,
  study: string,
  wanted: string | undefined,
): Promise<string> {
  const all = await list(server, `${service}/studies/${study}/series`, 'SeriesInstanceUID', PAGE);
  if (all.size === 0) throw new BiomedParseError('input', `there is no study ${study} in ${service}`);
  const number = (item: JsonDataSet): number => Number(first(item, 'SeriesNumber')) || 0;
  const sorted = [...all].sort(([, a], [, b]) => number(a) - number(b));
  const lines = (some: typeof sorted): string[] =>
    some.map(([uid, item]) => {
      const count = first(item, 'NumberOfSeriesRelatedInstances') || '?';
      return `${uid} (${first(item, 'Modality') || '?'}, number ${number(item)}, ${count} instances)`;
    });
  if (wanted !== undefined) {
    if (all.has(wanted)) return wanted;
    return choose(`the study ${study} has no series ${wanted}`, 'there are', lines(sorted));
  }
  const images = sorted.filter(([, item]) => !NO_IMAGES.has(first(item, 'Modality')));
  if (images.length === 1) return images[0][0];
  if (images.length === 0) choose(`the study ${study} has no series of images`, 'there are', lines(sorted));
  return choose(`the study ${study} has ${images.length} series of images`, 'choose one with --series', lines(images));
}

/** The one series that an address means; `wanted` chooses it in a study. Refuses (`usage`) a choice that is left open, with what there is. */
export async function resolveSeries(
  server: DicomWebServer,
  { service, study, series, search }: DicomWebAddress,
  wanted?: string,
): Promise<SeriesPlace> {
  if (series !== null && wanted !== undefined) {
    throw new BiomedParseError('usage', `--series ${wanted}: the address already names the series ${series}`);
  }
  const found = study ?? (await findStudy(server, service, search ?? ''));
  return { study: found, series: series ?? (await findSeries(server, service, found, wanted)) };
}

/** SOP Instance UIDs of a series; refuses (`input`) one that is not there, or has more than `most`. */
export async function listInstances(
  server: DicomWebServer,
  service: string,
  { study, series }: SeriesPlace,
  most: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const url = `${service}/studies/${study}/series/${series}`;
  const found = await list(server, `${url}/instances`, 'SOPInstanceUID', most, signal);
  if (found.size === 0) throw new BiomedParseError('input', `there is no series ${url}, or it is empty`, { url });
  if (found.size > most) {
    const reason = `it has more than ${most} instances; --limits instances=… allows more`;
    throw new BiomedParseError('input', `${url} is not retrieved: ${reason}`, { url });
  }
  return [...found.keys()];
}
