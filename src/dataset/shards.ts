/**
 * A folder of tar shards as a data root. `shards.jsonl` says what is in it: the first line the sets, then a line per image, with
 * the places of image and masks in their tar file, so that single files are read without unpacking. The tar files are WebDataset
 * samples: files whose names are alike up to the first dot belong together. Each set's own `dataset.json` and `build.jsonl` lie in a
 * folder of its name, as in a folder of data sets.
 * Refused (`input`): an index of another form, names with paths in them, tar files that are missing or of another length than the index says.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readError } from '../util/files.ts';
import { jsonLines } from '../util/json-lines.ts';
import type { Dataset, DatasetItem, DatasetSet, DatasetTarget, Split } from './layout.ts';
import type { Part } from './parts.ts';
import type { Sentence } from './sentences.ts';

export const SHARD_INDEX = 'shards.jsonl';
export const SHARD_FORMAT = 'biomedparse shards 1';

/** A file inside a tar file: its name there, offset and size in bytes. */
export type Member = readonly [name: string, offset: number, size: number];

/** The first line of the index. */
export interface ShardHeader {
  readonly format: typeof SHARD_FORMAT;
  readonly sets: readonly DatasetSet[];
  /** Length of each tar file, bytes. */
  readonly shards: Readonly<Record<string, number>>;
}

/** Any other line: an image with its masks, all in one tar file. */
export interface ShardLine {
  readonly set: string;
  readonly split: Split;
  readonly name: string;
  readonly modality: string;
  readonly site: string;
  readonly unknown?: readonly string[];
  readonly spacing?: readonly [number, number];
  readonly shard: string;
  readonly image: Member;
  readonly targets: readonly {
    readonly target: string;
    readonly mask: Member;
    readonly sentences?: readonly Sentence[];
    readonly instances?: readonly Box[];
  }[];
}

/** Whether a folder holds shards. */
export async function isShardFolder(root: string): Promise<boolean> {
  return (await stat(join(root, SHARD_INDEX)).catch(() => undefined))?.isFile() ?? false;
}

async function checkShards(root: string, { shards }: ShardHeader): Promise<void> {
  for (const [name, size] of Object.entries(shards)) {
    const tar = join(root, name);
    const found = await stat(tar).catch((error) => {
      throw readError(tar, error);
    });
    if (found.size === size) continue;
    throw new BiomedParseError('input', `${tar} has ${found.size} bytes, ${SHARD_INDEX} says ${size}`, { tar });
  }
}

const isMember = (value: unknown): value is Member =>
  Array.isArray(value) &&
  typeof value[0] === 'string' &&
  [value[1], value[2]].every((one) => Number.isSafeInteger(one) && one >= 0);

function checkLine(value: unknown, header: ShardHeader, where: string): ShardLine {
  const line = value as Partial<ShardLine> | null;
  const good =
    typeof line?.name === 'string' &&
    [line.modality, line.site, line.shard].every((one) => typeof one === 'string') &&
    (line.split === 'train' || line.split === 'test') &&
    header.sets.some(({ name }) => name === line.set) &&
    Object.hasOwn(header.shards, line.shard as string) &&
    isMember(line.image) &&
    Array.isArray(line.targets) &&
    line.targets.every((one) => typeof one?.target === 'string' && isMember(one.mask));
  if (!good) throw new BiomedParseError('input', `${where}: no image of these shards`);
  const end = header.shards[line.shard as string];
  const members = [line.image as Member, ...(line.targets as ShardLine['targets']).map(({ mask }) => mask)];
  const outside = members.find(([, offset, size]) => offset + size > end);
  if (outside !== undefined) {
    throw new BiomedParseError('input', `${where}: ${outside[0]} lies behind the end of ${line.shard}`);
  }
  return line as ShardLine;
}

/** A name that is no path. */
const isPlain = (name: unknown): boolean => typeof name === 'string' && !/^\.{0,2}$|[/\\]/.test(name);

/** One split of the wanted sets (all when left out), which may be empty. */
export async function readShards(root: string, split: Split, wanted?: readonly string[]): Promise<Dataset> {
  const lines = jsonLines(join(root, SHARD_INDEX));
  const first = (await lines.next()).value as [Partial<ShardHeader> | null, string] | undefined;
  const header = first?.[0] as ShardHeader | undefined;
  if (header?.format !== SHARD_FORMAT || !Array.isArray(header.sets)) {
    throw new BiomedParseError('input', `${join(root, SHARD_INDEX)}: its first line is not "${SHARD_FORMAT}"`);
  }
  const names = header.sets.map(({ name }) => name);
  const path = [...names, ...Object.keys(header.shards ?? {})].find((name) => !isPlain(name));
  if (path !== undefined) {
    throw new BiomedParseError('input', `${first?.[1]}: "${path}" is no name of a set or tar file of this folder`);
  }
  const unknown = (wanted ?? []).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const message = `no data set ${unknown.join(', ')} in ${root}; there are ${names.join(', ')}`;
    throw new BiomedParseError('usage', message, { unknown });
  }
  await checkShards(root, header);
  const parts = new Map<string, Part>();
  const items: DatasetItem[] = [];
  for await (const [value, where] of lines) {
    const line = checkLine(value, header, where);
    if (line.split !== split || (wanted !== undefined && !wanted.includes(line.set))) continue;
    const { set, name, modality, site, shard, image, unknown: doubtful, spacing } = line;
    const place = ([member, offset, size]: Member): string => {
      const path = join(root, shard, member);
      parts.set(path, { tar: join(root, shard), offset, size });
      return path;
    };
    const targets = line.targets.map(({ mask, ...rest }): DatasetTarget => ({ ...rest, maskFile: place(mask) }));
    const more = {
      ...(doubtful === undefined ? {} : { unknown: doubtful }),
      ...(spacing === undefined ? {} : { spacing }),
    };
    items.push({ set, name, file: place(image), modality, site, targets, ...more });
  }
  const sets = header.sets.filter(({ name }) => wanted === undefined || wanted.includes(name));
  return { root, split, sets, items, parts };
}
