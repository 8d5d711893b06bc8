/**
 * What a command may talk to. Results go to standard output, everything else (progress, messages, errors) to standard
 * error, so that `--json` output can be piped. Tests hand in their own.
 */
import type { RunOptions } from '../parse/device.ts';
import type { LoadOptions } from '../parse/load.ts';
import type { Model } from '../parse/segment.ts';

export interface CliIo {
  /** Writes to standard output as it is. */
  readonly out: (text: string) => void;
  /** Writes to standard error as it is. */
  readonly err: (text: string) => void;
  /** Standard error is a terminal: progress is a bar that redraws itself, else a line now and then. */
  readonly terminal: boolean;
  /** Opens a model directory. */
  readonly loadModel: (directory: string | undefined, options: LoadOptions) => Promise<Model>;
  /** Asks running work to stop. */
  readonly signal: AbortSignal;
}

/** Values of the options that every command with a model has. */
export interface ModelCommand extends RunOptions {
  readonly model?: string;
}

/** What reports say of an open model. */
export interface ModelReport {
  readonly name: string;
  readonly parameters: number;
  readonly image_size: number;
  readonly device: string;
  readonly precision: string;
  /** Only where mirror images are asked too. */
  readonly flips?: true;
}

/** An open model as reports show it. */
export function reportModel({ name, parameters, imageSize, device, precision, flips }: Model): ModelReport {
  return { name, parameters, image_size: imageSize, device, precision, ...(flips ? { flips } : {}) };
}

/** Opens the model that a command names; what the user should know goes to standard error. */
export function openModel({ model, device, threads, precision, flips }: ModelCommand, io: CliIo): Promise<Model> {
  return io.loadModel(model, {
    onMessage: (line) => io.err(`${line}\n`),
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(precision === undefined ? {} : { precision }),
    ...(flips === undefined ? {} : { flips }),
  });
}
