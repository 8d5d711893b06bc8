/**
 * What is done of a build, so that it can go on after any kind of end: a line per finished image file, added when all of its pictures lie in
 * their places. A line that was cut off counts as not there; of two lines for the same file the later one holds. Lines are looked up by their place
 * in the file, so that memory grows by a few numbers per image file.
 */
import { readSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BiomedParseError } from '../../util/errors.ts';
import { systemReason } from '../../util/files.ts';
import { readLines } from '../../util/lines.ts';
import { type BuildRecord, recordFiles } from './record.ts';

/** Folders of a set that a build owns. */
export const FOLDERS = ['train', 'train_mask', 'test', 'test_mask'] as const;

/** A line: which unit, made of what, and its records. */
export interface Entry {
  readonly key: string;
  readonly fingerprint: string;
  readonly records: readonly BuildRecord[];
}

/** Where a line lies. */
interface Place {
  readonly fingerprint: string;
  readonly start: number;
  readonly length: number;
}

export interface Journal {
  /** Whether a unit was built of the same, without failing, and all of its files are still there. */
  isDone(key: string, fingerprint: string): boolean;
  /** Adds a line as it is, without its end. */
  add(key: string, fingerprint: string, line: string): Promise<void>;
  /** The last line of a unit. Read on this thread: a trip to another one costs more than the read of a few hundred bytes. */
  line(key: string): string;
  close(): Promise<void>;
}

/** Names in the folders of a set, those of temporary files too. */
export async function namesIn(folder: string): Promise<Map<string, Set<string>>> {
  const names = new Map<string, Set<string>>();
  for (const name of FOLDERS) {
    const list = await readdir(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new BiomedParseError('io', `cannot read ${join(folder, name)}: ${systemReason(error)}`, {}, error);
    });
    names.set(name, new Set(list));
  }
  return names;
}

async function readPlaces(path: string, folder: string): Promise<{ places: Map<string, Place>; end: number }> {
  const places = new Map<string, Place>();
  const there = await namesIn(folder);
  const exists = (file: string): boolean => {
    const slash = file.indexOf('/');
    return there.get(file.slice(0, slash))?.has(file.slice(slash + 1)) ?? false;
  };
  let end = 0;
  for await (const { text, start, length } of readLines(path)) {
    try {
      const { key, fingerprint, records } = JSON.parse(text) as Entry;
      const failed = records.some(({ kind }) => kind === 'failed');
      places.delete(key);
      if (!failed && records.flatMap(recordFiles).every(exists)) places.set(key, { fingerprint, start, length });
    } catch {
      // a line that was cut off when the process was killed
    }
    end = start + length + 1;
  }
  return { places, end };
}

/** Opens the journal of a set's folder, or begins one. */
export async function openJournal(path: string, folder: string): Promise<Journal> {
  const fail = (error: unknown): never => {
    throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
  };
  const file: FileHandle = await open(path, 'a+').catch(fail);
  const { size } = await file.stat();
  // what was cut off becomes a line of its own, which means nothing
  if (size > 0) {
    const last = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    if (last.buffer[0] !== 10) await file.appendFile('\n').catch(fail);
  }
  const { places, end } = await readPlaces(path, folder);
  let start = end;
  let writing = Promise.resolve();
  let waiting: string[] = [];
  /** Lines that came while others were written go together. */
  const write = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    await file.appendFile(lines.join('')).catch(fail);
  };
  return {
    isDone: (key, fingerprint) => places.get(key)?.fingerprint === fingerprint,
    add(key, fingerprint, line) {
      const length = Buffer.byteLength(line);
      places.set(key, { fingerprint, start, length });
      start += length + 1;
      waiting.push(`${line}\n`);
      writing = writing.then(write);
      return writing;
    },
    line(key) {
      const place = places.get(key);
      if (place === undefined) throw new BiomedParseError('internal', `nothing was built of ${key}`);
      const bytes = Buffer.alloc(place.length);
      readSync(file.fd, bytes, 0, place.length, place.start);
      return bytes.toString('utf8');
    },
    close: () => file.close(),
  };
}
