/**
 * The published test of whether a mask looks like its target: four statistics of the mask, each with the two-sided p-value
 * of a one-sample Kolmogorov-Smirnov test against its Beta distribution; p is the fourth root of their product.
 * Source: BiomedParse v1, `check_mask_stats`. A mask is rejected where p is below a threshold (0.05 unless told otherwise):
 * with fitting distributions that rejects at most one of twenty good masks.
 *
 * Image type and target are those named by the caller, else read off a prompt of the published form
 * "{target} in {site} {modality}". What has no distribution is not tested.
 */
import { type MaskStatistics, maskStatistics } from '../image/statistics.ts';
import type { Image } from '../image/types.ts';
import { imageTypeName, paraphrases } from '../ontology/index.ts';
import { betaCdf, singleSamplePValue } from '../util/beta.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type ChannelDistributions, type Distributions, publishedDistributions } from './distributions.ts';

export const REJECTION_THRESHOLD = 0.05;

export interface RejectionOptions {
  /** What masks should look like (default: the published distributions). */
  readonly distributions?: Distributions;
  /** A mask is rejected below this p (0..1, default 0.05). */
  readonly threshold?: number;
}

/** How a mask was tested; target and p are null where there is no distribution for the prompt. */
export interface Rejection {
  readonly imageType: string | null;
  readonly target: string | null;
  /** 0..1: how well the mask looks like the target. */
  readonly pValue: number | null;
}

/** Which distributions a prompt is tested against. */
export interface Identified {
  readonly imageType: string;
  readonly target: string;
  readonly channels: ChannelDistributions;
}

/** p of four mask statistics, 0..1: the fourth root of the product of their p-values. */
export function statisticsPValue(statistics: MaskStatistics, channels: ChannelDistributions): number {
  const product = statistics.reduce((p, value, i) => p * singleSamplePValue(betaCdf(value, channels[i])), 1);
  return product ** (1 / 4);
}

/** p of a probability map `[height, width]` and the 8-bit RGB image under it, 0..1. */
export function rejectionPValue(probabilities: Float32Array, image: Image, channels: ChannelDistributions): number {
  return statisticsPValue(maskStatistics(probabilities, image), channels);
}

/** The name of an image type as the distributions spell it; a `usage` error lists them where there is none. */
export function checkImageType(imageType: string, distributions: Distributions): string {
  const found = [...distributions.keys()].find((name) => name.toLowerCase() === imageType.toLowerCase());
  if (found !== undefined) return found;
  const allowed = [...distributions.keys()].join(', ');
  throw new BiomedParseError('usage', `No distributions for image type "${imageType}"; there are ${allowed}`, {
    imageType,
  });
}

const lower = (text: string): string => text.trim().toLowerCase().replace(/^the /, '');

/** The target of an image type that a name means: by its own name, else by a synonym that only it has. */
function findTarget(name: string, targets: ReadonlyMap<string, ChannelDistributions>): string | undefined {
  const wanted = lower(name);
  const own = [...targets.keys()].find((target) => target.toLowerCase() === wanted);
  if (own !== undefined) return own;
  const alike = [...targets.keys()].filter(
    (target) =>
      paraphrases(target).some((one) => one.toLowerCase() === wanted) ||
      paraphrases(wanted).some((one) => one.toLowerCase() === target.toLowerCase()),
  );
  return alike.length === 1 ? alike[0] : undefined;
}

/** What a prompt is tested against, or the image type alone, or nothing. */
export function identify(
  prompt: string,
  distributions: Distributions,
  imageType?: string,
): Identified | { readonly imageType: string | null } {
  const parts = /^(.+) in (?:(\S+) )?(\S+)$/i.exec(prompt);
  const [, name = prompt, site = '', modality = ''] = parts ?? [];
  const own = parts === null ? undefined : imageTypeName(modality, site);
  const type = imageType ?? [...distributions.keys()].find((one) => one.toLowerCase() === own?.toLowerCase());
  const targets = type === undefined ? undefined : distributions.get(type);
  if (type === undefined || targets === undefined) return { imageType: null };
  const target = findTarget(prompt, targets) ?? findTarget(name, targets);
  const channels = target === undefined ? undefined : targets.get(target);
  return target === undefined || channels === undefined ? { imageType: type } : { imageType: type, target, channels };
}

/** A test of the masks of one image, as asked for by the options of a call. */
export function rejectionTest(
  image: Image,
  options: RejectionOptions,
  imageType: string | undefined,
): (prompt: string, probabilities: Float32Array) => Rejection {
  const distributions = options.distributions ?? publishedDistributions;
  const named = imageType === undefined ? undefined : checkImageType(imageType, distributions);
  return (prompt, probabilities) => {
    const found = identify(prompt, distributions, named);
    if (!('target' in found)) return { imageType: found.imageType, target: null, pValue: null };
    const { target, channels } = found;
    return { imageType: found.imageType, target, pValue: rejectionPValue(probabilities, image, channels) };
  };
}
