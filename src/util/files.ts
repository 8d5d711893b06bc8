/**
 * Whole files in and out, with one-line errors that name the path.
 * Writing is atomic: bytes go to a temporary name in the same folder, which is then renamed, so no reader sees half a file.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BiomedParseError } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file has this name',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
};

/** The system's reason for a failed file operation, in words. */
export function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== undefined && code in REASONS) return REASONS[code];
  return error instanceof Error ? error.message : String(error);
}

/** Turns a failed read into the `input` error that names the file. */
export function readError(path: string, error: unknown): BiomedParseError {
  const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
  const reason = missing ? 'no such file' : systemReason(error);
  return new BiomedParseError('input', `cannot read ${path}: ${reason}`, { path }, error);
}

/** The bytes of a file; a missing file, a folder or an unreadable file is an `input` error that names it. */
export async function readFileChecked(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** As `readFileChecked`, without giving the thread away: less work where a thread of its own reads many small files. */
export function readSmallFileChecked(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** Sorted names in a folder, hidden ones left out; `undefined` where there is no such folder. */
export async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      return undefined;
    }
    throw new BiomedParseError('input', `cannot read ${folder}: ${systemReason(error)}`, {}, error);
  }
}

/** Of this thread: no other thread or process has it. */
const own = `${process.pid}-${randomBytes(4).toString('hex')}`;
let temporaries = 0;

/** A hidden name beside a path that nothing else uses. */
function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${own}-${temporaries++}.tmp`);
}

/** Has a file written under a temporary name beside it and renames it; nothing is left where that fails. The folder must exist; refusals are `io` errors. */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    // an error of whoever makes the content is told as it is
    if (error instanceof BiomedParseError) throw error;
    throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
  }
}

/** Writes a file whole or not at all; parts are written one after another, as they come. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>,
): Promise<void> {
  await replaceFile(path, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      const parts = typeof data === 'string' ? [Buffer.from(data)] : data instanceof Uint8Array ? [data] : data;
      for await (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
  });
}

/**
 * As `writeFileAtomic`, of few bytes and without giving the thread away: a tenth of the cost where a thread of its own writes many small files.
 */
export function writeSmallFileAtomic(path: string, data: Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    writeFileSync(temporary, data, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
  }
}

/**
 * Makes a folder with all that leads to it; gives the first one made, undefined if none was. Level by level, as Node's own
 * recursive mkdir never ends in a folder that takes no others (`/proc`); errors are the system's.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = [];
  let at = resolve(path);
  while ((await stat(at).catch(absent)) === undefined) {
    missing.push(at);
    at = dirname(at);
  }
  for (const folder of missing.toReversed()) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // somebody else may have made it in the meantime
      if (error.code !== 'EEXIST') throw error;
    });
  }
  // a file where the folder should be is refused as mkdir refuses it
  if (missing.length === 0 && !(await stat(at)).isDirectory()) await mkdir(at);
  return missing.at(-1);
}

/** Nothing for what does not exist; any other failure is one. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Makes a folder for results; an `io` error names it. */
export async function makeFolderChecked(folder: string): Promise<void> {
  await makeFolder(folder).catch((error) => {
    throw new BiomedParseError('io', `cannot make ${folder}: ${systemReason(error)}`, { path: folder }, error);
  });
}

/** Makes the folder that a file will be written into, before the work that fills it; an `io` error names it. */
export const makeFolderFor = (file: string): Promise<void> => makeFolderChecked(dirname(resolve(file)));
