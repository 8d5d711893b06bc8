/**
 * How good a model is on a data folder: Dice of present objects, presence AUROC of present against absent ones.
 *
 * - Every image is encoded once and asked for all its annotated targets and a few absent ones, in the published form
 *   "{target} in {site} {modality}".
 * - Dice is of the mask as a user gets it: empty where the model says "absent". `*_ungated` is without that refusal.
 * - An EMPTY ground truth (no mask file, or a mask without a pixel) is not in any Dice mean; it counts as an absent
 *   prompt in `presence_auroc`.
 * - Absent prompts of an image: targets of its set that are surely not in it, then targets that its modality and site
 *   cannot show; drawn by the seed and the image's name, so that every run that has the image asks the same.
 */
import {
  absentSiblings,
  type Dataset,
  type DatasetItem,
  type DatasetSet,
  itemImage,
  readItemMask,
} from '../dataset/index.ts';
import type { Mask } from '../image/types.ts';
import { impossibleTargets, modalities, modalityFamily, publishedPrompt } from '../ontology/index.ts';
import type { Model, Segmentation } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { createRandom, mixSeed, type Random } from '../util/random.ts';
import { dice } from './metrics.ts';
import { type AbsentAnswer, type EvaluationReport, makeReport, type PresentAnswer } from './report.ts';

export interface EvaluateOptions {
  /** At most this many images per set, evenly spread over it (default: all). */
  readonly limit?: number;
  /** Seed of the choice of absent prompts (default 0). */
  readonly seed?: number;
  /** Absent prompts per image and kind: from the set, and impossible ones (default 1). */
  readonly absentPrompts?: number;
  readonly signal?: AbortSignal;
  /** Called after every image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** At most `limit` items, evenly spread, in order. */
export function spread<T>(items: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined || items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]);
}

/** The images that are evaluated: of each set all, or `limit` of them. */
export function chosenItems({ sets, items }: Dataset, limit?: number): DatasetItem[] {
  return sets.flatMap(({ name }) =>
    spread(
      items.filter(({ set }) => set === name),
      limit,
    ),
  );
}

/** One prompt of an evaluation. */
export interface EvaluationQuestion {
  readonly target: string;
  /** The ground truth; absent objects have none. */
  readonly truth: Mask | null;
  readonly kind: AbsentAnswer['kind'] | 'present';
}

/** What is asked of one image: its targets with their masks, then absent ones. */
async function questions(
  dataset: Dataset,
  item: DatasetItem,
  set: DatasetSet,
  count: number,
  random: Random,
): Promise<EvaluationQuestion[]> {
  const asked: EvaluationQuestion[] = [];
  for (const { target, maskFile } of item.targets) {
    const truth = await readItemMask(dataset, maskFile);
    const empty = !truth.data.some((value) => value !== 0);
    asked.push(empty ? { target, truth: null, kind: 'set' } : { target, truth, kind: 'present' });
  }
  const named = asked.map(({ target }) => target);
  const siblings = absentSiblings(set, item, named);
  const impossible = impossibleTargets(item.modality, item.site).filter((target) => !named.includes(target));
  for (const [kind, names] of [
    ['set', siblings],
    ['impossible', impossible],
  ] as const) {
    for (const target of random.shuffle(names).slice(0, count)) asked.push({ target, truth: null, kind });
  }
  return asked;
}

/** The random stream of an image, whatever other images are evaluated. */
function streamOf(seed: number, { set, name }: DatasetItem): Random {
  return createRandom(mixSeed(seed, ...Buffer.from(`${set}/${name}`)));
}

/** What is asked of an image of a dataset, the same in every run with the same seed. */
export function questionsOf(
  item: DatasetItem,
  dataset: Dataset,
  { seed = 0, absentPrompts = 1 }: Pick<EvaluateOptions, 'seed' | 'absentPrompts'>,
): Promise<EvaluationQuestion[]> {
  const set = dataset.sets.find(({ name }) => name === item.set) as DatasetSet;
  return questions(dataset, item, set, absentPrompts, streamOf(seed, item));
}

/** Dice of an answer without and with the model's refusal. */
function score(
  found: Segmentation,
  truth: Mask,
  threshold: number,
  path: string,
): { dice: number; diceUngated: number } {
  if (found.mask.width !== truth.width || found.mask.height !== truth.height) {
    throw new BiomedParseError(
      'input',
      `${path}: its masks are ${truth.width} x ${truth.height}, the image is ${found.mask.width} x ${found.mask.height}; they must be of one size`,
      { path },
    );
  }
  const diceUngated = dice(found.mask, truth);
  return { dice: found.presence >= threshold ? diceUngated : 0, diceUngated };
}

/** Evaluates a model on an open data folder. */
export async function evaluate(
  model: Model,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const { limit, signal, onProgress } = options;
  const items = chosenItems(dataset, limit);
  const present: PresentAnswer[] = [];
  const absent: AbsentAnswer[] = [];
  const start = performance.now();
  for (const [done, item] of items.entries()) {
    signal?.throwIfAborted();
    const { set, modality, site, file } = item;
    const threshold = model.presenceLimit(modality);
    const asked = await questionsOf(item, dataset, options);
    // Presence threshold 0: the mask without the refusal, from which the gated one follows.
    const answers = await model.segment(
      await itemImage(dataset, item),
      asked.map(({ target }) => publishedPrompt(target, modality, site)),
      { presenceThreshold: 0, ...(signal === undefined ? {} : { signal }) },
    );
    for (const [i, { target, truth, kind }] of asked.entries()) {
      const { presence } = answers[i];
      if (kind !== 'present') absent.push({ modality, kind, presence });
      else {
        const scores = score(answers[i], truth as Mask, threshold, file);
        present.push({ set, modality, site, target, presence, ...scores });
      }
    }
    onProgress?.(done + 1, items.length);
  }
  return makeReport(present, absent, {
    images: items.length,
    seconds: (performance.now() - start) / 1000,
    presenceLimit: (modality) => model.presenceLimit(modality),
    statedFalseAlarmRate: model.presence.presence?.falseAlarmRate ?? null,
    modalities,
    familyOf: modalityFamily,
  });
}
