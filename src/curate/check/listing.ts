/**
 * The images of both splits of a data folder with their masks, by their names. Unlike training, which refuses the folder, a check
 * reports names that are none and masks without their image, and goes on. In shards the index has paired everything already.
 */
import { join } from 'node:path';
import type { Dataset, DatasetItem, Split } from '../../dataset/index.ts';
import { imageParts, listSets, type MaskName, maskParts } from '../../dataset/layout.ts';
import { isShardFolder, readShards } from '../../dataset/shards.ts';
import { listFolder } from '../../util/files.ts';
import { addTo } from '../../util/groups.ts';
import { type Problem, report, tryTo } from './problems.ts';

/** One split of one set. */
export interface Listing {
  readonly set: string;
  readonly split: Split;
  readonly items: readonly DatasetItem[];
  /** Where its files lie inside tar shards; undefined where they are files of their own. */
  readonly parts?: Dataset['parts'] | undefined;
}

const SPLITS = ['train', 'test'] as const;

/** The images of a folder of data sets or of shards, set by set; refuses only what holds neither. */
export async function listImages(
  root: string,
  wanted: readonly string[] | undefined,
  problems: Problem[],
): Promise<Listing[]> {
  const listings: Listing[] = [];
  if (await isShardFolder(root)) {
    const both = [await readShards(root, 'train', wanted), await readShards(root, 'test', wanted)];
    for (const { name: set } of both[0].sets) {
      for (const { split, items, parts } of both) {
        listings.push({ set, split, items: items.filter((item) => item.set === set), parts });
      }
    }
  } else {
    for (const set of await listSets(root, wanted)) {
      for (const split of SPLITS) listings.push({ set, split, items: await listSplit(root, set, split, problems) });
    }
  }
  for (const { set, split, items } of listings) {
    if (items.length === 0 || items.some(({ targets }) => targets.length > 0)) continue;
    const place = { set, file: join(root, set, `${split}_mask`) };
    report(problems, 'missing masks', place, `the images of ${split} have no masks at all`);
  }
  return listings;
}

async function listSplit(root: string, set: string, split: Split, problems: Problem[]): Promise<DatasetItem[]> {
  const folder = join(root, set, split);
  const masks = await maskNames(`${folder}_mask`, set, problems);
  const items: DatasetItem[] = [];
  const seen = new Set<string>();
  for (const name of (await listFolder(folder)) ?? []) {
    const place = { set, file: join(folder, name) };
    const parts = await tryTo(problems, 'name', place, () => imageParts(folder, name));
    if (parts === undefined) continue;
    const { stem, modality, site } = parts;
    if (seen.has(stem)) report(problems, 'name', place, `two images are named ${stem}`);
    seen.add(stem);
    const targets = (masks.get(stem) ?? []).map(({ file, target }) => ({ target, maskFile: file }));
    masks.delete(stem);
    items.push({ ...place, name: stem, modality, site, targets });
  }
  for (const [image, orphans] of masks) {
    const message = `its image ${image} is not in ${folder}`;
    for (const { file } of orphans) report(problems, 'missing image', { set, file }, message);
  }
  return items;
}

/** The masks of a split by the image that they belong to; names that are none are reported. */
async function maskNames(folder: string, set: string, problems: Problem[]): Promise<Map<string, MaskName[]>> {
  const masks = new Map<string, MaskName[]>();
  for (const name of (await listFolder(folder)) ?? []) {
    const place = { set, file: join(folder, name) };
    const parts = await tryTo(problems, 'name', place, () => maskParts(folder, name));
    if (parts !== undefined) addTo(masks, parts.image, parts);
  }
  return masks;
}
