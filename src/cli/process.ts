/** Standard streams and Ctrl-C of this process, for programs that call `run`. */
import type { CliIo } from './io.ts';

/** The process as a command sees it; the first SIGINT or SIGTERM asks running work to stop, the second ends at once. */
export function processIo(): CliIo {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Only the first is caught: without a handler the second ends the process, whatever it is doing.
    process.once(signal, () => controller.abort());
  }
  // A reader that goes away early (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    // Loaded when it is needed: help and refusals do without sharp and ONNX Runtime.
    loadModel: async (directory, options) => (await import('../parse/load.ts')).loadModel(directory, options),
    signal: controller.signal,
  };
}
