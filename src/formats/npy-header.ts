/** Headers of NumPy arrays (`.npy`, format version 1.0 to 3.0), of all number types. Source: numpy.lib.format. */
import { BiomedParseError } from '../util/errors.ts';
import type { SampleType } from './volume-bytes.ts';

const MAGIC = '\x93NUMPY';

/** What a header says. */
export interface NpyHeader {
  readonly type: SampleType;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements start, in bytes. */
  readonly start: number;
}

const TYPES: Readonly<Record<string, SampleType>> = {
  b1: 'uint8',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f4: 'float32',
  f8: 'float64',
};

/** Parses the start of a `.npy` file; `label` names it in errors. */
export function parseNpyHeader(bytes: Uint8Array, label: string): NpyHeader {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${label} is not a usable .npy file: ${reason}`, { file: label });
  };
  if (bytes.byteLength < 12 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== MAGIC) {
    refuse('it does not start as one');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.byteLength) refuse('its header is truncated, or longer than headers of arrays are');
  const header = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (sides === undefined || type === undefined || order === undefined) {
    return refuse('its header lacks descr, fortran_order or shape, or its elements are records');
  }
  const known = TYPES[type.slice(1)];
  if (known === undefined || !'<>|='.includes(type[0])) {
    return refuse(`its elements are '${type}'; allowed: ${Object.keys(TYPES).join(', ')}`);
  }
  const shape = sides.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  if (!shape.every(Number.isSafeInteger)) refuse(`its shape is (${sides})`);
  return { type: known, bigEndian: type[0] === '>', fortran: order === 'True', shape, start: end };
}
