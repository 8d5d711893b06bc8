/** Frames of voxels as all readers give them. */
import type { Samples, Volume } from '../../image/volume.ts';

/** One frame. */
export interface Pixels {
  readonly volume: Volume;
  /** An ordinary image: one slice, which is shown as it is. */
  readonly flat: boolean;
  /** The file says where its voxels lie. */
  readonly placed: boolean;
  /** mm of [columns, rows, slices] as the file says; null where it does not. */
  readonly spacing: readonly number[] | null;
  /** Low values are white. */
  readonly inverted: boolean;
  /** What is read of the file that a person should know. */
  readonly notes: readonly string[];
}

/** A file of frames. */
export interface PixelFile {
  readonly frames: number;
  read(frame: number): Promise<Pixels>;
  close(): void;
}

export interface PixelOptions {
  readonly variable?: string | undefined;
  readonly axes?: string | undefined;
  readonly channel?: number | undefined;
}

export const UNPLACED = {
  spacing: [1, 1, 1],
  origin: [0, 0, 0],
  direction: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  identifiers: {},
} as const;

/** Samples as a volume without a place. */
export function unplaced(data: Samples, size: readonly [number, number, number], channels: 1 | 3 | 4): Pixels {
  const volume: Volume = { ...UNPLACED, data, size, channels };
  return { volume, flat: size[2] === 1, placed: false, spacing: null, inverted: false, notes: [] };
}
