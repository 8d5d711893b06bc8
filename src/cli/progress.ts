/** Progress of a long command on standard error: a bar on a terminal, elsewhere a line every few seconds. */
import cliProgress from 'cli-progress';
import type { CliIo } from './io.ts';

const SECONDS_BETWEEN_LINES = 10;

export interface Progress {
  /** `done` of the total is finished. */
  update(done: number): void;
  /** A message between two states of the bar. */
  message(line: string): void;
  stop(): void;
}

/** Starts reporting on `total` items, named by `noun` ("images"). */
export function startProgress(io: CliIo, noun: string, total: number): Progress {
  const start = performance.now();
  if (io.terminal) {
    const bar = new cliProgress.SingleBar(
      {
        format: `${noun} [{bar}] {value}/{total} | {duration_formatted} | left {eta_formatted}`,
        clearOnComplete: true,
      },
      cliProgress.Presets.rect,
    );
    bar.start(total, 0);
    return {
      update: (done) => bar.update(done),
      message: (line) => io.err(`\r\u001b[K${line}\n`),
      stop: () => bar.stop(),
    };
  }
  let last = start;
  return {
    update(done) {
      const now = performance.now();
      if (done < total && now - last < SECONDS_BETWEEN_LINES * 1000) return;
      last = now;
      const seconds = (now - start) / 1000;
      io.err(`${done} of ${total} ${noun}, ${(done / Math.max(seconds, 1e-3)).toFixed(1)} a second\n`);
    },
    message: (line) => io.err(`${line}\n`),
    stop: () => undefined,
  };
}
