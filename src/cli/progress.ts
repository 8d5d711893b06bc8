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

/** "45 s", "3 min", "2 h 5 min". */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Starts reporting on `total` items (0: nobody knows), named by `noun` ("images"). */
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
  let ended = false;
  return {
    update(done) {
      const now = performance.now();
      const end = total > 0 && done >= total;
      if (ended || (!end && now - last < SECONDS_BETWEEN_LINES * 1000)) return;
      last = now;
      ended = end;
      const seconds = Math.max((now - start) / 1000, 1e-3);
      const left = done < total ? `, about ${duration((seconds / done) * (total - done))} left` : '';
      io.err(`${done}${total > 0 ? ` of ${total}` : ''} ${noun}, ${(done / seconds).toFixed(1)} a second${left}\n`);
    },
    message: (line) => io.err(`${line}\n`),
    stop: () => undefined,
  };
}

/** Does work whose total is known only once it has begun, with progress shown from its first report on. */
export async function withProgress<T>(
  io: CliIo,
  noun: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let progress: Progress | undefined;
  try {
    return await work((done, total) => {
      progress ??= startProgress(io, noun, total);
      progress.update(done);
    });
  } finally {
    progress?.stop();
  }
}
