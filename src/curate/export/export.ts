/** A data folder, or a folder of shards, in other forms: COCO, JSON lines, Parquet, tar shards. The same data gives the same bytes. */
import { join } from 'node:path';
import { type Dataset, openSplits, type Split } from '../../dataset/index.ts';
import { readSubjects } from '../../dataset/subjects.ts';
import { writeParquet } from '../../formats/parquet.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { makeFolderChecked, writeFileAtomic } from '../../util/files.ts';
import { cocoText } from './coco.ts';
import { type FactsWithMasks, factsOf } from './facts.ts';
import { COLUMNS, rowsOf } from './rows.ts';
import { writeShards } from './shards.ts';

export const EXPORT_FORMATS = ['coco', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly out: string;
  readonly formats?: readonly ExportFormat[];
  /** Images per tar file; no shards where it is left out. */
  readonly shards?: number;
  readonly sets?: readonly string[];
  /** Default: both. */
  readonly split?: Split;
  readonly signal?: AbortSignal;
  /** Of the images, each counted once for every form. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ExportReport {
  readonly images: number;
  /** Names of the files in the folder. */
  readonly files: readonly string[];
}

const PIECE = 1 << 20;

/** Text as bytes, in pieces that are worth a call of the system. */
async function* encoded(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let held = '';
  for await (const piece of text) {
    held += piece;
    if (held.length < PIECE) continue;
    yield Buffer.from(held);
    held = '';
  }
  yield Buffer.from(held);
}

async function* jsonText(images: AsyncIterable<FactsWithMasks>): AsyncGenerator<string> {
  for await (const { facts } of images) yield `${JSON.stringify(facts)}\n`;
}

/** Writes the forms that are asked for; refuses (`input`) what is no data folder, and images and masks of different size. */
export async function exportData(root: string, options: ExportOptions): Promise<ExportReport> {
  const { out, formats = [], shards, split, signal, onProgress } = options;
  const splits = (await openSplits(root, options.sets)).filter((one) => split === undefined || one.split === split);
  const images = splits.reduce((sum, { items }) => sum + items.length, 0);
  if (images === 0) throw new BiomedParseError('input', `${root}: no images in ${split ?? 'train and test'}`);
  const { sets } = splits[0];
  const setOf = new Map(sets.map((set) => [set.name, set]));
  const subjects = new Map<string, ReadonlyMap<string, string>>();
  for (const { name } of sets) subjects.set(name, await readSubjects(join(root, name)));
  const total = images * (formats.length + (shards === undefined ? 0 : 1));
  let done = 0;
  const tell = async (dataset: Dataset, item: Dataset['items'][number]): Promise<FactsWithMasks> => {
    signal?.throwIfAborted();
    const set = setOf.get(item.set) as Dataset['sets'][number];
    const found = await factsOf(dataset, item, set, subjects.get(item.set) as ReadonlyMap<string, string>);
    onProgress?.(++done, total);
    return found;
  };
  async function* all(from: readonly Dataset[]): AsyncGenerator<FactsWithMasks> {
    for (const dataset of from) for (const item of dataset.items) yield await tell(dataset, item);
  }
  await makeFolderChecked(out);
  const files: string[] = [];
  const write = async (name: string, text: AsyncIterable<string>): Promise<void> => {
    await writeFileAtomic(join(out, name), encoded(text));
    files.push(name);
  };
  const targets = [...new Set(sets.flatMap((set) => Object.values(set.targets).flat()))].sort();
  if (formats.includes('coco')) {
    for (const one of splits) if (one.items.length > 0) await write(`${one.split}.json`, cocoText(all([one]), targets));
  }
  if (formats.includes('jsonl')) await write('images.jsonl', jsonText(all(splits)));
  if (formats.includes('parquet')) {
    await writeParquet(join(out, 'manifest.parquet'), COLUMNS, rowsOf(all(splits)));
    files.push('manifest.parquet');
  }
  if (shards !== undefined) {
    files.push(...(await writeShards(out, splits, shards, async (...where) => (await tell(...where)).facts)));
  }
  return { images, files };
}
