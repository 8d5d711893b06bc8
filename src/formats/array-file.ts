/**
 * Arrays of numbers in files: NumPy (`.npy`, `.npz`), MATLAB (`.mat`, version 5 and 7.3) and HDF5 (`.h5`, `.hdf5`). Headers are read
 * first and elements when they are asked for, so that one item of a stack does not cost the whole. Refused (`input`): text, objects,
 * complex numbers, arrays of more than 2 GiB that have to be read whole, data that is shorter than its shape.
 */
import { open } from 'node:fs/promises';
import type { Samples } from '../image/volume.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { type ArrayEntry, type ArrayFile, chooseVariable } from './array-variable.ts';
import { listHdf5, openHdf5 } from './hdf5.ts';
import { listMat, openMat } from './mat.ts';
import { type NpyHeader, parseNpyHeader } from './npy-header.ts';
import { MAX_VOLUME_BYTES, SAMPLE_BYTES, toSamples } from './volume-bytes.ts';
import { joinParts, openZip, type ZipArchive } from './zip.ts';

/** Which files hold arrays. */
export const ARRAY_ENDING = /\.(npy|npz|mat|h5|hdf5)$/i;

/** Most arrays of an archive that are listed. */
const MOST_ARRAYS = 1000;
/** Most bytes that are read of a header of NumPy: it is text of a few hundred. */
const MOST_HEADER = 70_000;
/** Most bytes of one read: the system takes no 2 GiB at once. */
const PIECE_BYTES = 2 ** 30;

function refuse(path: string, reason: string): never {
  throw new BiomedParseError('input', `${path} is not usable: ${reason}`, { file: path });
}

function arrayOf(
  path: string,
  { shape, fortran, type, bigEndian, start }: NpyHeader,
  bytes: (start: number, length: number) => Promise<Uint8Array>,
  close: () => void,
): ArrayFile {
  const width = SAMPLE_BYTES[type];
  const read = async (from: number, count: number): Promise<Samples> => {
    const length = count * width;
    if (length > MAX_VOLUME_BYTES)
      refuse(path, `${length} bytes have to be read at once, at most ${MAX_VOLUME_BYTES} are`);
    return toSamples(await bytes(start + from * width, length), type, bigEndian);
  };
  return { shape, columnMajor: fortran, read, close };
}

const bytesOf = ({ shape, type }: NpyHeader): number =>
  shape.reduce((product, side) => product * side, SAMPLE_BYTES[type]);

async function openNpy(path: string): Promise<ArrayFile> {
  const file = await open(path).catch((error) => {
    throw readError(path, error);
  });
  const close = (): void => void file.close().catch(() => undefined);
  const read = async (start: number, length: number): Promise<Uint8Array> => {
    const out = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(out, filled, Math.min(length - filled, PIECE_BYTES), start + filled);
      if (bytesRead === 0) refuse(path, `it ends after ${start + filled} bytes (truncated?)`);
      filled += bytesRead;
    }
    return out;
  };
  try {
    const { size } = await file.stat();
    const header = parseNpyHeader(await read(0, Math.min(size, MOST_HEADER)), path);
    const needed = header.start + bytesOf(header);
    if (size !== needed) refuse(path, `it has ${size} bytes, shape [${header.shape.join(', ')}] needs ${needed}`);
    return arrayOf(path, header, read, close);
  } catch (error) {
    close();
    throw error;
  }
}

/** Names of the arrays in an archive of NumPy. */
const namesIn = (zip: ZipArchive): string[] =>
  [...zip.sizes.keys()].flatMap((name) => (name.endsWith('.npy') ? [name.slice(0, -4)] : []));

/** An array of an archive by its header; it closes with the archive. */
async function arrayIn(zip: ZipArchive, path: string, variable: string): Promise<ArrayFile> {
  const name = `${variable}.npy`;
  const size = zip.sizes.get(name) ?? 0;
  const part = (start: number, length: number): Promise<Uint8Array> =>
    joinParts(zip.parts(name, start, length), new Uint8Array(length));
  const header = parseNpyHeader(await part(0, Math.min(size, MOST_HEADER)), `${path}:${name}`);
  const needed = header.start + bytesOf(header);
  if (size !== needed) refuse(path, `${name} has ${size} bytes, its shape needs ${needed}`);
  return arrayOf(path, header, part, zip.close);
}

async function openNpz(path: string, variable: string | undefined): Promise<ArrayFile> {
  const zip = await openZip(path);
  try {
    return await arrayIn(zip, path, chooseVariable(path, namesIn(zip), variable));
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** Opens the array of a file; `variable` names it in a file of several. `close` it when done. */
export async function openArray(path: string, variable?: string): Promise<ArrayFile> {
  if (/\.npy$/i.test(path)) return openNpy(path);
  if (/\.npz$/i.test(path)) return openNpz(path, variable);
  if (/\.mat$/i.test(path)) return (await openMat(path, variable)) ?? openHdf5(path, variable);
  return openHdf5(path, variable);
}

/** Arrays of numbers of an archive; text and objects beside them are passed over, but the only array is refused with the reason. */
async function listNpz(path: string): Promise<ArrayEntry[]> {
  const zip = await openZip(path);
  try {
    const found: ArrayEntry[] = [];
    let refusal: unknown;
    for (const name of namesIn(zip).slice(0, MOST_ARRAYS)) {
      try {
        const { shape, columnMajor } = await arrayIn(zip, path, name);
        found.push({ name, shape, columnMajor });
      } catch (error) {
        refusal ??= error;
      }
    }
    if (found.length === 0 && refusal !== undefined) throw refusal;
    return found;
  } finally {
    await zip.close();
  }
}

/** The arrays of numbers in a file by their headers; of `.npy` the one has an empty name. */
export async function listArrays(path: string): Promise<readonly ArrayEntry[]> {
  if (/\.npy$/i.test(path)) {
    const { shape, columnMajor, close } = await openNpy(path);
    close();
    return [{ name: '', shape, columnMajor }];
  }
  if (/\.npz$/i.test(path)) return listNpz(path);
  if (/\.mat$/i.test(path)) return (await listMat(path)) ?? listHdf5(path);
  return listHdf5(path);
}
