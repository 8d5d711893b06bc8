/**
 * Run lengths in CSV files, as competitions have them: a column names images, one holds "start length start length …", one may hold labels.
 * Columns are told by what is in them. Whether pixels are counted down columns or along rows shows in images that are not square: counted
 * rightly, the pixels of an object touch one another from run to run.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readCsv } from '../../formats/csv.ts';
import { readRasterSize } from '../../formats/raster.ts';
import { readLines } from '../../util/lines.ts';
import { baseName } from '../readers/shared-file.ts';
import { type FoundGroup, type FoundLabel, namedLabel, type Setting } from './found.ts';
import type { Named } from './names.ts';
import { groupImages, readable } from './pairs.ts';
import { IMAGES_READ, sample } from './values.ts';

const MOST_BYTES = 512 * 2 ** 20;
const MOST_LABELS = 256;
/** Rows whose values say what a column is. */
const ROWS_READ = 1000;
/** Numbers of a row, a start and a length for each run, that are looked at for their order. */
const MOST_NUMBERS = 20_000;

const RUNS = /^\s*(?:\d+[\s,]+\d+)(?:[\s,]+\d+[\s,]+\d+)*\s*$/;
/** A column of labels, by its name. */
const LABEL_WORD = /class|label|category|organ|target/i;
/** Nothing is marked. */
const isNothing = (text: string): boolean => /^\s*(-1|nan|none)?\s*$/i.test(text);

/** Names of a CSV file's columns. */
async function columnsOf(path: string): Promise<string[]> {
  for await (const { text } of readLines(path)) {
    const names = text.replace(/^\uFEFF/, '').split(/[,;\t]/);
    return names.map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  }
  return [];
}

interface Columns {
  readonly key: string;
  readonly runs: string;
  readonly label: string | null;
}

/** What the columns are by their values; null where none holds run lengths, or none names images. */
function rolesOf(names: readonly string[], rows: readonly (readonly string[])[], images: ReadonlySet<string>) {
  const share = (at: number, test: (value: string) => boolean): number => rows.filter((row) => test(row[at])).length;
  const places = names.map((_, i) => i);
  const runs = places.find(
    (i) => share(i, (value) => RUNS.test(value)) > 0 && share(i, (v) => RUNS.test(v) || isNothing(v)) === rows.length,
  );
  const known = (i: number): number => share(i, (value) => images.has(baseName(value)));
  const keys = places.filter((i) => i !== runs && known(i) > 0);
  if (runs === undefined || keys.length === 0) return null;
  const key = keys.reduce((best, i) => (known(i) > known(best) ? i : best));
  const rest = places.filter((i) => i !== runs && i !== key);
  const isLabel = (i: number): boolean => {
    const values = new Set(rows.map((row) => row[i]));
    const word = LABEL_WORD.test(names[i]);
    return (
      !values.has('') && values.size <= MOST_LABELS && (word || [...values].every((value) => /\p{L}/u.test(value)))
    );
  };
  const label = rest.find((i) => LABEL_WORD.test(names[i]) && isLabel(i)) ?? rest.find(isLabel);
  return { key: names[key], runs: names[runs], label: label === undefined ? null : names[label] } satisfies Columns;
}

/** How often runs of the next column (or row) touch those of one, for a side of so many pixels. */
function touching(pixels: ReadonlySet<number>, side: number): number {
  let count = 0;
  for (const pixel of pixels) if (pixels.has(pixel + side)) count++;
  return count;
}

interface Counting {
  readonly settings: Readonly<Record<string, Setting>>;
  readonly why: string;
  readonly open: readonly string[];
}

/** How pixels are counted, by the runs of some images. */
function countingOf(found: readonly { readonly runs: string; readonly size: readonly [number, number] }[]): Counting {
  const numbers = found.map(({ runs }) => runs.split(/[\s,]+/).map(Number));
  const relative = numbers.some((row) => row.some((start, i) => i > 0 && i % 2 === 0 && start < row[i - 2]));
  const zero = !relative && numbers.some(([first]) => first === 0);
  let [byColumns, byRows] = [0, 0];
  for (const [i, { size }] of found.entries()) {
    const [width, height] = size;
    if (width === height) continue;
    const pixels = new Set<number>();
    let end = 0;
    for (let k = 0; k < Math.min(numbers[i].length, MOST_NUMBERS); k += 2) {
      const from = relative ? end + numbers[i][k] : numbers[i][k];
      end = from + numbers[i][k + 1];
      for (let at = from; at < Math.min(end, width * height); at++) pixels.add(at);
    }
    byColumns += touching(pixels, height);
    byRows += touching(pixels, width);
  }
  const order = byRows > byColumns ? 'rows' : 'columns';
  const open = [
    ...(byRows === byColumns ? ['whether pixels are counted down columns or along rows (order)'] : []),
    ...(zero || relative ? [] : ['whether the first pixel is 1 or 0 (start)']),
  ];
  return {
    settings: { order, start: zero || relative ? 0 : 1, ...(relative ? { relative: true } : {}) },
    why:
      byRows === byColumns
        ? 'pixels are taken as counted down columns, as most such files do'
        : `pixels are counted ${order === 'rows' ? 'along rows' : 'down columns'}: so ${Math.max(byRows, byColumns)} touch the next run, else ${Math.min(byRows, byColumns)}`,
    open,
  };
}

/** Groups of images whose objects are in a CSV file that was found. */
export async function runGroups(
  root: string,
  files: readonly string[],
  images: readonly Named[],
): Promise<FoundGroup[]> {
  const byName = new Map(images.map((image) => [baseName(image.path), image]));
  const known = new Set(byName.keys());
  const groups: FoundGroup[] = [];
  for (const file of files.filter((one) => /\.(csv|tsv)$/i.test(one))) {
    const path = join(root, file);
    if ((await stat(path)).size > MOST_BYTES) continue;
    const names = await columnsOf(path);
    const first: (readonly string[])[] = [];
    const columns = await readCsv(path, names, (row) => {
      if (first.length < ROWS_READ) first.push(row);
    }).then(
      () => rolesOf(names, first, known),
      () => null, // some other table
    );
    if (columns === null) continue;
    groups.push(...(await groupsOfFile(root, file, columns, byName, images)));
  }
  return groups;
}

async function groupsOfFile(
  root: string,
  file: string,
  columns: Columns,
  byName: ReadonlyMap<string, Named>,
  images: readonly Named[],
): Promise<FoundGroup[]> {
  const { key, runs, label } = columns;
  const labels = new Set<string>();
  const marked = new Map<string, string>();
  const own = new Map<string, Named>();
  await readCsv(join(root, file), [key, runs, ...(label === null ? [] : [label])], ([name, text, word = '']) => {
    const image = byName.get(baseName(name));
    if (image === undefined) return;
    own.set(image.path, image);
    labels.add(word);
    if (!isNothing(text) && !marked.has(image.path)) marked.set(image.path, text);
  });
  const groups: FoundGroup[] = [];
  for (const { images: of, pattern, unlisted } of groupImages(own.values(), images)) {
    const looked = [];
    for (const { path } of sample(
      of.filter((image) => marked.has(image.path)),
      8 * IMAGES_READ,
    )) {
      const size = await readRasterSize(join(root, path)).catch(() => null);
      if (size !== null) looked.push({ runs: marked.get(path) as string, size });
    }
    const counting = countingOf(looked);
    const found =
      label === null
        ? [{ label: 'marked', target: 'object', named: false }]
        : [...labels].sort().map((one): FoundLabel => (/\p{L}/u.test(one) ? namedLabel(one) : unnamed(one)));
    const open = [
      ...counting.open.map((one) => `${file}: ${one}`),
      ...(label === null ? [`${file}: what is marked is not named; the draft calls it "object"`] : []),
      ...found.flatMap((one) => (label === null || one.named ? [] : [`${file}: what the label ${one.label} means`])),
      ...(unlisted.length === 0
        ? []
        : [
            `${file}: ${unlisted.length} images, such as ${unlisted[0].path}, have no row in it; the draft leaves them out`,
          ]),
    ];
    groups.push({
      masks: {
        ...{ images: pattern, masks: readable(file), except: null, pairs: of.length, reader: 'rle-csv', labels: found },
        threshold: null,
        settings: {
          columns: { key, runs, ...(label === null ? {} : { label }) },
          ...counting.settings,
          ...(unlisted.length === 0 ? {} : { missing: 'empty' }),
        },
        why: [
          `${file} has run lengths in its column ${runs} and names images, such as ${of[0].path}, in its column ${key}`,
          `reader rle-csv: ${counting.why}`,
        ],
      },
      paths: of.map(({ path }) => path),
      open,
    });
  }
  return groups;
}

const unnamed = (label: string): FoundLabel => ({ label, target: `label ${label}`, named: false });
