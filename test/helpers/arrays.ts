/** Files of arrays for tests: MATLAB of version 5, as its documentation lays it out, and NumPy archives. */
import { deflateSync } from 'node:zlib';
import { encodeNpy } from '../../src/formats/npy.ts';
import { zipArchive } from './torch-writer.ts';

/** An array of a MATLAB file; numbers run down the first axis. */
export interface MatArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int32Array | Float64Array;
  /** Deflated, as MATLAB does by itself. */
  readonly packed?: boolean;
}

function element(type: number, data: Uint8Array): Buffer {
  const out = Buffer.alloc(8 + Math.ceil(data.length / 8) * 8);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(data.length, 4);
  out.set(data, 8);
  return out;
}

const ints = (...values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

/** Class of an array, and type of its numbers. */
function typesOf(data: MatArray['data']): readonly [kind: number, type: number] {
  if (data instanceof Float64Array) return [6, 9];
  return data instanceof Int32Array ? [12, 5] : [9, 2];
}

/** A MATLAB file of version 5 with these arrays. */
export function matFile(arrays: readonly MatArray[]): Uint8Array {
  const header = Buffer.alloc(128, 32);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const matrices = arrays.map(({ name, shape, data, packed }) => {
    const [kind, type] = typesOf(data);
    const parts = [
      ...[element(6, ints(kind, 0)), element(5, ints(...shape)), element(1, Buffer.from(name))],
      element(type, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ];
    const whole = element(14, Buffer.concat(parts));
    if (packed !== true) return whole;
    const small = deflateSync(whole);
    return Buffer.concat([ints(15, small.length), small]);
  });
  return Buffer.concat([header, ...matrices]);
}

/** Numbers of rows of digits, down the columns as MATLAB has them. */
export const columnsOf = (rows: readonly string[]): number[] =>
  Array.from({ length: rows[0].length }, (_, x) => rows.map((row) => Number(row[x]))).flat();

/** Numbers of rows of digits, along the rows. */
export const rowsOf = (rows: readonly string[]): number[] => rows.flatMap((row) => [...row].map(Number));

/** A NumPy file of bytes, or of float32. */
export const npy = (shape: readonly number[], values: ArrayLike<number>, float = false): Uint8Array =>
  encodeNpy(float ? Float32Array.from(values) : Uint8Array.from(values), shape);

/** A NumPy archive of files by the names of their arrays. */
export const npz = (arrays: Readonly<Record<string, Uint8Array>>, deflate = false): Uint8Array =>
  zipArchive(Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data: Buffer.from(data), deflate })));
