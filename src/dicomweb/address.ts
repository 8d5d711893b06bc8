/**
 * Addresses of what lies in a DICOMweb server: `dicomweb+http://host/dicom-web/studies/<uid>/series/<uid>`, without the series
 * for a study, or a search, `…/studies?PatientID=…`. Refused (`usage`): other forms, identifiers that are none, and names or
 * passwords in an address, which would stand in receipts and messages. Source: DICOM PS3.18 (8.2, 10.4 to 10.6).
 */
import { BiomedParseError } from '../util/errors.ts';

const START = /^dicomweb\+https?:/i;
const UID = /^(?=.{1,64}$)\d+(\.\d+)+$/;
const FORMS =
  'dicomweb+http(s)://host/…/studies/<uid>/series/<uid>, …/studies/<uid>, or a search such as …/studies?AccessionNumber=…';

export interface DicomWebAddress {
  /** The service, `https://host/dicom-web`, without a slash at the end. */
  readonly service: string;
  /** Study and series; null where the address does not name them. */
  readonly study: string | null;
  readonly series: string | null;
  /** What studies are searched by; null where the address names one. */
  readonly search: string | null;
}

/** Whether a command's argument is meant as an address and not as a file. */
export const isDicomWeb = (argument: string): boolean => START.test(argument);

/** Whether a text is a unique identifier (PS3.5, 9.1), with leading zeros as some old devices write them. */
export const isUid = (text: string): boolean => UID.test(text);

/** An address as it may be shown: what stands after "?" or before "@" may tell the patient or a password. */
export const withoutSearch = (address: string): string =>
  address
    // a password may hold "?" and "#": then nobody can say where the host begins
    .replace(/\/\/[^/]*@[^/]*/s, (authority) => (/[?#]/.test(authority) ? '//…' : authority))
    .replace(/[?#].*$/s, '')
    .replace(/\/\/.*@/s, '//');

/** The parts of an address. */
export function parseAddress(argument: string): DicomWebAddress {
  const shown = withoutSearch(argument);
  const refuse = (reason: string): never => {
    throw new BiomedParseError('usage', `${shown} ${reason}; allowed: ${FORMS}`, { address: shown });
  };
  const plain = argument.replace(/^dicomweb\+/i, '');
  if (!URL.canParse(plain)) return refuse('is no address');
  const { origin, pathname, search, username, password, hash } = new URL(plain);
  if (username !== '' || password !== '') return refuse('holds a name or password, which go by --auth');
  const found = /^(.*?)\/studies(?:\/([^/]+)(?:\/series\/([^/]+))?)?\/?$/.exec(pathname);
  if (found === null || hash !== '') return refuse('does not say which study');
  const [, path, study = null, series = null] = found;
  for (const uid of [study, series]) if (uid !== null && !isUid(uid)) refuse(`has "${uid}" where a UID is needed`);
  if (study === null && search.length < 2) return refuse('names neither a study nor what to search by');
  if (study !== null && search !== '') return refuse('names a study and searches');
  return { service: `${origin}${path}`, study, series, search: study === null ? search.slice(1) : null };
}

/** The address of a series in the form that commands take. */
export const seriesAddress = (service: string, study: string, series: string): string =>
  `dicomweb+${service}/studies/${study}/series/${series}`;
