/**
 * What there is to do for a recipe: each image with its masks, subject, split and name. Everything that names alone can tell wrong is refused here,
 * before anything is written: patterns that match nothing, two images of one name, a subject on both sides, counts and checksums that differ.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Split } from '../../dataset/layout.ts';
import { readCsv } from '../../formats/csv.ts';
import { checkModality, checkSite } from '../../ontology/resolve/context.ts';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { readFileChecked } from '../../util/files.ts';
import { type Captures, fillTemplate } from '../recipe/pattern.ts';
import type { Part, Recipe } from '../recipe/recipe.ts';
import { createListing } from './listing.ts';
import type { BuildRecord, SourcePlace } from './record.ts';

/** One image file with all that is needed to build it. */
export interface Unit {
  readonly index: number;
  readonly part: number;
  /** Below the source folder. */
  readonly path: string;
  readonly captures: Captures;
  /** Files per mask source of the part; none where it may be missing. */
  readonly masks: readonly (readonly { readonly path: string; readonly captures: Captures }[])[];
  readonly subject: string;
  readonly split: Split;
  /** NAME, without frame and slice. */
  readonly name: string;
  /** With the sequence. */
  readonly modality: string;
  readonly family: string;
  readonly sequence: string | null;
  readonly site: string;
  /** Of all that its files depend on. */
  readonly fingerprint: string;
  /** Bytes of the image file, 0 for folders. */
  readonly bytes: number;
}

export interface Plan {
  readonly units: readonly Unit[];
  /** Images that are left out, or that names alone show to be unusable. */
  readonly records: readonly BuildRecord[];
  /** What differs from what the recipe expects. */
  readonly notes: readonly string[];
}

function fail(recipe: Recipe, field: string, reason: string): never {
  throw new BiomedParseError('input', `${recipe.file}: ${field}: ${reason}`, { file: recipe.file, field });
}

/** Whether a capture is one of these words, patterns or ranges. */
export function isOneOf(value: string, words: readonly string[]): boolean {
  return words.some((word) => {
    const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(word) ?? [];
    if (from !== undefined) return /^\d+$/.test(value) && Number(value) >= Number(from) && Number(value) <= Number(to);
    if (!word.includes('*')) return value === word;
    const parts = word.split('*').map((text) => text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's').test(value);
  });
}

/** Digits of a hash as a share from 0 to 1: the same everywhere, and evenly spread. */
export function hashShare(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join('\u0000')).digest().readUInt32BE(0) / 2 ** 32;
}

/** A text as part of a file name. */
const asName = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9.+-]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** A path without the ending of its file. */
function stemOf(path: string): string {
  return path.replace(/\/$/, '').replace(/\.(nii|hdr|img)\.gz$|\.[A-Za-z][A-Za-z0-9]{0,4}$/i, '');
}

type Rows = ReadonlyMap<string, Captures>;
type Table = NonNullable<Recipe['tables']>[number];

async function readTable(recipe: Recipe, table: Table, file: string, name: string): Promise<Rows> {
  const rows = new Map<string, Captures>();
  const columns = [...table.columns];
  await readCsv(file, [table.key, ...columns.map(([column]) => column)], ([key, ...values]) => {
    if (rows.has(key)) fail(recipe, 'tables', `${name} has two rows whose ${table.key} is ${key}`);
    rows.set(key, Object.fromEntries(columns.map(([, capture], i) => [capture, values[i]])));
  });
  return rows;
}

async function checkSums(recipe: Recipe, source: string, notes: string[]): Promise<void> {
  for (const [name, expected] of recipe.checksums ?? []) {
    const path = join(source, name);
    if ((await stat(path).catch(() => undefined))?.isFile() !== true) {
      notes.push(`${name} is not in the source, so that its checksum was not compared`);
      continue;
    }
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    const found = hash.digest('hex');
    if (found !== expected) fail(recipe, `checksums.${name}`, `the file's SHA-256 is ${found}, not ${expected}`);
  }
}

interface Stamp {
  readonly text: string;
  /** 0 for folders. */
  readonly bytes: number;
}

/** Headers whose data may lie in a file of the same stem beside them. */
const HEADER = /\.(hdr|nhdr|mhd)$/i;

/** Names, sizes and times of change of some files of a folder. */
async function stampOfFiles(folder: string, names: readonly string[]): Promise<string> {
  const lines = await mapLimited([...names].sort(), 16, async (name) => {
    const found = await stat(join(folder, name)).catch(() => undefined);
    return `${name} ${found?.size} ${found?.mtimeMs}`;
  });
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** Size and time of change, which say whether a file, or what is in a folder or beside a header, is still the same. */
async function stampOf(path: string): Promise<Stamp> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { text: 'gone', bytes: 0 };
  if (found.isDirectory()) return { text: await stampOfFiles(path, await readdir(path)), bytes: 0 };
  const own = `${found.size} ${found.mtimeMs}`;
  if (!HEADER.test(path)) return { text: own, bytes: found.size };
  const stem = basename(path).replace(HEADER, '.');
  const beside = (await readdir(dirname(path))).filter((name) => name.startsWith(stem));
  return { text: `${own} ${await stampOfFiles(dirname(path), beside)}`, bytes: found.size };
}

/** The part with its maps as lists, for a hash. */
const partText = (part: Part): string =>
  JSON.stringify(part, (_, value) => (value instanceof Map ? ['map', ...value] : value));

/** What a change of must make everything anew. */
const VERSION = 1;

/** Plans the build of a recipe on a source folder. */
export async function planBuild(recipe: Recipe, source: string, size: number): Promise<Plan> {
  const listing = await createListing(source);
  const notes: string[] = [];
  await checkSums(recipe, source, notes);
  const one = async (pattern: Parameters<typeof listing.find>[0], field: string): Promise<string> => {
    const found = await listing.find(pattern);
    if (found.length === 1) return found[0].path;
    return fail(recipe, field, `"${pattern.text}" matches ${found.length} files in ${source}; one is needed`);
  };
  const tables = await Promise.all(
    (recipe.tables ?? []).map(async (table, i) => {
      const name = await one(table.file, `tables[${i}].file`);
      return { table, name, rows: await readTable(recipe, table, join(source, name), name) };
    }),
  );

  const units: Omit<Unit, 'index'>[] = [];
  const records: BuildRecord[] = [];
  const names = new Map<string, string>();
  const sides = new Map<string, { readonly split: Split; readonly path: string }>();
  const subjects = new Set<string>();
  let images = 0;

  const splitOf = async (part: Part): Promise<(subject: string, captures: Captures) => Split | null> => {
    const { split } = part;
    const field = `parts[${part.index}].split`;
    if (typeof split === 'string') return () => split;
    if (split.by === 'subject') {
      return (subject) => (hashShare(recipe.name, subject, split.seed) < split.test ? 'test' : 'train');
    }
    if (split.by === 'list') {
      const name = await one(split.file, `${field}.list`);
      const lines = (await readFileChecked(join(source, name))).toString('utf8').split(/\r?\n/);
      const test = new Set(lines.map((line) => line.trim()).filter((line) => line !== ''));
      return (subject) => (test.has(subject) ? 'test' : 'train');
    }
    return (_, captures) => {
      const value = captures[split.capture];
      if (isOneOf(value, split.test)) return 'test';
      if (isOneOf(value, split.train)) return 'train';
      if (isOneOf(value, split.leave)) return null;
      return fail(recipe, field, `"${value}" of {${split.capture}} is in none of train, test and leave`);
    };
  };

  for (const part of recipe.parts) {
    const field = `parts[${part.index}]`;
    const found = await listing.find(part.images.file);
    if (found.length === 0) fail(recipe, `${field}.images`, `"${part.images.file.text}" matches nothing in ${source}`);
    const sideOf = await splitOf(part);
    const hash = createHash('sha256')
      .update(`${VERSION} ${recipe.name} ${size} ${partText(part)}`)
      .digest('hex');
    const matched = part.masks.map(() => 0);
    for (const { path, captures: named } of found) {
      const stem = stemOf(path);
      const place: SourcePlace = { image: path, part: part.index, frame: null, plane: null, slice: null, slices: null };
      let captures: Captures = { ...named, path: stem, file: stem.slice(stem.lastIndexOf('/') + 1) };
      const missing = tables.find(({ table, rows }) => {
        const row = rows.get(fillTemplate(table.is, captures));
        captures = { ...captures, ...row };
        return row === undefined;
      });
      const holds = (conditions: Part['where'], wanted: boolean): boolean =>
        [...conditions].every(([name, words]) => isOneOf(captures[name] ?? '', words) === wanted);
      if (missing !== undefined) {
        const key = fillTemplate(missing.table.is, captures);
        records.push({
          kind: 'failed',
          source: place,
          error: `${missing.name} has no row whose ${missing.table.key} is ${key}`,
        });
        continue;
      }
      if (!holds(part.where, true) || !holds(part.except, false)) continue;
      images++;
      const subject = fillTemplate(part.subject, captures);
      const split = sideOf(subject, captures);
      if (split === null) {
        records.push({ kind: 'dropped', source: place, reason: 'its split is left out', slices: null });
        continue;
      }
      const other = sides.get(subject);
      if (other !== undefined && other.split !== split) {
        fail(
          recipe,
          `${field}.split`,
          `subject ${subject} is on both sides: ${other.path} is ${other.split}, ${path} is ${split}`,
        );
      }
      sides.set(subject, { split, path });
      subjects.add(subject);

      const masks = [];
      let lacks: number | undefined;
      for (const [i, mask] of part.masks.entries()) {
        const files = await listing.find(mask.file, captures);
        matched[i] += files.length;
        if (files.length === 0 && mask.missing !== 'empty') lacks ??= i;
        masks.push(files);
      }
      if (lacks !== undefined) {
        const { file, missing: rule } = part.masks[lacks];
        const reason = `no mask matches "${fillKnown(file.text, captures)}"`;
        if (rule === 'refuse') records.push({ kind: 'failed', source: place, error: `${path}: ${reason}` });
        else records.push({ kind: 'dropped', source: place, reason, slices: null });
        continue;
      }
      const said = (check: (name: string) => string, text: string, name: string): string => {
        try {
          return check(fillTemplate(text, captures));
        } catch (error) {
          return fail(recipe, `${field}.${name}`, `${path}: ${errorLine(error)}`);
        }
      };
      const family = said(checkModality, part.modality, 'modality');
      const site = said(checkSite, part.site, 'site');
      const sequence = part.sequence === null ? null : asName(fillTemplate(part.sequence, captures));
      const modality = sequence === null ? family : `${family}-${sequence}`;
      const own = part.images.file.names.map((name) => captures[name]).join('-');
      const id = asName(part.id === null ? own || captures.file : fillTemplate(part.id, captures));
      const name = `${recipe.name}-${id}`;
      const whole = `${name}_${modality}_${site}`.toLowerCase();
      const twin = names.get(whole);
      if (id === '' || twin !== undefined) {
        fail(
          recipe,
          `${field}.id`,
          `${path}${twin === undefined ? '' : ` and ${twin}`} would be named "${name}"; id makes other names`,
        );
      }
      names.set(whole, path);
      units.push({
        ...{ part: part.index, path, captures, masks, subject, split, name, modality, family, sequence, site },
        ...{ fingerprint: hash, bytes: 0 },
      });
    }
    for (const [i, count] of matched.entries()) {
      if (count === 0 && part.masks[i].missing !== 'empty') {
        fail(recipe, `${field}.masks[${i}].file`, `"${part.masks[i].file.text}" matches nothing in ${source}`);
      }
    }
  }
  const stamps = new Map<string, ReturnType<typeof stampOf>>();
  const stampOnce = (path: string): ReturnType<typeof stampOf> => {
    const known = stamps.get(path) ?? stampOf(path);
    stamps.set(path, known);
    return known;
  };
  const stamped = await mapLimited(units, 64, async (unit, index): Promise<Unit> => {
    const files = [unit.path, ...unit.masks.flat().map(({ path }) => path)];
    const own = await Promise.all(files.map((path) => stampOnce(join(source, path))));
    const text = [unit.fingerprint, JSON.stringify({ ...unit, fingerprint: '' }), ...own.map((stamp) => stamp.text)];
    const fingerprint = createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 32);
    return { ...unit, index, fingerprint, bytes: own[0].bytes };
  });
  const count = (split: Split): number => units.filter((unit) => unit.split === split).length;
  const counts = { subjects: subjects.size, images, train: count('train'), test: count('test') };
  for (const [name, expected] of Object.entries(recipe.expect ?? {})) {
    const has = counts[name as keyof typeof counts];
    if (expected !== undefined && has !== expected)
      notes.push(`expect.${name}: the complete source has ${expected}, here are ${has}`);
  }
  return { units: stamped, records, notes };
}

/** A pattern's text with the captures that are known. */
function fillKnown(text: string, captures: Captures): string {
  return text.replace(/\{([A-Za-z]\w*)(?::[^{}]*)?\}/g, (whole, name: string) => captures[name] ?? whole);
}

/** Results of a function on all items, at most `limit` at a time, in order. */
async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await map(items[i], i);
  };
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
