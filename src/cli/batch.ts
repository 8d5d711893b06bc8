/** The same work on many images: one that fails is reported and the others go on; a wrong call or an interruption ends all. */
import { BiomedParseError, errorLine } from '../util/errors.ts';
import type { CliIo } from './io.ts';
import { startProgress } from './progress.ts';

export interface BatchResult<T> {
  readonly results: T[];
  readonly errors: { readonly input: string; readonly error: string }[];
}

/** Works on one image after another; `quiet` leaves the progress to `work`. */
export async function eachImage<T>(
  io: CliIo,
  inputs: readonly string[],
  work: (input: string, index: number) => Promise<T>,
  quiet = false,
): Promise<BatchResult<T>> {
  const batch: BatchResult<T> = { results: [], errors: [] };
  const progress = inputs.length > 1 && !quiet ? startProgress(io, 'images', inputs.length) : null;
  try {
    for (const [i, input] of inputs.entries()) {
      try {
        batch.results.push(await work(input, i));
      } catch (error) {
        io.signal.throwIfAborted();
        if (error instanceof BiomedParseError && error.code === 'usage') throw error;
        batch.errors.push({ input, error: errorLine(error) });
        const line = `biomedparse: ${errorLine(error)}`;
        if (progress === null) io.err(`${line}\n`);
        else progress.message(line);
      }
      progress?.update(i + 1);
    }
  } finally {
    progress?.stop();
  }
  return batch;
}
