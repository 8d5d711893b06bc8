/** What pixels say, of a few files of each group: labels of masks, and what kind of image the others are. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openPixels } from '../readers/pixels.ts';

/** How many masks and images of a group are opened, and how large (bytes) they may be. */
export const MASKS_READ = 8;
export const IMAGES_READ = 2;
const MOST_BYTES = 256 * 2 ** 20;
/** More labels than this are no label map that a person would write down. */
const MOST_LABELS = 256;
const MOST_COLOURS = 64;

/** What masks hold. */
export interface MaskValues {
  /** Numbers other than 0, sorted; null: too many of them, or fractions. */
  readonly labels: readonly number[] | null;
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

async function tooLarge(path: string): Promise<string | null> {
  const { size } = await stat(path);
  return size > MOST_BYTES ? `it is larger than ${MOST_BYTES / 2 ** 20} MiB and was not opened` : null;
}

/** Opens files one after another; what cannot be read is told by its reason. */
async function readEach(
  root: string,
  paths: readonly string[],
  use: (pixels: Awaited<ReturnType<Awaited<ReturnType<typeof openPixels>>['read']>>, frames: number) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const path of paths) {
    try {
      const large = await tooLarge(join(root, path));
      if (large !== null) {
        failed.push(`${path}: ${large}`);
        continue;
      }
      const file = await openPixels(join(root, path));
      try {
        use(await file.read(0), file.frames);
      } finally {
        file.close();
      }
    } catch (error) {
      failed.push(error instanceof Error ? error.message.replace(`${root}/`, '') : String(error));
    }
  }
  return failed;
}

/** Labels of some masks below a folder. */
export async function maskValues(root: string, paths: readonly string[]): Promise<MaskValues> {
  const numbers = new Set<number>();
  const colours = new Set<string>();
  let [coloured, grey, usable] = [false, true, true];
  const failed = await readEach(root, paths, ({ volume: { data, channels } }) => {
    if (channels >= 3) coloured = true;
    for (let i = 0; i < data.length && usable; i += channels) {
      const value = data[i];
      if (channels >= 3) {
        const same = value === data[i + 1] && value === data[i + 2];
        grey &&= same;
        if (!same || value !== 0) colours.add(hex(value, data[i + 1], data[i + 2]));
      }
      if (value !== 0) numbers.add(value);
      if (!Number.isInteger(value) || value < 0) usable = false;
      if (numbers.size > MOST_LABELS || colours.size > MOST_LABELS) usable = false;
    }
  });
  const few = coloured && !grey && usable && colours.size <= MOST_COLOURS;
  return {
    labels: usable && !(coloured && !grey) ? [...numbers].sort((a, b) => a - b) : null,
    colours: few ? [...colours].sort() : [],
    coloured,
    read: paths.length - failed.length,
    failed,
  };
}

/** Range and form of some images below a folder; null where none could be read. */
export async function imageValues(root: string, paths: readonly string[]): Promise<ImageValues | readonly string[]> {
  let [least, most, coloured, frames] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false, 1];
  let size: readonly number[] = [];
  const failed = await readEach(root, paths, ({ volume }, count) => {
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
