/**
 * Which files of a source match a pattern. Folders are read once and kept, sorted; a pattern is followed name by name, and known captures narrow
 * the search to names that start alike, so that a hundred thousand look-ups cost no more than reading the folders. Links to folders are followed
 * where a pattern names them, not by `**`.
 */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BiomedParseError } from '../../util/errors.ts';
import { systemReason } from '../../util/files.ts';
import { type Captures, type Pattern, patternExpression } from '../recipe/pattern.ts';

/** A file or folder below the source, and what its name says. */
export interface Match {
  readonly path: string;
  readonly captures: Captures;
}

interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link to folder';
}

interface Folder {
  readonly entries: readonly Entry[];
  readonly byName: ReadonlyMap<string, Entry>;
}

type Piece = Pattern['pieces'][number];

/** A pattern's names between slashes. */
interface Segment {
  readonly pieces: readonly Piece[];
  /** Any number of folders. */
  readonly deep: boolean;
}

const EMPTY: Folder = { entries: [], byName: new Map() };

function segmentsOf(pattern: Pattern): Segment[] {
  const segments: { pieces: Piece[]; deep: boolean }[] = [{ pieces: [], deep: false }];
  for (const piece of pattern.pieces) {
    if (piece.kind === 'any' && piece.form === '**') {
      segments.at(-1)!.deep = true;
      segments.push({ pieces: [], deep: false });
      continue;
    }
    const texts = piece.kind === 'text' ? piece.text.split('/') : [piece];
    for (const [i, part] of texts.entries()) {
      if (i > 0) segments.push({ pieces: [], deep: false });
      if (part !== '') segments.at(-1)!.pieces.push(typeof part === 'string' ? { kind: 'text', text: part } : part);
    }
  }
  return segments.filter(({ pieces, deep }) => pieces.length > 0 || deep);
}

/** The text that a name must start with, and whether that is all of it. */
function fixedStart({ pieces }: Segment, known: Captures): { readonly text: string; readonly all: boolean } {
  let text = '';
  for (const piece of pieces) {
    if (piece.kind === 'text') text += piece.text;
    else if (piece.kind === 'capture' && Object.hasOwn(known, piece.name)) text += known[piece.name];
    else return { text, all: false };
  }
  return { text, all: true };
}

/** Entries whose names start so: sorted names stand together. */
function startingWith({ entries }: Folder, text: string): readonly Entry[] {
  if (text === '') return entries;
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].name < text) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < entries.length && entries[end].name.startsWith(text)) end++;
  return entries.slice(low, end);
}

/** Looks for files below a folder; refuses (`input`) a folder that is not there. */
export async function createListing(root: string): Promise<{
  /** Matches in order of their paths; captures that are known already must be these. */
  find(pattern: Pattern, known?: Captures): Promise<readonly Match[]>;
}> {
  const fail = (reason: string, cause?: unknown): never => {
    throw new BiomedParseError('input', `cannot read the source folder ${root}: ${reason}`, { root }, cause);
  };
  const found = await stat(root).catch((error) => fail(systemReason(error), error));
  if (!found.isDirectory()) fail('it is a file, not a folder');
  const folders = new Map<string, Promise<Folder>>();

  async function entryOf(folder: string, item: Dirent): Promise<Entry | null> {
    if (item.isFile()) return { name: item.name, kind: 'file' };
    if (item.isDirectory()) return { name: item.name, kind: 'folder' };
    const target = await stat(join(root, folder, item.name)).catch(() => undefined);
    if (target?.isFile() === true) return { name: item.name, kind: 'file' };
    return target?.isDirectory() === true ? { name: item.name, kind: 'link to folder' } : null;
  }
  async function list(folder: string): Promise<Folder> {
    let items: Dirent[];
    try {
      items = await readdir(join(root, folder), { withFileTypes: true });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return EMPTY;
      return fail(`${folder}: ${systemReason(error)}`, error);
    }
    const shown = items.filter(({ name }) => !name.startsWith('.') && !name.includes('\\'));
    const all = await Promise.all(shown.map((item) => entryOf(folder, item)));
    const entries = all.filter((entry) => entry !== null).sort((a, b) => (a.name < b.name ? -1 : 1));
    return { entries, byName: new Map(entries.map((entry) => [entry.name, entry])) };
  }
  const read = (folder: string): Promise<Folder> => {
    const known = folders.get(folder) ?? list(folder);
    folders.set(folder, known);
    return known;
  };

  async function walk(
    folder: string,
    segments: readonly Segment[],
    captures: Captures,
    wanted: boolean,
  ): Promise<Match[]> {
    const [segment, ...rest] = segments;
    const { entries, byName } = await read(folder);
    if (segment.deep) {
      const here = rest.length === 0 ? [] : await walk(folder, rest, captures, wanted);
      for (const { name, kind } of entries) {
        if (kind !== 'folder') continue;
        // one by one: there may be more than a call can have arguments
        for (const match of await walk(`${folder}${name}/`, segments, captures, wanted)) here.push(match);
      }
      return here;
    }
    const { text, all } = fixedStart(segment, captures);
    const only = byName.get(text);
    const candidates = all ? (only === undefined ? [] : [only]) : startingWith({ entries, byName }, text);
    if (candidates.length === 0) return [];
    const whole = { text: '', names: [], folder: false, pieces: segment.pieces };
    // a name that is known in full needs no look
    const expression = all ? null : patternExpression(whole, captures);
    const matches: Match[] = [];
    for (const { name, kind } of candidates) {
      const last = rest.length === 0;
      if (last ? (kind === 'file') === wanted : kind === 'file') continue;
      const found = expression?.exec(name);
      if (found === null) continue;
      const together = { ...captures, ...found?.groups };
      if (last) matches.push({ path: `${folder}${name}`, captures: together });
      else for (const match of await walk(`${folder}${name}/`, rest, together, wanted)) matches.push(match);
    }
    return matches;
  }
  const cut = new Map<Pattern, readonly Segment[]>();
  return {
    async find(pattern, known = {}) {
      const segments = cut.get(pattern) ?? segmentsOf(pattern);
      cut.set(pattern, segments);
      const matches = await walk('', segments, known, pattern.folder);
      return matches.length < 2 ? matches : matches.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}
