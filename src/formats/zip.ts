/**
 * Zip archives by random access (APPNOTE.TXT 6.3; zip64 too): a list of entries, and any part of one entry's bytes.
 * Stored and deflated entries. Refused: archives with damaged or double entries, encryption, entries that grow more
 * than a thousandfold, a wrong CRC-32 where an entry is read whole. Nothing is unpacked to disk.
 */
import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { createCrc32 } from './crc32.ts';

/** Most entries of one archive; a published checkpoint has about a thousand. */
const MAX_ENTRIES = 100_000;
/** Deflate cannot pack more than 1032 bytes into one, so a larger factor is a lie. */
const MAX_GROWTH = 1032;
/** An entry that is both larger than this and packed by more than this factor holds no weights. */
const BOMB = { bytes: 1 << 24, growth: 100 };

const STORED = 0;

export interface ZipArchive {
  /** Unpacked bytes of every entry, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Bytes `start` to `start + length` of an entry, unpacked; all of it is checked against its CRC-32. */
  read(name: string, start?: number, length?: number): Promise<Uint8Array>;
  close(): void;
}

function refuse(path: string, reason: string, cause?: unknown): never {
  throw new BiomedParseError('input', `${path} is not a usable zip archive: ${reason}`, { file: path }, cause);
}

function checkEntry(path: string, entry: Entry, seen: ReadonlyMap<string, Entry>): void {
  const { fileName, compressedSize, uncompressedSize } = entry;
  const named = `its entry ${JSON.stringify(fileName.slice(0, 100))}`;
  if (seen.size >= MAX_ENTRIES) refuse(path, `it has more than ${MAX_ENTRIES} entries`);
  if (seen.has(fileName)) refuse(path, `${named} is there twice`);
  if (!Number.isSafeInteger(compressedSize) || !Number.isSafeInteger(uncompressedSize)) {
    refuse(path, `${named} has an impossible size`);
  }
  const growth = uncompressedSize / Math.max(1, compressedSize);
  if (growth > MAX_GROWTH || (uncompressedSize > BOMB.bytes && growth > BOMB.growth)) {
    refuse(path, `${named} would grow from ${compressedSize} to ${uncompressedSize} bytes (a zip bomb?)`);
  }
}

async function readEntries(zip: ZipFile, path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      checkEntry(path, entry, entries);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    if (error instanceof BiomedParseError) throw error;
    refuse(path, errorLine(error), error);
  }
  return entries;
}

/** Part of an entry: a stored one is read from the right place, a deflated one is unpacked and thrown away up to there. */
async function readPart(zip: ZipFile, entry: Entry, path: string, start: number, length: number): Promise<Uint8Array> {
  const stored = entry.compressionMethod === STORED;
  const whole = start === 0 && length === entry.uncompressedSize;
  const crc = whole ? createCrc32() : undefined;
  const out = new Uint8Array(length);
  let stream: Readable | undefined;
  let filled = 0;
  try {
    let skip = stored ? 0 : start;
    stream = await zip.openReadStreamPromise(entry, stored && !whole ? { start, end: start + length } : {});
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const from = Math.min(skip, chunk.length);
      skip -= from;
      const part = chunk.subarray(from, Math.min(chunk.length, from + length - filled));
      crc?.add(part);
      out.set(part, filled);
      filled += part.length;
      if (filled === length && !whole) break;
    }
  } catch (error) {
    refuse(path, `${entry.fileName}: ${errorLine(error)}`, error);
  } finally {
    stream?.destroy();
  }
  if (filled < length) refuse(path, `${entry.fileName} ends after ${filled} of ${length} bytes`);
  if (crc !== undefined && crc.value() !== entry.crc32) {
    refuse(path, `${entry.fileName} is damaged: its checksum (CRC-32) is wrong`);
  }
  return out;
}

/** Opens an archive and checks its list of entries; `close` it when done. */
export async function openZip(path: string): Promise<ZipArchive> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw readError(path, error);
    refuse(path, errorLine(error), error);
  }
  try {
    const entries = await readEntries(zip, path);
    return {
      sizes: new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize])),
      async read(name, start = 0, length) {
        const entry = entries.get(name);
        if (entry === undefined) refuse(path, `it has no entry ${JSON.stringify(name)}`);
        const wanted = length ?? entry.uncompressedSize - start;
        if (start < 0 || wanted < 0 || start + wanted > entry.uncompressedSize) {
          refuse(path, `${name} has ${entry.uncompressedSize} bytes, ${start} to ${start + wanted} are asked for`);
        }
        return readPart(zip, entry, path, start, wanted);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}
