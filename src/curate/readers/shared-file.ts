/** Files that hold the masks of many images are read once per worker and kept; the last few only, so that memory stays bounded. */
import { stat } from 'node:fs/promises';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { readFileChecked } from '../../util/files.ts';

/** Most bytes of a JSON file that is read. */
const MAX_BYTES = 500_000_000;
const KEPT = 2;

/** A reading that is done once per path. */
export function sharedReading<T>(read: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const kept = new Map<string, Promise<T>>();
  return (path) => {
    const found = kept.get(path) ?? read(path);
    kept.delete(path);
    kept.set(path, found);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return found;
  };
}

/** The value of a JSON file. */
export async function readJson(path: string): Promise<unknown> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > MAX_BYTES) {
    throw new BiomedParseError('input', `${path} has ${size} bytes; JSON files of at most ${MAX_BYTES} are read`, {
      path,
    });
  }
  const text = (await readFileChecked(path)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BiomedParseError('input', `${path} is not valid JSON (${errorLine(error)})`, { path }, error);
  }
}

/** A name without folders and ending, as keys of images are compared. */
export function baseName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.replace(/\.(nii|nrrd|mha|svs|ome)?(\.gz)$|\.[A-Za-z][A-Za-z0-9]{0,4}$/i, '');
}
