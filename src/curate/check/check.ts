/**
 * What is wrong with a data folder in BiomedParseData's layout, or with its shards: names, pairs, masks and where they lie, areas, windows, subjects in
 * both splits, the same picture twice. Everything is looked at and reported; nothing is changed, and one bad file does not stop the rest.
 */
import { join } from 'node:path';
import { type DatasetItem, readItemFile, readItemImage } from '../../dataset/index.ts';
import { leaveOutKey, readLeaveOut } from '../../dataset/leave-out.ts';
import { readSubjects, subjectOf } from '../../dataset/subjects.ts';
import { fingerprint } from '../../image/fingerprint.ts';
import type { Image } from '../../image/types.ts';
import { addTo } from '../../util/groups.ts';
import { median } from '../median.ts';
import { decideByRules, knownContext } from '../rules.ts';
import { type Alignment, alignmentOf, misplacedMasks, slopesOf } from './align.ts';
import { type Picture, reportDuplicates, reportSharedSubjects } from './copies.ts';
import { type Listing, listImages } from './listing.ts';
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
  readonly subjects: ReadonlyMap<string, string> | undefined;
  readonly masks: Map<string, Measured[]>;
  readonly tones: Map<string, Toned[]>;
}

/** Checks a folder of data sets or of shards; refuses only what holds neither. */
export async function checkFolder(root: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { signal, onProgress } = options;
  const left = await readLeaveOut(root);
  const found: Findings = { problems: [], pictures: [], left, images: 0, masks: 0, unmasked: 0 };
  const listings = await listImages(root, options.sets, found.problems);
  const total = listings.reduce((sum, { items }) => sum + items.length, 0);
  const sets = [...new Set(listings.map(({ set }) => set))];
  for (const set of sets) {
    const home = join(root, set);
    const about = { set, file: join(home, 'dataset.json') };
    const subjects = await tryTo(found.problems, 'unreadable', about, () => readSubjects(home));
    const seen: SetFindings = { subjects, masks: new Map(), tones: new Map() };
    for (const listing of listings.filter((one) => one.set === set)) {
      for (const item of listing.items) {
        signal?.throwIfAborted();
        await checkImage(listing, item, found, seen);
        onProgress?.('images', found.images, total);
      }
    }
    for (const [key, group] of seen.masks) checkTarget({ set, file: home }, key, group, found.problems);
    for (const group of seen.tones.values()) checkTones(group, found.problems);
  }
  const { problems, pictures, images, masks, unmasked } = found;
  const subjects = reportSharedSubjects(problems, pictures);
  const copies = await reportDuplicates(problems, pictures, {
    onProgress: (done, all) => onProgress?.('comparisons', done, all),
    ...(signal === undefined ? {} : { signal }),
  });
  return { sets: sets.length, images, masks, unmasked, problems, pictures, shared: [...subjects, ...copies] };
}

/** Looks at an image and its masks. */
async function checkImage(listing: Listing, item: DatasetItem, found: Findings, seen: SetFindings): Promise<void> {
  const { problems, pictures } = found;
  const { split } = listing;
  const { set, name, file, modality, site, targets } = item;
  const place = { set, file };
  found.images++;
  found.masks += targets.length;
  if (targets.length === 0) found.unmasked++;
  const image = await tryTo(problems, 'unreadable', place, () => readItemImage(listing, item));
  if (image !== undefined) {
    const subject = subjectOf(name, seen.subjects);
    const left = found.left.has(leaveOutKey(set, split, name));
    if (!left) pictures.push({ ...place, split, name, subject, print: fingerprint(image) });
    const tones = tonesOf(image);
    if (isFlat(tones)) report(problems, 'window', place, 'the picture is flat: all pixels have nearly one grey level');
    else addTo(seen.tones, `${modality}_${site}`, { ...place, tones });
  }
  await checkMasks(listing, item, image, problems, seen);
}

/** Looks at the masks of an image, which is `undefined` where it could not be read. */
async function checkMasks(
  listing: Listing,
  { set, modality, site, targets }: DatasetItem,
  image: Image | undefined,
  problems: Problem[],
  seen: SetFindings,
): Promise<void> {
  const slopes = image === undefined || targets.length === 0 ? undefined : slopesOf(image);
  for (const { target, maskFile: file } of targets) {
    const mask = await checkMask({ set, file }, () => readItemFile(listing, file), image, problems);
    if (mask === undefined) continue;
    const fits = image !== undefined && image.width === mask.width && image.height === mask.height;
    addTo(seen.masks, `${modality}_${site}_${target}`, {
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
