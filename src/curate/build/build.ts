/**
 * A recipe built: source files to `<out>/<name>/` in BiomedParseData's layout with a manifest. Can be stopped and started again at any moment; the
 * same input gives the same bytes, whoever was stopped and however many workers there are. A folder that no build made is not touched.
 */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Split } from '../../dataset/layout.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { makeFolder, readFileChecked, systemReason, writeFileAtomic } from '../../util/files.ts';
import { parseRecipe, partTargets, type Recipe } from '../recipe/recipe.ts';
import { FOLDERS, type Journal, namesIn, openJournal } from './journal.ts';
import { type Plan, planBuild, type Unit } from './plan.ts';
import { handful, runPool } from './pool.ts';
import { type BuildRecord, type ImageRecord, recordFiles } from './record.ts';
import { buildLine, unitKey } from './unit.ts';
import { isExhaustive } from './write-slice.ts';

export interface BuildOptions {
  /** Folder where the source was unpacked. */
  readonly source: string;
  /** Folder of data sets; the set gets a folder of its name in it. */
  readonly out: string;
  /** Side of the square pictures, pixels. */
  readonly size: number;
  /** Threads; 1 is this one alone. */
  readonly workers: number;
  /** The first failure, and any count that is not as expected, ends the build. */
  readonly strict?: boolean;
  readonly signal?: AbortSignal;
  /** Called once with the number of image files that are still to do, then after each. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What became of a recipe. */
export interface BuildSummary {
  readonly set: string;
  readonly folder: string;
  /** Image files that there were, and how many of them had been built before. */
  readonly files: number;
  readonly reused: number;
  readonly images: Readonly<Record<Split, number>>;
  readonly masks: Readonly<Record<string, number>>;
  /** Image files left out, and slices without masks. */
  readonly dropped: number;
  readonly slicesDropped: number;
  readonly failures: readonly string[];
  readonly notes: readonly string[];
}

const STATE = '.build';

/** Makes the set's folders; refuses a folder that holds something else. */
async function prepareFolder(folder: string): Promise<void> {
  const fail = (error: unknown): never => {
    throw new BiomedParseError('io', `cannot write to ${folder}: ${systemReason(error)}`, { folder }, error);
  };
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] =>
    error.code === 'ENOENT' ? [] : fail(error),
  );
  if (names.length > 0 && !names.includes(STATE)) {
    throw new BiomedParseError('input', `${folder} holds files that no build made; choose another --out`, { folder });
  }
  for (const name of [STATE, ...FOLDERS]) await makeFolder(join(folder, name)).catch(fail);
}

/** All that was found out, in order of part and path. */
function order(plan: Plan): (BuildRecord | string)[] {
  const items = [
    ...plan.units.map((unit) => ({ part: unit.part, path: unit.path, item: unitKey(unit) })),
    ...plan.records.map((record) => ({ part: record.source.part, path: record.source.image, item: record })),
  ];
  return items.sort((a, b) => a.part - b.part || (a.path < b.path ? -1 : 1)).map(({ item }) => item);
}

/** Counts as records pass by. */
interface Tally {
  readonly images: Record<Split, number>;
  readonly masks: Record<string, number>;
  readonly subjects: Record<Split, Record<string, string>>;
  readonly kinds: Map<string, Set<number>>;
  readonly files: Set<string>;
  readonly failures: string[];
  dropped: number;
  slicesDropped: number;
}

function count(tally: Tally, record: BuildRecord): void {
  for (const file of recordFiles(record)) tally.files.add(file);
  if (record.kind === 'failed') tally.failures.push(record.error);
  else if (record.kind === 'dropped') {
    if (record.slices === null) tally.dropped++;
    else tally.slicesDropped += record.slices;
  } else {
    const { split, masks, subject, image, modality, site, source } = record satisfies ImageRecord;
    tally.images[split]++;
    for (const { target } of masks) tally.masks[target] = (tally.masks[target] ?? 0) + 1;
    tally.subjects[split][image.slice(split.length + 1, -'.png'.length)] = subject;
    const kind = `${modality}_${site}`;
    tally.kinds.set(kind, (tally.kinds.get(kind) ?? new Set()).add(source.part));
  }
}

/** Targets by kind of image whose absence is told by a missing mask, and those of which it is not. */
function annotationOf(
  recipe: Recipe,
  kinds: Tally['kinds'],
): Record<string, { exhaustive: string[]; partial: string[] }> {
  const found: Record<string, { exhaustive: string[]; partial: string[] }> = {};
  for (const [kind, parts] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = [...parts].map((index) => recipe.parts[index]);
    const all = [...new Set(own.flatMap(partTargets))].sort();
    // in a kind of image that several parts make, a target is told only where all of them tell it
    const told = (target: string): boolean =>
      own.every((part) => partTargets(part).includes(target) && isExhaustive(part, target));
    const written = all.filter((target) => own.some((part) => part.targets.get(target)?.write !== false));
    found[kind] = { exhaustive: written.filter(told), partial: written.filter((target) => !told(target)) };
  }
  return found;
}

function about(recipe: Recipe, tally: Tally, size: number): string {
  const { name, title, licence, citation, obtain, facts, checked, notes } = recipe;
  const sorted = Object.fromEntries(Object.entries(tally.masks).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(
    {
      ...{ name, title, licence, citation, obtain, facts, checked, notes },
      recipe: { file: recipe.file.slice(recipe.file.lastIndexOf('/') + 1), sha256: recipe.hash },
      ...{ size, counts: { images: tally.images, masks: sorted } },
      annotation: annotationOf(recipe, tally.kinds),
      subjects: tally.subjects,
    },
    null,
    1,
  )}\n`;
}

/** Writes manifest, journal and `dataset.json` in order, and takes away files that no record names. */
async function finish(recipe: Recipe, plan: Plan, journal: Journal, folder: string, size: number): Promise<Tally> {
  const tally: Tally = {
    ...{ images: { train: 0, test: 0 }, masks: {}, subjects: { train: {}, test: {} }, kinds: new Map() },
    ...{ files: new Set(), failures: [], dropped: 0, slicesDropped: 0 },
  };
  const items = order(plan);
  async function* manifest(): AsyncIterable<Uint8Array> {
    for (const item of items) {
      const records =
        typeof item === 'string' ? (JSON.parse(journal.line(item)) as { records: BuildRecord[] }).records : [item];
      for (const record of records) {
        count(tally, record);
        yield Buffer.from(`${JSON.stringify(record)}\n`);
      }
    }
  }
  async function* sorted(): AsyncIterable<Uint8Array> {
    for (const item of items) if (typeof item === 'string') yield Buffer.from(`${journal.line(item)}\n`);
  }
  await writeFileAtomic(join(folder, 'build.jsonl'), manifest());
  await writeFileAtomic(join(folder, 'dataset.json'), about(recipe, tally, size));
  await writeFileAtomic(join(folder, STATE, 'journal.jsonl'), sorted());
  for (const [name, files] of await namesIn(folder)) {
    let kept = 0;
    for (const file of files) {
      if (tally.files.has(`${name}/${file}`)) kept++;
      else await rm(join(folder, name, file), { force: true });
    }
    if (kept === 0) await rmdir(join(folder, name)).catch(() => undefined);
  }
  for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  return tally;
}

/** Builds the set of a recipe file. */
export async function buildSet(file: string, options: BuildOptions): Promise<BuildSummary> {
  const { size, strict = false, signal, onProgress } = options;
  const source = resolve(options.source);
  const text = (await readFileChecked(file)).toString('utf8');
  const recipe = parseRecipe(text, file);
  const plan = await planBuild(recipe, source, size);
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${recipe.name}: ${reason}`, { set: recipe.name });
  };
  const failed = plan.records.find((record) => record.kind === 'failed');
  if (strict && failed !== undefined) refuse(failed.error);
  if (strict && plan.notes.length > 0) refuse(plan.notes[0]);
  const folder = join(resolve(options.out), recipe.name);
  await prepareFolder(folder);
  const journal = await openJournal(join(folder, STATE, 'journal.jsonl'), folder);
  try {
    const todo = plan.units.filter((unit) => !journal.isDone(unitKey(unit), unit.fingerprint));
    let done = 0;
    onProgress?.(0, todo.length);
    const add = async (unit: Unit, { line, failure }: Awaited<ReturnType<typeof buildLine>>): Promise<void> => {
      if (strict && failure !== null) refuse(failure);
      await journal.add(unitKey(unit), unit.fingerprint, line);
      onProgress?.(++done, todo.length);
    };
    if (options.workers > 1 && todo.length > 1) {
      const input = { text, file, source, folder, size };
      await runPool(todo, input, options.workers, (message) => add(plan.units[message.index], message), signal);
    } else {
      for (let from = 0; from < todo.length; ) {
        signal?.throwIfAborted();
        const units = handful(todo, from);
        const lines = await Promise.all(units.map((unit) => buildLine(unit, { recipe, source, folder, size })));
        for (const [i, unit] of units.entries()) await add(unit, lines[i]);
        from += units.length;
      }
    }
    const { images, masks, dropped, slicesDropped, failures } = await finish(recipe, plan, journal, folder, size);
    const files = plan.units.length + plan.records.length;
    return {
      ...{ set: recipe.name, folder, files, reused: plan.units.length - todo.length, images, masks },
      ...{ dropped, slicesDropped, failures, notes: plan.notes },
    };
  } finally {
    await journal.close();
  }
}
