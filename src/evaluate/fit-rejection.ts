/**
 * Distributions of the rejection test fitted to a data folder: per image type, target and channel the Beta parameters of
 * greatest likelihood, and how often the test with them rejects masks of objects that are there (false alarms), measured on
 * images that were not fitted to.
 *
 * - Statistics are those of the model's own masks, as they will be tested: of every annotated target whose ground truth is not
 *   empty, asked in the published form, whatever the model's presence says. Answers without a pixel inside are left out.
 * - The train split is fitted, the test split held out. Pairs of fewer than ten fitted masks, or with a channel that does not
 *   vary, are listed and not fitted.
 */
import { type Dataset, itemImage, readItemMask } from '../dataset/index.ts';
import { type MaskStatistics, maskStatistics } from '../image/statistics.ts';
import { imageTypeName, publishedPrompt } from '../ontology/index.ts';
import { CHANNELS, type ChannelDistributions, DISTRIBUTIONS_FORMAT } from '../parse/distributions.ts';
import { statisticsPValue } from '../parse/rejection.ts';
import type { Model } from '../parse/segment.ts';
import { fitBeta } from '../util/beta.ts';
import { BiomedParseError } from '../util/errors.ts';
import { addTo } from '../util/groups.ts';
import { chosenItems } from './evaluate.ts';

/** Fewer masks than these are not fitted. */
export const MIN_MASKS = 10;
/** Thresholds of p that false alarms are counted at. */
export const REJECTION_LEVELS = [0.01, 0.05, 0.1] as const;

export interface FitRejectionOptions {
  /** At most this many images per set and split, evenly spread over it (default: all). */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** Called after every image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One target of one image type. */
export interface FittedPair {
  readonly imageType: string;
  readonly target: string;
  /** Masks that were fitted to. */
  readonly fitted: number;
  /** Masks of the held-out part. */
  readonly heldOut: number;
  /** Share of the held-out masks that is rejected at each of `REJECTION_LEVELS`; null without held-out masks. */
  readonly falseAlarms: readonly number[] | null;
  /** Null where it was not fitted. */
  readonly channels: ChannelDistributions | null;
  /** Why it was not fitted; null where it was. */
  readonly reason: string | null;
}

type Samples = Map<string, Map<string, MaskStatistics[]>>;

/** Statistics of the model's masks in one dataset, by image type and target. */
async function collect(
  model: Model,
  dataset: Dataset,
  options: FitRejectionOptions,
  onImage: () => void,
): Promise<Samples> {
  const samples: Samples = new Map();
  for (const item of chosenItems(dataset, options.limit)) {
    options.signal?.throwIfAborted();
    const present: string[] = [];
    for (const { target, maskFile } of item.targets) {
      if ((await readItemMask(dataset, maskFile)).data.some((value) => value !== 0)) present.push(target);
    }
    if (present.length > 0) {
      const prompts = present.map((target) => publishedPrompt(target, item.modality, item.site));
      const type = imageTypeName(item.modality, item.site);
      const targets = samples.get(type) ?? new Map<string, MaskStatistics[]>();
      samples.set(type, targets);
      const encoded = await model.encode(await itemImage(dataset, item), options);
      try {
        let at = 0;
        for await (const { probabilities } of encoded.segment(prompts, { ...options, probabilities: true })) {
          const figures = maskStatistics(probabilities as Float32Array, encoded.image);
          const target = present[at++];
          if (figures[0] > 0) addTo(targets, target, figures);
        }
      } finally {
        encoded.dispose();
      }
    }
    onImage();
  }
  return samples;
}

function fitPair(imageType: string, target: string, fitted: MaskStatistics[], heldOut: MaskStatistics[]): FittedPair {
  const pair = { imageType, target, fitted: fitted.length, heldOut: heldOut.length };
  const unfitted = (reason: string): FittedPair => ({ ...pair, falseAlarms: null, channels: null, reason });
  if (fitted.length < MIN_MASKS) return unfitted(`${fitted.length} masks; at least ${MIN_MASKS} are needed`);
  const found = CHANNELS.map((_, i) => fitBeta(fitted.map((figures) => figures[i])));
  const flat = found.indexOf(null);
  if (flat !== -1) return unfitted(`${CHANNELS[flat]} does not vary`);
  const channels = found as unknown as ChannelDistributions;
  const p = heldOut.map((figures) => statisticsPValue(figures, channels));
  const rates = REJECTION_LEVELS.map((level) => p.filter((value) => value < level).length / p.length);
  return { ...pair, falseAlarms: p.length === 0 ? null : rates, channels, reason: null };
}

/** Fits all pairs of the first dataset and measures them on the second; the `input` error says if none can be fitted. */
export async function fitRejection(
  model: Model,
  dataset: Dataset,
  heldOut: Dataset,
  options: FitRejectionOptions = {},
): Promise<FittedPair[]> {
  const total = chosenItems(dataset, options.limit).length + chosenItems(heldOut, options.limit).length;
  let done = 0;
  const onImage = (): void => options.onProgress?.(++done, total);
  const samples = await collect(model, dataset, options, onImage);
  const others = await collect(model, heldOut, options, onImage);
  const pairs = [...samples].flatMap(([imageType, targets]) =>
    [...targets].map(([target, figures]) =>
      fitPair(imageType, target, figures, others.get(imageType)?.get(target) ?? []),
    ),
  );
  if (!pairs.some(({ channels }) => channels !== null)) {
    throw new BiomedParseError(
      'input',
      `${dataset.root}: no target has the ${MIN_MASKS} masks that a distribution is fitted to`,
      { root: dataset.root },
    );
  }
  return pairs.sort((a, b) => (`${a.imageType} ${a.target}` < `${b.imageType} ${b.target}` ? -1 : 1));
}

/** The file that `readDistributions` reads: fitted pairs with what they were fitted to and their false alarms. */
export function distributionsFile(pairs: readonly FittedPair[], about: Readonly<Record<string, unknown>>): string {
  const imageTypes: Record<string, Record<string, unknown>> = {};
  for (const { imageType, target, channels, fitted, heldOut, falseAlarms } of pairs) {
    if (channels === null) continue;
    imageTypes[imageType] ??= {};
    imageTypes[imageType][target] = {
      ...Object.fromEntries(CHANNELS.map((channel, i) => [channel, channels[i]])),
      masks: fitted,
      held_out: heldOut,
      false_alarms:
        falseAlarms === null ? null : Object.fromEntries(REJECTION_LEVELS.map((level, i) => [level, falseAlarms[i]])),
    };
  }
  return `${JSON.stringify({ format: DISTRIBUTIONS_FORMAT, about, imageTypes }, null, 1)}\n`;
}
