/**
 * Arrays (NumPy, MATLAB, HDF5) that hold images and masks: two stacks or two files per case that are named like images and masks, a file of masks
 * beside a picture, or both in one file. Shapes come from headers; of a group a few items are read, none of more than 64 million numbers.
 */
import { ARRAY_ENDING } from '../../formats/array-file.ts';
import { addTo } from '../../util/groups.ts';
import { type Axes, asSlices, type Fit, namesInstances } from './array-axes.ts';
import { createHeaders, type Files, fitFiles, type Headers, listed, sizeText } from './array-headers.ts';
import { readMasks, settingsOf } from './array-masks.ts';
import { pairFilesAnywhere } from './beside.ts';
import type { FoundGroup, FoundMasks } from './found.ts';
import { type LabelNames, namesFor } from './label-names.ts';
import { type Named, namedAs } from './names.ts';
import { groupImages, groupPairs, type PairGroup, pairUp } from './pairs.ts';
import { MASKS_READ, MOST_TOLD, notRead, sample } from './values.ts';

/** Numbers of an item that is read. */
const MOST_ELEMENTS = 2 ** 26;
/** Files whose headers are read where names do not pair them, of a folder and in all. */
const FILES_PER_FOLDER = 8;
const MOST_FILES = 400;

const isArray = ({ path }: Named): boolean => ARRAY_ENDING.test(path);

/** What a group's arrays are, in words. */
function fitReasons({ image, mask }: Fit, { image: first, mask: of }: Files): string[] {
  const said = (path: string, { variable, axes, lengths }: Axes): string => {
    const counted = [...lengths].flatMap(([letter, length]) =>
      letter === 'n' ? [`, ${length} items`] : letter === 'z' ? [`, ${length} slices`] : [],
    );
    const array = `${variable === '' ? '' : `array ${variable} of `}${path}`;
    return `${array} is ${sizeText([...lengths.values()])}: axes ${axes}${counted.join('')}`;
  };
  return [...(image === null ? [] : [said(first, image)]), ...(mask === null ? [] : [said(of, mask)])];
}

/** What a person has to find out of arrays that fit. */
function fitQuestions({ image, mask, others, perObject }: Fit, images: string, masks: string): string[] {
  const axes = image?.axes ?? '';
  const stack = /^(nyx|zyx|yxn|yxz)$/.test(axes);
  const more = others.length === 1 ? `array ${others[0]} of it fits` : `arrays ${others.join(', ')} of it fit`;
  return [
    ...(stack
      ? [
          axes.includes('n')
            ? `${images}: whether its arrays hold pictures (axis n) or the slices of a volume (z in its place, also in the mask)`
            : `${images}: whether its arrays hold the slices of a volume (axis z) or pictures (n in its place, also in the mask)`,
        ]
      : []),
    ...(image?.lengths.get('c') === 4
      ? [`${images}: its 4 channels are taken for colours with opacity; "channel" takes one of them`]
      : []),
    ...(others.length > 0 ? [`${masks}: the ${more} too; the draft takes ${mask?.variable}`] : []),
    ...(perObject.length > 0
      ? [`${masks}: ${perObject.join(', ')} may give each object a kind, which no reader of masks takes`]
      : []),
  ];
}

interface Group {
  readonly files: readonly Files[];
  readonly images: string;
  readonly masks: string;
  readonly except: FoundMasks['except'];
  readonly why: string;
  /** What the mask's name says beyond the image's. */
  readonly rest: string;
  readonly names: LabelNames | null;
  /** What the image's name says beyond the mask's. */
  readonly imageRest: string;
}

/** A group of files whose first readable pair fits; why not, where none does. */
async function readGroup(root: string, group: Group, headers: Headers): Promise<FoundGroup | readonly string[]> {
  const { files, images, masks, except, names, rest } = group;
  const good: Files[] = [];
  const open: string[] = [];
  let fit: Fit | undefined;
  for (const pair of sample(files, MASKS_READ)) {
    const found = await fitFiles(root, pair, headers);
    if (found === null) continue;
    if (typeof found === 'string') open.push(`not in the draft: ${found}`);
    else if (fit !== undefined && JSON.stringify(axesOf(found)) !== JSON.stringify(axesOf(fit))) {
      open.push(`${pair.mask}: its arrays are made otherwise than those of ${good[0].mask}`);
    } else {
      fit ??= found;
      good.push(pair);
    }
  }
  if (fit === undefined) return open;
  // a file of a case holds a volume, one that is called images (or scans) single ones
  const plural = /s\d*$/i.test(fit.image?.variable || group.imageRest);
  const grey = fit.image !== null && !fit.image.axes.includes('c') && fit.mask !== null;
  const volumes = grey && files.length > 1 && !plural;
  const own: Fit = volumes ? { ...fit, image: asSlices(fit.image as Axes), mask: asSlices(fit.mask as Axes) } : fit;
  const most = Math.max(own.image?.elements ?? 0, own.mask?.elements ?? 0);
  if (most > MOST_ELEMENTS) {
    return [...open, `not read: ${masks}: an item has ${most} numbers; at most ${MOST_ELEMENTS} are read`];
  }
  const { failed, found } = await readMasks(root, { files: good, fit: own, names, rest, masks });
  open.push(...failed.map((reason) => `not read: ${reason}`));
  if (found === null) return open;
  const { reader, labels, threshold, settings, why } = found;
  const pixels = own.image === null ? {} : { pixels: settingsOf(own.image) };
  return {
    masks: {
      ...{ images, masks, except, pairs: files.length, ...pixels, reader, labels, threshold },
      settings,
      why: [group.why, ...fitReasons(own, good[0]), `reader ${reader}: ${why}`],
    },
    paths: files.map(({ image }) => image),
    ...([fit.mask?.variable ?? '', ...fit.others].some(namesInstances) ? { said: { objects: true } } : {}),
    open: [...open, ...found.open, ...fitQuestions(own, images, masks)],
  };
}

const axesOf = ({ image, mask }: Fit) => [image?.variable, image?.axes, mask?.variable, mask?.axes];

function ofPairs({ pairs, images, masks, except, why }: PairGroup, names: readonly LabelNames[]): Group {
  const [{ mask, maskReading, imageReading }] = pairs;
  const files = pairs.map((pair) => ({ image: pair.image.path, mask: pair.mask.path }));
  return {
    ...{ files, images, masks, except, why, rest: maskReading.rest, imageRest: imageReading.rest },
    names: namesFor(mask.path, maskReading.base, names),
  };
}

/** Groups of files that hold image and mask both, by a few of each folder. */
async function ownGroups(root: string, alone: readonly Named[], names: readonly LabelNames[], headers: Headers) {
  const folders = new Map<string, Named[]>();
  for (const file of alone) addTo(folders, `${file.folders.join('/')}/${file.ending}`, file);
  const fitting = new Map<string, Named[]>();
  let read = 0;
  for (const files of folders.values()) {
    for (const file of sample(files, FILES_PER_FOLDER)) {
      if (read >= MOST_FILES) break;
      read++;
      const fit = await fitFiles(root, { image: file.path, mask: file.path }, headers);
      if (fit === null || typeof fit === 'string') continue;
      for (const one of files.length > FILES_PER_FOLDER ? files : [file]) {
        addTo(fitting, JSON.stringify(axesOf(fit)), one);
      }
      if (files.length > FILES_PER_FOLDER) break;
    }
  }
  return [...fitting.values()].flatMap((files) =>
    groupImages(new Set(files), alone).map(({ images, pattern, unlisted }) => {
      const group: Group = {
        files: images.map(({ path }) => ({ image: path, mask: path })),
        ...{ images: pattern, masks: pattern, except: null, rest: '', imageRest: '' },
        why: `${images[0].path} holds an image and its mask`,
        names: namesFor(images[0].path, images[0].stem, names),
      };
      return { group, unlisted };
    }),
  );
}

/** What is said of arrays that are of no use. */
async function leftOver(left: readonly Named[], headers: Headers): Promise<string[]> {
  const known: string[] = [];
  for (const { path } of sample(left, FILES_PER_FOLDER)) {
    const entries = await headers.of(path);
    if (entries !== null) known.push(`${path} (${listed(entries)})`);
  }
  if (known.length === 0) return [];
  return [`${left.length} files of arrays that are in no pair, such as ${known[0]}`];
}

/** Groups of images whose masks are arrays, or that are arrays themselves; `free` are the other files that have no partner yet. */
export async function arrayGroups(
  root: string,
  files: readonly string[],
  free: readonly Named[],
  names: readonly LabelNames[],
): Promise<{ readonly groups: readonly FoundGroup[]; readonly open: readonly string[] }> {
  const arrays = files.filter((file) => ARRAY_ENDING.test(file)).map(namedAs);
  if (arrays.length === 0) return { groups: [], open: [] };
  const headers = createHeaders(root);
  const groups: FoundGroup[] = [];
  const open: string[] = [];
  const used = new Set<string>();
  const take = async (group: Group): Promise<void> => {
    const found = await readGroup(root, group, headers);
    for (const { image, mask } of group.files) used.add(image).add(mask);
    if ('masks' in found) groups.push(found);
    else open.push(...found.slice(0, MOST_TOLD));
  };
  const named = pairUp([...arrays, ...free]).pairs.filter(({ image, mask }) => isArray(image) || isArray(mask));
  for (const group of groupPairs(named)) await take(ofPairs(group, names));
  const left = (of: readonly Named[]): Named[] => of.filter(({ path }) => !used.has(path));
  const beside = pairFilesAnywhere(
    left(arrays).map(({ path }) => path),
    left(free),
  );
  for (const group of groupPairs(beside)) await take(ofPairs(group, names));
  const several = left(arrays).filter(({ ending }) => !/^\.npy$/i.test(ending));
  for (const { group, unlisted } of await ownGroups(root, several, names, headers)) {
    await take(group);
    if (unlisted.length > 0) {
      open.push(`${group.images}: ${unlisted.length} files, such as ${unlisted[0].path}, hold no such image and mask`);
    }
  }
  open.push(...(await leftOver(left(arrays), headers)));
  return { groups, open: [...notRead(headers.failed, 'files of arrays'), ...open] };
}
