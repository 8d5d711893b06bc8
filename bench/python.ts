/** The PyTorch side as a child process: found, started on one thread, asked one command a line. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Lap } from './measure.ts';

/** What one command answers: times, or the loss of `check`. */
export type Reply = Lap & { readonly loss: number };

export interface PythonTwin {
  /** Version of PyTorch. */
  readonly torch: string;
  ask(command: 'check' | 'matmul' | 'forward' | 'backward'): Promise<Reply>;
  stop(): void;
}

/** The first interpreter that can import what the export needs, or null. The `PYTHON` variable names the only one to try. */
export async function findTorch(): Promise<string | null> {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', '/usr/bin/python3'];
  for (const candidate of candidates) {
    try {
      await promisify(execFile)(candidate, ['-c', 'import numpy, PIL, torch']);
      return candidate;
    } catch {}
  }
  return null;
}

/** Starts the twin on a folder that holds its setting, weights and batch. */
export async function startPython(interpreter: string, folder: string): Promise<PythonTwin> {
  const script = fileURLToPath(new URL('./twin.py', import.meta.url));
  const threads = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const child = spawn(interpreter, [script, folder], {
    env: { ...process.env, ...threads, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  // a twin that has ended is noticed when its answer is read
  child.stdin.on('error', () => {});
  const read = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`bench/twin.py ended early (exit code ${(await ended)[0]})`);
    return JSON.parse(value) as T;
  };
  const { torch } = await read<{ torch: string }>();
  return {
    torch,
    ask: (command) => {
      child.stdin.write(`${command}\n`);
      return read<Reply>();
    },
    stop: () => child.stdin.end(),
  };
}
