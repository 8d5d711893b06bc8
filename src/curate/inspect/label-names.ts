/** Names of label numbers as data sets write them down beside their masks: nnU-Net's and the Decathlon's dataset.json, and maps of numbers to names. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileChecked } from '../../util/files.ts';

const MOST_BYTES = 1_000_000;
const MOST_FILES = 50;

/** A file that names labels. */
export interface LabelNames {
  readonly file: string;
  readonly names: ReadonlyMap<number, string>;
  /** What the channels of images are called, by place. */
  readonly channels: ReadonlyMap<number, string>;
  /** It is a dataset.json, which speaks of all masks below its folder. */
  readonly ofSet: boolean;
}

const isNumber = (text: unknown): boolean => /^\d+$/.test(String(text));

/** `{"1": "liver"}` or `{"liver": 1}`, values may be lists of numbers (regions), whose first is taken where it stands alone. */
function mapOf(value: unknown): Map<number, string> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const found = new Map<number, string>();
  for (const [key, other] of Object.entries(value)) {
    if (isNumber(key) && typeof other === 'string') found.set(Number(key), other);
    else if (typeof other === 'number' && Number.isInteger(other) && other >= 0) found.set(other, key);
    else if (!Array.isArray(other)) return null;
  }
  return found.size === 0 ? null : found;
}

/** Reads the label names of the JSON files among some files; JSON of any other kind is passed over. */
export async function readLabelNames(root: string, files: readonly string[]): Promise<LabelNames[]> {
  const found: LabelNames[] = [];
  for (const file of files.filter((one) => one.toLowerCase().endsWith('.json')).slice(0, MOST_FILES)) {
    if ((await stat(join(root, file))).size > MOST_BYTES) continue;
    let value: unknown;
    try {
      value = JSON.parse((await readFileChecked(join(root, file))).toString('utf8'));
    } catch {
      continue;
    }
    const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
    const ofSet = file.split('/').pop() === 'dataset.json';
    const names = mapOf(ofSet ? fields.labels : (fields.labels ?? value));
    const channels = mapOf(fields.channel_names ?? fields.modality) ?? new Map<number, string>();
    if (names !== null) found.push({ file, names, channels, ofSet });
  }
  return found;
}

/** The names that speak of a mask: of its own beginning in its folder, else of the nearest dataset.json above it. */
export function namesFor(mask: string, base: string, all: readonly LabelNames[]): LabelNames | null {
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
  const own = all.find(
    ({ file, ofSet }) =>
      !ofSet && base !== '' && folderOf(file) === folderOf(mask) && file.slice(folderOf(file).length).startsWith(base),
  );
  const above = all.filter(({ file, ofSet }) => ofSet && mask.startsWith(folderOf(file)));
  return own ?? above.sort((a, b) => b.file.length - a.file.length)[0] ?? null;
}
