/** The command line called as a program is, with what it writes kept. */
import type { CliIo } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';
import { loadModel } from '../../src/parse/load.ts';

/** Runs a call without a terminal; model folders are really opened unless `io` says otherwise. */
export async function callCli(argv: readonly string[], io: Partial<Pick<CliIo, 'loadModel' | 'signal'>> = {}) {
  let [stdout, stderr] = ['', ''];
  const status = await run(argv, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    terminal: false,
    loadModel,
    signal: new AbortController().signal,
    ...io,
  });
  return { status, stdout, stderr };
}
