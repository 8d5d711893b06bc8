/** Masks that are arrays: reader and labels by the values of some items, and by names of arrays and places. */
import { type Axes, type Fit, namesInstances } from './array-axes.ts';
import type { Files } from './array-headers.ts';
import { type Places, placeLabels, readPlaces } from './array-places.ts';
import { targetName } from './found.ts';
import type { LabelNames } from './label-names.ts';
import { type Labelled, readLabels } from './labels.ts';
import { markedIn } from './names.ts';
import { resolves } from './structures.ts';
import { type Look, MASKS_READ, maskValues } from './values.ts';

/** More numbers than this without names are single objects. */
const MOST_LABELS = 32;

/** Which masks are read, and what is known of them. */
export interface ArrayMasks {
  readonly files: readonly Files[];
  readonly fit: Fit;
  readonly names: LabelNames | null;
  /** What the mask's name says beyond the image's. */
  readonly rest: string;
  /** Their pattern. */
  readonly masks: string;
}

/** How the masks are to be read; `found` is null where none could be. */
export interface ReadMasks {
  readonly found: (Labelled & { readonly settings: Readonly<Record<string, string>> }) | null;
  readonly failed: readonly string[];
}

/** Items of a file, evenly spread. */
function itemsOf(axes: Axes | null, most: number): number[] {
  const count = axes?.axes.includes('n') === true ? (axes.lengths.get('n') ?? 1) : 1;
  const taken = Math.min(count, Math.max(1, most));
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}

/** What a recipe says of an array. */
export const settingsOf = (own: Axes | null, axes = own?.axes): Readonly<Record<string, string>> => ({
  ...(own === null || own.variable === '' ? {} : { variable: own.variable }),
  ...(axes === undefined ? {} : { axes }),
});

/** Masks that are numbers of objects, by the array's name or by how many there are. */
function asInstances(variable: string, marked: string, seen: string, masks: string): Labelled {
  const named = marked !== '';
  return {
    reader: 'instances',
    threshold: null,
    labels: [{ label: 'marked', target: named ? targetName(marked) : 'object', named }],
    why: namesInstances(variable)
      ? `${variable} numbers single objects`
      : `more than ${MOST_LABELS} numbers ${seen}, taken for single objects`,
    open: named ? [] : [`${masks}: what is marked is not named; the draft calls it "object"`],
  };
}

/** Labels by their place along an axis. */
function asPlaces(
  { read, numbered, background, complete }: Places,
  count: number,
  { names, masks }: ArrayMasks,
): Labelled {
  const labels = placeLabels(count, background, names);
  const unnamed = labels.filter(({ named }) => !named).map(({ label }) => label);
  const does = numbered ? 'number objects' : 'mark pixels';
  const why = `axis l has ${count} places, which ${does} in ${read} masks that were read`;
  return {
    reader: numbered ? 'instances' : 'binary',
    labels,
    threshold: null,
    why: background === null ? why : `${why}; place ${background} marks what the others leave`,
    open: [
      ...(unnamed.length === 0 ? [] : [`${masks}: what the places ${unnamed.join(', ')} of axis l mean`]),
      ...(complete && background === null
        ? [`${masks}: which place is the background: every pixel is in one of them`]
        : []),
    ],
  };
}

/** Reads some items of masks; every file is one of arrays, or every one a picture. */
export async function readMasks(root: string, given: ArrayMasks): Promise<ReadMasks> {
  const { files, fit, names, rest, masks } = given;
  const own = fit.mask;
  const frames = itemsOf(own, Math.floor(MASKS_READ / files.length));
  const looks = (axes = own?.axes): Look[] =>
    files.map(({ mask }) => ({ path: mask, options: settingsOf(own, axes), frames }));
  const variable = own?.variable ?? '';
  const marked = markedIn(rest) || (resolves(markedIn(variable)) ? markedIn(variable) : '');
  const count = own?.lengths.get('l');
  if (own !== null && count !== undefined) {
    const places = await readPlaces(root, looks(), count);
    const { failed } = places;
    if (places.read === 0) return { failed, found: null };
    const axes = own.axes.replace('l', 'c');
    const colours = places.mixed && (count === 3 || count === 4) ? await maskValues(root, looks(axes)) : null;
    if (colours !== null && (colours.colours.length > 0 || colours.labels !== null)) {
      return { failed, found: { ...readLabels(colours, names, marked, masks), settings: settingsOf(own, axes) } };
    }
    return { failed, found: { ...asPlaces(places, count, given), settings: settingsOf(own) } };
  }
  const values = await maskValues(root, looks());
  const { failed } = values;
  if (values.read === 0) return { failed, found: null };
  const many = names === null && (values.labels === null || values.labels.length > MOST_LABELS);
  const seen = `in ${values.read} masks that were read`;
  const instances = values.whole && !values.coloured && (namesInstances(variable) || many);
  const found = instances ? asInstances(variable, marked, seen, masks) : readLabels(values, names, marked, masks);
  return { failed, found: { ...found, settings: settingsOf(own) } };
}
