/** Where a model may run and on how many threads. Light on purpose: the command line reads it for its help. */
import { BiomedParseError } from '../util/errors.ts';

/** Devices by name; one that is not there falls back to `cpu` with a message. */
export const DEVICES = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof DEVICES)[number];

/** Most threads that may be asked for. */
export const MAX_THREADS = 256;

/** Refuses an unknown device and a thread count outside 1..256 with a `usage` error. */
export function checkDevice(device: string | undefined, threads: number | undefined): void {
  if (device !== undefined && !DEVICES.includes(device as Device)) {
    throw new BiomedParseError('usage', `Unknown device "${device}"; allowed: ${DEVICES.join(', ')}`, { device });
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw new BiomedParseError('usage', `Threads must be a whole number from 1 to ${MAX_THREADS}, got ${threads}`, {
      threads,
    });
  }
}
