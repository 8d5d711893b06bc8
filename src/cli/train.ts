/** `biomedparse train <config.json>`: trains a model as the configuration says; lines of progress on standard error. */
import { trainFromConfig } from '../train/run.ts';
import type { CliIo } from './io.ts';

export interface TrainCommand {
  readonly resume?: boolean;
}

/** Runs the command; gives the exit status. */
export async function runTrain(config: string, command: TrainCommand, io: CliIo): Promise<number> {
  await trainFromConfig(config, {
    resume: command.resume ?? false,
    onLine: (line) => io.err(`${line}\n`),
    signal: io.signal,
  });
  io.signal.throwIfAborted(); // stopped before its end: the checkpoint is kept, and the status is that of an interruption
  return 0;
}
