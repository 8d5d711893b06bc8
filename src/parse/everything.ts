/**
 * "Everything": all targets that an image type can show asked of one image, doubles dropped, the rest brought together in
 * one label map. Source: BiomedParse v1, `interactive_infer_image_all`, `non_maxima_suppression` and `combine_masks`.
 *
 * Every target is asked on its own, in the published form of a prompt. Targets that are not found (by presence, or by an
 * empty mask) go no further. The p of the rejection test orders the masks; it rejects them only if a threshold is given, as
 * published. Masks without a distribution come after the tested ones.
 * Refused with a `usage` error: image types for which no targets are published; with an `input` error: images whose probability
 * maps would not fit into 2 GiB.
 */
import { combineMaps, suppressDoubles } from '../image/combine.ts';
import { labelMask } from '../image/components.ts';
import { measure } from '../image/measure.ts';
import type { Box } from '../image/types.ts';
import { findImageType, type ImageType, imageTypes, typePrompt } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type Distributions, publishedDistributions } from './distributions.ts';
import type { EncodedImage, Segmentation, SegmentOptions } from './segment.ts';

const MAX_BYTES = 2 ** 31;

export interface EverythingOptions
  extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'signal'> {
  /** What masks should look like (default: the published distributions). */
  readonly distributions?: Distributions;
  /** Masks below this p are rejected (0..1, default 0: none is). */
  readonly rejectionThreshold?: number;
}

/** What became of one target. */
export interface FoundTarget {
  readonly target: string;
  readonly prompt: string;
  /** Its value in the label map; null if it is not in it. */
  readonly label: number | null;
  readonly presence: number;
  /** p of the rejection test; null without a distribution. */
  readonly pValue: number | null;
  /** Pixels in the label map. */
  readonly areaPx: number;
  readonly box: Box | null;
  /** Why it is not in the label map; null if it is. */
  readonly reason: string | null;
}

export interface Everything {
  readonly imageType: string;
  readonly width: number;
  readonly height: number;
  /** `[height, width]`: 0 background, else the label of a target. */
  readonly labels: Uint16Array;
  readonly targets: readonly FoundTarget[];
}

/** The image type of a name with its targets; a `usage` error lists those that have targets. */
export function everythingType(name: string): ImageType {
  const type = findImageType(name);
  if (type !== undefined && type.targets.length > 0) return type;
  const allowed = imageTypes.filter(({ targets }) => targets.length > 0).map((one) => one.name);
  throw new BiomedParseError('usage', `No targets are known for image type "${name}"; allowed: ${allowed.join(', ')}`, {
    imageType: name,
  });
}

/** Asks an encoded image for all targets of an image type. */
export async function segmentEverything(
  image: EncodedImage,
  imageType: string,
  options: EverythingOptions = {},
): Promise<Everything> {
  const type = everythingType(imageType);
  const { width, height } = image;
  const bytes = type.targets.length * width * height * 4;
  if (bytes > MAX_BYTES) {
    throw new BiomedParseError(
      'input',
      `Everything in ${width} x ${height} pixels takes ${bytes} bytes of probabilities; at most ${MAX_BYTES} are allowed`,
      { bytes },
    );
  }
  const { distributions = publishedDistributions, rejectionThreshold = 0, ...asked } = options;
  const tested = distributions.has(type.name);
  const prompts = type.targets.map((target) => typePrompt(target, type));
  const answers: Segmentation[] = [];
  for await (const answer of image.segment(prompts, {
    ...asked,
    probabilities: true,
    ...(tested ? { rejection: { distributions, threshold: rejectionThreshold }, imageType: type.name } : {}),
  })) {
    answers.push(answer);
  }
  const reasons = answers.map(({ reason }) => reason);

  const present = answers.map((_, i) => i).filter((i) => reasons[i] === null);
  const scores = present.map((i) => answers[i].rejection?.pValue ?? -1);
  const doubles = suppressDoubles(
    present.map((i) => answers[i].mask),
    scores,
  );
  for (const [at, of] of doubles.entries()) {
    if (of !== null) reasons[present[at]] = `double: more than half of it lies in ${type.targets[present[of]]}`;
  }

  const left = present.filter((i) => reasons[i] === null);
  const { labels, discarded } = combineMaps(left.map((i) => answers[i].probabilities as Float32Array));
  for (const [at, i] of left.entries()) {
    if (discarded[at]) reasons[i] = 'outdone: other targets are more probable in more than half of it';
  }
  // combined labels count the targets that were left; the label map counts all targets of the image type
  for (let i = 0; i < labels.length; i++) if (labels[i] !== 0) labels[i] = left[labels[i] - 1] + 1;
  const whole = labels.length === 0 ? new Uint16Array(width * height) : labels;

  const targets = answers.map(({ text, presence, rejection }, i): FoundTarget => {
    const { areaPx, box } = measure(labelMask(whole, i + 1, width, height));
    if (areaPx === 0) reasons[i] ??= 'outdone: other targets are more probable in all of it';
    const label = areaPx === 0 ? null : i + 1;
    const pValue = rejection?.pValue ?? null;
    return { target: type.targets[i], prompt: text, label, presence, pValue, areaPx, box, reason: reasons[i] };
  });
  return { imageType: type.name, width, height, labels: whole, targets };
}
