/**
 * safetensors files (github huggingface/safetensors): read whole or one tensor at a time, written whole or streamed. The
 * header is checked before any data is read: see safetensors-header.ts. Little-endian machines only, as Node's are.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { BiomedParseError } from '../util/errors.ts';
import { readError, writeFileAtomic } from '../util/files.ts';
import { type Entry, headerLength, METADATA, parseHeader, refuse } from './safetensors-header.ts';
import { DTYPE_BYTES, type StoredTensor } from './tensor.ts';
import { byteCount, memoryFor, type TensorInfo, type TensorSource } from './tensor-source.ts';

export { type Dtype, fromFloat32, type StoredTensor, toFloat32 } from './tensor.ts';

/** What a safetensors file holds; the map keeps the order of the data. */
export interface SafetensorsFile {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

function collect(entries: readonly Entry[], data: Uint8Array): Map<string, StoredTensor> {
  return new Map(
    entries.map(({ name, dtype, shape, start, end }) => [name, { dtype, shape, bytes: data.subarray(start, end) }]),
  );
}

/** Parses a whole file held in memory; tensors are views into it. `label` names it in errors. */
export function parseSafetensors(bytes: Uint8Array, label: string): SafetensorsFile {
  const length = headerLength(bytes, bytes.byteLength, label);
  const data = bytes.subarray(8 + length);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + length), data.byteLength, label);
  return { tensors: collect(entries, data), metadata };
}

/** Reads in pieces: one read call ends at 2 GB. */
async function readExactly(
  file: FileHandle,
  position: number,
  length: number,
  label: string,
  memory?: Uint8Array,
): Promise<Uint8Array> {
  const out = memoryFor(length, memory);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(out, done, Math.min(length - done, 2 ** 30), position + done);
    if (bytesRead === 0) refuse(label, `it ended after ${position + done} bytes`);
    done += bytesRead;
  }
  return out;
}

interface OpenFile {
  readonly file: FileHandle;
  readonly entries: Entry[];
  readonly metadata: Record<string, string>;
  /** Where the data begins. */
  readonly start: number;
  readonly dataBytes: number;
}

/** Opens a file and checks its header, so that a broken file costs no memory. */
async function openChecked(path: string): Promise<OpenFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const length = headerLength(await readExactly(file, 0, Math.min(8, size), path), size, path);
    const [start, dataBytes] = [8 + length, size - 8 - length];
    return { file, ...parseHeader(await readExactly(file, 8, length, path), dataBytes, path), start, dataBytes };
  } catch (error) {
    await file?.close();
    throw error instanceof BiomedParseError ? error : readError(path, error);
  }
}

/** Reads a file; tensors are views into one buffer that starts with the data, so well-made files come out aligned. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { file, entries, metadata, start, dataBytes } = await openChecked(path);
  try {
    return { tensors: collect(entries, await readExactly(file, start, dataBytes, path)), metadata };
  } catch (error) {
    throw error instanceof BiomedParseError ? error : readError(path, error);
  } finally {
    await file.close();
  }
}

/** Where a tensor's bytes lie in its file. */
export interface TensorPlace extends TensorInfo {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** Checks a file's header and tells where each tensor lies, reading no values. */
export async function locateSafetensors(path: string): Promise<Map<string, TensorPlace>> {
  const { file, entries, start: data } = await openChecked(path);
  await file.close();
  return new Map(
    entries.map(({ name, dtype, shape, start, end }) => [
      name,
      { dtype, shape, offset: data + start, length: end - start },
    ]),
  );
}

/** Opens a file to read its tensors one at a time; `close` it when done. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  const { file, entries, start } = await openChecked(path);
  const places = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    format: 'safetensors',
    path,
    tensors: new Map(entries.map(({ name, dtype, shape }) => [name, { dtype, shape }])),
    async read(name, memory) {
      const entry = places.get(name) ?? refuse(path, `it has no tensor ${JSON.stringify(name)}`);
      const bytes = await readExactly(file, start + entry.start, entry.end - entry.start, path, memory);
      return { dtype: entry.dtype, shape: entry.shape, bytes };
    },
    close: () => file.close(),
  };
}

/** Names with wide data types first, so that all data is aligned. */
function dataOrder(tensors: ReadonlyMap<string, TensorInfo>): [string, TensorInfo][] {
  return [...tensors].sort(([, a], [, b]) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]);
}

/** Length and header for tensors that follow in the given order. */
function encodeHeader(
  order: readonly (readonly [string, TensorInfo])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const header: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]];
  let reached = 0;
  for (const [name, info] of order) {
    const end = reached + byteCount(info);
    header.push([name, { dtype: info.dtype, shape: info.shape, data_offsets: [reached, end] }]);
    reached = end;
  }
  // fromEntries makes own properties even of '__proto__'.
  const json = JSON.stringify(Object.fromEntries(header));
  const text = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  return [length, text];
}

/** A tensor's bytes, if they are as many as announced. */
function checkedBytes(name: string, info: TensorInfo, bytes: Uint8Array): Uint8Array {
  const needed = byteCount(info);
  if (name !== METADATA && bytes.byteLength === needed) return bytes;
  throw new BiomedParseError(
    'internal',
    `tensor ${JSON.stringify(name)} cannot be stored: ${bytes.byteLength} bytes, ${info.dtype} [${info.shape.join(', ')}] needs ${needed}`,
    { name },
  );
}

/** The file's bytes in parts: header first, then one part a tensor, wide data types first so that all are aligned. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const order = dataOrder(tensors);
  const data = order.map(([name, info]) => checkedBytes(name, info, (tensors.get(name) as StoredTensor).bytes));
  return [...encodeHeader(order, metadata), ...data];
}

/** Writes a safetensors file whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Writes a safetensors file whole or not at all, asking for one tensor's bytes at a time. */
export async function streamSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  bytesOf: (name: string) => Promise<Uint8Array>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  async function* parts(): AsyncGenerator<Uint8Array> {
    const order = dataOrder(tensors);
    yield* encodeHeader(order, metadata);
    for (const [name, info] of order) yield checkedBytes(name, info, await bytesOf(name));
  }
  await writeFileAtomic(path, parts());
}
