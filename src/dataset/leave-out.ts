/**
 * Images that training and evaluation leave out, such as those of which the other split has a copy: `leave-out.txt` in the data root,
 * a line `SET/SPLIT/NAME` each; what follows a `#` is for people. Refused (`input`, with the line's number): lines of another form.
 */
import { join } from 'node:path';
import { BiomedParseError } from '../util/errors.ts';
import { listFolder, readFileChecked } from '../util/files.ts';

export const LEAVE_OUT = 'leave-out.txt';

/** How an image is written in the list. */
export const leaveOutKey = (set: string, split: string, name: string): string => `${set}/${split}/${name}`;

/** The list of a data root, with the remark of each; empty without one. */
export async function readLeaveOut(root: string): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  if (!(await listFolder(root))?.includes(LEAVE_OUT)) return images;
  const path = join(root, LEAVE_OUT);
  for (const [i, line] of (await readFileChecked(path)).toString('utf8').split(/\r?\n/).entries()) {
    const [key, ...remark] = line.split('#');
    if (key.trim() === '') continue;
    if (!/^[^/]+\/(train|test)\/[^/]+$/.test(key.trim())) {
      throw new BiomedParseError(
        'input',
        `${path}, line ${i + 1}: "${key.trim()}"; allowed: SET/train/NAME or SET/test/NAME`,
      );
    }
    images.set(key.trim(), remark.join('#').trim());
  }
  return images;
}

/** The list as a file's content, sorted. */
export function leaveOutText(images: ReadonlyMap<string, string>): string {
  const head = '# Images that train and evaluate leave out: SET/SPLIT/NAME # why\n';
  const lines = [...images].sort(([a], [b]) => (a < b ? -1 : 1));
  return head + lines.map(([key, remark]) => `${key}${remark === '' ? '' : ` # ${remark}`}\n`).join('');
}
