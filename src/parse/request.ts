/**
 * What one call asks, checked before any work: prompts, thresholds, region prompts.
 * Refused with a `usage` error: what prompts.ts refuses, thresholds outside 0..1, too many prompts together, region prompts
 * of a model that has none, or that was not trained for them unless forced.
 */
import type { RegionPrompt } from '../image/regions.ts';
import type { ModelConfig } from '../model/config.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { Thresholds } from './answer.ts';
import type { ModelSettings } from './config.ts';
import { publishedDistributions } from './distributions.ts';
import { type PresenceOptions, type PresenceSettings, presenceLimits } from './presence.ts';
import { checkPrompts } from './prompts.ts';
import { checkImageType, REJECTION_THRESHOLD } from './rejection.ts';
import type { SegmentOptions } from './segment.ts';
import { checkUnit } from './unit.ts';

/** Prompts decoded at a time: bounds the memory of one decoder run. Also the most that may be asked jointly. */
export const PROMPT_BATCH = 32;
const DEFAULT_THRESHOLD = 0.5;

/** A checked call. */
export interface Request {
  /** The prompts, trimmed; none if only regions were given. */
  readonly prompts: readonly string[];
  readonly regions: readonly RegionPrompt[];
  readonly limits: Thresholds;
  readonly joint: boolean;
}

/** Refuses region prompts of a model that cannot take them; `force` helps only where merely the training is missing. */
export function checkRegionSupport({ name, decoder }: ModelConfig, force: boolean): void {
  if (decoder.regions !== true) {
    throw new BiomedParseError(
      'usage',
      `The model ${name} has no weights for region prompts (points, boxes, scribbles), which cannot be forced; ask in words alone or use another model`,
      { model: name },
    );
  }
  if (decoder.regionsTrained !== true && !force) {
    throw new BiomedParseError(
      'usage',
      `The model ${name} was not trained for region prompts (points, boxes, scribbles), so its answers to them mean little; --force (forceRegions) asks all the same`,
      { model: name },
    );
  }
}

/** The thresholds of a call; those that are not given are the usual ones, for presence the model's own. */
export function checkThresholds(
  options: Pick<SegmentOptions, 'threshold' | 'rejection'> & PresenceOptions,
  model: PresenceSettings,
): Thresholds {
  return {
    pixel: checkUnit('threshold', options.threshold ?? DEFAULT_THRESHOLD),
    presence: presenceLimits(model, options),
    rejection: checkUnit('rejection.threshold', options.rejection?.threshold ?? REJECTION_THRESHOLD),
  };
}

/** The call as checked. */
export function checkRequest(prompts: readonly string[], options: SegmentOptions, model: ModelSettings): Request {
  const regions = options.regions ?? [];
  if (regions.length > 0) checkRegionSupport(model, options.forceRegions ?? false);
  const asked = regions.length > 0 && prompts.length === 0 ? [] : checkPrompts(prompts);
  const joint = options.joint ?? false;
  if (joint && asked.length > PROMPT_BATCH) {
    throw new BiomedParseError(
      'usage',
      `${asked.length} prompts given; at most ${PROMPT_BATCH} are allowed together (joint)`,
    );
  }
  const limits = checkThresholds(options, model);
  if (options.rejection !== undefined && options.imageType !== undefined) {
    checkImageType(options.imageType, options.rejection.distributions ?? publishedDistributions);
  }
  return { prompts: asked, regions, limits, joint };
}
