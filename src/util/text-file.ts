/** A text file written piece by piece; what was not written yet is held up to a megabyte. */
import { open } from 'node:fs/promises';
import { BiomedParseError } from './errors.ts';
import { systemReason } from './files.ts';

const HELD = 1 << 20;

export interface TextFile {
  write(text: string): Promise<void>;
  /** Writes what is held and closes the file. */
  end(): Promise<void>;
  /** Closes the file as it is, after a failure; does nothing after `end`. */
  close(): Promise<void>;
}

/** Opens a file for writing, from its start; refusals of the system are `io` errors. */
export async function createTextFile(path: string): Promise<TextFile> {
  const tell = (error: unknown): never => {
    throw new BiomedParseError('io', `cannot write ${path}: ${systemReason(error)}`, { path }, error);
  };
  const file = await open(path, 'w').catch(tell);
  let held: string[] = [];
  let [size, isOpen] = [0, true];
  const flush = async (): Promise<void> => {
    const text = held.join('');
    [held, size] = [[], 0];
    await file.writeFile(text).catch(tell);
  };
  const close = async (): Promise<void> => {
    if (isOpen) await file.close();
    isOpen = false;
  };
  return {
    async write(text) {
      held.push(text);
      size += text.length;
      if (size > HELD) await flush();
    },
    async end() {
      await flush();
      await close();
    },
    close,
  };
}
