/** Whose image it is: as `dataset.json` says under `subjects`, else as the name tells by its slice, frame or visit number. */
import { join } from 'node:path';
import { listFolder, readFileChecked } from '../util/files.ts';

const NUMBERED = /-(?:z|s|t|slice|frame|day|visit|nodule)-?\d+$/i;

/** Subjects by image name as a set's `dataset.json` has them; empty without one. Throws where it is no JSON. */
export async function readSubjects(folder: string): Promise<ReadonlyMap<string, string>> {
  if (!(await listFolder(folder))?.includes('dataset.json')) return new Map();
  const about = JSON.parse((await readFileChecked(join(folder, 'dataset.json'))).toString('utf8')) as {
    readonly subjects?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  } | null;
  const entries = Object.values(about?.subjects ?? {}).flatMap((split) => Object.entries(split ?? {}));
  return new Map(entries.map(([name, subject]) => [name, String(subject)]));
}

/** The subject of an image NAME_MODALITY_SITE; null where nothing tells. */
export function subjectOf(stem: string, subjects: ReadonlyMap<string, string> = new Map()): string | null {
  const known = subjects.get(stem);
  if (known !== undefined) return known;
  const name = stem.split('_').slice(0, -2).join('_');
  let base = name;
  while (NUMBERED.test(base)) base = base.replace(NUMBERED, '');
  return base === name ? null : base;
}
