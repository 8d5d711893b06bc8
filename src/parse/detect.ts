/**
 * Detection: a prompt's mask is taken apart into instances, each with box, mask and score: its connected parts, or, where
 * objects touch, those parts cut where they are narrow (watershed of the distance to their edge, see image/instances.ts). Which
 * of the two is the ontology's to say: it knows what lies crowded.
 */
import { components } from '../image/components.ts';
import { instances as cutInstances } from '../image/instances.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import { concepts } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { EncodedImage, Model, Segmentation, SegmentOptions } from './segment.ts';

/** How a mask can be taken apart. */
export type Separation = 'components' | 'watershed';

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

/** A 10,000th of the image: about 2.5 x 2.5 pixels of a 256 pixel square. */
const LEAST_SHARE = 1e-4;
const LEAST_PX = 4;

/** Pixels of the smallest part that is reported of an image of that size unless a call says otherwise. */
export function leastPixels(width: number, height: number): number {
  return Math.max(LEAST_PX, Math.round(LEAST_SHARE * width * height));
}

/** How the mask of a prompt is taken apart: as is asked, else by what the ontology knows of it. */
export function separationOf(
  { concept }: Pick<Segmentation, 'concept'>,
  { instances = 'auto', terms }: Pick<DetectOptions, 'instances' | 'terms'>,
): Separation {
  if (instances !== 'auto') return instances;
  const known = (terms?.concepts ?? concepts).find(({ name }) => name === concept?.name);
  return known?.crowded === true ? 'watershed' : 'components';
}

/** The instances of a label map `[height, width]`, without what lies outside the mask, as holes that were filled do. */
function labelledInstances(
  { mask, presence }: Segmentation,
  probabilities: Float32Array,
  labels: Uint16Array | Uint32Array,
  leastPx: number,
): Instance[] {
  const { data, width, height } = mask;
  const found = new Map<number, { areaPx: number; sum: number; box: [number, number, number, number] }>();
  for (let i = 0; i < labels.length; i++) {
    if (data[i] === 0 || labels[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    const one = found.get(labels[i]) ?? { areaPx: 0, sum: 0, box: [x, y, x + 1, y + 1] };
    found.set(labels[i], one);
    one.areaPx++;
    one.sum += probabilities[i];
    const [left, top, right] = one.box;
    one.box = [Math.min(left, x), top, Math.max(right, x + 1), y + 1];
  }
  return [...found]
    .filter(([, { areaPx }]) => areaPx >= leastPx)
    .map(([label, { areaPx, sum, box }]) => ({
      score: presence * (sum / areaPx),
      box,
      areaPx,
      get mask() {
        return { data: Uint8Array.from(labels, (value, i) => (value === label ? data[i] : 0)), width, height };
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
    const { labels } = separation === 'watershed' ? cutInstances(answer.mask) : components(answer.mask);
    const found = labelledInstances(answer, probabilities as Float32Array, labels, least);
    yield { answer, separation, instances: found };
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
