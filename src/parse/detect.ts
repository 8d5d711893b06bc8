/**
 * Detection: each connected part of a prompt's mask is one instance with box, mask and score. Objects that touch one another
 * are one instance.
 */
import { componentMask, components } from '../image/components.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { EncodedImage, Model, Segmentation, SegmentOptions } from './segment.ts';

export interface DetectOptions
  extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'terms' | 'signal'> {
  /** Smaller parts are left out, pixels (default: a 10,000th of the image, at least 4). */
  readonly leastPx?: number;
}

/** One instance. */
export interface Instance {
  /** Presence of the object times the mean probability of this part, 0..1. */
  readonly score: number;
  readonly box: Box;
  readonly areaPx: number;
  /** `[height, width]` of the whole image. */
  readonly mask: Mask;
}

/** The answer to one prompt: what `segment` says, and the instances by descending score. */
export interface Detection {
  readonly answer: Segmentation;
  readonly instances: readonly Instance[];
}

/** A 10,000th of the image: about 2.5 x 2.5 pixels of a 256 pixel square. */
const LEAST_SHARE = 1e-4;
const LEAST_PX = 4;

function instancesOf(answer: Segmentation, probabilities: Float32Array, leastPx: number): Instance[] {
  const { mask, presence } = answer;
  const found = components(mask, leastPx);
  const sums = new Float64Array(found.parts.length + 1);
  for (let i = 0; i < probabilities.length; i++) sums[found.labels[i]] += probabilities[i];
  return found.parts
    .map(({ label, box, areaPx }) => ({
      score: presence * (sums[label] / areaPx),
      box,
      areaPx,
      mask: componentMask(found, label, mask.width, mask.height),
    }))
    .sort((a, b) => b.score - a.score);
}

/** Detects objects in an encoded image, one prompt after another. */
export async function* detectEncoded(
  encoded: EncodedImage,
  prompts: readonly string[],
  { leastPx, ...options }: DetectOptions = {},
): AsyncGenerator<Detection, void, undefined> {
  const least = leastPx ?? Math.max(LEAST_PX, Math.round(LEAST_SHARE * encoded.width * encoded.height));
  if (!(Number.isInteger(least) && least >= 1)) {
    throw new BiomedParseError('usage', `leastPx must be a whole number from 1, got ${leastPx}`, { leastPx });
  }
  for await (const { probabilities, ...answer } of encoded.segment(prompts, { ...options, probabilities: true })) {
    yield { answer, instances: instancesOf(answer, probabilities as Float32Array, least) };
  }
}

/** Detects objects in an image (a path or a raster): one answer per prompt, in order. */
export async function detect(
  model: Model,
  image: Image | string,
  prompts: readonly string[],
  options: DetectOptions = {},
): Promise<Detection[]> {
  const encoded = await model.encode(image, options.signal === undefined ? {} : { signal: options.signal });
  try {
    const found: Detection[] = [];
    for await (const one of detectEncoded(encoded, prompts, options)) found.push(one);
    return found;
  } finally {
    encoded.dispose();
  }
}
