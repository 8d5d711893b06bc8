#!/usr/bin/env node
/** The program `biomedparse`: standard streams and Ctrl-C for `run`. */
import type { CliIo } from './io.ts';
import { run } from './run.ts';

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The first asks the work to stop and clean up; the second ends the process at once, as without a handler.
  process.once(signal, () => controller.abort());
}

// A reader that goes away early (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const io: CliIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  terminal: process.stderr.isTTY === true,
  loadModel: async (directory, options) => (await import('../parse/load.ts')).loadModel(directory, options),
  signal: controller.signal,
};

process.exitCode = await run(process.argv.slice(2), io);
