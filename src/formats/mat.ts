/**
 * MATLAB files of version 5 (`-v6`, `-v7`): real numeric and logical arrays, compressed or not, in either byte order. Structures, cells,
 * text, sparse and complex arrays are left aside. No kept library of a free licence reads them; version 7.3 is HDF5.
 * Elements are inflated with a bound, and every length is checked. Source: MathWorks, MAT-File Format (level 5).
 */
import type { Samples } from '../image/volume.ts';
import { readFileChecked } from '../util/files.ts';
import { type ArrayEntry, type ArrayFile, chooseVariable } from './array-variable.ts';
import { inflateRange, refuseVolume, SAMPLE_BYTES, type SampleType, toSamples, volumeBytes } from './volume-bytes.ts';

const FORMAT = 'MATLAB';
const HEADER = 128;
const MATRIX = 14;
const COMPRESSED = 15;
/** Storage types by their number. */
const STORED: Readonly<Record<number, SampleType>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
};
/** Array classes of numbers: double to uint64. */
const NUMERIC = { from: 6, to: 15 };
const COMPLEX = 0x0800;

/** A tagged piece of a file. */
interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
  /** Where the next one starts. */
  readonly next: number;
}

interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** Where its numbers are; null: no plain numbers. */
  readonly data: Element | null;
}

function element(bytes: Uint8Array, at: number, little: boolean, label: string, whole = true): Element {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 8 > bytes.byteLength) refuseVolume(label, FORMAT, `it ends within an element at byte ${at} (truncated?)`);
  const first = view.getUint32(at, little);
  const small = first >>> 16;
  if (small > 4) refuseVolume(label, FORMAT, `a short element at byte ${at} says ${small} bytes; at most 4 fit`);
  if (small !== 0) return { type: first & 0xffff, start: at + 4, length: small, next: at + 8 };
  const length = view.getUint32(at + 4, little);
  const end = at + 8 + length;
  if (whole && end > bytes.byteLength) {
    refuseVolume(label, FORMAT, `an element of ${length} bytes at byte ${at} goes beyond its end (truncated?)`);
  }
  // compressed elements are not padded
  return { type: first, start: at + 8, length, next: first === COMPRESSED ? end : end + ((8 - (length % 8)) % 8) };
}

/** The name and shape of a matrix that starts at `at`; `bytes` may end before its numbers do. */
function variable(bytes: Uint8Array, at: number, little: boolean, label: string): Variable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = element(bytes, at, little, label);
  if (flags.length < 4) refuseVolume(label, FORMAT, 'an array in it has no flags');
  const word = view.getUint32(flags.start, little);
  const sides = element(bytes, flags.next, little, label);
  const shape = Array.from({ length: sides.length / 4 }, (_, i) => view.getInt32(sides.start + 4 * i, little));
  const name = element(bytes, sides.next, little, label);
  const text = Buffer.from(bytes.subarray(name.start, name.start + name.length)).toString('latin1');
  if (/\p{Cc}/u.test(text)) refuseVolume(label, FORMAT, 'the name of an array in it is no text (damaged?)');
  const kind = word & 0xff;
  const plain = kind >= NUMERIC.from && kind <= NUMERIC.to && (word & COMPLEX) === 0;
  return { name: text, shape, data: plain ? element(bytes, name.next, little, label, false) : null };
}

/** A matrix of the file, and its bytes when they are wanted. */
interface Found extends Variable {
  bytes(): Promise<Uint8Array>;
}

/** Enough of a matrix for its name and shape. */
const START = 4096;

async function variables(bytes: Uint8Array, little: boolean, label: string): Promise<Found[]> {
  const found: Found[] = [];
  for (let at = HEADER; at + 8 <= bytes.byteLength; ) {
    const piece = element(bytes, at, little, label);
    at = piece.next;
    const body = bytes.subarray(piece.start, piece.start + piece.length);
    if (piece.type === MATRIX && piece.length > 0) {
      found.push({ ...variable(body, 0, little, label), bytes: async () => body });
    } else if (piece.type === COMPRESSED) {
      const tag = element(await inflateRange(body, 0, 8, 'zlib', label, FORMAT), 0, little, label, false);
      if (tag.type !== MATRIX || tag.length === 0) continue;
      const inflate = (length: number): Promise<Uint8Array> => inflateRange(body, 8, length, 'zlib', label, FORMAT);
      const start = variable(await inflate(Math.min(START, tag.length)), 0, little, label);
      found.push({ ...start, bytes: () => inflate(tag.length) });
    }
  }
  return found;
}

/** The matrices of numbers of a version 5 file, and its byte order; null for one of version 7.3. */
async function numbersOf(path: string): Promise<{ readonly found: readonly Found[]; readonly little: boolean } | null> {
  const bytes = await readFileChecked(path);
  if (bytes.byteLength < HEADER + 8) refuseVolume(path, FORMAT, `it has ${bytes.byteLength} bytes (truncated?)`);
  const order = bytes.toString('latin1', 126, 128);
  if (order !== 'IM' && order !== 'MI') refuseVolume(path, FORMAT, 'it does not start as one of version 5 or 7.3');
  const little = order === 'IM';
  if (bytes[little ? 125 : 124] === 2) return null;
  // what has no name is MATLAB's own
  const found = (await variables(bytes, little, path)).filter(({ name, data }) => name !== '' && data !== null);
  return { found, little };
}

/** Arrays of a version 5 file, without their numbers; null for one of version 7.3, which is HDF5. */
export async function listMat(path: string): Promise<readonly ArrayEntry[] | null> {
  const numbers = await numbersOf(path);
  return numbers?.found.map(({ name, shape }) => ({ name, shape, columnMajor: true })) ?? null;
}

/** Opens an array of a version 5 file; null for one of version 7.3, which is HDF5. */
export async function openMat(path: string, name?: string): Promise<ArrayFile | null> {
  const numbers = await numbersOf(path);
  if (numbers === null) return null;
  const { found, little } = numbers;
  const chosen = chooseVariable(
    path,
    found.map((one) => one.name),
    name,
  );
  const { shape, data, bytes: inflate } = found.find((one) => one.name === chosen) as Found;
  const { type: code, start, length } = data as Element;
  const type = STORED[code];
  if (type === undefined) return refuseVolume(path, FORMAT, `${chosen} is stored as type ${code}, which is no number`);
  if (volumeBytes(shape, type, path, FORMAT) !== length) {
    refuseVolume(path, FORMAT, `${chosen} of ${shape.join(' x ')} has ${length / SAMPLE_BYTES[type]} numbers`);
  }
  const held = await inflate();
  if (start + length > held.byteLength) refuseVolume(path, FORMAT, `${chosen} ends early (truncated?)`);
  const samples = toSamples(held.subarray(start, start + length), type, !little);
  return {
    shape,
    columnMajor: true,
    read: async (from, count) => samples.subarray(from, from + count) as Samples,
    close: () => undefined,
  };
}
