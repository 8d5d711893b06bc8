/**
 * Which array of a file is an image and which is its mask, and what their axes are: by names of arrays, shapes, and the size of the image.
 * Axes are letters as in recipes (y, x, z slices, c colours, n items, l labels), in the order in which a shape is printed.
 */
import type { ArrayEntry } from '../../formats/array-variable.ts';

/** More places of labels than this are no axis of labels. */
const MOST_PLACES = 64;
/** How many colours a picture may have. */
const COLOURS = [1, 3, 4];
/** Names of arrays that hold an image, and of arrays that hold masks: kinds first, then masks, then numbered objects. */
const IMAGE = /(^|[-_.])(im|images?|imgs?|pictures?|scans?|vol(ume)?s?|raw|data|inputs?|ct|mri?|oct|x)$/i;
const MASKS = [/type|class|semantic|categor|label/i, /mask|seg|gt|truth|annot/i, /inst/i];
/** Numbers that are single objects. */
const INSTANCES = /(^|[-_])inst(ances?)?([-_]|$)/i;

/** An array with the letters of its axes. */
export interface Axes {
  /** Empty where the file has one array without a name. */
  readonly variable: string;
  readonly axes: string;
  /** Lengths by letter. */
  readonly lengths: ReadonlyMap<string, number>;
  /** Elements that are read for one item. */
  readonly elements: number;
}

/** An image and a mask that fit each other; null: the one that is a picture and no array. */
export interface Fit {
  readonly image: Axes | null;
  readonly mask: Axes | null;
  /** Arrays of the mask's file that would fit too, and those with a number per object. */
  readonly others: readonly string[];
  readonly perObject: readonly string[];
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** Whether an array's name says that its numbers are single objects. */
export const namesInstances = (variable: string): boolean => INSTANCES.test(lastPart(variable));

function asAxes({ name, shape, columnMajor }: ArrayEntry, axes: string): Axes {
  const total = shape.reduce((product, side) => product * side, 1);
  const n = axes.indexOf('n');
  // only the slowest axis can be read item by item
  const inParts = n === (columnMajor ? axes.length - 1 : 0);
  const lengths = new Map([...axes].map((letter, i) => [letter, shape[i]]));
  return { variable: name, axes, lengths, elements: inParts ? total / shape[n] : total };
}

/** What the axes of an image may be, the likeliest first. A picture has more rows and columns than colours. */
function imageAxes({ shape, columnMajor }: ArrayEntry): string[] {
  const likely: Readonly<Record<number, readonly string[]>> = {
    2: ['yx'],
    3: columnMajor ? ['yxc', 'cyx', 'yxn', 'nyx'] : ['yxc', 'cyx', 'nyx'],
    4: columnMajor ? ['yxcn', 'nyxc', 'ncyx', 'yxzn'] : ['nyxc', 'ncyx', 'nzyx'],
  };
  return (likely[shape.length] ?? []).filter((axes) => {
    const [y, x, c] = ['y', 'x', 'c'].map((letter) => shape[axes.indexOf(letter)]);
    return c === undefined || (COLOURS.includes(c) && c < y && c < x);
  });
}

/** What the axes of a mask may be, from those of its image. */
function maskAxes(image: string, shape: readonly number[]): string[] {
  const base = image.replace('c', '');
  if (shape.length === base.length) return [base];
  if (shape.length !== base.length + 1) return [];
  const places = [`${base}l`, base.replace('x', 'xl'), base.replace('y', 'ly'), `l${base}`];
  return places.flatMap((axes) => {
    const length = shape[axes.indexOf('l')];
    return length > MOST_PLACES ? [] : [length === 1 ? axes.replace('l', 'c') : axes];
  });
}

const isImageName = ({ name }: ArrayEntry): boolean => IMAGE.test(lastPart(name));
const hasPixels = ({ shape }: ArrayEntry): boolean => shape.length >= 2 && shape.every((side) => side >= 1);
const maskRank = ({ name }: ArrayEntry): number => {
  const rank = MASKS.findIndex((words) => words.test(lastPart(name)));
  return rank === -1 ? MASKS.length : rank;
};

/** A number for each object: as long as there are objects, and no picture. */
const isPerObject = ({ name, shape }: ArrayEntry): boolean =>
  shape.filter((side) => side > 1).length <= 1 && /type|class|label|categor/i.test(lastPart(name));

/** The mask among arrays that fits an image. */
function fitMask(image: string, lengths: ReadonlyMap<string, number>, entries: readonly ArrayEntry[]) {
  const fitting = entries.filter(hasPixels).flatMap((entry) => {
    const axes = maskAxes(image, entry.shape).find((letters) =>
      [...letters].every((letter, i) => 'lc'.includes(letter) || entry.shape[i] === lengths.get(letter)),
    );
    return axes === undefined ? [] : [{ entry, axes }];
  });
  const [first, ...others] = fitting.sort((a, b) => maskRank(a.entry) - maskRank(b.entry));
  if (first === undefined) return null;
  return {
    mask: asAxes(first.entry, first.axes),
    others: others.map(({ entry }) => entry.name),
    perObject: entries.filter(isPerObject).map(({ name }) => name),
  };
}

/** The mask in a file of arrays for a picture of `[width, height]`; null where none fits. */
export function fitPicture([width, height]: readonly number[], masks: readonly ArrayEntry[]): Fit | null {
  const lengths = new Map([
    ['x', width],
    ['y', height],
  ]);
  const found = fitMask('yx', lengths, masks);
  return found && { image: null, ...found };
}

/** Arrays that may be the image of a file: those that are called so, else the only one that is called after nothing else. */
function imagesOf(entries: readonly ArrayEntry[]): readonly ArrayEntry[] {
  const whole = entries.filter(hasPixels);
  const named = whole.filter((entry) => entry.name === '' || isImageName(entry));
  const rest = whole.filter((entry) => maskRank(entry) === MASKS.length);
  return named.length > 0 || rest.length > 1 ? named : rest;
}

/** Image and mask in two files of arrays, or in one (`masks` null); null where no two fit. */
export function fitArrays(images: readonly ArrayEntry[], masks: readonly ArrayEntry[] | null): Fit | null {
  for (const image of imagesOf(images)) {
    const others = masks ?? images.filter((entry) => entry !== image && !isImageName(entry));
    const called = others.filter((entry) => maskRank(entry) < MASKS.length);
    const candidates = masks !== null || called.length === 0 ? others : called;
    for (const axes of imageAxes(image)) {
      const own = asAxes(image, axes);
      const found = fitMask(axes, own.lengths, candidates);
      if (found !== null) return { image: own, ...found };
    }
  }
  return null;
}

/** An array that is the image of a mask that is a picture of `[width, height]`. */
export function fitPictureMask([width, height]: readonly number[], images: readonly ArrayEntry[]): Fit | null {
  for (const image of imagesOf(images)) {
    for (const axes of imageAxes(image)) {
      const own = asAxes(image, axes);
      const single = !/[nz]/.test(axes) && own.lengths.get('x') === width && own.lengths.get('y') === height;
      if (single) return { image: own, mask: null, others: [], perObject: [] };
    }
  }
  return null;
}

/** Slices of a volume, which is read whole, in place of items. */
export function asSlices(own: Axes): Axes {
  const elements = [...own.lengths.values()].reduce((product, side) => product * side, 1);
  const lengths = new Map([...own.lengths].map(([letter, length]) => [letter === 'n' ? 'z' : letter, length]));
  return { ...own, axes: own.axes.replace('n', 'z'), lengths, elements };
}
