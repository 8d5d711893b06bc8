/**
 * BiomedParseData's layout on disk: `<root>/<set>/{train,test}/NAME_MODALITY_SITE.(webp|png|jpg|jpeg|tif|tiff)` with
 * `{train,test}_mask/NAME_MODALITY_SITE_TARGET.png`, blanks of a target written as '+', and an optional `dataset.json`,
 * and sentences in an optional `{train,test}.json`.
 * Names and pairs are checked here, pixels are not read. An image without masks has none of its group's targets.
 * Refused with an `input` error: a missing folder, unknown sets, a name of too few parts, a mask without its image.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { systemReason } from '../util/files.ts';
import { readSentences } from './sentences.ts';

export type Split = 'train' | 'test';

export interface DatasetTarget {
  /** The target's name with blanks. */
  readonly target: string;
  readonly maskFile: string;
  /** English sentences that say what the mask shows, from `<split>.json`; left out where there are none. */
  readonly sentences?: readonly string[];
}

export interface DatasetItem {
  readonly set: string;
  /** The file's name without extension, NAME_MODALITY_SITE. */
  readonly name: string;
  readonly file: string;
  readonly modality: string;
  readonly site: string;
  readonly targets: readonly DatasetTarget[];
}

export interface DatasetSet {
  readonly name: string;
  /** Licence and remarks as `dataset.json` has them; empty without one. */
  readonly licence: string;
  readonly notes: string;
  /** All targets annotated in either split, per kind of image (`MODALITY_SITE`), sorted. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

export interface Dataset {
  readonly root: string;
  readonly split: Split;
  readonly sets: readonly DatasetSet[];
  /** By set, then by name, in code-unit order. */
  readonly items: readonly DatasetItem[];
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

/** Sorted names in a folder, hidden ones left out; `undefined` where there is no such folder. */
export async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      return undefined;
    }
    refuse(`cannot read ${folder}: ${systemReason(error)}`, error);
  }
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

interface MaskName {
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
  const byImage = new Map<string, DatasetTarget[]>();
  for (const { image, target, file } of masks) {
    const sentences = sentencesOf.get(basename(file)) ?? [];
    const words = sentences.length === 0 ? {} : { sentences };
    byImage.set(image, [...(byImage.get(image) ?? []), { target, maskFile: file, ...words }]);
  }
  const items: DatasetItem[] = [];
  for (const file of (await listFolder(path)) ?? []) {
    const { stem, modality, site } = imageParts(path, file);
    items.push({ set, name: stem, file: join(path, file), modality, site, targets: byImage.get(stem) ?? [] });
    if (items.length > 1 && items[items.length - 2].name === stem) refuse(`${path}: two images are named ${stem}`);
    byImage.delete(stem);
  }
  for (const [, [orphan]] of byImage) refuse(`${orphan.maskFile}: its image is not in ${path}`);
  return items;
}

const words = (value: unknown): string =>
  Array.isArray(value) ? value.join('; ') : typeof value === 'string' ? value : '';

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
  const about = await readAbout(join(folder, 'dataset.json'));
  return { set: { name, licence: words(about.licence), notes: words(about.notes), targets }, masks };
}

async function readAbout(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    refuse(`cannot read ${file}: ${systemReason(error)}`, error);
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    refuse(`${file} is not valid JSON (${errorLine(error)})`, error);
  }
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

/** Sets with their targets, from the names of their masks in both splits. */
export async function describeSets(root: string, wanted?: readonly string[]): Promise<DatasetSet[]> {
  const sets: DatasetSet[] = [];
  for (const name of await listSets(root, wanted)) sets.push((await readSet(root, name)).set);
  return sets;
}

/** One split as it lies there, which may be empty. */
async function readSplit(root: string, names: readonly string[], split: Split): Promise<Dataset> {
  const sets: DatasetSet[] = [];
  const items: DatasetItem[] = [];
  for (const name of names) {
    const { set, masks } = await readSet(root, name);
    sets.push(set);
    items.push(...(await readItems(name, join(root, name), split, masks[split])));
  }
  return { root, split, sets, items };
}

/** Reads which images, masks and targets there are in one split. */
export async function openDataset(root: string, options: DatasetOptions): Promise<Dataset> {
  const { split } = options;
  const names = await listSets(root, options.sets);
  const dataset = await readSplit(root, names, split);
  if (dataset.items.length === 0) refuse(`${root}: no images in the ${split} split of ${names.join(', ')}`);
  return dataset;
}

/** Train and test of a folder; either may be without images. */
export async function openSplits(root: string, sets?: readonly string[]): Promise<[train: Dataset, test: Dataset]> {
  const names = await listSets(root, sets);
  return [await readSplit(root, names, 'train'), await readSplit(root, names, 'test')];
}
