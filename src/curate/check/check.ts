/**
 * What is wrong with a data folder in BiomedParseData's layout: names, pairs, masks and where they lie, areas, windows, subjects in
 * both splits, the same picture twice. Everything is looked at and reported; nothing is changed, and one bad file does not stop the rest.
 */
import { join } from 'node:path';
import { imageParts, listSets, type MaskName, maskParts, type Split } from '../../dataset/layout.ts';
import { leaveOutKey, readLeaveOut } from '../../dataset/leave-out.ts';
import { readSubjects, subjectOf } from '../../dataset/subjects.ts';
import { readRaster } from '../../formats/raster.ts';
import { fingerprint } from '../../image/fingerprint.ts';
import type { Image } from '../../image/types.ts';
import { listFolder } from '../../util/files.ts';
import { median } from '../median.ts';
import { decideByRules, knownContext } from '../rules.ts';
import { type Alignment, alignmentOf, misplacedMasks, slopesOf } from './align.ts';
import { type Picture, reportDuplicates, reportSharedSubjects } from './copies.ts';
import { checkMask } from './mask.ts';
import { areaOutliers, isFlat, type Tones, toneOutliers, tonesOf } from './outliers.ts';
import { type Place, type Problem, report, tryTo } from './problems.ts';

export interface CheckReport {
  readonly sets: number;
  readonly images: number;
  readonly masks: number;
  /** Images without a mask, which are read as images that have none of their set's targets. */
  readonly unmasked: number;
  readonly problems: readonly Problem[];
  /** Pictures that were looked at, for `leaveOut`. */
  readonly pictures: readonly Picture[];
  /** Pairs of places in `pictures` that are the same picture, or of one subject in both splits. */
  readonly shared: readonly (readonly [number, number])[];
}

export interface CheckOptions {
  readonly sets?: readonly string[];
  readonly signal?: AbortSignal;
  /** `done` of `total` images are looked at, then compared with one another. */
  readonly onProgress?: (stage: 'images' | 'comparisons', done: number, total: number) => void;
}

/** A mask that could be measured. */
interface Measured extends Place {
  /** Of the image, above 0. */
  readonly fraction: number;
  readonly alignment: Alignment | undefined;
}

interface Toned extends Place {
  readonly tones: Tones;
}

/** What has been seen so far. */
interface Findings {
  readonly problems: Problem[];
  readonly pictures: Picture[];
  /** Images that are left out: they may have copies. */
  readonly left: ReadonlyMap<string, string>;
  images: number;
  masks: number;
  unmasked: number;
}

/** What has been seen of a set, by kind of image and target. */
interface SetFindings {
  readonly names: Set<string>;
  readonly masks: Map<string, Measured[]>;
  readonly tones: Map<string, Toned[]>;
}

interface Where {
  readonly set: string;
  readonly split: Split;
  /** Of the split's images. */
  readonly folder: string;
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const group = map.get(key);
  if (group === undefined) map.set(key, [value]);
  else group.push(value);
}

/** Checks a folder; refuses only what holds no data sets. */
export async function checkFolder(root: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { signal, onProgress } = options;
  const sets = await listSets(root, options.sets);
  const left = await readLeaveOut(root);
  const found: Findings = { problems: [], pictures: [], left, images: 0, masks: 0, unmasked: 0 };
  let total = 0;
  for (const set of sets) {
    for (const split of ['train', 'test']) total += (await listFolder(join(root, set, split)))?.length ?? 0;
  }
  const tell = (): void => onProgress?.('images', found.images, total);
  for (const set of sets) await checkSet(root, set, found, tell, signal);
  const { problems, pictures, images, masks, unmasked } = found;
  const subjects = reportSharedSubjects(problems, pictures);
  const copies = await reportDuplicates(problems, pictures, {
    onProgress: (done, all) => onProgress?.('comparisons', done, all),
    ...(signal === undefined ? {} : { signal }),
  });
  return { sets: sets.length, images, masks, unmasked, problems, pictures, shared: [...subjects, ...copies] };
}

async function checkSet(
  root: string,
  set: string,
  found: Findings,
  tell: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const home = join(root, set);
  const { problems } = found;
  const about = { set, file: join(home, 'dataset.json') };
  const subjects = await tryTo(problems, 'unreadable', about, () => readSubjects(home));
  const seen: SetFindings = { names: new Set(), masks: new Map(), tones: new Map() };
  for (const split of ['train', 'test'] as const) {
    const where = { set, split, folder: join(home, split) };
    const masks = await maskNames(where, found);
    for (const name of (await listFolder(where.folder)) ?? []) {
      signal?.throwIfAborted();
      await checkImage(where, name, masks, subjects, found, seen);
      tell();
    }
    for (const [image, orphans] of masks) {
      const message = `its image ${image} is not in ${where.folder}`;
      for (const { file } of orphans) report(problems, 'missing image', { set, file }, message);
    }
  }
  for (const [key, group] of seen.masks) checkTarget({ set, file: home }, key, group, problems);
  for (const group of seen.tones.values()) checkTones(group, problems);
}

/** The masks of a split by the image that they belong to; names that are none are reported. */
async function maskNames({ set, split, folder }: Where, found: Findings): Promise<Map<string, MaskName[]>> {
  const path = `${folder}_mask`;
  const masks = new Map<string, MaskName[]>();
  const names = (await listFolder(path)) ?? [];
  for (const name of names) {
    const parts = await tryTo(found.problems, 'name', { set, file: join(path, name) }, () => maskParts(path, name));
    if (parts === undefined) continue;
    found.masks++;
    add(masks, parts.image, parts);
  }
  if (names.length === 0 && ((await listFolder(folder)) ?? []).length > 0) {
    report(found.problems, 'missing masks', { set, file: path }, `the images of ${split} have no masks at all`);
  }
  return masks;
}

/** Looks at an image and its masks, and takes them out of `masks`. */
async function checkImage(
  { set, split, folder }: Where,
  file: string,
  masks: Map<string, MaskName[]>,
  subjects: ReadonlyMap<string, string> | undefined,
  found: Findings,
  seen: SetFindings,
): Promise<void> {
  const { problems, pictures } = found;
  const place = { set, file: join(folder, file) };
  const parts = await tryTo(problems, 'name', place, () => imageParts(folder, file));
  if (parts === undefined) return;
  const { stem: name, modality, site } = parts;
  found.images++;
  if (seen.names.has(`${split}/${name}`)) report(problems, 'name', place, `two images are named ${name}`);
  seen.names.add(`${split}/${name}`);
  const image = await tryTo(problems, 'unreadable', place, () => readRaster(place.file));
  if (image !== undefined) {
    const subject = subjectOf(name, subjects);
    const left = found.left.has(leaveOutKey(set, split, name));
    if (!left) pictures.push({ ...place, split, name, subject, print: fingerprint(image) });
    const tones = tonesOf(image);
    if (isFlat(tones)) report(problems, 'window', place, 'the picture is flat: all pixels have nearly one grey level');
    else add(seen.tones, `${modality}_${site}`, { ...place, tones });
  }
  const own = masks.get(name) ?? [];
  masks.delete(name);
  if (own.length === 0) found.unmasked++;
  await checkMasks(set, own, image, problems, seen);
}

/** Looks at the masks of an image, which is `undefined` where it could not be read. */
async function checkMasks(
  set: string,
  masks: readonly MaskName[],
  image: Image | undefined,
  problems: Problem[],
  seen: SetFindings,
): Promise<void> {
  const slopes = image === undefined || masks.length === 0 ? undefined : slopesOf(image);
  for (const { file, kind, target } of masks) {
    const mask = await checkMask({ set, file }, image, problems);
    if (mask === undefined) continue;
    const fits = image !== undefined && image.width === mask.width && image.height === mask.height;
    add(seen.masks, `${kind}_${target}`, {
      ...{ set, file, fraction: mask.data.reduce((sum, value) => sum + value, 0) / mask.data.length },
      alignment: fits && slopes !== undefined ? alignmentOf(slopes, mask) : undefined,
    });
  }
}

const percent = (value: number): string => `${(100 * value).toPrecision(2)} %`;

function checkTarget(place: Place, key: string, group: readonly Measured[], problems: Problem[]): void {
  const [modality, site, target] = key.split('_').map((part) => part.replaceAll('+', ' '));
  const { concept, evidence } = decideByRules(target, knownContext(place.set, modality, site));
  if (concept === null) {
    report(problems, 'unknown target', place, `"${target}" of ${site} ${modality}: ${evidence}`);
  }
  for (const outlier of areaOutliers(group)) {
    const middle = percent(median(group.map(({ fraction }) => fraction)));
    const message = `${percent(outlier.fraction)} of the image, the median of "${target}" is ${middle}`;
    report(problems, 'area outlier', outlier, message);
  }
  const outlined = group.filter(({ alignment }) => alignment !== undefined);
  const { all, single } = misplacedMasks(outlined.map(({ alignment }) => alignment as Alignment));
  const fits = (factor: number, how: string): string =>
    `its outline fits the image ${factor.toFixed(1)} times as well ${how}`;
  if (all !== undefined) {
    report(problems, all.kind, place, `all ${group.length} masks of "${target}": ${fits(all.factor, all.how)}`);
  }
  for (const [i, { kind, factor, how }] of single) report(problems, kind, outlined[i], fits(factor, how));
}

function checkTones(group: readonly Toned[], problems: Problem[]): void {
  for (const i of toneOutliers(group.map(({ tones }) => tones))) {
    const message = 'its grey levels lie far from those of the other images of its kind: another window?';
    report(problems, 'window', group[i], message);
  }
}
