/**
 * A part of a training split that is kept from training, to choose thresholds by: subjects drawn by a hash of set and
 * subject, so that the same share always means the same images. Where nothing tells the subject, an image is its own.
 */
import { join } from 'node:path';
import { BiomedParseError } from '../util/errors.ts';
import { createRandom, mixSeed } from '../util/random.ts';
import type { Dataset, DatasetItem } from './layout.ts';
import { readSubjects, subjectOf } from './subjects.ts';

export type HoldOutPart = 'held out' | 'rest';

const SEED = 20261127;

/** A number from 0 to 1 for a subject of a set, always the same. */
function place(set: string, subject: string): number {
  return createRandom(mixSeed(SEED, ...Buffer.from(`${set}/${subject}`))).next();
}

/** One of the two parts of a dataset, `share` (0..1) of its subjects held out; refuses a share that leaves no image (`usage`). */
export async function holdOut(dataset: Dataset, share: number, part: HoldOutPart): Promise<Dataset> {
  const items: DatasetItem[] = [];
  for (const { name } of dataset.sets) {
    const subjects = await readSubjects(join(dataset.root, name));
    for (const item of dataset.items.filter(({ set }) => set === name)) {
      const isHeld = place(name, subjectOf(item.name, subjects) ?? item.name) < share;
      if (isHeld === (part === 'held out')) items.push(item);
    }
  }
  if (items.length > 0) return { ...dataset, items };
  throw new BiomedParseError(
    'usage',
    `no image is left where the share held out is ${share}; take one between 0 and 1`,
    {
      share,
    },
  );
}
