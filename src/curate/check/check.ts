/**
 * What is wrong with a data folder in BiomedParseData's layout: names, pairs, masks, areas, subjects in both splits, the same
 * picture twice. Everything is looked at and reported; nothing is changed, and one bad file does not stop the rest.
 */
import { join } from 'node:path';
import { imageParts, listSets, maskParts, type Split } from '../../dataset/layout.ts';
import { readSubjects, subjectOf } from '../../dataset/subjects.ts';
import { readMask, readRaster } from '../../formats/raster.ts';
import { type Fingerprint, findDuplicates, fingerprint } from '../../image/fingerprint.ts';
import { errorLine } from '../../util/errors.ts';
import { listFolder } from '../../util/files.ts';
import { median } from '../median.ts';
import { decideByRules, knownContext } from '../rules.ts';

/** Errors spoil training or figures; warnings are for a person to look at. */
const severities = {
  name: 'error',
  unreadable: 'error',
  'missing image': 'error',
  size: 'error',
  'empty mask': 'error',
  'subject in two splits': 'error',
  'duplicate across splits': 'error',
  duplicate: 'warning',
  'unknown target': 'warning',
  'area outlier': 'warning',
} as const;

export interface Problem {
  readonly kind: keyof typeof severities;
  readonly severity: 'error' | 'warning';
  readonly set: string;
  readonly file: string;
  readonly message: string;
}

export interface CheckReport {
  readonly sets: number;
  readonly images: number;
  readonly masks: number;
  /** Images without a mask, which are read as images that have none of their set's targets. */
  readonly unmasked: number;
  readonly problems: readonly Problem[];
}

export interface CheckOptions {
  readonly sets?: readonly string[];
  readonly signal?: AbortSignal;
  /** `done` images are looked at. */
  readonly onProgress?: (done: number) => void;
}

interface Picture {
  readonly set: string;
  readonly split: Split;
  readonly file: string;
  readonly subject: string | null;
  readonly print: Fingerprint;
}

interface Area {
  readonly set: string;
  readonly file: string;
  /** Of the image, above 0. */
  readonly fraction: number;
}

const LEAST_FOR_OUTLIERS = 10;
/** Deviations from the median, in units of the median deviation scaled to a normal distribution's. */
const MOST_DEVIATIONS = 6;
const LEAST_FACTOR = 4;

/** Areas far from the others of their group, on a logarithmic scale. */
export function areaOutliers<T extends { readonly fraction: number }>(areas: readonly T[]): T[] {
  if (areas.length < LEAST_FOR_OUTLIERS) return [];
  const middle = median(areas.map(({ fraction }) => Math.log(fraction)));
  const off = areas.map(({ fraction }) => Math.abs(Math.log(fraction) - middle));
  const limit = Math.max(MOST_DEVIATIONS * 1.4826 * median(off), Math.log(LEAST_FACTOR));
  return areas.filter((_, i) => off[i] > limit);
}

/** What has been seen so far. */
interface Findings {
  readonly problems: Problem[];
  readonly pictures: Picture[];
  images: number;
  masks: number;
  unmasked: number;
}

type Place = Pick<Problem, 'set' | 'file'>;
type Sizes = Map<string, { readonly width: number; readonly height: number } | undefined>;

function report(found: Findings, kind: Problem['kind'], { set, file }: Place, message: string): void {
  found.problems.push({ kind, severity: severities[kind], set, file, message });
}

/** The work's result; `undefined` with its error reported where it fails. */
async function tryTo<T>(found: Findings, kind: Problem['kind'], place: Place, work: () => T | Promise<T>) {
  try {
    return await work();
  } catch (error) {
    report(found, kind, place, errorLine(error));
    return undefined;
  }
}

/** Checks a folder; refuses only what holds no data sets. */
export async function checkFolder(root: string, options: CheckOptions = {}): Promise<CheckReport> {
  const sets = await listSets(root, options.sets);
  const found: Findings = { problems: [], pictures: [], images: 0, masks: 0, unmasked: 0 };
  for (const set of sets) await checkSet(root, set, found, options);
  reportSharedSubjects(found);
  reportDuplicates(found);
  const { images, masks, unmasked, problems } = found;
  return { sets: sets.length, images, masks, unmasked, problems };
}

async function checkSet(root: string, set: string, found: Findings, options: CheckOptions): Promise<void> {
  const home = join(root, set);
  const about = { set, file: join(home, 'dataset.json') };
  const subjects = await tryTo(found, 'unreadable', about, () => readSubjects(home));
  const areas = new Map<string, Area[]>();
  for (const split of ['train', 'test'] as const) {
    const sizes = await checkImages(join(home, split), { set, split }, subjects, found, options);
    await checkMasks(join(home, split), set, sizes, areas, found, options);
  }
  for (const [key, group] of areas) checkTarget({ set, file: home }, key, group, found);
}

/** Looks at the images of a split; gives their sizes by name, `undefined` for what cannot be read. */
async function checkImages(
  folder: string,
  { set, split }: Pick<Picture, 'set' | 'split'>,
  subjects: ReadonlyMap<string, string> | undefined,
  found: Findings,
  { signal, onProgress }: CheckOptions,
): Promise<Sizes> {
  const sizes: Sizes = new Map();
  for (const name of (await listFolder(folder)) ?? []) {
    signal?.throwIfAborted();
    const file = join(folder, name);
    const parts = await tryTo(found, 'name', { set, file }, () => imageParts(folder, name));
    if (parts === undefined) continue;
    const { stem } = parts;
    if (sizes.has(stem)) report(found, 'name', { set, file }, `two images are named ${stem}`);
    const image = await tryTo(found, 'unreadable', { set, file }, () => readRaster(file));
    sizes.set(stem, image && { width: image.width, height: image.height });
    if (image !== undefined) {
      found.pictures.push({ set, split, file, subject: subjectOf(stem, subjects), print: fingerprint(image) });
    }
    found.images++;
    onProgress?.(found.images);
  }
  return sizes;
}

/** Looks at the masks of a split and sorts their areas by kind of image and target. */
async function checkMasks(
  folder: string,
  set: string,
  sizes: Sizes,
  areas: Map<string, Area[]>,
  found: Findings,
  { signal }: CheckOptions,
): Promise<void> {
  const masked = new Set<string>();
  for (const name of (await listFolder(`${folder}_mask`)) ?? []) {
    signal?.throwIfAborted();
    const place = { set, file: join(`${folder}_mask`, name) };
    const parts = await tryTo(found, 'name', place, () => maskParts(`${folder}_mask`, name));
    if (parts === undefined) continue;
    found.masks++;
    masked.add(parts.image);
    const key = `${parts.kind}_${parts.target}`;
    const group = areas.get(key) ?? [];
    areas.set(key, group);
    if (!sizes.has(parts.image)) {
      report(found, 'missing image', place, `its image ${parts.image} is not in ${folder}`);
      continue;
    }
    const fraction = await checkMask(place, sizes.get(parts.image), found);
    if (fraction > 0) group.push({ ...place, fraction });
  }
  found.unmasked += [...sizes.keys()].filter((stem) => !masked.has(stem)).length;
}

/** The fraction of the image that a mask covers; 0 where it cannot be read. */
async function checkMask(
  place: Place,
  size: { readonly width: number; readonly height: number } | undefined,
  found: Findings,
): Promise<number> {
  const mask = await tryTo(found, 'unreadable', place, () => readMask(place.file));
  if (mask === undefined) return 0;
  if (size !== undefined && (size.width !== mask.width || size.height !== mask.height)) {
    const sides = `${mask.width} x ${mask.height}, its image ${size.width} x ${size.height}`;
    report(found, 'size', place, `the mask has ${sides} pixels`);
  }
  const fraction = mask.data.reduce((sum, value) => sum + value, 0) / mask.data.length;
  if (fraction === 0) report(found, 'empty mask', place, 'no pixel of the mask is set');
  return fraction;
}

const percent = (value: number): string => `${(100 * value).toPrecision(2)} %`;

function checkTarget(place: Place, key: string, group: readonly Area[], found: Findings): void {
  const [modality, site, target] = key.split('_').map((part) => part.replaceAll('+', ' '));
  const { concept, evidence } = decideByRules(target, knownContext(place.set, modality, site));
  if (concept === null) {
    report(found, 'unknown target', place, `"${target}" of ${site} ${modality}: ${evidence}`);
  }
  for (const outlier of areaOutliers(group)) {
    const middle = percent(median(group.map(({ fraction }) => fraction)));
    const message = `${percent(outlier.fraction)} of the image, the median of "${target}" is ${middle}`;
    report(found, 'area outlier', outlier, message);
  }
}

function reportSharedSubjects(found: Findings): void {
  for (const [set, subject, [train, file]] of inBothSplits(found.pictures)) {
    report(found, 'subject in two splits', { set, file }, `subject ${subject} is in train too (${train})`);
  }
}

function reportDuplicates(found: Findings): void {
  const { pictures } = found;
  // slices of one subject in one split are alike by nature
  const sameSubject = (first: number, second: number): boolean => {
    const [a, b] = [pictures[first], pictures[second]];
    return a.subject !== null && a.set === b.set && a.split === b.split && a.subject === b.subject;
  };
  const prints = pictures.map(({ print }) => print);
  for (const { first, second, alike, mirrored } of findDuplicates(prints, sameSubject)) {
    const [a, b] = [pictures[first], pictures[second]];
    const kind = a.split === b.split ? 'duplicate' : 'duplicate across splits';
    report(found, kind, b, `the same picture as ${a.file}${mirrored ? ', mirrored' : ''} (${alike.toFixed(3)})`);
  }
}

/** Subjects of a set that are in train and test, with a file of each. */
function inBothSplits(pictures: readonly Picture[]): [set: string, subject: string, files: [string, string]][] {
  const train = new Map<string, string>();
  for (const { set, split, subject, file } of pictures)
    if (split === 'train' && subject !== null) train.set(`${set}/${subject}`, file);
  const found = new Map<string, [string, string, [string, string]]>();
  for (const { set, split, subject, file } of pictures) {
    const other = train.get(`${set}/${subject}`);
    if (split === 'test' && subject !== null && other !== undefined && !found.has(`${set}/${subject}`)) {
      found.set(`${set}/${subject}`, [set, subject, [other, file]]);
    }
  }
  return [...found.values()];
}
