/** Images and masks that belong together by their names, in groups that one pattern describes each. */
import { addTo } from '../../util/groups.ts';
import { parsePattern, patternExpression } from '../recipe/pattern.ts';
import { imageReadings, maskReadings, maskReason, type Named, type Reading } from './names.ts';

/** What a mask's own name or folder says is marked, where every structure has a file of its own. */
export interface Structure {
  readonly name: string;
  /** Its place among the mask's folders; null: it is in the file's name. */
  readonly folder: number | null;
  /** What stands round it in the file's name behind the image's; left out where it is all of the name. */
  readonly round?: readonly [before: string, after: string];
}

/** An image with its mask. */
export interface Pair {
  readonly image: Named;
  readonly mask: Named;
  readonly imageReading: Reading;
  readonly maskReading: Reading;
  readonly structure?: Structure;
}

/** Pairs whose names are made alike. */
export interface PairGroup {
  readonly pairs: readonly Pair[];
  /** Patterns of a recipe. */
  readonly images: string;
  readonly masks: string;
  /** Names that the image's pattern would take besides, as a recipe's `except` has them. */
  readonly except: Readonly<Record<string, string>> | null;
  /** Why they were taken for images and masks. */
  readonly why: string;
}

/** A path as a pattern that means it: what patterns read otherwise is any character. */
export const readable = (text: string): string => text.replace(/[{}*?]/g, '?');

/** Pairs of all files; each mask has one image at most, an image of several channels or masks stands in several pairs. */
export function pairUp(files: readonly Named[]): { readonly pairs: readonly Pair[]; readonly alone: readonly Named[] } {
  const masks = new Set(files.filter((file) => maskReason(file) !== null));
  const byKey = new Map<string, { readonly image: Named; readonly reading: Reading }[]>();
  for (const image of files) {
    if (masks.has(image)) continue;
    for (const reading of imageReadings(image)) {
      addTo(byKey, reading.key, { image, reading });
    }
  }
  const pairs: Pair[] = [];
  const alone: Named[] = [];
  for (const mask of masks) {
    const maskReading = maskReadings(mask).find(({ key }) => byKey.has(key));
    if (maskReading === undefined) {
      alone.push(mask);
      continue;
    }
    for (const { image, reading } of byKey.get(maskReading.key) ?? []) {
      pairs.push({ image, mask, imageReading: reading, maskReading });
    }
  }
  return { pairs, alone };
}

/** What tells groups apart: everything but names that differ from pair to pair. */
function shapeOf({ image, mask, imageReading, maskReading, structure }: Pair): string {
  const shape = (named: Named, reading: Reading): string[] => {
    const whole = reading.base === '' ? named.stem : reading.rest;
    return [String(named.folders.length), whole, named.ending, String(reading.base === '')];
  };
  const { folder: place, round = ['', ''] } = structure ?? {};
  const own = place === null ? [mask.folders.length, '{structure}', ...round, mask.ending] : shape(mask, maskReading);
  const isCase = (folder: string): boolean => folder === imageReading.base && !image.folders.includes(folder);
  const masked = mask.folders.filter((folder, i) => i !== place && !(structure !== undefined && isCase(folder)));
  const fixed = [...image.folders, ...masked].filter(
    (folder) => image.folders.includes(folder) !== masked.includes(folder),
  );
  return JSON.stringify([shape(image, imageReading), own, fixed]);
}

/** Whether a mask's folder is named like its image. */
const isOfCase =
  (i: number) =>
  ({ mask, imageReading }: Pair): boolean =>
    mask.folders[i] === imageReading.base;

function patternsOf(pairs: readonly Pair[]): Pick<PairGroup, 'images' | 'masks' | 'except'> {
  const [{ image, mask, imageReading, maskReading, structure }] = pairs;
  const names = new Map<string, string>();
  const varies = image.folders.map((_, i) => new Set(pairs.map((pair) => pair.image.folders[i])).size > 1);
  const first = varies.indexOf(true);
  for (const [i, many] of varies.entries()) {
    if (many) names.set(image.folders[i], i === first ? 'subject' : `folder${i + 1}`);
  }
  const folders = (named: Named, of: 'image' | 'mask'): string[] =>
    named.folders.map((folder, i) => {
      if (of === 'mask' && structure?.folder === i) return '{structure}';
      const same = pairs.every((pair) => pair[of].folders[i] === folder);
      const name = names.get(folder);
      if (same) return readable(folder);
      return name !== undefined ? `{${name}}` : pairs.every(isOfCase(i)) ? '{id}' : '*';
    });
  const ids = new Set(pairs.map((pair) => pair.imageReading.base));
  const { base } = imageReading;
  const id = base === '' ? '' : ids.size > 1 ? '{id}' : names.size > 0 ? readable(base) : `{id:${readable(base)}}`;
  const again = id.startsWith('{id') ? '{id}' : id;
  const imageEnd = image.ending === '/' ? '/' : image.ending;
  const images = [...folders(image, 'image'), `${id}${readable(imageReading.rest)}${imageEnd}`].join('/');
  const named = structure?.folder === null;
  const [before, after] = structure?.round ?? ['', ''];
  const end = named ? `${before}{structure}${after}` : readable(maskReading.rest);
  const own = named && structure?.round === undefined ? end : `${again}${end}`;
  const masks = [...folders(mask, 'mask'), `${own}${mask.ending}`].join('/');
  const swallowed = id === '{id}' && imageReading.rest === '' && image.ending === mask.ending;
  const beside = image.folders.join('/') === mask.folders.join('/');
  const except = swallowed && beside ? { id: `*${end.replace('{structure}', '*')}` } : null;
  return { images, masks, except };
}

/** Groups of pairs with their patterns. */
export function groupPairs(pairs: readonly Pair[]): PairGroup[] {
  const shapes = new Map<string, Pair[]>();
  for (const pair of pairs) {
    addTo(shapes, shapeOf(pair), pair);
  }
  return [...shapes.values()].map((group) => {
    const [{ image, mask, maskReading }] = group;
    const common = maskReading.base === '' ? 'they lie in one folder' : `the names share ${maskReading.base}`;
    const reasons = [maskReason(mask), common].filter((reason) => reason !== null).join(', ');
    const why = `${mask.path} is taken for the mask of ${image.path}: ${reasons}`;
    return { pairs: group, ...patternsOf(group), why };
  });
}

/** The pattern of images that lie equally deep and end alike, and which paths it takes. */
function imagePattern(images: readonly Named[]): {
  readonly pattern: string;
  readonly matches: (path: string) => boolean;
} {
  const [{ folders, stem, ending }] = images;
  const names = folders.map((folder, i) => {
    const same = images.every((image) => image.folders[i] === folder);
    return same ? readable(folder) : `{folder${i + 1}}`;
  });
  const id = images.length === 1 ? `{id:${readable(stem)}}` : '{id}';
  const pattern = [...names, `${id}${ending}`].join('/');
  const expression = patternExpression(parsePattern(pattern));
  return { pattern, matches: (path) => expression.test(path) };
}

/** Images that one pattern describes. */
export interface ImageGroup {
  readonly images: readonly Named[];
  readonly pattern: string;
  /** Images that are not among those listed, and would be taken too. */
  readonly unlisted: readonly Named[];
}

/** Listed images in groups that lie equally deep and end alike; `all` are the images of the folder. */
export function groupImages(listed: Iterable<Named>, all: readonly Named[]): ImageGroup[] {
  const kinds = new Map<string, Named[]>();
  for (const image of listed) addTo(kinds, `${image.folders.length}${image.ending}`, image);
  return [...kinds.values()].map((images) => {
    const { pattern, matches } = imagePattern(images);
    const own = new Set(images);
    return { images, pattern, unlisted: all.filter((image) => matches(image.path) && !own.has(image)) };
  });
}
