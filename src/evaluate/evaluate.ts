/**
 * How good a model, or whatever else makes masks, is on a data folder: overlap and distances of present objects, presence of
 * present against absent ones.
 *
 * - Every image is asked for all its annotated targets and a few absent ones, in the published form
 *   "{target} in {site} {modality}".
 * - Dice is of the mask as a user gets it: empty where the model says "absent". `*_ungated` is without that refusal.
 * - An EMPTY ground truth (no mask file, or a mask without a pixel) is not in any Dice mean; it counts as an absent
 *   prompt in `presence_auroc`.
 * - Absent prompts of an image: targets of its set that are surely not in it, then targets that its modality and site
 *   cannot show; drawn by the seed and the image's name, so that every run that has the image asks the same.
 */
import { absentSiblings, type Dataset, type DatasetItem, type DatasetSet, readItemMask } from '../dataset/index.ts';
import type { Mask } from '../image/types.ts';
import { impossibleTargets, modalities, modalityFamily } from '../ontology/index.ts';
import type { Model } from '../parse/segment.ts';
import { createRandom, mixSeed, type Random } from '../util/random.ts';
import { type Answerer, modelAnswerer } from './answerers.ts';
import { type Part, runParts } from './parts.ts';
import { type AbsentAnswer, type EvaluationReport, makeReport, type PresentAnswer } from './report.ts';
import { scoreAnswer } from './score.ts';

export interface EvaluateOptions {
  /** At most this many images per set, evenly spread over it (default: all). */
  readonly limit?: number;
  /** Seed of the choice of absent prompts and of the draws of the bootstrap (default 0). */
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

/** Evaluates a model on an open data folder. */
export async function evaluate(
  model: Model,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<EvaluationReport> {
  const answerer = modelAnswerer(model, dataset);
  const part = createOverlapPart(answerer, dataset, options);
  const [report] = await runParts(answerer, part.items, [part], options);
  return report;
}

/** Overlap and presence of whatever answers on an open data folder; refuses (`input`) masks of another size than the image. */
export function createOverlapPart<Opened>(
  answerer: Answerer<Opened>,
  dataset: Dataset,
  options: EvaluateOptions,
): Part<Opened, EvaluationReport> {
  const { limit, signal, seed } = options;
  const items = chosenItems(dataset, limit);
  const present: PresentAnswer[] = [];
  const absent: AbsentAnswer[] = [];
  return {
    items,
    async look(item, opened) {
      const { set, name: image, modality, site } = item;
      const asked = await questionsOf(item, dataset, options);
      const targets = asked.map(({ target }) => target);
      const answers = await answerer.answer(opened, item, targets, signal);
      for (const [i, { target, truth, kind }] of asked.entries()) {
        const { presence } = answers[i];
        if (kind !== 'present') absent.push({ modality, kind, presence });
        else {
          const scores = scoreAnswer(answers[i], truth as Mask, answerer.presenceLimit(modality), item);
          present.push({ set, image, modality, site, target, presence, ...scores });
        }
      }
    },
    report: (seconds) =>
      makeReport(present, absent, {
        images: items.length,
        seconds,
        presenceLimit: (modality) => answerer.presenceLimit(modality),
        statedFalseAlarmRate: answerer.falseAlarmRate,
        modalities,
        familyOf: modalityFamily,
        ...(seed === undefined ? {} : { seed }),
      }),
  };
}
