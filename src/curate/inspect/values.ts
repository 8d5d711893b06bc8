/** What pixels say, of a few files of each group: labels of masks, and what kind of image the others are. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorLine } from '../../util/errors.ts';
import type { PixelOptions, Pixels } from '../readers/frames.ts';
import { openPixels } from '../readers/pixels.ts';

/** How many masks and images of a group are opened, and how large (bytes) they may be: the file, of arrays that are read in parts an item. */
export const MASKS_READ = 8;
export const IMAGES_READ = 2;
const MOST_BYTES = 256 * 2 ** 20;
/** Arrays of which an item can be read without the rest. */
const IN_PARTS = /\.(npy|npz|h5|hdf5)$/i;
/** More labels than this are no label map that a person would write down. */
const MOST_LABELS = 256;
const MOST_COLOURS = 64;

/** What is read of a file: its first frame, or these. */
export interface Look {
  readonly path: string;
  readonly options?: PixelOptions | undefined;
  readonly frames?: readonly number[];
}

/** What masks hold. */
export interface MaskValues {
  /** Numbers other than 0, sorted; null: too many of them, or fractions. */
  readonly labels: readonly number[] | null;
  /** All numbers are whole and not below 0; what is no number counts as 0. */
  readonly whole: boolean;
  readonly most: number;
  /** Colours other than black as `#ff0000`; empty for grey masks. */
  readonly colours: readonly string[];
  /** Pixels have 3 or 4 channels. */
  readonly coloured: boolean;
  readonly read: number;
  /** Files that could not be read, with the reason. */
  readonly failed: readonly string[];
}

/** What images hold. */
export interface ImageValues {
  readonly least: number;
  readonly most: number;
  readonly coloured: boolean;
  readonly frames: number;
  readonly size: readonly number[];
  readonly failed: readonly string[];
}

/** Some of a list, evenly spread, the first among them. */
export function sample<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]);
}

const hex = (...channels: readonly number[]): string =>
  `#${channels.map((value) => (value & 255).toString(16).padStart(2, '0')).join('')}`;

/** Why a file is too large to be opened; null where it is not. */
export async function fileTooLarge(path: string): Promise<string | null> {
  const { size } = await stat(path);
  const most = IN_PARTS.test(path) ? Number.POSITIVE_INFINITY : MOST_BYTES;
  return size > most ? `it is larger than ${MOST_BYTES / 2 ** 20} MiB and was not opened` : null;
}

/** Reasons of one kind that are told; of more their number is. */
export const MOST_TOLD = 5;

/** The first reasons why files were not read, and how many more there are; `what` names such files. */
export function notRead(reasons: readonly string[], what: string): string[] {
  const told = reasons.slice(0, MOST_TOLD).map((reason) => `not read: ${reason}`);
  const more = reasons.length - told.length;
  return more > 0 ? [...told, `not read: ${more} more ${what}`] : told;
}

/** Why a file below a folder cannot be used, in a line that names it. */
export function unreadable(error: unknown, root: string, path: string): string {
  const line = errorLine(error)
    .replaceAll(`${root}/`, '')
    .replace(/\p{Cc}+/gu, ' ');
  return line.includes(path) ? line : `${path}: ${line}`;
}

/** Opens files one after another; what cannot be read is told by its reason. */
export async function readEach(
  root: string,
  looks: readonly Look[],
  use: (pixels: Pixels, frames: number) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const { path, options, frames = [0] } of looks) {
    try {
      const large = await fileTooLarge(join(root, path));
      if (large !== null) {
        failed.push(`${path}: ${large}`);
        continue;
      }
      const file = await openPixels(join(root, path), options);
      try {
        for (const frame of frames) use(await file.read(frame), file.frames);
      } finally {
        file.close();
      }
    } catch (error) {
      failed.push(unreadable(error, root, path));
    }
  }
  return failed;
}

/** Labels of some masks below a folder. */
export async function maskValues(root: string, looks: readonly Look[]): Promise<MaskValues> {
  const numbers = new Set<number>();
  const colours = new Set<string>();
  let [coloured, grey, whole, read, most] = [false, true, true, 0, 0];
  const failed = await readEach(root, looks, ({ volume: { data, channels } }) => {
    read++;
    if (channels >= 3) coloured = true;
    for (let i = 0; i < data.length; i += channels) {
      const value = Number.isNaN(data[i]) ? 0 : data[i];
      if (value > most) most = value;
      if (!whole) continue;
      if (channels >= 3 && colours.size <= MOST_LABELS) {
        const same = value === data[i + 1] && value === data[i + 2];
        grey &&= same;
        if (!same || value !== 0) colours.add(hex(value, data[i + 1], data[i + 2]));
      }
      if (value !== 0 && numbers.size <= MOST_LABELS) numbers.add(value);
      whole = Number.isInteger(value) && value >= 0;
    }
  });
  const usable = whole && numbers.size <= MOST_LABELS && colours.size <= MOST_LABELS;
  const few = coloured && !grey && usable && colours.size <= MOST_COLOURS;
  return {
    labels: usable && !(coloured && !grey) ? [...numbers].sort((a, b) => a - b) : null,
    ...{ whole, most, colours: few ? [...colours].sort() : [], coloured, read, failed },
  };
}

/** Range and form of some images below a folder; the reasons where none could be read. */
export async function imageValues(root: string, looks: readonly Look[]): Promise<ImageValues | readonly string[]> {
  let [least, most, coloured, frames] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false, 1];
  let size: readonly number[] = [];
  const failed = await readEach(root, looks, ({ volume }, count) => {
    for (const value of volume.data) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    coloured ||= volume.channels >= 3;
    frames = Math.max(frames, count);
    size = volume.size;
  });
  return size.length === 0 ? failed : { least, most, coloured, frames, size, failed };
}
