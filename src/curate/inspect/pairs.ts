/** Images and masks that belong together by their names, in groups that one pattern describes each. */
import { imageReadings, maskReadings, maskReason, type Named, type Reading } from './names.ts';

/** An image with its mask. */
export interface Pair {
  readonly image: Named;
  readonly mask: Named;
  readonly imageReading: Reading;
  readonly maskReading: Reading;
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

const readable = (text: string): string => text.replace(/[{}*?]/g, '?');

/** Pairs of all files; each mask has one image at most, an image of several channels or masks stands in several pairs. */
export function pairUp(files: readonly Named[]): { readonly pairs: readonly Pair[]; readonly alone: readonly Named[] } {
  const masks = new Set(files.filter((file) => maskReason(file) !== null));
  const byKey = new Map<string, { readonly image: Named; readonly reading: Reading }[]>();
  for (const image of files) {
    if (masks.has(image)) continue;
    for (const reading of imageReadings(image)) {
      const known = byKey.get(reading.key) ?? [];
      known.push({ image, reading });
      byKey.set(reading.key, known);
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
function shapeOf({ image, mask, imageReading, maskReading }: Pair): string {
  const shape = (named: Named, reading: Reading): string[] => {
    const whole = reading.base === '' ? named.stem : reading.rest;
    return [String(named.folders.length), whole, named.ending, String(reading.base === '')];
  };
  const fixed = [...image.folders, ...mask.folders].filter(
    (folder) => image.folders.includes(folder) !== mask.folders.includes(folder),
  );
  return JSON.stringify([shape(image, imageReading), shape(mask, maskReading), fixed]);
}

function patternsOf(pairs: readonly Pair[]): Pick<PairGroup, 'images' | 'masks' | 'except'> {
  const [{ image, mask, imageReading, maskReading }] = pairs;
  const names = new Map<string, string>();
  const varies = image.folders.map((_, i) => new Set(pairs.map((pair) => pair.image.folders[i])).size > 1);
  const first = varies.indexOf(true);
  for (const [i, many] of varies.entries()) {
    if (many) names.set(image.folders[i], i === first ? 'subject' : `folder${i + 1}`);
  }
  const folders = (named: Named, of: 'image' | 'mask'): string[] =>
    named.folders.map((folder, i) => {
      const same = pairs.every((pair) => pair[of].folders[i] === folder);
      const name = names.get(folder);
      if (same) return readable(folder);
      return name === undefined ? '*' : `{${name}}`;
    });
  const ids = new Set(pairs.map((pair) => pair.imageReading.base));
  const { base } = imageReading;
  const id = base === '' ? '' : ids.size > 1 ? '{id}' : names.size > 0 ? readable(base) : `{id:${readable(base)}}`;
  const again = id.startsWith('{id') ? '{id}' : id;
  const imageEnd = image.ending === '/' ? '/' : image.ending;
  const images = [...folders(image, 'image'), `${id}${readable(imageReading.rest)}${imageEnd}`].join('/');
  const masks = [...folders(mask, 'mask'), `${again}${readable(maskReading.rest)}${mask.ending}`].join('/');
  const swallowed = id === '{id}' && imageReading.rest === '' && image.ending === mask.ending;
  const beside = image.folders.join('/') === mask.folders.join('/');
  const except = swallowed && beside ? { id: `*${readable(maskReading.rest)}` } : null;
  return { images, masks, except };
}

/** Groups of pairs with their patterns. */
export function groupPairs(pairs: readonly Pair[]): PairGroup[] {
  const shapes = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const shape = shapeOf(pair);
    const known = shapes.get(shape) ?? [];
    known.push(pair);
    shapes.set(shape, known);
  }
  return [...shapes.values()].map((group) => {
    const [{ image, mask, maskReading }] = group;
    const common = maskReading.base === '' ? 'they lie in one folder' : `the names share ${maskReading.base}`;
    const why = `${mask.path} is taken for the mask of ${image.path}: ${maskReason(mask)}, ${common}`;
    return { pairs: group, ...patternsOf(group), why };
  });
}
