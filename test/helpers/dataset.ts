/** Small data folders in BiomedParseData's layout, for tests. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeMaskPng, writePng } from '../../src/formats/raster.ts';

export interface MadeImage {
  /** NAME_MODALITY_SITE. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel, 1, 3 or 4 of them; left out, the image is mid-grey. */
  readonly pixel?: (x: number, y: number) => readonly number[];
  /** Whether a pixel is inside, by target. */
  readonly masks?: Readonly<Record<string, (x: number, y: number) => boolean>>;
}

/** Everything from (left, top) up to but not including (right, bottom). */
export function box(left: number, top: number, right: number, bottom: number): (x: number, y: number) => boolean {
  return (x, y) => x >= left && x < right && y >= top && y < bottom;
}

/** Writes one split of one set. */
export async function writeSplit(root: string, set: string, split: 'train' | 'test', images: readonly MadeImage[]) {
  const folder = join(root, set, split);
  await mkdir(folder, { recursive: true });
  await mkdir(`${folder}_mask`, { recursive: true });
  for (const { name, width, height, pixel = () => [128], masks = {} } of images) {
    const channels = pixel(0, 0).length as 1 | 3 | 4;
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++) data.set(pixel(i % width, Math.floor(i / width)), i * channels);
    await writePng(join(folder, `${name}.png`), { data, width, height, channels });
    for (const [target, inside] of Object.entries(masks)) {
      const bits = Uint8Array.from({ length: width * height }, (_, i) =>
        inside(i % width, Math.floor(i / width)) ? 1 : 0,
      );
      const file = join(`${folder}_mask`, `${name}_${target.replaceAll(' ', '+')}.png`);
      await writeMaskPng(file, { data: bits, width, height });
    }
  }
}

/** Writes any file, folders included. */
export async function writeText(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}
