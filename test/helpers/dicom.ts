/** DICOM files made for tests, element by element, and the programs of Debian that other ones are made with. */
import { TAG, VR_OF } from '../../src/formats/dicom/tags.ts';

export type Value = string | number | readonly number[] | Uint8Array | readonly Attributes[];
export type Attributes = { readonly [keyword in keyof typeof TAG]?: Value };

export interface Writing {
  readonly implicit?: boolean;
  readonly bigEndian?: boolean;
  /** Sequences and items with undefined length. */
  readonly open?: boolean;
}

const isItems = (value: Value): value is readonly Attributes[] =>
  Array.isArray(value) && value.length > 0 && typeof value[0] === 'object';

function header(tag: number, vr: string, length: number, { implicit, bigEndian }: Writing): Buffer {
  const long = implicit || ['OB', 'OW', 'OF', 'SQ', 'OV', 'UN'].includes(vr);
  const out = Buffer.alloc(implicit || !long ? 8 : 12);
  const u16 = (value: number, at: number) => (bigEndian ? out.writeUInt16BE(value, at) : out.writeUInt16LE(value, at));
  u16(Math.floor(tag / 65536), 0);
  u16(tag % 65536, 2);
  if (!implicit && vr !== '') out.write(vr, 4, 'latin1');
  if (implicit || long) {
    const at = implicit ? 4 : 8;
    if (bigEndian) out.writeUInt32BE(length, at);
    else out.writeUInt32LE(length, at);
  } else u16(length, 6);
  return out;
}

/** An item, a delimiter or a fragment: a tag and a length, in every syntax. */
const mark = (tag: number, length: number, bigEndian = false): Buffer =>
  header(tag, '', length, { implicit: true, bigEndian });

/** Bytes of one element, for what keywords cannot say. */
export function element(tag: number, vr: string, value: Value, writing: Writing = {}): Buffer {
  const big = writing.bigEndian ?? false;
  if (isItems(value)) {
    const items = value.map((item) => {
      const body = attributes(item, writing);
      if (!writing.open) return Buffer.concat([mark(0xfffee000, body.length, big), body]);
      return Buffer.concat([mark(0xfffee000, 0xffffffff, big), body, mark(0xfffee00d, 0, big)]);
    });
    const body = Buffer.concat(items);
    if (!writing.open) return Buffer.concat([header(tag, vr, body.length, writing), body]);
    return Buffer.concat([header(tag, vr, 0xffffffff, writing), body, mark(0xfffee0dd, 0, big)]);
  }
  let body: Buffer;
  if (typeof value === 'string') body = Buffer.from(value, 'latin1');
  else if (value instanceof Uint8Array) body = Buffer.from(value);
  else {
    const list = typeof value === 'number' ? [value] : (value as readonly number[]);
    if (['DS', 'IS'].includes(vr)) body = Buffer.from(list.join('\\'), 'latin1');
    else {
      const width = vr === 'UL' ? 4 : 2;
      body = Buffer.alloc(list.length * width);
      for (const [i, one] of list.entries()) {
        const bits = width === 2 ? one & 0xffff : one;
        if (big) body.writeUIntBE(bits, i * width, width);
        else body.writeUIntLE(bits, i * width, width);
      }
    }
  }
  if (body.length % 2 === 1) body = Buffer.concat([body, Buffer.from(vr === 'UI' || vr === 'OB' ? '\0' : ' ')]);
  return Buffer.concat([header(tag, vr, body.length, writing), body]);
}

/** A data set of attributes by keyword, in the order of their tags. */
export function attributes(values: Attributes, writing: Writing = {}): Buffer {
  const signed = values.PixelRepresentation === 1;
  const parts = (Object.entries(values) as [keyof typeof TAG, Value][])
    .sort(([a], [b]) => TAG[a] - TAG[b])
    .map(([keyword, value]) => {
      const vr = VR_OF.get(TAG[keyword]) ?? 'UN';
      return element(TAG[keyword], vr === 'xs' ? (signed ? 'SS' : 'US') : vr, value, writing);
    });
  return Buffer.concat(parts);
}

/** A Part 10 file round the bytes of a data set. */
export function part10(body: Uint8Array, transferSyntax: string): Buffer {
  const meta = element(TAG.TransferSyntaxUID, 'UI', transferSyntax);
  const length = element(0x00020000, 'UL', meta.length);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, meta, body]);
}

/** A Part 10 file of attributes, explicit little endian. */
export const dicomFile = (values: Attributes): Buffer => part10(attributes(values), '1.2.840.10008.1.2.1');

/** Encapsulated pixel data: an empty offset table, then fragments of even length. */
export function encapsulate(fragments: readonly Uint8Array[], table: readonly number[] = []): Buffer {
  const offsets = Buffer.alloc(table.length * 4);
  for (const [i, value] of table.entries()) offsets.writeUInt32LE(value, 4 * i);
  const parts = fragments.flatMap((fragment) => {
    const padding = Buffer.alloc(fragment.byteLength % 2);
    return [mark(0xfffee000, fragment.byteLength + padding.length), fragment, padding];
  });
  const start = header(TAG.PixelData, 'OB', 0xffffffff, {});
  return Buffer.concat([start, mark(0xfffee000, offsets.length), offsets, ...parts, mark(0xfffee0dd, 0)]);
}

/** A grey image of 16 bits; `changes` replace or add attributes. */
export function greyImage(
  columns: number,
  rows: number,
  samples: ArrayLike<number>,
  changes: Attributes = {},
): Attributes {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: '1.2.3.4',
    Modality: 'OT',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 0,
    PixelData: new Uint8Array(Uint16Array.from(samples).buffer),
    ...changes,
  };
}
