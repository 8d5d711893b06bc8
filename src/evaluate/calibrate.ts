/**
 * Presence calibrated on images that the existence head was not trained on: one temperature (least negative log-likelihood
 * over present and absent prompts), and per modality the presence that at most a stated share of absent objects reaches
 * (split-conformal: with n absent prompts the ceil((n + 1)(1 - rate))-th smallest score). Prompts are those of `evaluate`.
 */
import { type Dataset, itemImage } from '../dataset/index.ts';
import { modalityFamily, publishedPrompt } from '../ontology/index.ts';
import { type PresenceCalibration, presenceOf } from '../parse/presence.ts';
import type { Model } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { chosenItems, type EvaluateOptions, questionsOf } from './evaluate.ts';

/** Rates of false alarms that thresholds are made for. */
export const FALSE_ALARM_RATES = [0.01, 0.05, 0.1, 0.2] as const;

/** Fewer absent prompts cannot be calibrated on. */
export const MIN_ABSENT = 50;

/** Fewer of a modality do not give it thresholds of its own: a rate of 20 % is known to 3 points from as many, worse if subjects are few. */
export const MIN_ABSENT_OF_MODALITY = 200;

/** The evidence of presence of one prompt. */
export interface PresenceScore {
  /** Family of the image's modality: `MRI`, not `MRI-T1`. */
  readonly modality: string;
  readonly present: boolean;
  readonly logit: number;
  /** How probable it is that the image is of a kind that can show the object, 0..1. */
  readonly possible: number;
}

/** Asks a model for everything present, and for absent objects, in a dataset; refuses models without existence head (`model`). */
export async function presenceScores(
  model: Model,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<PresenceScore[]> {
  const { signal, onProgress } = options;
  const items = chosenItems(dataset, options.limit);
  const scores: PresenceScore[] = [];
  for (const [done, item] of items.entries()) {
    signal?.throwIfAborted();
    const asked = await questionsOf(item, dataset, options);
    const encoded = await model.encode(await itemImage(dataset, item), signal === undefined ? {} : { signal });
    try {
      const prompts = asked.map(({ target }) => publishedPrompt(target, item.modality, item.site));
      let at = 0;
      for await (const { questions, decoded } of encoded.ask(prompts)) {
        const { existence } = decoded;
        if (existence === null) {
          throw new BiomedParseError(
            'model',
            `the model ${model.name} has no existence head, so there is nothing to calibrate`,
          );
        }
        for (let i = 0; i < questions.length; i++, at++) {
          const present = asked[at].kind === 'present';
          const { possible } = encoded.plausibility(questions[i].concept);
          scores.push({ modality: modalityFamily(item.modality), present, logit: existence[i], possible });
        }
      }
    } finally {
      encoded.dispose();
    }
    onProgress?.(done + 1, items.length);
  }
  return scores;
}

/** Mean negative log-likelihood of presence at a temperature. */
export function presenceLoss(scores: readonly PresenceScore[], temperature: number): number {
  const softplus = (x: number): number => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
  const loss = ({ present, logit }: PresenceScore): number => softplus((present ? -logit : logit) / temperature);
  return scores.reduce((sum, score) => sum + loss(score), 0) / scores.length;
}

/** The temperature of least loss between 0.05 and 20, by golden section over its logarithm (the loss is convex in 1 / T). */
export function fitTemperature(scores: readonly PresenceScore[]): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  const lossAt = (log: number): number => presenceLoss(scores, Math.exp(log));
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 1e-6) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (lossAt(left) < lossAt(right)) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

/** The least presence above which at most `rate` of further absent objects lie, by the rule of split-conformal prediction. */
export function conformalThreshold(absent: readonly number[], rate: number): number {
  const sorted = [...absent].sort((a, b) => a - b);
  const rank = Math.ceil((sorted.length + 1) * (1 - rate));
  // an object is found from its threshold on, so the threshold lies just above the score of that rank
  return rank > sorted.length ? 1 : Math.min(1, Math.ceil(sorted[rank - 1] * 1e6 + 1) / 1e6);
}

/** Temperature and thresholds from scores; refuses (`input`) scores without absent or without present prompts. */
export function calibrate(scores: readonly PresenceScore[], falseAlarmRate: number): PresenceCalibration {
  const absent = scores.filter(({ present }) => !present);
  if (absent.length < MIN_ABSENT || absent.length === scores.length) {
    throw new BiomedParseError(
      'input',
      `${absent.length} absent and ${scores.length - absent.length} present prompts; calibration needs at least ${MIN_ABSENT} absent ones and a present one`,
    );
  }
  const temperature = Number(fitTemperature(scores).toFixed(4)); // thresholds are of what is stored
  const falseAlarmRates = [...new Set([...FALSE_ALARM_RATES, falseAlarmRate])].sort((a, b) => a - b);
  const limits = (of: readonly PresenceScore[]): number[] => {
    const presences = of.map(({ logit, possible }) => presenceOf(logit, { temperature }, possible));
    return falseAlarmRates.map((rate) => conformalThreshold(presences, rate));
  };
  const modalities = [...new Set(absent.map(({ modality }) => modality))].sort();
  const own = modalities
    .map((name) => [name, absent.filter(({ modality }) => modality === name)] as const)
    .filter(([, of]) => of.length >= MIN_ABSENT_OF_MODALITY);
  const thresholds = { all: limits(absent), ...Object.fromEntries(own.map(([name, of]) => [name, limits(of)])) };
  return { temperature, falseAlarmRates, falseAlarmRate, thresholds };
}
