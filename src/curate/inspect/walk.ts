/** The files below a folder, level by level and sorted; at most so many in all and of a folder, so that a huge tree takes bounded time and memory. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BiomedParseError } from '../../util/errors.ts';
import { systemReason } from '../../util/files.ts';

/** Most files that are looked at by name, in all and of one folder: equal names of two folders are then among the first of both. */
export const MOST_FILES = 20_000;
export const MOST_OF_FOLDER = 2000;
const MOST_FOLDERS = 20_000;

/** Files below a folder. */
export interface Walk {
  /** Paths below the folder, with forward slashes. */
  readonly files: readonly string[];
  /** There are more than were listed. */
  readonly cut: boolean;
}

/** Whether a link leads to a file. */
const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** Lists the files; hidden ones, and links to folders and to nothing, are left out. Refuses (`input`) a folder that cannot be read or has no file. */
export async function walkFolder(root: string): Promise<Walk> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new BiomedParseError('input', `cannot inspect ${root}: ${reason}`, { root }, cause);
  };
  const found = await stat(root).catch((error) => fail(systemReason(error), error));
  if (!found.isDirectory()) fail('it is a file, not a folder');
  const files: string[] = [];
  const folders = [''];
  let cut = false;
  for (let at = 0; at < folders.length; at++) {
    const folder = folders[at];
    const items = await readdir(join(root, folder), { withFileTypes: true }).catch((error) =>
      fail(`${folder}: ${systemReason(error)}`, error),
    );
    items.sort((a, b) => (a.name < b.name ? -1 : 1));
    const before = files.length;
    for (const item of items) {
      if (item.name.startsWith('.') || item.name.includes('\\')) continue;
      if (item.isDirectory()) folders.push(`${folder}${item.name}/`);
      else if (files.length - before >= MOST_OF_FOLDER) cut = true;
      else if (item.isFile() || (item.isSymbolicLink() && (await isFile(join(root, folder, item.name))))) {
        files.push(`${folder}${item.name}`);
      }
      if (files.length >= MOST_FILES || folders.length >= MOST_FOLDERS) return { files, cut: true };
    }
  }
  if (files.length === 0) fail('there is no file in it');
  return { files, cut };
}
