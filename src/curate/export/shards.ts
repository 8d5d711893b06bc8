/**
 * A data folder as tar shards in WebDataset's form, with the index that `dataset/shards.ts` reads. A sample's files are `KEY.EXT` (the
 * image as it is), `KEY.0.png`, `KEY.1.png` ... (the masks of its targets) and `KEY.json` (its facts); the key is a number, as names
 * may hold dots. The bytes of images and masks are those of their files, and so are each set's `dataset.json` and `build.jsonl` beside them.
 */
import { extname, join } from 'node:path';
import { type Dataset, type DatasetItem, readItemFile } from '../../dataset/index.ts';
import { type Member, SHARD_FORMAT, SHARD_INDEX, type ShardHeader, type ShardLine } from '../../dataset/shards.ts';
import { type TarFile, tarBytes, tarOffsets, tarSize } from '../../formats/tar.ts';
import { listFolder, makeFolder, readFileChecked, writeFileAtomic } from '../../util/files.ts';
import type { ImageFacts } from './facts.ts';

/** Tells the facts of an item. */
export type FactsOf = (dataset: Dataset, item: DatasetItem) => Promise<ImageFacts>;

const digits = (n: number): string => String(n).padStart(6, '0');

/** The files of one sample, in the order that they have in the tar file. */
async function sampleFiles(dataset: Dataset, item: DatasetItem, key: string, facts: ImageFacts): Promise<TarFile[]> {
  const read = async (file: string, ending: string): Promise<TarFile> => {
    return { name: `${key}.${ending}`, data: await readItemFile(dataset, file) };
  };
  const image = await read(item.file, extname(item.file).slice(1).toLowerCase());
  const masks = await Promise.all(item.targets.map(({ maskFile }, i) => read(maskFile, `${i}.png`)));
  const members = Object.fromEntries(item.targets.map(({ target }, i) => [target, masks[i].name]));
  const json = Buffer.from(`${JSON.stringify({ ...facts, members })}\n`);
  return [image, ...masks, { name: `${key}.json`, data: json }];
}

/** Writes one tar file; gives the index lines of its images and its length in bytes. */
async function writeShard(
  folder: string,
  shard: string,
  dataset: Dataset,
  items: readonly DatasetItem[],
  factsOf: FactsOf,
): Promise<{ readonly lines: ShardLine[]; readonly size: number }> {
  const written: (readonly [name: string, size: number])[] = [];
  async function* files(): AsyncGenerator<TarFile> {
    for (const [i, item] of items.entries()) {
      for (const file of await sampleFiles(dataset, item, digits(i), await factsOf(dataset, item))) {
        written.push([file.name, file.data.length]);
        yield file;
      }
    }
  }
  await writeFileAtomic(join(folder, shard), tarBytes(files()));
  const sizes = written.map(([, size]) => size);
  const offsets = tarOffsets(sizes);
  let at = 0;
  const next = (): Member => {
    const [name, size] = written[at];
    return [name, offsets[at++], size];
  };
  const lines = items.map(({ set, name, modality, site, unknown, spacing, targets }): ShardLine => {
    const image = next();
    const masks = targets.map(({ maskFile: _, ...rest }) => ({ ...rest, mask: next() }));
    at++; // the facts
    const known = { ...(unknown === undefined ? {} : { unknown }), ...(spacing === undefined ? {} : { spacing }) };
    return { ...{ set, split: dataset.split, name, modality, site }, ...known, shard, image, targets: masks };
  });
  return { lines, size: tarSize(sizes) };
}

/** Copies what is written of the sets themselves; gives the files' paths below the folder. */
async function copyAbout(folder: string, { root, sets }: Dataset): Promise<string[]> {
  const copied: string[] = [];
  for (const { name: set } of sets) {
    const inside = (await listFolder(join(root, set))) ?? [];
    for (const file of ['dataset.json', 'build.jsonl'].filter((one) => inside.includes(one))) {
      await makeFolder(join(folder, set));
      await writeFileAtomic(join(folder, set, file), await readFileChecked(join(root, set, file)));
      copied.push(join(set, file));
    }
  }
  return copied;
}

/** Writes the images of splits into tar files of at most `perShard` images, and the index last. */
export async function writeShards(
  folder: string,
  datasets: readonly Dataset[],
  perShard: number,
  factsOf: FactsOf,
): Promise<string[]> {
  const shards: Record<string, number> = {};
  const lines: ShardLine[] = [];
  for (const dataset of datasets) {
    for (let first = 0; first < dataset.items.length; first += perShard) {
      const shard = `${dataset.split}-${digits(first / perShard)}.tar`;
      const written = await writeShard(folder, shard, dataset, dataset.items.slice(first, first + perShard), factsOf);
      shards[shard] = written.size;
      lines.push(...written.lines);
    }
  }
  const about = await copyAbout(folder, datasets[0]);
  const header: ShardHeader = { format: SHARD_FORMAT, sets: datasets[0].sets, shards };
  const text = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFileAtomic(join(folder, SHARD_INDEX), text);
  return [...Object.keys(shards), ...about, SHARD_INDEX];
}
