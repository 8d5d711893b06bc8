/**
 * What a folder of images and masks seems to be, from names, headers and the pixels of a few files; every guess with its reason,
 * and what is not known named. At most 2,000 files of a folder and 20,000 in all are listed, 8 masks and 2 images of a group and 400 DICOM headers are read.
 */
import { basename, resolve } from 'node:path';
import { type MaskObject, readDicomFolders, type SeriesFolder } from './dicom.ts';
import { type Guess, guessModality, guessSite } from './kind.ts';
import { type LabelNames, namesFor, readLabelNames } from './label-names.ts';
import { isVolume, markedIn, type Named, namedOf } from './names.ts';
import { groupPairs, type PairGroup, pairUp } from './pairs.ts';
import {
  IMAGES_READ,
  type ImageValues,
  imageValues,
  MASKS_READ,
  type MaskValues,
  maskValues,
  sample,
} from './values.ts';
import { MOST_FILES, MOST_OF_FOLDER, walkFolder } from './walk.ts';

/** A label of a source and what it becomes in the draft. */
export interface FoundLabel {
  readonly label: string;
  readonly target: string;
  /** The source names it; else the target is a placeholder. */
  readonly named: boolean;
}

/** Images of one kind with their masks, as the draft's part has them. */
export interface FoundPart {
  readonly images: string;
  readonly masks: string;
  readonly except: Readonly<Record<string, string>> | null;
  /** How many pairs were listed. */
  readonly pairs: number;
  readonly reader: 'labels' | 'binary' | 'colour' | 'dicom-seg' | 'rtstruct';
  readonly labels: readonly FoundLabel[];
  /** Of `binary`: pixels above it are marked. */
  readonly threshold: number | null;
  readonly sequence: string | null;
  readonly modality: Guess;
  readonly site: Guess;
  /** Reasons: of the pairs, the reader, and the labels' names. */
  readonly why: readonly string[];
}

/** What was found in a folder. */
export interface Inspection {
  readonly folder: string;
  /** Letters, digits and `. + -`: the folder's name. */
  readonly name: string;
  readonly files: number;
  /** How many files there are by ending, most first. */
  readonly endings: Readonly<Record<string, number>>;
  readonly parts: readonly FoundPart[];
  /** What a person has to find out. */
  readonly open: readonly string[];
}

const MOST_TOLD = 5;

/** A name as a recipe's target may be. */
export function targetName(name: string): string {
  const clean = name
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N} .,'()-]+/gu, ' ')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 100);
  return clean === '' ? 'object' : clean;
}

interface Labelled {
  readonly reader: FoundPart['reader'];
  readonly labels: readonly FoundLabel[];
  readonly threshold: number | null;
  readonly why: string;
  readonly open: readonly string[];
}

/** Reader and labels of masks by their values. */
function readLabels(values: MaskValues, names: LabelNames | null, marked: string, masks: string): Labelled {
  const seen = `in ${values.read} masks that were read`;
  const target = marked === '' ? 'object' : targetName(marked);
  const openTarget = marked === '' ? [`${masks}: what is marked is not named; the draft calls it "object"`] : [];
  if (values.colours.length > 0) {
    const labels = values.colours.map((label, i) => ({ label, target: `label ${i + 1}`, named: false }));
    const open = [`${masks}: what the colours ${values.colours.join(', ')} mean`];
    return { reader: 'colour', labels, threshold: null, why: `${values.colours.length} colours ${seen}`, open };
  }
  const found = values.labels;
  const isNamed = names !== null && (found === null || found.every((label) => names.names.has(label)));
  if (found !== null && names === null && found.length === 1 && (found[0] === 255 || marked !== '')) {
    const labels = [{ label: String(found[0]), target, named: marked !== '' }];
    const why = `only 0 and ${found[0]} ${seen}${marked === '' ? '' : `; the name says "${marked}"`}`;
    return { reader: 'binary', labels, threshold: null, why, open: openTarget };
  }
  if (!isNamed && (found === null || (names === null && found.length > 32 && found.at(-1) === 255))) {
    const labels = [{ label: 'marked', target, named: marked !== '' }];
    const why = `too many values for labels, or fractions of numbers, ${seen}`;
    const open = [
      ...openTarget,
      `${masks}: whether what is above 127 is marked, or numbers are single objects (reader instances)`,
    ];
    return { reader: 'binary', labels, threshold: 127, why, open };
  }
  const numbers = [...new Set([...(found ?? []), ...(names?.names.keys() ?? [])])].filter((label) => label !== 0);
  const labels = numbers
    .sort((a, b) => a - b)
    .map((label): FoundLabel => {
      const name = names?.names.get(label);
      return {
        label: String(label),
        target: name === undefined ? `label ${label}` : targetName(name),
        named: name !== undefined,
      };
    });
  const unnamed = labels.filter(({ named }) => !named).map(({ label }) => label);
  const open = unnamed.length === 0 ? [] : [`${masks}: what the labels ${unnamed.join(', ')} mean`];
  const named = names === null ? '' : `; ${names.file} names ${names.names.size}`;
  return {
    reader: 'labels',
    labels,
    threshold: null,
    why: `numbers ${(found ?? []).slice(0, 12).join(', ')}${(found ?? []).length > 12 ? ' …' : ''} ${seen}${named}`,
    open,
  };
}

/** A channel's name as a recipe's sequence may be. */
function sequenceOf(group: PairGroup, names: LabelNames | null, modality: string): string | null {
  const channel = /^_(\d{4})$/.exec(group.pairs[0].imageReading.rest)?.[1];
  const name = channel === undefined ? undefined : names?.channels.get(Number(channel));
  const word = name?.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '');
  return word === undefined || word === '' || /^(ct|mri?|us)$/i.test(word) || modality !== 'MRI' ? null : word;
}

/** What a group of pairs is. */
async function partOf(
  root: string,
  name: string,
  group: PairGroup,
  all: readonly LabelNames[],
  series: readonly SeriesFolder[],
): Promise<{ readonly part: FoundPart | null; readonly open: readonly string[] }> {
  const { pairs, images, masks, except, why } = group;
  const [{ image, mask, maskReading }] = pairs;
  const values = await maskValues(
    root,
    sample(
      pairs.map((pair) => pair.mask.path),
      MASKS_READ,
    ),
  );
  const failed = values.failed.map((reason) => `not read: ${reason}`);
  if (values.read === 0) return { part: null, open: failed };
  const names = namesFor(mask.path, maskReading.base, all);
  const found = readLabels(values, names, markedIn(maskReading.rest), masks);
  const seen = await imageValues(root, sample([...new Set(pairs.map((pair) => pair.image.path))], IMAGES_READ));
  const pixels = 'least' in seen ? (seen as ImageValues) : null;
  const unread = 'least' in seen ? (seen as ImageValues).failed : seen;
  const header = series.find(({ path }) => path === image.path) ?? null;
  const channels = [...(names?.channels.values() ?? [])].join(' ');
  const modality = guessModality(`${name}/${image.path}/${channels}`, pixels, header);
  const known = found.labels.filter(({ named }) => named).map(({ target }) => target);
  const site = guessSite(`${name}/${image.path}`, known, modality.value, header);
  const frames = pixels?.frames ?? 1;
  const open = [
    ...[...failed, ...unread.map((reason) => `not read: ${reason}`)],
    ...found.open,
    ...(frames > 1 ? [`${images}: the images have ${frames} frames; the draft takes all, "frame" chooses`] : []),
  ];
  const part: FoundPart = {
    ...{ images, masks, except, pairs: pairs.length, reader: found.reader, labels: found.labels },
    ...{ threshold: found.threshold, sequence: sequenceOf(group, names, modality.value), modality, site },
    why: [why, `reader ${found.reader}: ${found.why}`],
  };
  return { part, open };
}

/** The part of a DICOM segmentation or structure set on its series. */
function objectPart(name: string, object: MaskObject, series: readonly SeriesFolder[]): FoundPart | null {
  const own = series.find(({ uid }) => uid !== '' && uid === object.of);
  if (own === undefined) return null;
  const labels = object.labels.map((label) => ({ label, target: targetName(label), named: true }));
  const modality = guessModality(name, null, own);
  return {
    ...{ images: own.path, masks: object.path, except: null, pairs: 1, reader: object.reader, labels },
    ...{ threshold: null, sequence: null, modality },
    site: guessSite(
      `${name}/${own.path}`,
      labels.map(({ target }) => target),
      modality.value,
      own,
    ),
    why: [`${object.path} is a DICOM object (${object.reader}) that refers to the series in ${own.path}`],
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
  const { pairs, alone } = pairUp(named);
  const parts: FoundPart[] = [];
  const open: string[] = cut
    ? [`what lies beyond the first ${MOST_OF_FOLDER} files of a folder and ${MOST_FILES} in all`]
    : [];
  for (const group of groupPairs(pairs)) {
    const found = await partOf(root, name, group, names, dicom.series);
    open.push(...found.open);
    if (found.part !== null) parts.push(found.part);
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
  const used = new Set([...pairs.flatMap(({ image, mask }) => [image.path, mask.path])]);
  const usedSeries = parts.map(({ images }) => images);
  const left = named.filter(
    (one: Named) => !used.has(one.path) && !usedSeries.includes(one.path) && !alone.includes(one),
  );
  open.push(...dicom.failed.slice(0, MOST_TOLD).map((reason) => `not read: ${reason}`));
  if (alone.length > 0) open.push(`${alone.length} masks without an image, such as ${alone[0].path}`);
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
  return { folder: root, name, files: files.length, endings: sorted, parts, open };
}
