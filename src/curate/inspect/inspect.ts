/**
 * What a folder of images and masks seems to be, from names, headers and the pixels of a few files; every guess with its reason,
 * and what is not known named. At most 2,000 files of a folder and 20,000 in all are listed, 8 masks and 2 images of a group and 400 DICOM headers
 * are read; outlines and run lengths are read whole.
 */
import { basename, resolve } from 'node:path';
import { arrayGroups } from './arrays.ts';
import { type MaskObject, readDicomFolders, type SeriesFolder } from './dicom.ts';
import {
  type FoundGroup,
  type FoundMasks,
  type FoundPart,
  type Inspection,
  namedLabel,
  namedTargets,
} from './found.ts';
import { guessModality, guessSite } from './kind.ts';
import { type LabelNames, namesFor, readLabelNames } from './label-names.ts';
import { readLabels } from './labels.ts';
import { isVolume, markedIn, maskReason, type Named, namedOf } from './names.ts';
import { outlineGroups } from './outlines.ts';
import { groupPairs, type PairGroup, pairUp, readable } from './pairs.ts';
import { runGroups } from './runs.ts';
import { mergeStructures, pairStructures, structureMasks } from './structures.ts';
import { IMAGES_READ, type ImageValues, imageValues, MASKS_READ, MOST_TOLD, maskValues, sample } from './values.ts';
import { MOST_FILES, MOST_OF_FOLDER, walkFolder } from './walk.ts';
import { xmlGroups } from './xml-outlines.ts';

/** A channel's name as a recipe's sequence may be. */
function sequenceOf(group: PairGroup, names: LabelNames | null, modality: string): string | null {
  const channel = /^_(\d{4})$/.exec(group.pairs[0].imageReading.rest)?.[1];
  const name = channel === undefined ? undefined : names?.channels.get(Number(channel));
  const word = name?.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return word === undefined || word === '' || /^(ct|mri?|us)$/i.test(word) || modality !== 'MRI' ? null : word;
}

interface Found {
  readonly part: FoundPart | null;
  readonly open: readonly string[];
}

/** What images are whose masks are known; `hint` is what else was said of them. */
async function partOf(
  root: string,
  name: string,
  masks: FoundMasks,
  paths: readonly string[],
  header: SeriesFolder | null = null,
  { hint = '', said = {} }: { readonly hint?: string; readonly said?: FoundGroup['said'] } = {},
): Promise<Found> {
  const looks = sample([...new Set(paths)], IMAGES_READ).map((path) => ({ path, options: masks.pixels }));
  const seen = await imageValues(root, looks);
  const pixels = 'least' in seen ? (seen as ImageValues) : null;
  const unread = 'least' in seen ? (seen as ImageValues).failed : seen;
  const evidence = { objects: masks.reader === 'instances', ...said };
  const modality = guessModality(`${name}/${paths[0]}/${hint}`, pixels, header, evidence);
  const site = guessSite(`${name}/${paths[0]}`, namedTargets(masks.labels), modality.value, header, evidence);
  const frames = pixels?.frames ?? 1;
  const open = [
    ...unread.map((reason) => `not read: ${reason}`),
    ...(frames > 1 ? [`${masks.images}: the images have ${frames} frames; the draft takes all, "frame" chooses`] : []),
  ];
  return { part: { ...masks, sequence: null, modality, site }, open };
}

/** What a group of pairs is. */
async function partOfPairs(
  root: string,
  name: string,
  group: PairGroup,
  all: readonly LabelNames[],
  series: readonly SeriesFolder[],
): Promise<Found> {
  const { pairs, images, masks, except, why } = group;
  const [{ image, mask, maskReading, structure }] = pairs;
  const paths = pairs.map((pair) => pair.image.path);
  const header = series.find(({ path }) => path === image.path) ?? null;
  if (structure !== undefined) {
    const found = await structureMasks(root, group);
    const { part, open } = await partOf(root, name, found.masks, paths, header);
    return { part, open: [...found.open, ...open] };
  }
  const maskPaths = pairs.map((pair) => pair.mask.path);
  const values = await maskValues(
    root,
    sample(maskPaths, MASKS_READ).map((path) => ({ path })),
  );
  const failed = values.failed.map((reason) => `not read: ${reason}`);
  if (values.read === 0) return { part: null, open: failed };
  const names = namesFor(mask.path, maskReading.base, all);
  const { reader, labels, threshold, ...found } = readLabels(values, names, markedIn(maskReading.rest), masks);
  const channels = [...(names?.channels.values() ?? [])].join(' ');
  const own: FoundMasks = {
    ...{ images, masks, except, pairs: pairs.length, reader, labels, threshold, settings: {} },
    why: [why, `reader ${reader}: ${found.why}`],
  };
  const { part, open } = await partOf(root, name, own, paths, header, { hint: channels });
  return {
    part: part && { ...part, sequence: sequenceOf(group, names, part.modality.value) },
    open: [...failed, ...open, ...found.open],
  };
}

/** The part of a DICOM segmentation or structure set on its series. */
function objectPart(name: string, object: MaskObject, series: readonly SeriesFolder[]): FoundPart | null {
  const own = series.find(({ uid }) => uid !== '' && uid === object.of);
  if (own === undefined) return null;
  const labels = object.labels.map(namedLabel);
  const modality = guessModality(name, null, own);
  return {
    ...{
      images: readable(own.path),
      masks: readable(object.path),
      except: null,
      pairs: 1,
      reader: object.reader,
      labels,
    },
    ...{ threshold: null, settings: {}, sequence: null, modality },
    site: guessSite(`${name}/${own.path}`, namedTargets(labels), modality.value, own),
    why: [`${object.path} is a DICOM object (${object.reader}) that refers to the series in ${own.path}`],
  };
}

/** What was found by the names of files of pixels, and what else there is. */
interface Known {
  readonly files: readonly string[];
  readonly named: readonly Named[];
  readonly used: ReadonlySet<string>;
  readonly names: readonly LabelNames[];
  readonly series: readonly SeriesFolder[];
}

/** Groups of images whose masks are no files of pixels, or that are no files of pixels themselves. */
async function otherGroups(root: string, { files, named, used, names, series }: Known) {
  const flat = named.filter((one) => !isVolume(one));
  const images = flat.filter((one) => maskReason(one) === null);
  const outlines = await outlineGroups(root, files, images);
  const runs = await runGroups(root, files, images);
  const xml = await xmlGroups(root, files, images, series);
  const free = flat.filter(({ path }) => !used.has(path));
  const arrays = await arrayGroups(root, files, free, names);
  return {
    groups: [...outlines.groups, ...runs, ...xml.groups, ...arrays.groups],
    open: [...outlines.large.map((reason) => `not read: ${reason}`), ...xml.open, ...arrays.open],
  };
}

/** Looks at a folder; refuses (`input`) one that cannot be read or holds no file. */
export async function inspectFolder(folder: string): Promise<Inspection> {
  const root = resolve(folder);
  const { files, cut } = await walkFolder(root);
  const name =
    basename(root)
      .replace(/[^A-Za-z0-9.+-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '') || 'my-set';
  const dicom = await readDicomFolders(root, files);
  const named = [...files, ...dicom.series.map(({ path }) => path)].map(namedOf).filter((one) => one !== null);
  const names = await readLabelNames(root, files);
  const { pairs: byName, alone } = pairUp(named);
  const pairs = [...byName, ...pairStructures(named, alone, byName)];
  const parts: FoundPart[] = [];
  const open: string[] = cut
    ? [`what lies beyond the first ${MOST_OF_FOLDER} files of a folder and ${MOST_FILES} in all`]
    : [];
  const take = (found: Found): void => {
    open.push(...found.open);
    if (found.part !== null) parts.push(found.part);
  };
  for (const group of await mergeStructures(root, groupPairs(pairs))) {
    take(await partOfPairs(root, name, group, names, dicom.series));
  }
  const used = new Set([...pairs.flatMap(({ image, mask }) => [image.path, mask.path])]);
  const others = await otherGroups(root, { files, named, used, names, series: dicom.series });
  open.push(...others.open);
  for (const { masks, paths, open: more, said } of others.groups) {
    if (paths.some((path) => used.has(path))) {
      open.push(`${masks.masks}: it speaks of images that have other masks too, and is not in the draft`);
      continue;
    }
    const header = dicom.series.find(({ path }) => path === paths[0]) ?? null;
    const found = await partOf(root, name, masks, paths, header, { said });
    take({ ...found, open: [...found.open, ...more] });
    for (const path of paths) used.add(path);
  }
  for (const object of dicom.objects) {
    const part = objectPart(name, object, dicom.series);
    if (part === null) open.push(`${object.path}: the series that it refers to is not among those that were seen`);
    else parts.push(part);
  }
  for (const { images, modality, site } of parts) {
    if (!modality.known) open.push(`${images}: the modality; "${modality.value}" is a stop-gap`);
    if (!site.known) open.push(`${images}: the site; "${site.value}" is a stop-gap`);
  }
  const usedSeries = parts.map(({ images }) => images);
  const unpaired = named.filter((one: Named) => !used.has(one.path) && !usedSeries.includes(one.path));
  const lonely = unpaired.filter((one) => alone.includes(one));
  const left = unpaired.filter((one) => !alone.includes(one));
  open.push(...dicom.failed.slice(0, MOST_TOLD).map((reason) => `not read: ${reason}`));
  if (lonely.length > 0) open.push(`${lonely.length} masks without an image, such as ${lonely[0].path}`);
  if (left.length > 0) {
    open.push(`${left.length} ${isVolume(left[0]) ? 'volumes' : 'images'} without a mask, such as ${left[0].path}`);
  }
  open.push('the licence; which images are of one subject where names do not say it; whether everything is annotated');
  const endings: Record<string, number> = {};
  for (const file of files) {
    const ending = namedOf(file)?.ending.toLowerCase() ?? /\.[^./]{1,8}$/.exec(file)?.[0].toLowerCase() ?? 'none';
    endings[ending] = (endings[ending] ?? 0) + 1;
  }
  const sorted = Object.fromEntries(Object.entries(endings).sort((a, b) => b[1] - a[1]));
  return { folder: root, name, files: files.length, endings: sorted, parts, open: [...new Set(open)] };
}
