/** Detection: a prompt's mask is taken apart into instances (separation.ts), each with box, mask and score. */
import { labelMask } from '../image/components.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import { concepts } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { EncodedImage, Model, Segmentation, SegmentOptions } from './segment.ts';
import { leastPixels, type Separation, separationOfConcept, takeApart } from './separation.ts';

export interface DetectOptions
  extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'terms' | 'signal'> {
  /** Smaller parts are left out, pixels (default: a 10,000th of the image, at least 4). */
  readonly leastPx?: number;
  /** How masks are taken apart (default `auto`: by watershed what the ontology calls crowded, such as cells and glands). */
  readonly instances?: 'auto' | Separation;
}

/** One instance. */
export interface Instance {
  /** Presence of the object times the mean probability of this part, 0..1. */
  readonly score: number;
  readonly box: Box;
  readonly areaPx: number;
  /** `[height, width]` of the whole image, made anew whenever it is asked for. */
  readonly mask: Mask;
}

/** The answer to one prompt: what `segment` says, and the instances by descending score. */
export interface Detection {
  readonly answer: Segmentation;
  readonly separation: Separation;
  readonly instances: readonly Instance[];
}

/** How the mask of a prompt is taken apart: as is asked, else by what the ontology knows of it. */
export function separationOf(
  { concept }: Pick<Segmentation, 'concept'>,
  { instances = 'auto', terms }: Pick<DetectOptions, 'instances' | 'terms'>,
): Separation {
  if (instances !== 'auto') return instances;
  return separationOfConcept((terms?.concepts ?? concepts).find(({ name }) => name === concept?.name));
}

/** The instances in an answer's mask by descending score. */
function instancesOf(
  { mask, presence }: Segmentation,
  probabilities: Float32Array,
  separation: Separation,
  leastPx: number,
): Instance[] {
  const { labels, parts } = takeApart(mask, separation, leastPx);
  const sums = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 0) sums.set(labels[i], (sums.get(labels[i]) ?? 0) + probabilities[i]);
  }
  return parts
    .map(({ label, areaPx, box }) => ({
      score: presence * ((sums.get(label) as number) / areaPx),
      box,
      areaPx,
      get mask() {
        return labelMask(labels, label, mask.width, mask.height);
      },
    }))
    .sort((a, b) => b.score - a.score || b.areaPx - a.areaPx);
}

/** Detects objects in an encoded image, one prompt after another. */
export async function* detectEncoded(
  encoded: EncodedImage,
  prompts: readonly string[],
  detectOptions: DetectOptions = {},
): AsyncGenerator<Detection, void, undefined> {
  const { leastPx, instances = 'auto', ...options } = detectOptions;
  const allowed = ['auto', 'components', 'watershed'];
  if (!allowed.includes(instances)) {
    throw new BiomedParseError('usage', `instances must be one of ${allowed.join(', ')}, got ${instances}`, {
      instances,
    });
  }
  const least = leastPx ?? leastPixels(encoded.width, encoded.height);
  if (!(Number.isInteger(least) && least >= 1)) {
    throw new BiomedParseError('usage', `leastPx must be a whole number from 1, got ${leastPx}`, { leastPx });
  }
  for await (const { probabilities, ...answer } of encoded.segment(prompts, { ...options, probabilities: true })) {
    const separation = separationOf(answer, detectOptions);
    yield { answer, separation, instances: instancesOf(answer, probabilities as Float32Array, separation, least) };
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
