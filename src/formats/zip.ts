/**
 * Zip archives by random access (APPNOTE.TXT 6.3; zip64 too): a list of entries, and any part of one entry's bytes.
 * Stored and deflated entries. Refused: archives with damaged or double entries, encryption, entries that grow more
 * than a thousandfold (of weights: large ones more than a hundredfold), a wrong CRC-32 where an entry is read whole. Nothing is unpacked to disk.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { createCrc32 } from './crc32.ts';

/** Most entries of one archive; a published checkpoint has about a thousand. */
const MAX_ENTRIES = 100_000;
/** Deflate cannot pack more than 1032 bytes into one, so a larger factor is a lie. */
const MAX_GROWTH = 1032;
/** An entry that is both larger than this and packed by more than this factor holds no weights; masks pack well. */
const UNLIKE_WEIGHTS = { bytes: 1 << 24, growth: 100 };

const STORED = 0;
/** A stored entry is read in pieces of this size. */
const PIECE_BYTES = 1 << 16;

export interface ZipArchive {
  /** Unpacked bytes of every entry, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /**
   * Bytes `start` to `start + length` of an entry, unpacked, in parts; a part is good until the next one is asked for. A
   * whole entry is checked against its CRC-32, the error comes after its last part.
   */
  parts(name: string, start: number, length: number): AsyncIterable<Uint8Array>;
  /** A whole entry, checked against its CRC-32. */
  read(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

function refuse(path: string, reason: string, cause?: unknown): never {
  throw new BiomedParseError('input', `${path} is not a usable zip archive: ${reason}`, { file: path }, cause);
}

function checkEntry(path: string, entry: Entry, seen: ReadonlyMap<string, Entry>, weights: boolean): void {
  const { fileName, compressedSize, uncompressedSize } = entry;
  const named = `its entry ${JSON.stringify(fileName.slice(0, 100))}`;
  if (seen.size >= MAX_ENTRIES) refuse(path, `it has more than ${MAX_ENTRIES} entries`);
  if (seen.has(fileName)) refuse(path, `${named} is there twice`);
  if (!Number.isSafeInteger(compressedSize) || !Number.isSafeInteger(uncompressedSize)) {
    refuse(path, `${named} has an impossible size`);
  }
  const growth = uncompressedSize / Math.max(1, compressedSize);
  const unlike = uncompressedSize > UNLIKE_WEIGHTS.bytes && growth > UNLIKE_WEIGHTS.growth;
  if (growth > MAX_GROWTH || (weights && unlike)) {
    refuse(path, `${named} would grow from ${compressedSize} to ${uncompressedSize} bytes (a zip bomb?)`);
  }
}

async function readEntries(zip: ZipFile, path: string, weights: boolean): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      checkEntry(path, entry, entries, weights);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    if (error instanceof BiomedParseError) throw error;
    refuse(path, errorLine(error), error);
  }
  return entries;
}

/** Bytes of a stored entry, in pieces that lie in the same memory one after another. */
async function* storedParts(file: FileHandle, position: number, length: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.min(PIECE_BYTES, length));
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(memory, 0, Math.min(memory.length, length - done), position + done);
    if (bytesRead === 0) return;
    yield memory.subarray(0, bytesRead);
    done += bytesRead;
  }
}

/** Bytes of a deflated entry: unpacked from its beginning, thrown away up to where they are wanted. */
async function* inflatedParts(zip: ZipFile, entry: Entry, start: number, length: number): AsyncGenerator<Uint8Array> {
  const stream = await zip.openReadStreamPromise(entry, {});
  try {
    let at = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.max(0, start - at), Math.max(0, start + length - at));
      at += chunk.length;
      if (part.length > 0) yield part;
      // the last bytes of a whole entry are waited for, as its size is checked after them
      if (at >= start + length && at < entry.uncompressedSize) return;
    }
  } finally {
    stream.destroy();
  }
}

/** Parts put one after another into memory that is as long as they are together. */
export async function joinParts(parts: AsyncIterable<Uint8Array>, memory: Uint8Array): Promise<Uint8Array> {
  let filled = 0;
  for await (const part of parts) {
    memory.set(part, filled);
    filled += part.length;
  }
  return memory;
}

/** Opens an archive and checks its list of entries, more strictly where they are `weights`; `close` it when done. */
export async function openZip(path: string, { weights = false } = {}): Promise<ZipArchive> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw readError(path, error);
    refuse(path, errorLine(error), error);
  }
  let file: FileHandle | undefined;
  const close = async (): Promise<void> => {
    zip.close();
    await file?.close();
  };
  try {
    const entries = await readEntries(zip, path, weights);
    const stored = await open(path, 'r');
    file = stored;
    async function* parts(name: string, start: number, length: number): AsyncGenerator<Uint8Array> {
      const entry = entries.get(name);
      if (entry === undefined) refuse(path, `it has no entry ${JSON.stringify(name)}`);
      const { uncompressedSize: size, compressionMethod } = entry;
      if (start < 0 || length < 0 || start + length > size) {
        refuse(path, `${name} has ${size} bytes, ${start} to ${start + length} are asked for`);
      }
      const crc = length === size ? createCrc32() : undefined;
      let done = 0;
      try {
        const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
        const source =
          compressionMethod === STORED
            ? storedParts(stored, fileDataStart + start, length)
            : inflatedParts(zip, entry, start, length);
        for await (const part of source) {
          crc?.add(part);
          done += part.length;
          yield part;
        }
      } catch (error) {
        refuse(path, `${name}: ${errorLine(error)}`, error);
      }
      if (done < length) refuse(path, `${name} ends after ${done} of ${length} bytes`);
      if (crc !== undefined && crc.value() !== entry.crc32) {
        refuse(path, `${name} is damaged: its checksum (CRC-32) is wrong`);
      }
    }
    const sizes = new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize]));
    const read = (name: string): Promise<Uint8Array> => {
      const size = sizes.get(name) ?? 0; // that it is not there is told by its parts
      return joinParts(parts(name, 0, size), new Uint8Array(size));
    };
    return { sizes, parts, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}
