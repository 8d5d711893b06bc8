/**
 * NumPy arrays (`.npy`, format version 1.0 out, 1.0 to 3.0 in): float32 and uint8, little-endian, C order.
 * Refused: other element types, Fortran order, data shorter or longer than the shape. Source: numpy.lib.format.
 */
import { BiomedParseError } from '../util/errors.ts';

const MAGIC = '\x93NUMPY';

/** An array as it lies in a `.npy` file. */
export interface NpyArray {
  readonly data: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

const count = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Bytes of a `.npy` file; the data starts at a multiple of 64. */
export function encodeNpy(data: Float32Array | Uint8Array, shape: readonly number[]): Uint8Array {
  if (count(shape) !== data.length) {
    throw new BiomedParseError('internal', `${data.length} values do not fill an array of shape [${shape.join(', ')}]`);
  }
  const type = data instanceof Float32Array ? '<f4' : '|u1';
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set(Buffer.from(`${MAGIC}\x01\x00`, 'latin1'));
  new DataView(out.buffer).setUint16(8, length, true);
  out.set(Buffer.from(`${text.padEnd(length - 1)}\n`, 'latin1'), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return out;
}

/** Parses a `.npy` file; `label` names it in errors. The data is a copy. */
export function decodeNpy(bytes: Uint8Array, label: string): NpyArray {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${label} is not a usable .npy file: ${reason}`, { file: label });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== MAGIC)
    refuse('it does not start as one');
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.byteLength) refuse('its header is truncated');
  const header = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (sides === undefined || type === undefined || order === undefined) {
    return refuse('its header lacks descr, fortran_order or shape');
  }
  if (order === 'True') refuse('it is in Fortran order; C order is needed');
  if (type !== '<f4' && type !== '|u1') refuse(`its elements are '${type}'; allowed: '<f4' (float32), '|u1' (uint8)`);
  const shape = sides.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  const needed = count(shape) * (type === '<f4' ? 4 : 1);
  if (needed !== bytes.byteLength - end) {
    refuse(`it has ${bytes.byteLength - end} bytes of data, shape [${shape.join(', ')}] needs ${needed}`);
  }
  const data = new Uint8Array(bytes.subarray(end));
  return { data: type === '<f4' ? new Float32Array(data.buffer) : data, shape };
}
