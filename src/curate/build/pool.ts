/**
 * A worker per core. Each has a few small image files in hand, or one large one, so that reading, encoding and writing overlap while memory
 * stays that of a few images. An error of one image is a record; an error of the output folder ends all.
 */
import { Worker } from 'node:worker_threads';
import { BiomedParseError, type ErrorCode } from '../../util/errors.ts';
import type { Unit } from './plan.ts';

/** What a worker is started with. */
export interface WorkerInput {
  /** The recipe's text and the name of its file. */
  readonly text: string;
  readonly file: string;
  readonly source: string;
  readonly folder: string;
  readonly size: number;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: 'done'; readonly index: number; readonly line: string; readonly failure: string | null }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string };

/** An image file up to this size is small. */
const SMALL = 2_000_000;
/** Small ones in hand at once. */
const IN_HAND = 4;

/** The built worker; Node runs no TypeScript in threads, so a run from source takes the one of the last build too. */
function workerFile(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../../dist/curate/build/worker.js' : './worker.js';
  return new URL(built, import.meta.url);
}

/** The next units that are in hand together: a few small ones, or a large one. */
export function handful(units: readonly Unit[], from: number): readonly Unit[] {
  if (units[from].bytes > SMALL) return units.slice(from, from + 1);
  const large = units.slice(from, from + IN_HAND).findIndex(({ bytes }) => bytes > SMALL);
  return units.slice(from, from + (large === -1 ? IN_HAND : large));
}

/** Runs all units on threads; `done` is called for each as it is finished, one after another. */
export async function runPool(
  units: readonly Unit[],
  input: WorkerInput,
  count: number,
  done: (message: WorkerMessage & { kind: 'done' }) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let next = 0;
  const workers: Worker[] = [];
  const run = (worker: Worker): Promise<void> =>
    new Promise((finish, fail) => {
      let inHand = 0;
      let handled = Promise.resolve();
      const feed = (): void => {
        while (next < units.length && inHand < IN_HAND && (inHand === 0 || units[next].bytes <= SMALL)) {
          worker.postMessage(units[next]);
          inHand++;
          // a large one is alone
          if (units[next++].bytes > SMALL) break;
        }
        if (inHand === 0) handled.then(finish, fail);
      };
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'error') {
          fail(new BiomedParseError(message.code, message.message));
          return;
        }
        handled = handled.then(() => done(message));
        handled.catch(fail);
        inHand--;
        feed();
      });
      worker.on('error', fail);
      worker.on('exit', (code) =>
        fail(new BiomedParseError('runtime', `a worker of the build ended with code ${code}`)),
      );
      signal?.addEventListener('abort', () => fail(new BiomedParseError('runtime', 'interrupted')), { once: true });
      feed();
    });
  try {
    signal?.throwIfAborted();
    for (let i = 0; i < Math.min(count, units.length); i++)
      workers.push(new Worker(workerFile(), { workerData: input }));
    await Promise.all(workers.map(run));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
