/**
 * Sentences for all masks of a data folder, written into each set's `train.json` and `test.json` in the published form. What such a
 * file holds already stays: other fields, other masks, and sentences that people wrote; ours carry `by` and are replaced.
 */
import { basename, join } from 'node:path';
import { type Dataset, type DatasetItem, openSplits } from '../../dataset/index.ts';
import {
  type AnnotationEntry,
  type AnnotationFile,
  readAnnotationFile,
  type SentenceEntry,
} from '../../dataset/sentences.ts';
import { isShardFolder } from '../../dataset/shards.ts';
import { readRasterSize } from '../../formats/raster.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { writeFileAtomic } from '../../util/files.ts';
import { type MoreDescriptions, type Pool, poolOf, sentencesOf, type TargetOfView } from './words.ts';

export interface WordsOptions {
  readonly sets?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Prepares what a language model says of the targets, before anything is written. */
  readonly ask?: (targets: readonly TargetOfView[]) => Promise<MoreDescriptions>;
}

export interface WordsReport {
  readonly files: number;
  readonly masks: number;
  readonly sentences: number;
  /** Targets of sets that stand for nothing certain: their masks have the published form alone. */
  readonly open: readonly TargetOfView[];
  /** Published forms that do not resolve to what the target stands for. */
  readonly unresolved: readonly TargetOfView[];
  /** Descriptions that resolved back, and those dropped by reason, over all targets; by style. */
  readonly kept: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const keyOf = ({ set, target, modality, site }: TargetOfView): string => JSON.stringify([set, modality, site, target]);

function targetsOf(sets: Dataset['sets']): TargetOfView[] {
  return sets.flatMap(({ name, targets }) =>
    Object.entries(targets).flatMap(([kind, own]) => {
      const [modality, site] = kind.split('_');
      return own.map((target) => ({ set: name, target, modality, site }));
    }),
  );
}

/** Sentences of an earlier file that are not ours. */
const written = ({ sentences }: AnnotationEntry): SentenceEntry[] =>
  sentences.filter(({ by }) => by !== 'rules' && !String(by).startsWith('language model '));

/** The content of `<split>.json` for the items of one set, laid over what the file held. */
async function annotationFile(
  items: readonly DatasetItem[],
  split: string,
  pools: ReadonlyMap<string, Pool>,
  earlier: AnnotationFile | undefined,
): Promise<{ readonly text: string; readonly masks: number; readonly sentences: number }> {
  const before = new Map(earlier?.annotations.map((one) => [basename(one.mask_file), one]));
  const names = [...new Set(items.flatMap(({ targets }) => targets.map(({ target }) => target)))].sort();
  const categories = names.map((name, i) => ({ id: i + 1, name, supercategory: kindOf(name, items, pools) }));
  const images: object[] = [];
  const annotations: object[] = [];
  let sentenceId = 0;
  for (const [imageId, { set, file, modality, site, targets }] of items.entries()) {
    if (targets.length === 0) continue;
    const file_name = basename(file);
    const [width, height] = await readRasterSize(file);
    images.push({ id: imageId, file_name, width, height });
    for (const { target, maskFile } of targets) {
      const mask_file = basename(maskFile);
      const known = before.get(mask_file);
      before.delete(mask_file);
      const pool = pools.get(keyOf({ set, target, modality, site })) as Pool;
      const people = known === undefined ? [] : written(known);
      const taken = new Set(people.map(({ sent }) => sent));
      const ours = sentencesOf(pool, mask_file).filter(({ text }) => !taken.has(text));
      const sentences = [
        ...people,
        ...ours.map(({ text, style, language, by }) => ({ raw: text, sent: text, style, language, by })),
      ].map((one) => ({ ...one, sent_id: sentenceId++ }));
      const id = annotations.length;
      annotations.push({
        ...known,
        ...{ id, image_id: imageId, file_name, mask_file, split, iscrowd: 0 },
        ...{ category_id: names.indexOf(target) + 1, ann_id: id, ref_id: id },
        sentences,
        sent_ids: sentences.map(({ sent_id }) => sent_id),
      });
    }
  }
  annotations.push(...before.values());
  const lines = (list: readonly object[]): string => list.map((one) => `\n${JSON.stringify(one)}`).join(',');
  const rest = Object.entries(earlier ?? {}).filter(
    ([name]) => !['images', 'categories', 'annotations'].includes(name),
  );
  const head = JSON.stringify({ info: { description: 'image-mask-text triples' }, ...Object.fromEntries(rest) });
  const parts = { images, categories, annotations };
  const body = Object.entries(parts).map(([name, list]) => `,\n"${name}":[${lines(list)}]`);
  return {
    text: `${head.slice(0, -1)}${body.join('')}}\n`,
    masks: annotations.length - before.size,
    sentences: sentenceId,
  };
}

function kindOf(target: string, items: readonly DatasetItem[], pools: ReadonlyMap<string, Pool>): string {
  const item = items.find(({ targets }) => targets.some((one) => one.target === target)) as DatasetItem;
  return pools.get(keyOf({ ...item, target }))?.concept?.metaObject ?? 'unknown';
}

function count(into: Record<string, number>, name: string): void {
  into[name] = (into[name] ?? 0) + 1;
}

/** Writes sentences for every mask of the folder; refuses (`usage`) shards, which are never changed. */
export async function writeWords(root: string, options: WordsOptions = {}): Promise<WordsReport> {
  const { signal, onProgress } = options;
  if (await isShardFolder(root)) {
    const how = 'sentences go into a folder of data sets: run data words there, then data export --shards again';
    throw new BiomedParseError('usage', `${root} holds shards; ${how}`, { root });
  }
  const splits = await openSplits(root, options.sets);
  const targets = targetsOf(splits[0].sets);
  const more = await options.ask?.(targets);
  const pools = new Map(targets.map((where) => [keyOf(where), poolOf(where, more)]));
  const totals = { files: 0, masks: 0, sentences: 0 };
  const whole = splits.reduce((sum, { items }) => sum + items.length, 0);
  let done = 0;
  for (const { name } of splits[0].sets) {
    for (const { split, items } of splits) {
      signal?.throwIfAborted();
      const own = items.filter(({ set }) => set === name);
      if (own.every((item) => item.targets.length === 0)) continue;
      const path = join(root, name, `${split}.json`);
      const { text, masks, sentences } = await annotationFile(own, split, pools, await readAnnotationFile(path));
      await writeFileAtomic(path, text);
      totals.files++;
      totals.masks += masks;
      totals.sentences += sentences;
      done += own.length;
      onProgress?.(done, whole);
    }
  }
  const kept: Record<string, number> = {};
  const dropped: Record<string, Record<string, number>> = {};
  for (const pool of pools.values()) {
    for (const { style } of pool.kept) count(kept, style);
    for (const { style, reason } of pool.dropped) {
      dropped[style] ??= {};
      count(dropped[style], reason);
    }
  }
  const where = (test: (pool: Pool) => boolean): TargetOfView[] =>
    targets.filter((one) => test(pools.get(keyOf(one)) as Pool));
  return {
    ...totals,
    open: where(({ concept }) => concept === null),
    unresolved: where(({ concept, publishedResolves }) => concept !== null && !publishedResolves),
    kept,
    dropped,
  };
}
