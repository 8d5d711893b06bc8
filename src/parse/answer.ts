/** From mask logits and an existence logit to the answer: probability map, mask, presence, measurements, the reason of absence. */
import { type Fit, unfitLogits } from '../image/fit.ts';
import { measure } from '../image/measure.ts';
import type { Decoded } from '../runtime/network.ts';
import { type PresenceLimits, presenceLimit, presenceOf } from './presence.ts';
import type { Rejection } from './rejection.ts';
import type { Segmentation } from './segment.ts';
import type { Plausibility } from './views.ts';

/** "0.03 < 0.50", with as many digits as it takes to tell the two apart. */
export function comparison(value: number, limit: number): string {
  for (let digits = 2; digits < 8; digits++) {
    if (value.toFixed(digits) !== limit.toFixed(digits)) return `${value.toFixed(digits)} < ${limit.toFixed(digits)}`;
  }
  return `${value} < ${limit}`;
}

/** The end of a reason where nothing but the kind of image speaks against an object. */
export const ruledOut = (what: 'image' | 'volume' | 'slide', { looksLike }: Plausibility): string =>
  `, as the ${what} looks like ${looksLike}, where it cannot be`;

/** A logit as a probability. */
export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Prompt `i`'s probabilities `[height, width]` at the image's own size. */
export function probabilityMap(
  decoded: Pick<Decoded, 'logits' | 'height' | 'width'>,
  i: number,
  fit: Fit,
): Float32Array {
  const { height, width } = decoded;
  const logits = decoded.logits.subarray(i * height * width, (i + 1) * height * width);
  const map = unfitLogits(logits, width, height, fit);
  for (let j = 0; j < map.length; j++) map[j] = sigmoid(map[j]);
  return map;
}

/** From which probability a pixel is inside, and from which presence an object counts as found. */
export interface Thresholds {
  readonly pixel: number;
  readonly presence: PresenceLimits;
  /** Below this p a tested mask is rejected. */
  readonly rejection: number;
}

/** What speaks for an object besides its pixels. */
export interface Evidence extends Plausibility {
  /** The existence logit; null where the model has none. */
  readonly existence: number | null;
  /** What the image is known to be, else what the prompt says of it; null: nobody says it. */
  readonly modality: string | null;
}

/** A prompt with what it was understood as. */
export type Question = Pick<Segmentation, 'text' | 'concept' | 'note'>;

/** What the network answered to a batch of prompts, before sizes and thresholds. */
export interface RawAnswers {
  readonly questions: readonly Question[];
  readonly decoded: Decoded;
}

/**
 * Turns one prompt's probability map `[height, width]`, evidence of presence and rejection test into the answer. The map is not made
 * where the evidence alone says that the object is absent.
 */
export function answer(
  question: Question,
  probabilities: () => Float32Array,
  size: Fit,
  evidence: Evidence,
  limits: Thresholds,
  tested?: Rejection,
): Segmentation {
  const { width, height } = size;
  const data = new Uint8Array(width * height);
  let sum = 0;
  let inside = 0;
  let highest = 0;
  const { existence, possible, modality } = evidence;
  const least = presenceLimit(limits.presence, modality);
  const judged = existence === null ? null : presenceOf(existence, limits.presence, possible);
  if (judged === null || judged >= least) {
    const map = probabilities();
    for (let i = 0; i < data.length; i++) {
      const value = map[i];
      if (value > highest) highest = value;
      if (value > limits.pixel) {
        data[i] = 1;
        sum += value;
        inside++;
      }
    }
  }
  const presence = judged ?? highest;
  const absent = presence < least;
  const p = tested?.pValue ?? 1;
  const rejected = p < limits.rejection;
  const present = !absent && inside > 0 && !rejected;
  const mask = { data: present ? data : data.fill(0), width, height };
  const { areaPx, areaFraction, box } = measure(mask);
  const isImpossible = existence !== null && presenceOf(existence, limits.presence) >= least;
  const reason = absent
    ? `absent: presence ${comparison(presence, least)}${isImpossible ? ruledOut('image', evidence) : ''}`
    : inside === 0
      ? `empty: no pixel has a probability above ${limits.pixel}`
      : rejected
        ? `rejected: the mask does not look like ${tested?.target} in ${tested?.imageType}, p ${comparison(p, limits.rejection)}`
        : null;
  return {
    ...question,
    present,
    presence,
    probability: present ? sum / inside : 0,
    reason,
    mask,
    areaPx,
    areaFraction,
    box,
    ...(tested === undefined ? {} : { rejection: tested }),
  };
}
