/**
 * PyTorch checkpoints as `torch.save` writes them since version 1.6: a zip archive `<stem>/data.pkl` (a pickle with a state
 * dict), `<stem>/data/<key>` (one storage each), and in newer ones `<stem>/byteorder`. The description is read at once,
 * values one tensor at a time; nothing is ever evaluated.
 *
 * Accepted is a dictionary from names to tensors, also inside a dictionary under `state_dict`, `model` or `module`.
 * Refused, saying what to do: files of the format before 1.6, TorchScript archives, anything but tensors in the dictionary.
 */
import { open } from 'node:fs/promises';
import { BiomedParseError } from '../../util/errors.ts';
import { readError } from '../../util/files.ts';
import { DTYPE_BYTES, elementCount } from '../tensor.ts';
import { memoryFor, type TensorInfo, type TensorSource } from '../tensor-source.ts';
import { joinParts, openZip, type ZipArchive } from '../zip.ts';
import { gather, isContiguous, swapBytes } from './gather.ts';
import { stateDictOptions, TensorRecord, viewEnd } from './globals.ts';
import { MAX_PICKLE_BYTES, readPickle, refusePickle } from './pickle.ts';

const WRAPPERS = ['state_dict', 'model', 'module'];
const MAX_TENSORS = 100_000;
const MAX_NAME = 1000;

export type FileKind = 'zip' | 'legacy' | 'safetensors' | 'pointer' | 'other';

/** What a file is by its first bytes: a zip archive, a bare pickle or tar of old PyTorch, safetensors, what Git keeps in place of a large file, or something else. */
export async function sniffFile(path: string): Promise<FileKind> {
  const head = new Uint8Array(262);
  let length = 0;
  try {
    const file = await open(path, 'r');
    try {
      length = (await file.read(head, 0, head.length, 0)).bytesRead;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(path, error);
  }
  const text = Buffer.from(head.subarray(0, length)).toString('latin1');
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return 'zip';
  // a pickle starts with its protocol; a safetensors file that long would have a header of at most 0x0580 bytes
  if (/^.{8}\{/s.test(text)) return 'safetensors';
  const pickle = head[0] === 0x80 && head[1] >= 1 && head[1] <= 5;
  if (pickle || text.slice(257) === 'ustar') return 'legacy';
  return text.startsWith('version https://git-lfs') ? 'pointer' : 'other';
}

/** The error for a file of old PyTorch, with the way out. */
export function legacyError(path: string): BiomedParseError {
  const message =
    `${path} is in PyTorch's format from before version 1.6, which is not read; with PyTorch 1.6 or newer, ` +
    `torch.save(torch.load("old.pt", map_location="cpu"), "new.pt") writes the newer one`;
  return new BiomedParseError('input', message, { file: path });
}

/** The archive's one folder, by its data.pkl; refuses TorchScript. */
function findRoot(archive: ZipArchive, path: string): string {
  const pickles = [...archive.sizes.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) refusePickle(path, `its archive has ${pickles.length} entries <name>/data.pkl, not one`);
  const root = (pickles[0] as string).slice(0, -'data.pkl'.length);
  const script = [...archive.sizes.keys()].some(
    (name) => name === `${root}constants.pkl` || name.startsWith(`${root}code/`),
  );
  if (script) {
    const message =
      `${path} is a TorchScript archive (a program), which is not read; save its values instead: ` +
      `torch.save(torch.jit.load("script.pt", map_location="cpu").state_dict(), "weights.pt")`;
    throw new BiomedParseError('input', message, { file: path });
  }
  return root;
}

/** The dictionary of tensors in what the pickle describes. */
function findTensors(value: unknown, path: string): Map<string, TensorRecord> {
  let dictionary = value;
  const inner =
    value instanceof Map ? WRAPPERS.map((key) => value.get(key)).find((one) => one instanceof Map) : undefined;
  if (inner !== undefined) dictionary = inner;
  if (!(dictionary instanceof Map)) refusePickle(path, 'it holds no dictionary from names to tensors (a state dict)');
  if (dictionary.size > MAX_TENSORS) refusePickle(path, `it holds more than ${MAX_TENSORS} tensors`);
  for (const [name, tensor] of dictionary) {
    if (typeof name !== 'string' || name.length > MAX_NAME) {
      refusePickle(path, `a tensor's name is no text of at most ${MAX_NAME} characters`);
    }
    if (!(tensor instanceof TensorRecord)) {
      refusePickle(path, `its entry ${JSON.stringify(name.slice(0, 100))} is no tensor; a state dict is needed`);
    }
  }
  return dictionary as Map<string, TensorRecord>;
}

async function readByteOrder(archive: ZipArchive, root: string, path: string): Promise<boolean> {
  const size = archive.sizes.get(`${root}byteorder`);
  if (size === undefined) return false;
  const order =
    size > 16
      ? ''
      : Buffer.from(await archive.read(`${root}byteorder`))
          .toString('latin1')
          .trim();
  if (order !== 'little' && order !== 'big') refusePickle(path, 'its byteorder is neither little nor big');
  return order === 'big';
}

/** Every storage must be there with the size that its description says; told before any value is read. */
function checkStorages(
  archive: ZipArchive,
  root: string,
  tensors: ReadonlyMap<string, TensorRecord>,
  path: string,
): void {
  for (const [name, { storage }] of tensors) {
    const needed = storage.elements * DTYPE_BYTES[storage.dtype];
    const found = archive.sizes.get(`${root}data/${storage.key}`);
    if (found === needed) continue;
    const what = found === undefined ? 'is missing' : `has ${found} bytes`;
    refusePickle(path, `the storage of ${JSON.stringify(name)} ${what}, ${needed} bytes are needed (truncated?)`);
  }
}

/** Opens a checkpoint: lists its tensors and reads them one at a time. */
export async function openTorchCheckpoint(path: string): Promise<TensorSource> {
  if ((await sniffFile(path)) === 'legacy') throw legacyError(path);
  const archive = await openZip(path, { weights: true });
  try {
    const root = findRoot(archive, path);
    const pickleBytes = archive.sizes.get(`${root}data.pkl`) as number;
    if (pickleBytes > MAX_PICKLE_BYTES)
      refusePickle(path, `its data.pkl has ${pickleBytes} bytes, at most ${MAX_PICKLE_BYTES} are allowed`);
    const described = readPickle(await archive.read(`${root}data.pkl`), stateDictOptions(path));
    const records = findTensors(described, path);
    const bigEndian = await readByteOrder(archive, root, path);
    checkStorages(archive, root, records, path);
    const infos = [...records].map(([name, { storage, shape }]): [string, TensorInfo] => [
      name,
      { dtype: storage.dtype, shape },
    ]);
    return {
      format: 'PyTorch',
      path,
      tensors: new Map(infos),
      async read(name, memory) {
        const record = records.get(name);
        if (record === undefined) refusePickle(path, `it has no tensor ${JSON.stringify(name)}`);
        const { storage, offset, shape, strides } = record;
        const width = DTYPE_BYTES[storage.dtype];
        const parts = archive.parts(`${root}data/${storage.key}`, offset * width, viewEnd(shape, strides) * width);
        const bytes = memoryFor(elementCount(shape) * width, memory);
        if (isContiguous(shape, strides)) await joinParts(parts, bytes);
        else await gather(parts, width, shape, strides, bytes);
        if (bigEndian && width > 1) swapBytes(bytes, width);
        return { dtype: storage.dtype, shape, bytes };
      },
      close: archive.close,
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}
