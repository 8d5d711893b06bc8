/** Where a model may run, on how many threads and in which precision. Light on purpose: the command line reads it for its help. */
import { PRECISIONS, type Precision } from '../model/precision.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Devices by name; one that is not there falls back to `cpu` with a message. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

/** Most threads that may be asked for. */
export const MAX_THREADS = 256;

export interface RunOptions {
  /** Where to run (default `cpu`); a device that is not there falls back to `cpu` with a message. */
  readonly device?: Device;
  /** Threads of one operator, 1 to 256 (default: ONNX Runtime's choice, one per core). */
  readonly threads?: number;
  /** `int8`: most products of the image encoder in 8-bit integers, on the `cpu` only (default `float32`). */
  readonly precision?: Precision;
  /**
   * Ask the mirror image too and average the answers (default false): up to twice the time. Not where the body's sides differ in
   * looks, nor of what the ontology does not know.
   */
  readonly flips?: boolean;
}

/** Refuses an unknown device or precision, int8 on another device than `cpu`, and a thread count outside 1..256 with a `usage` error. */
export function checkRunOptions({ device, threads, precision }: RunOptions): void {
  if (device !== undefined && !DEVICES.includes(device)) {
    throw new BiomedParseError('usage', `Unknown device "${device}"; allowed: ${DEVICES.join(', ')}`, { device });
  }
  if (precision !== undefined && !PRECISIONS.includes(precision)) {
    throw new BiomedParseError('usage', `Unknown precision "${precision}"; allowed: ${PRECISIONS.join(', ')}`, {
      precision,
    });
  }
  if (precision === 'int8' && device !== undefined && device !== 'cpu') {
    throw new BiomedParseError('usage', `Precision int8 runs on the device cpu only, got ${device}`, { device });
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new BiomedParseError('usage', `Threads must be a whole number from 1 to ${MAX_THREADS}, got ${threads}`, {
      threads,
    });
  }
}
