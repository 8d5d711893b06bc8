/**
 * How good a model is on a data folder: Dice of present objects, presence AUROC of present against absent ones.
 *
 * - Every image is encoded once and asked for all its annotated targets and a few absent ones, in the published form
 *   "{target} in {site} {modality}".
 * - Dice is of the mask as a user gets it: empty where the model says "absent". `*_ungated` is without that refusal.
 * - An EMPTY ground truth (no mask file, or a mask without a pixel) is not in any Dice mean; it counts as an absent
 *   prompt in `presence_auroc`.
 * - Absent prompts of an image: targets annotated elsewhere in its set but not here, then targets that its modality and
 *   site cannot show; drawn by the seed and the image's place, so that two runs ask the same.
 */
import type { Dataset, DatasetImage } from '../dataset/layout.ts';
import { readMask } from '../formats/raster.ts';
import type { Mask } from '../image/types.ts';
import { impossibleTargets, MODALITIES, modalityFamily } from '../ontology/prompts.ts';
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

/** The question for a target of an image, in the published form. */
export function evaluationPrompt(target: string, site: string, modality: string): string {
  return `${target} in ${site} ${modality}`;
}

interface Question {
  readonly target: string;
  /** The ground truth; absent objects have none. */
  readonly truth: Mask | null;
  readonly kind: AbsentAnswer['kind'] | 'present';
}

/** What is asked of one image: its targets with their masks, then absent ones. */
async function questions(
  image: DatasetImage,
  targets: ReadonlySet<string>,
  count: number,
  random: Random,
): Promise<Question[]> {
  const asked: Question[] = [];
  for (const { target, path } of image.masks) {
    const truth = await readMask(path);
    const empty = !truth.data.some((value) => value !== 0);
    asked.push(empty ? { target, truth: null, kind: 'set' } : { target, truth, kind: 'present' });
  }
  const named = new Set(asked.map((question) => question.target));
  const add = (kind: 'set' | 'impossible', names: Iterable<string>): void => {
    const free = [...names].filter((name) => !named.has(name)).sort();
    for (const target of random.shuffle(free).slice(0, count)) {
      named.add(target);
      asked.push({ target, truth: null, kind });
    }
  };
  add('set', targets);
  add('impossible', impossibleTargets(image.modality, image.site));
  return asked;
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
  const { limit, seed = 0, absentPrompts = 1, signal, onProgress } = options;
  const threshold = model.presenceThreshold;
  const chosen = dataset.sets.map((set) => ({ set, images: spread(set.images, limit) }));
  const total = chosen.reduce((sum, { images }) => sum + images.length, 0);
  const present: PresentAnswer[] = [];
  const absent: AbsentAnswer[] = [];
  let done = 0;
  const start = performance.now();
  for (const [setIndex, { set, images }] of chosen.entries()) {
    const targets = new Set(set.images.flatMap((image) => image.masks.map((mask) => mask.target)));
    for (const [imageIndex, image] of images.entries()) {
      signal?.throwIfAborted();
      const random = createRandom(mixSeed(seed, setIndex, imageIndex));
      const asked = await questions(image, targets, absentPrompts, random);
      const { modality, site } = image;
      // Presence threshold 0: the mask without the refusal, from which the gated one follows.
      const answers = await model.segment(
        image.path,
        asked.map((question) => evaluationPrompt(question.target, site, modality)),
        { presenceThreshold: 0, ...(signal === undefined ? {} : { signal }) },
      );
      for (const [i, { target, truth, kind }] of asked.entries()) {
        const { presence } = answers[i];
        if (kind !== 'present') absent.push({ kind, presence });
        else {
          const scores = score(answers[i], truth as Mask, threshold, image.path);
          present.push({ set: set.name, modality, site, target, presence, ...scores });
        }
      }
      done++;
      onProgress?.(done, total);
    }
  }
  return makeReport(present, absent, {
    images: done,
    seconds: (performance.now() - start) / 1000,
    presenceThreshold: threshold,
    modalities: MODALITIES,
    familyOf: modalityFamily,
  });
}
