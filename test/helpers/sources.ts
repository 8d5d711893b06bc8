/** Small sources in a folder of their own, built with a recipe, and what came of them by value. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { type BuildSummary, buildSet } from '../../src/curate/build/build.ts';
import type { BuildRecord, ImageRecord } from '../../src/curate/build/record.ts';
import { encodePng, readRaster } from '../../src/formats/raster.ts';
import type { Image } from '../../src/image/types.ts';

const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

/** A folder that is gone after the tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'biomedparse-source-'));
  made.push(folder);
  return folder;
}

/** Bytes of a grey PNG of rows of digits: `'0120'` is a row of four pixels. */
export function digitsPng(rows: readonly string[], scale = 1): Promise<Uint8Array> {
  return png(
    rows.flatMap((row) => [...row].map((digit) => Number(digit) * scale)),
    rows[0].length,
    rows.length,
    1,
  );
}

/** Bytes of a PNG of samples. */
export function png(
  values: readonly number[],
  width: number,
  height: number,
  channels: Image['channels'],
): Promise<Uint8Array> {
  return encodePng({ data: Uint8Array.from(values), width, height, channels });
}

/** Writes files by path. */
export async function writeTree(root: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, data] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), data);
  }
}

/** What a build made. */
export interface Built {
  readonly folder: string;
  readonly source: string;
  readonly recipe: string;
  readonly summary: BuildSummary;
  readonly records: readonly BuildRecord[];
  readonly images: readonly ImageRecord[];
  /** A mask as rows of 0 and 1, of the only image or of the one whose name has this in it. */
  mask(target: string, of?: string): Promise<string[]>;
  /** Grey levels of an image, row after row. */
  grey(of?: string): Promise<number[]>;
}

/** The records of a set's manifest. */
export async function manifestOf(folder: string): Promise<BuildRecord[]> {
  const lines = (await readFile(join(folder, 'build.jsonl'), 'utf8')).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as BuildRecord]));
}

/** What the parts of a recipe stand in. */
export const HEAD = `name: demo
title: A demonstration
licence: none
modality: MRI
site: brain
annotation: exhaustive
split: train
`;

/** Builds a recipe on files (or on a folder that is there) at a size of its pictures. */
export async function buildTree(
  yaml: string,
  files: Readonly<Record<string, string | Uint8Array>> | string,
  size: number,
  options: { readonly strict?: boolean; readonly workers?: number } = {},
): Promise<Built> {
  const root = await temporaryFolder();
  const source = typeof files === 'string' ? files : join(root, 'source');
  if (typeof files !== 'string') {
    await mkdir(source, { recursive: true });
    await writeTree(source, files);
  }
  const recipe = join(root, 'recipe.yaml');
  await writeFile(recipe, yaml);
  const summary = await buildSet(recipe, { source, out: join(root, 'out'), size, workers: 1, ...options });
  const records = await manifestOf(summary.folder);
  const images = records.filter((record) => record.kind === 'image');
  const chosen = (of: string | undefined): ImageRecord => {
    const found = images.filter(({ image }) => of === undefined || image.includes(of));
    if (found.length !== 1) throw new Error(`${found.length} images for ${of}: ${images.map(({ image }) => image)}`);
    return found[0];
  };
  const pixels = async (file: string): Promise<number[]> => [...(await readRaster(join(summary.folder, file))).data];
  return {
    ...{ folder: summary.folder, source, recipe, summary, records, images },
    async mask(target, of) {
      const record = chosen(of).masks.find((mask) => mask.target === target);
      if (record === undefined) throw new Error(`no mask of ${target}`);
      const data = await pixels(record.file);
      return Array.from({ length: size }, (_, y) =>
        data
          .slice(y * size, (y + 1) * size)
          .map((value) => (value === 255 ? '1' : value === 0 ? '0' : '?'))
          .join(''),
      );
    },
    grey: (of) => pixels(chosen(of).image),
  };
}
