/**
 * HDF5 files, MATLAB 7.3 among them: arrays of numbers by their path. The one door to h5wasm, which reads pieces of the file where it
 * lies. MATLAB stores its arrays with the axes turned round, so that the shape is turned back and the first axis runs fastest.
 */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Samples } from '../image/volume.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { type ArrayEntry, type ArrayFile, chooseVariable } from './array-variable.ts';
import { MAX_VOLUME_BYTES } from './volume-bytes.ts';

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Most arrays of a file that are looked at. */
const MOST_ARRAYS = 10_000;
const MOST_DEPTH = 16;

type H5wasm = typeof import('h5wasm/node');
type Dataset = InstanceType<H5wasm['Dataset']>;

/** An open file with the paths of its arrays of numbers. */
interface Opened {
  readonly names: readonly string[];
  dataset(name: string): Dataset;
  close(): void;
}

function refuseFile(path: string, reason: string): never {
  throw new BiomedParseError('input', `${path} is not a usable HDF5 file: ${reason}`, { file: path });
}

/** Whether the signature is where a file may have it: at the start, or behind what others put there, at 512, 1024, 2048, … */
async function hasSignature(path: string): Promise<boolean> {
  const file = await open(path).catch((error) => {
    throw readError(path, error);
  });
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(SIGNATURE.length);
    for (let at = 0; at + bytes.length <= size; at = Math.max(512, 2 * at)) {
      await file.read(bytes, 0, bytes.length, at);
      if (bytes.equals(SIGNATURE)) return true;
    }
    return false;
  } catch (error) {
    throw readError(path, error);
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<Opened> {
  const refuse = (reason: string): never => refuseFile(path, reason);
  // asked first, as the library prints its own report of what it cannot open
  if (!(await hasSignature(path))) refuse('it does not start as one');
  const { default: h5wasm, Dataset, File, Group } = await import('h5wasm/node');
  await h5wasm.ready;
  let file: InstanceType<typeof File>;
  try {
    file = new File(resolve(path), 'r');
    if (file.file_id < 0n) refuse('it is damaged or truncated');
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
    return { names, dataset: (name) => file.get(name) as Dataset, close: () => void file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Shape of an array as its program prints it: MATLAB's is stored with the axes turned round. */
function shapeOf(dataset: Dataset): Pick<ArrayEntry, 'shape' | 'columnMajor'> {
  const shape = [...(dataset.shape ?? [])];
  const matlab = Object.hasOwn(dataset.attrs, 'MATLAB_class');
  return { shape: matlab ? shape.reverse() : shape, columnMajor: matlab };
}

/** Arrays of an HDF5 file, without their numbers. */
export async function listHdf5(path: string): Promise<readonly ArrayEntry[]> {
  const { names, dataset, close } = await openFile(path);
  try {
    return names.map((name) => ({ name, ...shapeOf(dataset(name)) }));
  } finally {
    close();
  }
}

/** Opens an array of an HDF5 file. */
export async function openHdf5(path: string, variable?: string): Promise<ArrayFile> {
  const { names, dataset: find, close } = await openFile(path);
  try {
    const chosen = chooseVariable(path, names, variable);
    const dataset = find(chosen);
    const stored = dataset.shape ?? [];
    const count = stored.reduce((product, side) => product * side, 1);
    const row = stored.slice(1).reduce((product, side) => product * side, 1);
    const read = async (from: number, wanted: number): Promise<Samples> => {
      const first = Math.floor(from / row);
      const last = Math.ceil((from + wanted) / row);
      const bytes = (last - first) * row * dataset.metadata.size;
      if (bytes > MAX_VOLUME_BYTES) {
        refuseFile(path, `${bytes} bytes of ${chosen} have to be read at once, at most ${MAX_VOLUME_BYTES} are`);
      }
      const piece = dataset.slice([[first, last]]);
      const start = from - first * row;
      const part = (piece as Samples).subarray(start, start + wanted) as Samples | BigInt64Array;
      return part instanceof BigInt64Array || part instanceof BigUint64Array ? Float64Array.from(part, Number) : part;
    };
    if (stored.length === 0 || count === 0) refuseFile(path, `${chosen} is empty or a single number`);
    return { ...shapeOf(dataset), read, close };
  } catch (error) {
    close();
    throw error;
  }
}
