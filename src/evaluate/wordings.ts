/**
 * How much the wording of a prompt matters: the same targets of the same images asked in several wordings of the ontology.
 *
 * - Spread of an object: standard deviation (n - 1) of its Dice over the wordings, of masks as a user gets them (empty where the
 *   presence of that wording is under the model's threshold for the modality) and, `ungated`, without that refusal.
 * - Spread of a (set, target) pair: mean over its objects; `mean_spread`: mean over pairs.
 * - Images: at most so many per pair, evenly spread over those that have a mask of the target that is not empty.
 */
import { type Dataset, type DatasetItem, readItemMask } from '../dataset/index.ts';
import { wordings } from '../ontology/index.ts';
import type { EncodedImage, Model } from '../parse/segment.ts';
import { addTo } from '../util/groups.ts';
import { chosenItems, type EvaluateOptions, spread } from './evaluate.ts';
import { dice, mean } from './metrics.ts';
import type { Part } from './parts.ts';

export interface WordingsOptions extends Pick<EvaluateOptions, 'limit' | 'seed' | 'signal'> {
  /** Wordings of a target (default 10, at least 2). */
  readonly count?: number;
  /** At most this many images per (set, target) pair (default 5). */
  readonly imagesPerPair?: number;
}

/** One object asked in several wordings. */
export interface WordedObject {
  readonly set: string;
  readonly target: string;
  readonly answers: readonly { readonly text: string; readonly dice: number; readonly diceUngated: number }[];
}

/** One (set, target) pair. */
export interface WordingsPair {
  readonly set: string;
  readonly target: string;
  readonly images: number;
  readonly dice_mean: number;
  readonly spread: number;
  readonly spread_ungated: number;
  /** The wording of lowest mean Dice. */
  readonly worst_wording: string;
  readonly worst_dice: number;
}

export interface WordingsReport {
  readonly wordings: number;
  /** At most. */
  readonly images_per_pair: number;
  readonly images: number;
  readonly prompts: number;
  readonly mean_spread: number | null;
  readonly mean_spread_ungated: number | null;
  /** The pairs of largest spread first. */
  readonly pairs: readonly WordingsPair[];
  readonly seconds: number;
  readonly prompts_per_second: number;
}

export const DEFAULT_WORDINGS = 10;
export const DEFAULT_IMAGES_PER_PAIR = 5;

const round = (value: number): number => Number(value.toFixed(6));

/** Sample standard deviation, divisor n - 1; 0 for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values) as number;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function pairReport(objects: readonly WordedObject[]): WordingsPair {
  const [{ set, target }] = objects;
  const answers = objects.flatMap((one) => one.answers);
  const meanOf = (values: readonly number[]): number => round(mean(values) as number);
  const byText = [...new Set(answers.map(({ text }) => text))].map((text) => ({
    text,
    dice: meanOf(answers.filter((one) => one.text === text).map((one) => one.dice)),
  }));
  const worst = byText.reduce((a, b) => (b.dice < a.dice ? b : a));
  return {
    ...{ set, target, images: objects.length },
    dice_mean: meanOf(answers.map((one) => one.dice)),
    spread: meanOf(objects.map((one) => standardDeviation(one.answers.map((answer) => answer.dice)))),
    spread_ungated: meanOf(objects.map((one) => standardDeviation(one.answers.map((answer) => answer.diceUngated)))),
    ...{ worst_wording: worst.text, worst_dice: worst.dice },
  };
}

/** The pairs of objects that were asked in several wordings, those of largest spread first. */
export function wordingsPairs(objects: readonly WordedObject[]): WordingsPair[] {
  const pairs = new Map<string, WordedObject[]>();
  for (const one of objects) {
    const key = JSON.stringify([one.set, one.target]);
    addTo(pairs, key, one);
  }
  return [...pairs.values()].map(pairReport).sort((a, b) => b.spread - a.spread);
}

type Asked = DatasetItem['targets'];

/** The images that are asked with their targets, in order: of every pair at most so many. */
async function chosenTargets(
  dataset: Dataset,
  items: readonly DatasetItem[],
  most: number,
): Promise<(readonly [DatasetItem, Asked])[]> {
  const pairs = new Map<string, DatasetItem[]>();
  for (const item of items) {
    for (const { target, maskFile } of item.targets) {
      const { data } = await readItemMask(dataset, maskFile);
      if (!data.some((value) => value !== 0)) continue;
      const key = JSON.stringify([item.set, target]);
      addTo(pairs, key, item);
    }
  }
  const chosen = new Map([...pairs].map(([key, own]) => [key, new Set(spread(own, most))]));
  return items.flatMap((item) => {
    const targets = item.targets.filter(({ target }) => chosen.get(JSON.stringify([item.set, target]))?.has(item));
    return targets.length === 0 ? [] : [[item, targets] as const];
  });
}

/** Asks a model for the targets of a data folder in several wordings each. */
export async function createWordingsPart(
  model: Pick<Model, 'presenceLimit'>,
  dataset: Dataset,
  options: WordingsOptions,
): Promise<Part<EncodedImage, WordingsReport>> {
  const { count = DEFAULT_WORDINGS, imagesPerPair = DEFAULT_IMAGES_PER_PAIR, seed = 0, limit, signal } = options;
  const chosen = new Map(await chosenTargets(dataset, chosenItems(dataset, limit), imagesPerPair));
  const how = { presenceThreshold: 0, ...(signal === undefined ? {} : { signal }) };
  const objects: WordedObject[] = [];
  return {
    items: [...chosen.keys()],
    async look(item, image) {
      const least = model.presenceLimit(item.modality);
      for (const { target, maskFile } of chosen.get(item) as Asked) {
        const truth = await readItemMask(dataset, maskFile);
        const texts = wordings(target, item.modality, item.site, { count, seed });
        const answers: { text: string; dice: number; diceUngated: number }[] = [];
        for await (const { text, mask, presence } of image.segment(texts, how)) {
          const overlap = dice(mask, truth);
          answers.push({ text, dice: presence >= least ? overlap : 0, diceUngated: overlap });
        }
        objects.push({ set: item.set, target, answers });
      }
    },
    report: (seconds) =>
      makeWordingsReport(objects, { wordings: count, images_per_pair: imagesPerPair, images: chosen.size }, seconds),
  };
}

function makeWordingsReport(
  objects: readonly WordedObject[],
  asked: Pick<WordingsReport, 'wordings' | 'images_per_pair' | 'images'>,
  seconds: number,
): WordingsReport {
  const pairs = wordingsPairs(objects);
  const prompts = objects.reduce((sum, { answers }) => sum + answers.length, 0);
  const overPairs = (of: (pair: WordingsPair) => number): number | null =>
    pairs.length === 0 ? null : round(mean(pairs.map(of)) as number);
  return {
    ...asked,
    prompts,
    mean_spread: overPairs((pair) => pair.spread),
    mean_spread_ungated: overPairs((pair) => pair.spread_ungated),
    pairs,
    seconds: round(seconds),
    prompts_per_second: seconds > 0 ? round(prompts / seconds) : 0,
  };
}
