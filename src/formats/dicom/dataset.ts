/**
 * DICOM data sets from bytes: Part 10 files and bare data sets; implicit and explicit VR, little and big endian, deflated.
 *
 * A parser of our own, since dcmjs inflates deflated files without a limit and follows nesting as deep as a file says.
 * Here every length is checked against the bytes there are before it is used, values are views (nothing is copied), and
 * depth, number of elements and inflated size are limited; the work is linear in the size of the file.
 * Refused (`input`): lengths past the end, nesting deeper than 16, bytes that are no data elements.
 * Source: DICOM PS3.5 (7 data set, A transfer syntaxes), PS3.10 (7 file format).
 */
import { inflateRawSync } from 'node:zlib';
import { BiomedParseError } from '../../util/errors.ts';
import { TAG, tagName, VR_OF } from './tags.ts';

const MAX_DEPTH = 16;
const MAX_ELEMENTS = 1_000_000;
/** Most bytes that a deflated data set may have when inflated. */
const MAX_INFLATED_BYTES = 150_000_000;
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

/** Value representations whose length takes four bytes. */
export const LONG_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

export const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_BIG = '1.2.840.10008.1.2.2';

/** One data element; a sequence has items, encapsulated pixel data has fragments, all else has bytes. */
export interface Element {
  readonly vr: string;
  readonly bytes: Uint8Array;
  readonly items?: readonly DataSet[];
  /** The offset table and the fragments after it. */
  readonly fragments?: readonly Uint8Array[];
}

export interface DataSet {
  readonly elements: ReadonlyMap<number, Element>;
  readonly bigEndian: boolean;
}

/** A parsed file. */
export interface DicomFile {
  /** The file's name in errors. */
  readonly label: string;
  readonly dataset: DataSet;
  /** The file meta information; null where a file has none. */
  readonly meta: DataSet | null;
  readonly transferSyntax: string;
}

/** Throws the `input` error of an unusable DICOM file. */
export function refuseDicom(label: string, reason: string, fields: Record<string, unknown> = {}): never {
  const message = `${label} is not a usable DICOM file: ${reason}`;
  throw new BiomedParseError('input', message, { file: label, ...fields });
}

/** The place of a reader in the bytes, and what it has seen. */
interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly label: string;
  at: number;
  elements: number;
}

interface Syntax {
  readonly explicit: boolean;
  readonly bigEndian: boolean;
}

const cursorOf = (bytes: Uint8Array, label: string, at = 0): Cursor => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  label,
  at,
  elements: 0,
});

function need(cursor: Cursor, length: number, end: number): void {
  if (cursor.at + length > end) {
    refuseDicom(
      cursor.label,
      `${length} bytes are needed at byte ${cursor.at}, ${end - cursor.at} are there (truncated?)`,
    );
  }
}

function readTag(cursor: Cursor, bigEndian: boolean): number {
  const group = cursor.view.getUint16(cursor.at, !bigEndian);
  const tag = group * 65536 + cursor.view.getUint16(cursor.at + 2, !bigEndian);
  cursor.at += 4;
  return tag;
}

function readLength(cursor: Cursor, bigEndian: boolean): number {
  const length = cursor.view.getUint32(cursor.at, !bigEndian);
  cursor.at += 4;
  return length;
}

/** Items up to `end`, or up to the end mark if the sequence's length is undefined. */
function readItems(cursor: Cursor, end: number, open: boolean, syntax: Syntax, depth: number): DataSet[] {
  if (depth > MAX_DEPTH) refuseDicom(cursor.label, `its sequences are nested deeper than ${MAX_DEPTH}`);
  const items: DataSet[] = [];
  while (open || cursor.at < end) {
    need(cursor, 8, end);
    const start = cursor.at;
    const tag = readTag(cursor, syntax.bigEndian);
    const length = readLength(cursor, syntax.bigEndian);
    if (tag === SEQUENCE_END) return items;
    if (tag !== ITEM) refuseDicom(cursor.label, `an item is expected at byte ${start}, not ${tagName(tag)}`);
    const undefinedLength = length === UNDEFINED_LENGTH;
    if (!undefinedLength) need(cursor, length, end);
    items.push(readDataSet(cursor, undefinedLength ? end : cursor.at + length, undefinedLength, syntax, depth));
  }
  return items;
}

/** Offset table and fragments of encapsulated pixel data. */
function readFragments(cursor: Cursor, end: number): Uint8Array[] {
  const fragments: Uint8Array[] = [];
  for (;;) {
    need(cursor, 8, end);
    const start = cursor.at;
    const tag = readTag(cursor, false);
    const length = readLength(cursor, false);
    if (tag === SEQUENCE_END) return fragments;
    if (tag !== ITEM) refuseDicom(cursor.label, `a fragment is expected at byte ${start}, not ${tagName(tag)}`);
    need(cursor, length, end);
    fragments.push(cursor.bytes.subarray(cursor.at, cursor.at + length));
    cursor.at += length;
  }
}

/** Elements up to `end`, or up to the item's end mark if `open`. `stop` ends before a tag that it holds for. */
function readDataSet(
  cursor: Cursor,
  end: number,
  open: boolean,
  syntax: Syntax,
  depth: number,
  stop?: (tag: number) => boolean,
): DataSet {
  const { explicit, bigEndian } = syntax;
  const elements = new Map<number, Element>();
  while (open || cursor.at < end) {
    need(cursor, 8, end);
    const start = cursor.at;
    const tag = readTag(cursor, bigEndian);
    if (stop?.(tag)) {
      cursor.at = start;
      break;
    }
    if (tag === ITEM_END && open) {
      cursor.at += 4;
      break;
    }
    if (++cursor.elements > MAX_ELEMENTS) refuseDicom(cursor.label, `it has more than ${MAX_ELEMENTS} data elements`);
    let vr = VR_OF.get(tag) ?? 'UN';
    let length: number;
    if (explicit) {
      vr = String.fromCharCode(cursor.bytes[cursor.at], cursor.bytes[cursor.at + 1]);
      if (!/^[A-Z]{2}$/.test(vr)) refuseDicom(cursor.label, `there is no data element at byte ${start}`);
      cursor.at += 2;
      if (LONG_VRS.has(vr)) {
        need(cursor, 6, end);
        cursor.at += 2;
        length = readLength(cursor, bigEndian);
      } else {
        length = cursor.view.getUint16(cursor.at, !bigEndian);
        cursor.at += 2;
      }
    } else length = readLength(cursor, bigEndian);

    const none = cursor.bytes.subarray(0, 0);
    if (length === UNDEFINED_LENGTH) {
      if (tag === TAG.PixelData) {
        elements.set(tag, { vr, bytes: none, fragments: readFragments(cursor, end) });
        continue;
      }
      // An unknown element of undefined length is a sequence in implicit VR little endian (PS3.5, 6.2.2).
      const inner = vr === 'UN' ? { explicit: false, bigEndian: false } : syntax;
      elements.set(tag, { vr: 'SQ', bytes: none, items: readItems(cursor, end, true, inner, depth + 1) });
      continue;
    }
    need(cursor, length, end);
    if (vr === 'SQ') {
      elements.set(tag, { vr, bytes: none, items: readItems(cursor, cursor.at + length, false, syntax, depth + 1) });
      continue;
    }
    elements.set(tag, { vr, bytes: cursor.bytes.subarray(cursor.at, cursor.at + length) });
    cursor.at += length;
  }
  return { elements, bigEndian };
}

const asText = (bytes: Uint8Array | undefined): string =>
  bytes === undefined
    ? ''
    : Buffer.from(bytes)
        .toString('latin1')
        .replace(/[\0 ]+$/, '');

/** The syntax that a bare data set seems to be in; null if it is none. */
function guessSyntax(bytes: Uint8Array, at: number): { syntax: Syntax; uid: string } | null {
  if (bytes.byteLength < at + 8) return null;
  const little = bytes[at + 1] === 0 && bytes[at] >= 2 && bytes[at] <= 0x10;
  const big = bytes[at] === 0 && bytes[at + 1] >= 2 && bytes[at + 1] <= 0x10;
  if (little === big) return null;
  const explicit = /^[A-Z]{2}$/.test(String.fromCharCode(bytes[at + 4], bytes[at + 5]));
  if (big) return explicit ? { syntax: { explicit, bigEndian: true }, uid: EXPLICIT_BIG } : null;
  return { syntax: { explicit, bigEndian: false }, uid: explicit ? EXPLICIT_LITTLE : IMPLICIT_LITTLE };
}

/** Whether bytes start as a DICOM file or a bare data set do. */
export function isDicom(bytes: Uint8Array): boolean {
  if (bytes.byteLength >= 132 && asText(bytes.subarray(128, 132)) === 'DICM') return true;
  return guessSyntax(bytes, 0) !== null;
}

/** Parses a DICOM file held in memory; values are views into `bytes`. */
export function parseDicom(bytes: Uint8Array, label: string): DicomFile {
  const preamble = bytes.byteLength >= 132 && asText(bytes.subarray(128, 132)) === 'DICM';
  let at = preamble ? 132 : 0;
  let uid: string | undefined;
  let meta: DataSet | null = null;
  const guess = guessSyntax(bytes, at);
  if (!preamble && guess === null) refuseDicom(label, 'it starts neither with a preamble and DICM nor with a data set');
  if (preamble || bytes[0] === 2) {
    const cursor = cursorOf(bytes, label, at);
    const explicit = { explicit: true, bigEndian: false };
    meta = readDataSet(cursor, bytes.byteLength, false, explicit, 0, (tag) => tag >= 0x00030000);
    uid = asText(meta.elements.get(TAG.TransferSyntaxUID)?.bytes) || undefined;
    at = cursor.at;
  }
  if (uid === undefined) {
    const found = guessSyntax(bytes, at);
    if (found === null) return refuseDicom(label, 'its transfer syntax is neither named nor can it be told');
    const dataset = readDataSet(cursorOf(bytes, label, at), bytes.byteLength, false, found.syntax, 0);
    return { label, dataset, meta, transferSyntax: found.uid };
  }
  const syntax = { explicit: uid !== IMPLICIT_LITTLE, bigEndian: uid === EXPLICIT_BIG };
  const body = uid === DEFLATED ? inflate(bytes.subarray(at), label) : bytes.subarray(at);
  const dataset = readDataSet(cursorOf(body, label), body.byteLength, false, syntax, 0);
  return { label, dataset, meta, transferSyntax: uid };
}

function inflate(bytes: Uint8Array, label: string): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const reason = tooLong ? `it inflates to more than ${MAX_INFLATED_BYTES} bytes` : 'its deflated data is damaged';
    return refuseDicom(label, reason);
  }
}
