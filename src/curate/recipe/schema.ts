/** What may stand in a recipe, field by field; recipe.ts puts parts and defaults together. docs/recipes.md explains each. */

import { PLANES } from '../../image/slice.ts';
import { SITE_WINDOWS } from '../../image/window.ts';
import { checkModality, checkSite } from '../../ontology/resolve/context.ts';
import { BiomedParseError } from '../../util/errors.ts';
import {
  checked,
  either,
  fields,
  flag,
  list,
  needed,
  nullOr,
  number,
  numberOr,
  oneOrMore,
  optional,
  type Reader,
  table,
  text,
  word,
} from './fields.ts';
import { parsePattern } from './pattern.ts';

export const MASK_READERS = [
  'labels',
  'binary',
  'instances',
  'colour',
  'bits',
  'coco',
  'labelme',
  'yolo',
  'dicom-seg',
  'rtstruct',
  'lidc-xml',
  'aperio-xml',
  'rle-csv',
] as const;
export type MaskReader = (typeof MASK_READERS)[number];

const NAME = /^[A-Za-z0-9][A-Za-z0-9.+-]*$/;
const TARGET = /^[\p{L}\p{N}][\p{L}\p{N} .,'()/-]*$/u;

/** A value that a function checks; its refusal becomes one with a line. */
function said<T>(reader: Reader<string>, check: (value: string) => T): Reader<T> {
  return checked(reader, (value, fail) => {
    try {
      return check(value);
    } catch (error) {
      if (error instanceof BiomedParseError) return fail(error.message);
      throw error;
    }
  });
}

const pattern = said(text(), parsePattern);
/** Text with captures in it. */
const template = text();
const target = checked(text(TARGET, "words of letters, digits, blanks and .,'()-"), (value, fail) =>
  value.includes('/') || value.length > 100 ? fail(`"${value}" can be no part of a file name`) : value,
);
const modality = said(text(), (value) => (value.includes('{') ? value : checkModality(value)));
const site = said(text(), (value) => (value.includes('{') ? value : checkSite(value)));

const orientation = checked(text(/^[LRAPSI]{3}$/, 'three letters such as LPS'), (value, fail) => {
  const axes = new Set(value.replace(/R/g, 'L').replace(/A/g, 'P').replace(/I/g, 'S'));
  return axes.size === 3
    ? value
    : fail(`"${value}" names an axis twice; one of L and R, A and P, S and I each is needed`);
});

const window = either(
  word([...Object.keys(SITE_WINDOWS), 'percentiles', 'as-is']),
  checked(
    fields({
      low: optional(number(-1e6, 1e6)),
      high: optional(number(-1e6, 1e6)),
      level: optional(number(-1e6, 1e6)),
      width: optional(number(1e-6, 1e6)),
      percentiles: optional(list(number(0, 100), 2, 2)),
      over: optional(word(['slice', 'volume'])),
    }),
    ({ low, high, level, width, percentiles, over }, fail) => {
      if (percentiles !== undefined && [low, high, level, width].every((value) => value === undefined)) {
        if (percentiles[0] >= percentiles[1]) fail('the first percentile must be below the second');
        return { percentiles: [percentiles[0], percentiles[1]] as const, over: over ?? 'slice' };
      }
      if (percentiles === undefined && over === undefined) {
        if (low !== undefined && high !== undefined && level === undefined && width === undefined) {
          return low < high ? { low, high } : fail('low must be below high');
        }
        if (level !== undefined && width !== undefined && low === undefined && high === undefined) {
          return { low: level - width / 2, high: level + width / 2 };
        }
      }
      return fail('allowed: low and high, level and width, or percentiles (with over)');
    },
  ),
);

const slices = fields({
  plane: optional(word([...PLANES, 'native'])),
  step: optional(number(1, 10_000, true)),
  least: optional(number(1, 1e9, true)),
  empty: optional(number(0, 1)),
  pixels: optional(word(['square', 'stored'])),
});

const split = either(
  word(['train', 'test']),
  checked(
    fields({
      test: optional(numberOr(number(0, 1), oneOrMore(text()))),
      train: optional(oneOrMore(text())),
      leave: optional(oneOrMore(text())),
      capture: optional(text()),
      list: optional(pattern),
      seed: optional(number(0, 0xffffffff, true)),
    }),
    ({ test, train, leave, capture, list: file, seed }, fail) => {
      if (capture !== undefined && typeof test !== 'number' && file === undefined && (test ?? train) !== undefined) {
        return { by: 'capture', capture, test: test ?? [], train: train ?? [], leave: leave ?? [] } as const;
      }
      if (file !== undefined && capture === undefined && (test ?? train ?? leave) === undefined) {
        return { by: 'list', file } as const;
      }
      if (typeof test === 'number' && (capture ?? file ?? train ?? leave) === undefined) {
        return { by: 'subject', test, seed: seed ?? 0 } as const;
      }
      return fail('allowed: test (a share of the subjects, with seed), capture with test and train, or list (a file)');
    },
  ),
);

const targetOptions = fields({
  annotation: optional(word(['exhaustive', 'partial'])),
  inside: optional(target),
  least: optional(number(1, 1e9, true)),
  write: optional(flag),
});

/** Captures with what they may be: words, `*` for any letters, or `a..b` for numbers. */
const conditions = table(oneOrMore(text()));

/** What a recipe says for all of its parts and each part may say for itself. */
const shared = {
  modality: optional(modality),
  site: optional(site),
  sequence: optional(text(/^[A-Za-z0-9+{}-]+$/, 'letters, digits, + and -, or a {capture}')),
  subject: optional(template),
  id: optional(template),
  split: optional(split),
  annotation: optional(word(['exhaustive', 'partial'])),
  targets: optional(table(targetOptions, target)),
  window: optional(window),
  slices: optional(slices),
  spacing: optional(list(number(1e-6, 1e4), 2, 3)),
  orientation: optional(orientation),
  where: optional(conditions),
  except: optional(conditions),
} as const;

const images = fields({
  file: needed(pattern),
  variable: optional(text()),
  axes: optional(text(/^[xyzcn]{2,5}$/, 'letters of x, y, z, c (colour), n (item), in the order of the array')),
  channel: optional(number(0, 1000, true)),
  frame: optional(numberOr(number(0, 1e6, true), either(word(['all', 'labelled']), list(number(0, 1e6, true), 1)))),
});

const labelTargets = nullOr(either(target, list(target, 1)));

const mask = fields({
  file: needed(pattern),
  reader: needed(word(MASK_READERS)),
  labels: optional(table(labelTargets)),
  target: optional(target),
  label: optional(template),
  missing: optional(word(['refuse', 'drop', 'empty'])),
  size: optional(word(['same', 'stretch'])),
  geometry: optional(word(['check', 'ignore'])),
  threshold: optional(number(0, 1e9)),
  tolerance: optional(number(0, 255)),
  channel: optional(number(0, 1000, true)),
  variable: optional(text()),
  axes: optional(text(/^[xyzcnl]{2,5}$/, 'letters of x, y, z, l (label), n (item), in the order of the array')),
  frame: optional(number(0, 1e6, true)),
  key: optional(template),
  agreement: optional(number(1, 100, true)),
  columns: optional(fields({ key: needed(text()), runs: needed(text()), label: optional(text()) })),
  order: optional(word(['columns', 'rows'])),
  start: optional(number(0, 1, true)),
  relative: optional(flag),
});

const two = list(target, 2);
const derived = checked(
  fields({
    union: optional(list(target, 1)),
    intersection: optional(two),
    difference: optional(two),
    left: optional(target),
    right: optional(target),
  }),
  ({ union, intersection, difference, left, right }, fail) => {
    const ways = [
      union && ({ how: 'union', of: union } as const),
      intersection && ({ how: 'intersection', of: intersection } as const),
      difference && ({ how: 'difference', of: difference } as const),
      left && ({ how: 'left', of: [left] } as const),
      right && ({ how: 'right', of: [right] } as const),
    ].filter((way) => way !== undefined && way !== '');
    return ways.length === 1 ? ways[0] : fail('exactly one of union, intersection, difference, left, right is needed');
  },
);

const part = fields({
  images: needed(
    either(
      checked(pattern, (file): ImageSource => ({ file })),
      images,
    ),
  ),
  masks: needed(list(mask)),
  derive: optional(table(derived, target)),
  ...shared,
});

/** A whole recipe, as it is written. */
export const recipeReader = fields({
  name: needed(text(NAME, 'letters, digits and . + -')),
  title: needed(text()),
  checked: optional(word(['real files', 'documentation'])),
  facts: optional(list(text())),
  licence: needed(text()),
  citation: optional(text()),
  obtain: optional(text()),
  notes: optional(text()),
  expect: optional(
    fields({
      subjects: optional(number(0, 1e9, true)),
      images: optional(number(0, 1e9, true)),
      train: optional(number(0, 1e9, true)),
      test: optional(number(0, 1e9, true)),
    }),
  ),
  checksums: optional(table(text(/^[0-9a-f]{64}$/, 'a SHA-256 of 64 small hexadecimal digits'))),
  tables: optional(
    list(
      fields({
        file: needed(pattern),
        key: needed(text()),
        is: needed(template),
        columns: needed(table(text(), text(/^[A-Za-z]\w*$/, 'a name'))),
      }),
    ),
  ),
  ...shared,
  parts: needed(list(part, 1)),
});

/** What a reader reads. */
type ReadBy<R> = R extends Reader<infer T> ? T : never;
export type RecipeText = ReadBy<typeof recipeReader>;
export type PartText = ReadBy<typeof part>;
export type ImageSource = ReadBy<typeof images>;
export type MaskSource = ReadBy<typeof mask>;
export type TargetOptions = ReadBy<typeof targetOptions>;
export type Derivation = ReadBy<typeof derived>;
export type SplitRule = ReadBy<typeof split>;
export type WindowRule = ReadBy<typeof window>;
