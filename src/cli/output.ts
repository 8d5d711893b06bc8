/**
 * The folder that results go to. Files of one image are written to a hidden folder inside it and moved to their names
 * together once the image is complete, so that an interrupted or failing image leaves nothing behind.
 * Refuses (`io`) a folder that cannot be made or written, before any work is done.
 */
import { mkdtemp, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolder, systemReason } from '../util/files.ts';

export interface OutputFolder {
  /** Where to write a result for now; `path` is its final name. */
  stage(path: string): string;
  /** Moves what was staged to its final names. */
  commit(): Promise<void>;
  /** Drops what was staged. */
  discard(): Promise<void>;
  /** Removes the hidden folder, and the output folder if it was made for nothing. */
  close(): Promise<void>;
}

/** Makes the folder if need be and proves that it can be written. */
export async function openOutputFolder(folder: string): Promise<OutputFolder> {
  let firstMade: string | undefined;
  let staging: string;
  try {
    firstMade = await makeFolder(folder);
    staging = await mkdtemp(join(folder, '.biomedparse-'));
  } catch (error) {
    throw new BiomedParseError(
      'io',
      `cannot write to the output folder ${folder}: ${systemReason(error)}; a folder that can be made or written is needed`,
      { folder },
      error,
    );
  }
  const staged = new Map<string, string>(); // final name -> name for now
  return {
    stage(path) {
      const temporary = join(staging, basename(path));
      staged.set(path, temporary);
      return temporary;
    },
    async commit() {
      const moved: string[] = [];
      try {
        for (const [path, temporary] of staged) {
          if ((await stat(path).catch(() => undefined))?.isDirectory()) {
            throw new BiomedParseError('io', `cannot write ${path}: a folder has this name`, { path });
          }
          await rename(temporary, path);
          moved.push(path);
        }
      } catch (error) {
        for (const path of moved) await rm(path, { force: true });
        if (error instanceof BiomedParseError) throw error;
        throw new BiomedParseError('io', `cannot write to ${folder}: ${systemReason(error)}`, { folder }, error);
      } finally {
        staged.clear();
      }
    },
    async discard() {
      for (const temporary of staged.values()) await rm(temporary, { force: true });
      staged.clear();
    },
    async close() {
      await rm(staging, { recursive: true, force: true });
      if (firstMade === undefined) return;
      const top = dirname(resolve(firstMade));
      for (let at = resolve(folder); at !== top; at = dirname(at)) {
        try {
          await rmdir(at);
        } catch {
          return; // it holds results
        }
      }
    },
  };
}
