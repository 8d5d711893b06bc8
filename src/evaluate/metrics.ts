/**
 * Figures of merit as pure functions over plain numbers.
 *
 * What an EMPTY ground truth scores: nothing here. Dice of an object that is not in the image is undefined (0/0), so
 * `dice` refuses it; absent objects are judged by the presence score instead (`auroc`, present prompts against absent ones).
 */
import type { Mask } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Overlap 2|A and B| / (|A| + |B|) of a predicted mask with a ground truth of the same size; 0 for an empty prediction. */
export function dice(predicted: Mask, truth: Mask): number {
  if (predicted.width !== truth.width || predicted.height !== truth.height) {
    throw new BiomedParseError(
      'input',
      `Dice needs two masks of one size, got ${predicted.width} x ${predicted.height} and ${truth.width} x ${truth.height}`,
      { predicted: [predicted.width, predicted.height], truth: [truth.width, truth.height] },
    );
  }
  let both = 0;
  let inPredicted = 0;
  let inTruth = 0;
  for (let i = 0; i < truth.data.length; i++) {
    const p = predicted.data[i] !== 0;
    const t = truth.data[i] !== 0;
    if (p) inPredicted++;
    if (t) inTruth++;
    if (p && t) both++;
  }
  if (inTruth === 0) {
    throw new BiomedParseError(
      'input',
      'Dice is undefined for an empty ground truth; judge absence by the presence score',
    );
  }
  return (2 * both) / (inPredicted + inTruth);
}

/**
 * Area under the ROC curve by ranks (Mann-Whitney U): the probability that a positive scores higher than a negative,
 * ties counted half. Null when either side is empty.
 */
export function auroc(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  const scored = [
    ...positives.map((score) => ({ score, positive: true })),
    ...negatives.map((score) => ({ score, positive: false })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let start = 0; start < scored.length; ) {
    let end = start;
    while (end < scored.length && scored[end].score === scored[start].score) end++;
    const rank = (start + 1 + end) / 2; // mean of the 1-based ranks start+1 .. end
    for (let i = start; i < end; i++) if (scored[i].positive) rankSum += rank;
    start = end;
  }
  const n = positives.length;
  return (rankSum - (n * (n + 1)) / 2) / (n * negatives.length);
}

/**
 * Area under the precision-recall curve as average precision: the mean, over positives, of the precision at the score of
 * each; items of equal score enter together. Null without positives.
 */
export function averagePrecision(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0) return null;
  const scored = [
    ...positives.map((score) => ({ score, positive: 1 })),
    ...negatives.map((score) => ({ score, positive: 0 })),
  ].sort((a, b) => b.score - a.score);
  let [hits, sum] = [0, 0];
  for (let start = 0; start < scored.length; ) {
    let [end, found] = [start, 0];
    for (; end < scored.length && scored[end].score === scored[start].score; end++) found += scored[end].positive;
    hits += found;
    sum += (found * hits) / end;
    start = end;
  }
  return sum / positives.length;
}

const BINS = 10;

/**
 * Expected calibration error of probabilities 0..1: in ten bins of equal width the distance of the mean probability from the
 * share of positives, weighted by how many lie in the bin. Null where both lists are empty.
 */
export function calibrationError(positives: readonly number[], negatives: readonly number[]): number | null {
  const total = positives.length + negatives.length;
  if (total === 0) return null;
  // the sum of (probability - truth) over a bin is its weight times its distance
  const excess = new Float64Array(BINS);
  const binOf = (value: number): number => Math.min(BINS - 1, Math.floor(value * BINS));
  for (const value of positives) excess[binOf(value)] += value - 1;
  for (const value of negatives) excess[binOf(value)] += value;
  return excess.reduce((sum, value) => sum + Math.abs(value), 0) / total;
}

/** The value below which that share of the values lies, linear between neighbours; null for an empty list. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Arithmetic mean; null for an empty list. */
export function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Middle value, the mean of the two middle ones for an even count; null for an empty list. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
