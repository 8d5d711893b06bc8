/**
 * Values of data elements: numbers, text in its character set, items of sequences.
 * Text is decoded by Specific Character Set, with ISO 2022 escapes; single-byte and unknown sets fall back to Latin-1.
 * Source: DICOM PS3.5 (6.1 character sets, 6.2 value representations), PS3.3 C.12.1.1.2.
 */
import type { DataSet } from './dataset.ts';
import { TAG } from './tags.ts';

/** Decoder names by the defined terms of Specific Character Set, without the prefix that allows escapes. */
const CHARACTER_SETS: Readonly<Record<string, string>> = {
  'IR 100': 'iso-8859-1',
  'IR 101': 'iso-8859-2',
  'IR 109': 'iso-8859-3',
  'IR 110': 'iso-8859-4',
  'IR 144': 'iso-8859-5',
  'IR 127': 'iso-8859-6',
  'IR 126': 'iso-8859-7',
  'IR 138': 'iso-8859-8',
  'IR 148': 'iso-8859-9',
  'IR 203': 'iso-8859-15',
  'IR 166': 'windows-874',
  'IR 13': 'shift_jis',
  'IR 87': 'iso-2022-jp',
  'IR 159': 'iso-2022-jp',
  'IR 149': 'euc-kr',
  'IR 58': 'gb18030',
  'IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** Decoder names by the escape sequence that switches to them. */
const ESCAPES: Readonly<Record<string, string>> = {
  '-A': 'iso-8859-1',
  '-B': 'iso-8859-2',
  '-C': 'iso-8859-3',
  '-D': 'iso-8859-4',
  '-L': 'iso-8859-5',
  '-G': 'iso-8859-6',
  '-F': 'iso-8859-7',
  '-H': 'iso-8859-8',
  '-M': 'iso-8859-9',
  '-b': 'iso-8859-15',
  '-T': 'windows-874',
  ')I': 'shift_jis',
  '(J': 'shift_jis',
  '(B': 'iso-8859-1',
  '$)C': 'euc-kr',
  '$)A': 'gb18030',
};

/** Text of bytes under the values of Specific Character Set. */
export function decodeText(bytes: Uint8Array, terms: readonly string[]): string {
  const names = terms.map((term) => CHARACTER_SETS[term.trim().replace(/^ISO[ _](2022 )?/, '')]);
  const first = names[0] ?? 'iso-8859-1';
  const latin = Buffer.from(bytes).toString('latin1');
  if (!latin.includes('\x1b')) return new TextDecoder(first === 'iso-2022-jp' ? 'iso-8859-1' : first).decode(bytes);
  // Two-byte Japanese needs a decoder that follows the escapes itself.
  if (['$B', '$@', '$(D'].some((mark) => latin.includes(`\x1b${mark}`)))
    return new TextDecoder('iso-2022-jp').decode(bytes);
  return latin
    .split('\x1b')
    .map((part, i) => {
      const mark = i === 0 ? undefined : /^(\$?[()-][A-Za-z])/.exec(part)?.[1];
      const name = mark === undefined ? first : (ESCAPES[mark] ?? first);
      return new TextDecoder(name).decode(Buffer.from(part.slice(mark?.length ?? 0), 'latin1'));
    })
    .join('');
}

/** Values of an element as text, trimmed; empty if it is missing. */
export function texts(dataset: DataSet, tag: number, characterSet: readonly string[] = []): string[] {
  const element = dataset.elements.get(tag);
  if (element === undefined || element.bytes.byteLength === 0) return [];
  return decodeText(element.bytes, characterSet)
    .split('\\')
    .map((value) => value.replace(/[\0 ]+$/, '').trim());
}

/** The first value of an element as text; undefined if it is missing or empty. */
export function text(dataset: DataSet, tag: number, characterSet: readonly string[] = []): string | undefined {
  return texts(dataset, tag, characterSet)[0] || undefined;
}

/** The data set's Specific Character Set. */
export function characterSet(dataset: DataSet): string[] {
  return texts(dataset, TAG.SpecificCharacterSet);
}

/** Bytes per value and how to read one, of the binary value representations. */
const BINARY: Readonly<Record<string, readonly [number, (view: DataView, at: number, little: boolean) => number]>> = {
  US: [2, (view, at, little) => view.getUint16(at, little)],
  SS: [2, (view, at, little) => view.getInt16(at, little)],
  OW: [2, (view, at, little) => view.getUint16(at, little)],
  UL: [4, (view, at, little) => view.getUint32(at, little)],
  SL: [4, (view, at, little) => view.getInt32(at, little)],
  FL: [4, (view, at, little) => view.getFloat32(at, little)],
  FD: [8, (view, at, little) => view.getFloat64(at, little)],
  OV: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  OB: [1, (view, at) => view.getUint8(at)],
};

/** Values of an element as numbers; what is no number is left out. `signed` tells US from SS where a file does not. */
export function numbers(dataset: DataSet, tag: number, signed = false): number[] {
  const element = dataset.elements.get(tag);
  if (element === undefined) return [];
  const { bytes } = element;
  const binary = BINARY[element.vr === 'xs' ? (signed ? 'SS' : 'US') : element.vr];
  if (binary === undefined) {
    return texts(dataset, tag).flatMap((value) => {
      const number = Number(value);
      return value === '' || !Number.isFinite(number) ? [] : [number];
    });
  }
  const [width, read] = binary;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / width) }, (_, i) =>
    read(view, i * width, !dataset.bigEndian),
  );
}

/** The first value of an element as a number. */
export function number(dataset: DataSet, tag: number, signed = false): number | undefined {
  return numbers(dataset, tag, signed)[0];
}

/** Items of a sequence; empty if it is missing. */
export function items(dataset: DataSet, tag: number): readonly DataSet[] {
  return dataset.elements.get(tag)?.items ?? [];
}
