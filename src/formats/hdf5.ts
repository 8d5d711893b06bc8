/**
 * HDF5 files, MATLAB 7.3 among them: arrays of numbers by their path. The one door to h5wasm, which reads pieces of the file where it
 * lies. MATLAB stores its arrays with the axes turned round, so that the shape is turned back and the first axis runs fastest.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Samples } from '../image/volume.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { type ArrayFile, chooseVariable } from './array-variable.ts';
import { MAX_VOLUME_BYTES } from './volume-bytes.ts';

/** Most arrays of a file that are looked at. */
const MOST_ARRAYS = 10_000;
const MOST_DEPTH = 16;

/** Opens an array of an HDF5 file. */
export async function openHdf5(path: string, variable?: string): Promise<ArrayFile> {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${path} is not a usable HDF5 file: ${reason}`, { file: path });
  };
  await stat(path).catch((error) => {
    throw readError(path, error);
  });
  const { default: h5wasm, Dataset, File, Group } = await import('h5wasm/node');
  await h5wasm.ready;
  let file: InstanceType<typeof File>;
  try {
    file = new File(resolve(path), 'r');
    if (file.file_id < 0n) refuse('it does not start as one, or is truncated');
  } catch (error) {
    return error instanceof BiomedParseError ? refuse(error.message) : refuse(errorLine(error));
  }
  try {
    const names: string[] = [];
    const look = (group: InstanceType<typeof Group>, prefix: string, depth: number): void => {
      if (depth > MOST_DEPTH) refuse(`its groups are nested more than ${MOST_DEPTH} deep`);
      for (const key of group.keys()) {
        const item = group.get(key);
        // what starts with # holds MATLAB's cells
        if (names.length >= MOST_ARRAYS || key.startsWith('#')) continue;
        if (item instanceof Dataset && typeof item.dtype === 'string' && /^[<>|]?[bBhHiIqQfd]$/.test(item.dtype)) {
          names.push(`${prefix}${key}`);
        } else if (item instanceof Group) look(item, `${prefix}${key}/`, depth + 1);
      }
    };
    look(file, '', 0);
    const chosen = chooseVariable(path, names, variable);
    const dataset = file.get(chosen) as InstanceType<typeof Dataset>;
    const shape = [...(dataset.shape ?? [])];
    const matlab = Object.hasOwn(dataset.attrs, 'MATLAB_class');
    const count = shape.reduce((product, side) => product * side, 1);
    const row = shape.slice(1).reduce((product, side) => product * side, 1);
    const read = async (from: number, wanted: number): Promise<Samples> => {
      const first = Math.floor(from / row);
      const last = Math.ceil((from + wanted) / row);
      if ((last - first) * row * 8 > MAX_VOLUME_BYTES * 4) refuse(`${chosen} is too large to be read whole`);
      const piece = dataset.slice([[first, last]]);
      const start = from - first * row;
      const part = (piece as Samples).subarray(start, start + wanted) as Samples | BigInt64Array;
      return part instanceof BigInt64Array || part instanceof BigUint64Array ? Float64Array.from(part, Number) : part;
    };
    if (shape.length === 0 || count === 0) refuse(`${chosen} is empty or a single number`);
    return {
      shape: matlab ? shape.reverse() : shape,
      columnMajor: matlab,
      read: async (from, wanted) => read(from, wanted),
      close: () => void file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
