/**
 * DICOM files from attributes by keyword: Part 10, explicit or implicit VR little endian, sequences of defined length.
 *
 * Text is written in UTF-8 (ISO_IR 192); text that is too long for its value representation is the caller's mistake, a value
 * that does not fit its length field is refused (`input`). Decimal strings are rounded to 16 characters.
 * Source: DICOM PS3.5 (6.2 value representations, 7 data set), PS3.10 (7.1 file meta information).
 */
import { BiomedParseError } from '../../util/errors.ts';
import { EXPLICIT_LITTLE, LONG_VRS } from './dataset.ts';
import { type Keyword, TAG, VR_OF } from './tags.ts';

/** Text, numbers (an attribute's tag where it points to one), bytes, or the items of a sequence; an empty list is an empty value. */
export type AttributeValue =
  | string
  | number
  | readonly number[]
  | readonly string[]
  | Uint8Array
  | readonly Attributes[];

/** A data set before it is written; what is undefined is left out. */
export type Attributes = { readonly [keyword in Keyword]?: AttributeValue | undefined };

/** UTF-8, the term of Specific Character Set for all that is written here. */
export const UTF8 = 'ISO_IR 192';

/** Says who wrote a file; made once for this package. */
const IMPLEMENTATION_UID = '2.25.80201548105135706104048004289777581046';
const IMPLEMENTATION_NAME = 'BIOMEDPARSE';

const ITEM = 0xfffee000;
const MAX_SHORT = 65_534;
const MAX_LONG = 0xfffffffe;
const BYTE_VRS = new Set(['OB', 'OW', 'UN']);
const INTEGER_BYTES: Readonly<Record<string, 2 | 4>> = { US: 2, UL: 4 };

/** A number as a decimal string of at most 16 characters, with at most `decimals` after the point. */
export function decimalString(value: number, decimals = 15): string {
  if (!Number.isFinite(value)) throw new BiomedParseError('internal', `${value} is no decimal string`);
  const plain = String(Number(value.toFixed(decimals)));
  if (plain.length <= 16) return plain;
  for (let digits = 16; digits > 0; digits--) {
    const short = String(Number(value.toPrecision(digits)));
    if (short.length <= 16) return short;
  }
  throw new BiomedParseError('internal', `${value} is no decimal string`);
}

function tagBytes(tag: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt16LE(Math.floor(tag / 65536), 0);
  out.writeUInt16LE(tag % 65536, 2);
  return out;
}

function encodeValue(value: Exclude<AttributeValue, readonly Attributes[]>, vr: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const list: readonly (string | number)[] = typeof value === 'string' || typeof value === 'number' ? [value] : value;
  if (vr === 'AT') return Buffer.concat(list.map((tag) => tagBytes(Number(tag))));
  const width = INTEGER_BYTES[vr];
  if (width !== undefined) {
    const out = Buffer.alloc(list.length * width);
    for (const [i, one] of list.entries()) out.writeUIntLE(Number(one), i * width, width);
    return out;
  }
  const words = list.map((one) => (vr === 'DS' && typeof one === 'number' ? decimalString(one) : String(one)));
  return Buffer.from(words.join('\\'), 'utf8');
}

function head(tag: number, vr: string, length: number, explicit: boolean, keyword: string): Buffer {
  const long = !explicit || LONG_VRS.has(vr);
  if (length > (long ? MAX_LONG : MAX_SHORT)) {
    const most = long ? MAX_LONG : MAX_SHORT;
    throw new BiomedParseError('input', `${keyword} takes ${length} bytes in DICOM; at most ${most} are allowed`);
  }
  const out = Buffer.alloc(explicit && long ? 12 : 8);
  tagBytes(tag).copy(out);
  if (explicit) out.write(vr, 4, 'latin1');
  if (long) out.writeUInt32LE(length, out.length - 4);
  else out.writeUInt16LE(length, 6);
  return out;
}

function itemParts(item: Attributes, explicit: boolean): Uint8Array[] {
  const body = parts(item, explicit);
  const mark = Buffer.alloc(8);
  tagBytes(ITEM).copy(mark);
  mark.writeUInt32LE(sizeOf(body), 4);
  return [mark, ...body];
}

const sizeOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);

function parts(attributes: Attributes, explicit: boolean): Uint8Array[] {
  const entries = (Object.entries(attributes) as [Keyword, AttributeValue | undefined][])
    .flatMap(([keyword, value]) => (value === undefined ? [] : [{ keyword, value, tag: TAG[keyword] }]))
    .sort((a, b) => a.tag - b.tag);
  const chunks: Uint8Array[] = [];
  for (const { keyword, value, tag } of entries) {
    const known = VR_OF.get(tag) as string;
    // US or SS by the samples, which are unsigned in all that is written here
    const vr = known === 'xs' ? 'US' : known;
    if (vr === 'SQ') {
      const body = (value as readonly Attributes[]).map((item) => Buffer.concat(itemParts(item, explicit)));
      chunks.push(head(tag, vr, sizeOf(body), explicit, keyword), ...body);
      continue;
    }
    const bytes = encodeValue(value as Exclude<AttributeValue, readonly Attributes[]>, vr);
    const odd = bytes.byteLength % 2 === 1;
    chunks.push(head(tag, vr, bytes.byteLength + (odd ? 1 : 0), explicit, keyword), bytes);
    if (odd) chunks.push(Buffer.from(vr === 'UI' || BYTE_VRS.has(vr) ? '\0' : ' '));
  }
  return chunks;
}

/** A Part 10 file of a data set, which has to have SOPClassUID and SOPInstanceUID. */
export function encodeDicom(attributes: Attributes, transferSyntax: string = EXPLICIT_LITTLE): Uint8Array {
  const meta = Buffer.concat(
    parts(
      {
        FileMetaInformationVersion: Uint8Array.of(0, 1),
        MediaStorageSOPClassUID: attributes.SOPClassUID,
        MediaStorageSOPInstanceUID: attributes.SOPInstanceUID,
        TransferSyntaxUID: transferSyntax,
        ImplementationClassUID: IMPLEMENTATION_UID,
        ImplementationVersionName: IMPLEMENTATION_NAME,
      },
      true,
    ),
  );
  const length = parts({ FileMetaInformationGroupLength: meta.byteLength }, true);
  const body = parts({ SpecificCharacterSet: UTF8, ...attributes }, transferSyntax === EXPLICIT_LITTLE);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...length, meta, ...body]);
}
