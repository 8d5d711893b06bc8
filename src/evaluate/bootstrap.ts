/**
 * Intervals of means by the bootstrap: images of every set are drawn again with replacement, each with all its targets, as
 * the targets of one image are not independent. Percentile intervals; the same seed gives the same ones.
 */
import { addTo } from '../util/groups.ts';
import { createRandom } from '../util/random.ts';
import { mean, quantile } from './metrics.ts';

/** Lower and upper end. */
export type Interval = readonly [low: number, high: number];

/** One answer: a value of one image, counted in the mean of its pair. */
export interface Sample {
  readonly set: string;
  readonly image: string;
  readonly target: string;
  readonly value: number;
}

export interface Bootstrap {
  /** Mean of the means of pairs. */
  readonly overall: Interval | null;
  /** The mean of a pair. */
  readonly of: (set: string, target: string) => Interval | null;
}

export interface BootstrapOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Default 1000. */
  readonly draws?: number;
  /** The overall mean is over all samples instead of over pairs. */
  readonly pooled?: boolean;
  /** Which pairs count in the overall mean (default all). */
  readonly counts?: (set: string, target: string) => boolean;
}

const LEVEL = 0.95;

/** The central 95 % of values; null for an empty list. */
export function interval(values: readonly number[]): Interval | null {
  const [low, high] = [quantile(values, (1 - LEVEL) / 2), quantile(values, (1 + LEVEL) / 2)];
  return low === null || high === null ? null : [low, high];
}

const keyOf = (set: string, target: string): string => JSON.stringify([set, target]);

/** 95 % intervals of the mean of every (set, target) pair and of the mean over pairs. */
export function bootstrap(
  samples: readonly Sample[],
  { seed = 0, draws = 1000, pooled = false, counts = () => true }: BootstrapOptions = {},
): Bootstrap {
  const pairs = new Map<string, { readonly counted: boolean; readonly means: number[] }>();
  const sets = new Map<string, Map<string, { readonly pair: string; readonly value: number }[]>>();
  for (const { set, image, target, value } of samples) {
    const pair = pooled ? '' : keyOf(set, target);
    if (!pairs.has(pair)) pairs.set(pair, { counted: counts(set, target), means: [] });
    const images = sets.get(set) ?? new Map<string, { pair: string; value: number }[]>();
    sets.set(set, images);
    addTo(images, image, { pair, value });
  }
  const random = createRandom(seed);
  const overall: number[] = [];
  const lists = [...sets.values()].map((images) => [...images.values()]);
  for (let draw = 0; draw < draws; draw++) {
    const sums = new Map<string, [sum: number, count: number]>();
    for (const images of lists) {
      for (let i = 0; i < images.length; i++) {
        for (const { pair, value } of random.pick(images)) {
          const sum = sums.get(pair);
          if (sum === undefined) sums.set(pair, [value, 1]);
          else {
            sum[0] += value;
            sum[1]++;
          }
        }
      }
    }
    const counted: number[] = [];
    // a pair of few images may be in none of those drawn
    for (const [pair, [sum, count]] of sums) {
      const own = pairs.get(pair);
      own?.means.push(sum / count);
      if (own?.counted) counted.push(sum / count);
    }
    const all = mean(counted);
    if (all !== null) overall.push(all);
  }
  return {
    overall: interval(overall),
    of: (set, target) => interval(pairs.get(keyOf(set, target))?.means ?? []),
  };
}
