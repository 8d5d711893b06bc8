/**
 * Samples for training: an image, a few prompts, and what is to be found. A sample depends on the seed and its index alone,
 * so that any worker can make any sample and a resumed run goes on exactly.
 */
import { BiomedParseError } from '../util/errors.ts';
import { createRandom, mixSeed, type Random } from '../util/random.ts';
import {
  applyIntensity,
  augmentationRanges,
  drawIntensity,
  drawPlacement,
  milder,
  plainIntensity,
  plainPlacement,
} from './augment.ts';
import { createPlanner, type Plan } from './plan.ts';
import { type ImageStore, type StoredImage, type StoredMask, storedPixels } from './store.ts';
import {
  type Coverage,
  coverMasks,
  type Placement,
  reductionVariance,
  smooth,
  spansOf,
  stepOf,
  type Warp,
  warpOf,
  warpPixels,
} from './warp.ts';

export interface SamplerOptions {
  /** Side of the square output, pixels; a multiple of 4. */
  readonly size: number;
  readonly promptsPerImage: number;
  /** Share of prompts for objects that are absent, 0..1. */
  readonly negativeFraction: number;
  /** Strength of random placement, mirroring and intensities, 0 to 1; at 0 every image is shown whole, as in inference. */
  readonly augmentation: number;
  readonly seed: number;
  /** How many times as often as otherwise a set is drawn, by its name; 1 where nothing is said. */
  readonly setWeights?: Readonly<Record<string, number>> | undefined;
  /** Side of a target's cells, pixels: what one mask logit of the network stands for (`maskStride`). */
  readonly cell: 2 | 4;
}

export interface Sample {
  /** `[3, size, size]` planes, 0..255; 0 round the image. */
  readonly pixels: Float32Array;
  readonly prompts: readonly string[];
  /** `[prompts, size / cell, size / cell]`, the share of each cell that is inside, 0..1. */
  readonly targets: Float32Array;
  /** 1 where the prompt's object is in the image, `[prompts]`. */
  readonly present: Uint8Array;
}

export type Sampler = (index: number) => Sample;

/** A placement that leaves less than this share of a mask in the picture gives way to a milder one, at last to the whole image. */
export const LEAST_KEPT = 0.15;

function check({ size, promptsPerImage, negativeFraction, augmentation }: SamplerOptions): void {
  const refuse = (name: string, value: number, allowed: string): never => {
    throw new BiomedParseError('usage', `a sample's ${name} is ${value}; allowed: ${allowed}`, { [name]: value });
  };
  if (!Number.isInteger(size) || size < 4 || size % 4 !== 0) refuse('size', size, 'multiples of 4');
  if (!Number.isInteger(promptsPerImage) || promptsPerImage < 1) {
    refuse('number of prompts', promptsPerImage, 'integers from 1');
  }
  if (!(negativeFraction >= 0 && negativeFraction <= 1)) refuse('negative fraction', negativeFraction, '0 to 1');
  if (!(augmentation >= 0 && augmentation <= 1)) refuse('augmentation', augmentation, '0 to 1');
}

export interface RendererOptions {
  /** Side of the square output, pixels; a multiple of `cell`. */
  readonly size: number;
  /** Strength of random placement and intensities, 0 to 1; at 0 every image is shown whole, as in inference. */
  readonly augmentation: number;
  /** Side of the cells that masks are given in, output pixels; a power of two. */
  readonly cell: number;
}

/** An image and masks of it under one placement drawn at random. */
export interface Rendered {
  /** `[3, size, size]` planes, 0..255; 0 round the image. */
  readonly pixels: Float32Array;
  /** `[masks, size / cell, size / cell]`, the share of each cell that is inside, 0..1. */
  readonly targets: Float32Array;
}

/** Whether enough of every mask is in the picture. */
function keepsAll(masks: readonly StoredMask[], { sums }: Coverage, map: Warp, cell: number): boolean {
  const area = (cell * stepOf(map)) ** 2;
  return masks.every((mask, i) => sums[i] > 0 && sums[i] >= (LEAST_KEPT * mask.area) / area);
}

/** A function that shows stored images and masks as a network is trained on them; what is drawn depends on the random stream alone. */
export function createRenderer(
  store: ImageStore,
  { size, augmentation, cell }: RendererOptions,
): (random: Random, plan: Omit<Plan, 'asks'>, masks: readonly StoredMask[]) => Rendered {
  const augments = augmentation > 0;
  const slabs = store.slabs.map((slab) => new Uint8Array(slab));

  /** The masks under a placement, or under a milder one where that would lose one of them. */
  const place = (image: StoredImage, masks: readonly StoredMask[], wanted: Placement): [Warp, Coverage] => {
    const bitMasks = masks.map(({ slab, offset }) => ({ bits: slabs[slab], offset }));
    for (const placement of augments ? [wanted, milder(wanted)] : []) {
      const map = warpOf(image, size, placement);
      const coverage = coverMasks(bitMasks, image, map, size, 1, cell);
      if (keepsAll(masks, coverage, map, cell)) return [map, coverage];
    }
    const map = warpOf(image, size, plainPlacement(wanted.mirror));
    const fine = 2 ** Math.max(0, Math.ceil(Math.log2(stepOf(map))));
    return [map, coverMasks(bitMasks, image, map, size, fine, cell)];
  };

  return (random, { image, group, mirror }, masks) => {
    const ranges = augmentationRanges(group.modality, group.site, augmentation);
    const wanted = augments ? drawPlacement(random, ranges, mirror) : plainPlacement(mirror);
    const [map, { targets }] = place(image, masks, wanted);
    const intensity = augments ? drawIntensity(random, ranges, image.channels) : plainIntensity(image.channels);
    const step = stepOf(map);
    const variance = reductionVariance(step) + (intensity.blur * step) ** 2;
    const spans = spansOf(map, image, size);
    const bytes = warpPixels(smooth(storedPixels(store, image), image, variance), image, map, spans, size);
    return { pixels: applyIntensity(bytes, spans, size, intensity, random), targets };
  };
}

/** A function from a sample's index to the sample. */
export function createSampler(store: ImageStore, options: SamplerOptions): Sampler {
  check(options);
  const { size, augmentation, seed, cell } = options;
  const plan = createPlanner(store, { ...options, mirrors: augmentation > 0 });
  const render = createRenderer(store, { size, augmentation, cell });
  const cells = (size / cell) ** 2;

  return (index) => {
    const random = createRandom(mixSeed(seed, index));
    const { asks, ...shown } = plan(random);
    const masks = [...new Set(asks.flatMap(({ mask }) => mask ?? []))];
    const { pixels, targets: covered } = render(random, shown, masks);
    const targets = new Float32Array(asks.length * cells);
    for (const [i, { mask }] of asks.entries()) {
      if (mask === undefined) continue;
      const from = masks.indexOf(mask) * cells;
      targets.set(covered.subarray(from, from + cells), i * cells);
    }
    return {
      pixels,
      prompts: asks.map(({ prompt }) => prompt),
      targets,
      present: Uint8Array.from(asks, ({ mask }) => (mask === undefined ? 0 : 1)),
    };
  };
}
