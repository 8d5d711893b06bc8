/**
 * BiomedParseData's layout on disk: `<root>/<set>/{train,test}/NAME_MODALITY_SITE.(webp|png|jpg|jpeg|tif|tiff)` with
 * `{train,test}_mask/NAME_MODALITY_SITE_TARGET.png`, blanks of a target written as '+', and and beside them, if they are there,
 * `dataset.json` (about.ts), sentences in `{train,test}.json` (sentences.ts), `build.jsonl` (manifest.ts) and the root's `leave-out.txt`.
 * Names and pairs are checked here, pixels are not read. An image without masks has none of its group's targets.
 * Refused with an `input` error: a missing folder, unknown sets, a name of too few parts, a mask without its image.
 */
import { basename, join } from 'node:path';
import type { Box } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import { listFolder } from '../util/files.ts';
import { addTo } from '../util/groups.ts';
import { type Exhaustive, exhaustiveTargets, readAbout, wordsOf } from './about.ts';
import { leaveOutKey, readLeaveOut } from './leave-out.ts';
import { readManifest } from './manifest.ts';
import type { Part } from './parts.ts';
import { readSentences, type Sentence } from './sentences.ts';
import { isShardFolder, readShards } from './shards.ts';

export type Split = 'train' | 'test';

export interface DatasetTarget {
  /** The target's name with blanks. */
  readonly target: string;
  readonly maskFile: string;
  /** Sentences that say what the mask shows, from `<split>.json`; left out where there are none. */
  readonly sentences?: readonly Sentence[];
  /** Boxes of single objects, where the source told them apart. */
  readonly instances?: readonly Box[];
}

export interface DatasetItem {
  readonly set: string;
  /** The file's name without extension, NAME_MODALITY_SITE. */
  readonly name: string;
  readonly file: string;
  readonly modality: string;
  readonly site: string;
  readonly targets: readonly DatasetTarget[];
  /** Targets that have no mask here although they may be in the image; left out where there are none. */
  readonly unknown?: readonly string[];
  /** Distances of pixels across and down, mm; left out where they are not known. */
  readonly spacing?: readonly [number, number];
}

export interface DatasetSet {
  readonly name: string;
  /** Licence and remarks as `dataset.json` has them; empty without one. */
  readonly licence: string;
  readonly notes: string;
  /** All targets annotated in either split, per kind of image (`MODALITY_SITE`), sorted. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** Targets whose missing mask means absence, as `dataset.json` declares them; left out where it does not. */
  readonly exhaustive?: Exhaustive;
}

export interface Dataset {
  readonly root: string;
  readonly split: Split;
  readonly sets: readonly DatasetSet[];
  /** By set, then by name, in code-unit order. */
  readonly items: readonly DatasetItem[];
  /** Images that `leave-out.txt` of the root keeps out of `items`. */
  readonly leftOut?: number;
  /** Where the files lie inside tar shards; left out where they are files of their own. */
  readonly parts?: ReadonlyMap<string, Part>;
}

export interface DatasetOptions {
  readonly split: Split;
  /** Names of the sets to read; all when left out. */
  readonly sets?: readonly string[];
}

const IMAGE = /\.(webp|png|jpe?g|tiff?)$/i;

function refuse(message: string, cause?: unknown): never {
  throw new BiomedParseError('input', message, {}, cause);
}

interface Parts {
  readonly stem: string;
  readonly modality: string;
  readonly site: string;
}

/** An image name taken apart; refuses one of too few parts. */
export function imageParts(path: string, file: string): Parts {
  const stem = file.replace(IMAGE, '');
  const parts = stem.split('_');
  const [modality, site] = parts.slice(-2);
  if (!IMAGE.test(file) || parts.length < 3 || parts.includes('')) {
    refuse(`${join(path, file)}: an image must be named NAME_MODALITY_SITE.webp (or .png, .jpg, .tif)`);
  }
  return { stem, modality, site };
}

/** A mask's name taken apart. */
export interface MaskName {
  readonly file: string;
  readonly image: string;
  readonly kind: string;
  readonly target: string;
}

/** A mask name taken apart; refuses one of too few parts. */
export function maskParts(path: string, file: string): MaskName {
  const parts = file.replace(/\.png$/i, '').split('_');
  if (!/\.png$/i.test(file) || parts.length < 4 || parts.includes('')) {
    refuse(`${join(path, file)}: a mask must be named NAME_MODALITY_SITE_TARGET.png`);
  }
  const [modality, site, target] = parts.slice(-3);
  return {
    file: join(path, file),
    image: parts.slice(0, -1).join('_'),
    kind: `${modality}_${site}`,
    target: target.replaceAll('+', ' '),
  };
}

async function readMaskNames(folder: string): Promise<MaskName[]> {
  return ((await listFolder(folder)) ?? []).map((file) => maskParts(folder, file));
}

async function readItems(
  set: string,
  folder: string,
  split: Split,
  masks: readonly MaskName[],
): Promise<DatasetItem[]> {
  const path = join(folder, split);
  const sentencesOf = await readSentences(join(folder, `${split}.json`));
  const built = await readManifest(folder);
  const byImage = new Map<string, MaskName[]>();
  for (const mask of masks) addTo(byImage, mask.image, mask);
  const items: DatasetItem[] = [];
  for (const file of (await listFolder(path)) ?? []) {
    const { stem, modality, site } = imageParts(path, file);
    const { unknown = [], instances, spacing = null } = built.get(`${split}/${file}`) ?? {};
    const targets = (byImage.get(stem) ?? []).map(({ target, file: maskFile }): DatasetTarget => {
      const sentences = sentencesOf.get(basename(maskFile)) ?? [];
      const boxes = instances?.get(`${split}_mask/${basename(maskFile)}`);
      return {
        ...{ target, maskFile },
        ...(sentences.length === 0 ? {} : { sentences }),
        ...(boxes === undefined ? {} : { instances: boxes }),
      };
    });
    const known = { ...(unknown.length === 0 ? {} : { unknown }), ...(spacing === null ? {} : { spacing }) };
    items.push({ set, name: stem, file: join(path, file), modality, site, targets, ...known });
    if (items.length > 1 && items[items.length - 2].name === stem) refuse(`${path}: two images are named ${stem}`);
    byImage.delete(stem);
  }
  for (const [, [orphan]] of byImage) refuse(`${orphan.file}: its image is not in ${path}`);
  return items;
}

interface ReadSet {
  readonly set: DatasetSet;
  readonly masks: Readonly<Record<Split, readonly MaskName[]>>;
}

async function readSet(root: string, name: string): Promise<ReadSet> {
  const folder = join(root, name);
  const masks = {
    train: await readMaskNames(join(folder, 'train_mask')),
    test: await readMaskNames(join(folder, 'test_mask')),
  };
  const targets: Record<string, string[]> = {};
  for (const { kind, target } of [...masks.train, ...masks.test]) {
    targets[kind] ??= [];
    if (!targets[kind].includes(target)) targets[kind].push(target);
  }
  for (const list of Object.values(targets)) list.sort();
  const about = await readAbout(folder);
  const exhaustive = exhaustiveTargets(about.annotation, targets, join(folder, 'dataset.json'));
  const declared = exhaustive === undefined ? {} : { exhaustive };
  return { set: { name, licence: wordsOf(about.licence), notes: wordsOf(about.notes), targets, ...declared }, masks };
}

/** Names of the sets in a folder that are wanted (all when left out), sorted. */
export async function listSets(root: string, wanted?: readonly string[]): Promise<string[]> {
  const folders = (await listFolder(root)) ?? refuse(`${root}: no such folder; a folder of data sets is needed`);
  const available: string[] = [];
  for (const name of folders) {
    const inside = (await listFolder(join(root, name))) ?? [];
    if (inside.includes('train') || inside.includes('test')) available.push(name);
  }
  if (available.length === 0) refuse(`${root}: no data set in it (a folder with train/ or test/)`);
  const unknown = (wanted ?? []).filter((name) => !available.includes(name));
  if (unknown.length > 0) {
    throw new BiomedParseError(
      'usage',
      `no data set ${unknown.join(', ')} in ${root}; there are ${available.join(', ')}`,
      { unknown },
    );
  }
  return available.filter((name) => wanted === undefined || wanted.includes(name));
}

/** Sets with their targets, from the names of their masks in both splits; of shards as their index has them. */
export async function describeSets(root: string, wanted?: readonly string[]): Promise<readonly DatasetSet[]> {
  if (await isShardFolder(root)) return (await readShards(root, 'train', wanted)).sets;
  const sets: DatasetSet[] = [];
  for (const name of await listSets(root, wanted)) sets.push((await readSet(root, name)).set);
  return sets;
}

async function readFolders(root: string, split: Split, wanted?: readonly string[]): Promise<Dataset> {
  const sets: DatasetSet[] = [];
  const items: DatasetItem[] = [];
  for (const name of await listSets(root, wanted)) {
    const { set, masks } = await readSet(root, name);
    sets.push(set);
    // one by one: sets may have more images than a call can have arguments
    for (const item of await readItems(name, join(root, name), split, masks[split])) items.push(item);
  }
  return { root, split, sets, items };
}

/** One split as it lies there, which may be empty. */
async function readSplit(root: string, split: Split, wanted?: readonly string[]): Promise<Dataset> {
  const all = (await isShardFolder(root))
    ? await readShards(root, split, wanted)
    : await readFolders(root, split, wanted);
  const left = await readLeaveOut(root);
  const items = all.items.filter(({ set, name }) => !left.has(leaveOutKey(set, split, name)));
  return { ...all, items, leftOut: all.items.length - items.length };
}

/** Reads which images, masks and targets there are in one split of a folder of sets, or of a folder of shards. */
export async function openDataset(root: string, options: DatasetOptions): Promise<Dataset> {
  const { split } = options;
  const dataset = await readSplit(root, split, options.sets);
  const names = dataset.sets.map(({ name }) => name).join(', ');
  if (dataset.items.length === 0) refuse(`${root}: no images in the ${split} split of ${names}`);
  return dataset;
}

/** Train and test of a folder; either may be without images. */
export async function openSplits(root: string, sets?: readonly string[]): Promise<[train: Dataset, test: Dataset]> {
  return [await readSplit(root, 'train', sets), await readSplit(root, 'test', sets)];
}
