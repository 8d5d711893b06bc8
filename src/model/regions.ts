/**
 * Region prompts: SEEM's spatial prompts as BiomedParse v1 has them. Points, boxes and scribbles are all one boolean mask
 * of the network's input; its pixels are the points. At each point the image memories are sampled, which gives the region
 * tokens of a layer: queries see them, text tokens do not, and nothing of them is carried on to the next layer.
 *
 * A point is (row, column) / (height, width) without a half-pixel shift, and is sampled bilinearly with corners aligned.
 * At most 512 points are used; of more, a subset drawn by a seed (the published code draws anew every time).
 */
import { add, cast, div, expand, gather, matmul, mul, not, reshape, slice, sum } from '../graph/ops/index.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import { BiomedParseError } from '../util/errors.ts';
import { createRandom, mixSeed } from '../util/random.ts';
import type { DecoderConfig } from './config.ts';
import { fanIn, type Parameters } from './parameters.ts';

const prefix = 'sem_seg_head.predictor';

/** Most points that one region gives. */
export const MAX_POINTS = 512;
const MIN_SLOTS = 8;
/** Strides of the maps that are sampled: the memories' and that of the mask features, 4 as published or 2 (`maskStride`). */
const regionStrides = (masks: 2 | 4): readonly number[] => [32, 16, 8, masks];

/** Positions `[N]` of the pixels inside a mask `[height, width]`, in order; more than 512 are thinned by the seed. */
export function regionPoints(mask: Uint8Array, seed = 0): Int32Array {
  const inside: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) inside.push(i);
  if (inside.length <= MAX_POINTS) return Int32Array.from(inside);
  const random = createRandom(mixSeed(seed, inside.length));
  return Int32Array.from(random.shuffle(inside).slice(0, MAX_POINTS)).sort();
}

/** Slots that so many points are laid in: a power of two from 8 to 512, so that few graphs serve all. */
export function pointSlots(points: number): number {
  let slots = MIN_SLOTS;
  while (slots < points) slots *= 2;
  return slots;
}

/** Where a map is sampled. */
export interface SampleTable {
  /** The four pixels round each point, positions in a map `[h*w]`, `[slots, 4]`. */
  readonly indices: BigInt64Array;
  /** Their shares; 0 in slots beyond the last point. */
  readonly weights: Float32Array;
}

/** Neighbours and shares of points of an image `[height, width]` in its map `[height/stride, width/stride]`. */
export function sampleTable(
  points: Int32Array,
  size: { readonly height: number; readonly width: number },
  stride: number,
  slots: number,
): SampleTable {
  const indices = new BigInt64Array(slots * 4);
  const weights = new Float32Array(slots * 4);
  const [h, w] = [size.height / stride, size.width / stride];
  for (const [n, point] of points.entries()) {
    const y = (Math.floor(point / size.width) / size.height) * (h - 1);
    const x = ((point % size.width) / size.width) * (w - 1);
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [down, across] = [y - top, x - left];
    for (const [corner, [row, column]] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ].entries()) {
      // beyond the last row or column the share is 0: any pixel will do
      indices[n * 4 + corner] = BigInt(Math.min(top + row, h - 1) * w + Math.min(left + column, w - 1));
      weights[n * 4 + corner] = (row === 1 ? down : 1 - down) * (column === 1 ? across : 1 - across);
    }
  }
  return { indices, weights };
}

/** A region of every image, as the graph takes it: N slots, of which `filler` ones hold no point. */
export interface RegionPoints {
  /** Bool `[B,N]`. */
  readonly filler: Tensor;
  /** Per map (three memories, mask features): neighbours `[B,N,4]` (i64, positions in all B maps one after another). */
  readonly indices: readonly Tensor[];
  /** Their shares `[B,N,4]`. */
  readonly weights: readonly Tensor[];
}

/** Inputs of the graph for the region of one image. */
export function regionInputs(slots: number, masks: 2 | 4 = 4): RegionPoints {
  const strides = regionStrides(masks);
  return {
    filler: input('region_filler', [1, slots], 'bool'),
    indices: strides.map((stride) => input(`region_indices_${stride}`, [1, slots, 4], 'i64')),
    weights: strides.map((stride) => input(`region_weights_${stride}`, [1, slots, 4])),
  };
}

/** Values of those inputs for a mask `[height, width]` of the network's input that is not empty. */
export function regionFeeds(
  mask: Uint8Array,
  size: { readonly height: number; readonly width: number },
  masks: 2 | 4 = 4,
): { slots: number; feeds: Record<string, Uint8Array | BigInt64Array | Float32Array> } {
  const points = regionPoints(mask);
  if (points.length === 0) throw new BiomedParseError('internal', 'a region prompt needs a pixel inside');
  const slots = pointSlots(points.length);
  const feeds: Record<string, Uint8Array | BigInt64Array | Float32Array> = {
    region_filler: Uint8Array.from({ length: slots }, (_, n) => (n < points.length ? 0 : 1)),
  };
  for (const stride of regionStrides(masks)) {
    const { indices, weights } = sampleTable(points, size, stride, slots);
    feeds[`region_indices_${stride}`] = indices;
    feeds[`region_weights_${stride}`] = weights;
  }
  return { slots, feeds };
}

/** Values of a map `[B,hw,C]` at the points: `[B,N,C]`, 0 in filler slots. */
function sample(map: Tensor, indices: Tensor, weights: Tensor): Tensor {
  const [batch, pixels, channels] = map.shape as [number, number, number];
  const [, slots] = indices.shape as [number, number];
  const corners = gather(reshape(map, [batch * pixels, channels]), indices);
  return sum(mul(corners, reshape(weights, [batch, slots, 4, 1])), [2]);
}

/** What a region contributes to the decoder. */
export interface RegionTokens {
  /** Tokens per level `[B,N,D]`; a token is also its own position. */
  readonly levels: readonly Tensor[];
  /** Bool `[B,N]`. */
  readonly filler: Tensor;
  /** Mean of the mask features at the points, `[B,1,M]`: the query whose mask embedding fits it best is chosen. */
  readonly mean: Tensor;
}

/** Region tokens from the memories (level embedding included) `[B,hw,D]` and the mask features `[B,HW,M]`. */
export function regionTokens(
  p: Parameters,
  memory: { readonly memories: readonly Tensor[]; readonly maskFeatures: Tensor },
  points: RegionPoints,
  config: DecoderConfig,
): RegionTokens {
  if (memory.memories.length === 0) {
    throw new BiomedParseError('internal', 'region prompts need a configuration with decoder.regions');
  }
  const kinds = p.get(`${prefix}.pn_indicator.weight`, [2, config.dim], { deviation: 0.02 });
  const positive = slice(kinds, 0, 0, 1); // the second row marks negative points, which the published inference never gives
  const at = (map: Tensor, i: number): Tensor => sample(map, points.indices[i] as Tensor, points.weights[i] as Tensor);
  const levels = memory.memories.map((map, i) => {
    const project = p.get(`${prefix}.mask_sptial_embed.${i}`, [config.dim, config.dim], fanIn(config.dim));
    return add(matmul(at(map, i), project), positive);
  });
  const total = sum(at(memory.maskFeatures, 3), [1], true);
  const count = sum(cast(not(points.filler), 'f32'), [1], true);
  return { levels, filler: points.filler, mean: div(total, reshape(count, [count.shape[0] as number, 1, 1])) };
}

/** Tokens or truths per image `[B,N,...]` repeated for each of its groups of prompts, `[B*G,N,...]`. */
export function perGroup(t: Tensor, groups: number): Tensor {
  const [batch, ...rest] = t.shape as [number, ...number[]];
  return reshape(expand(reshape(t, [batch, 1, ...rest]), [batch, groups, ...rest]), [batch * groups, ...rest]);
}

/** Fit of every query's mask embedding `[B,G,Q,M]` to the region, the same for each of P prompts: `[B,G,Q,P]`. */
export function regionScores(embeddings: Tensor, region: RegionTokens, prompts: number): Tensor {
  const [batch, , maskDim] = region.mean.shape as [number, number, number];
  const scores = matmul(embeddings, reshape(region.mean, [batch, 1, 1, maskDim]), { transposeB: true });
  return expand(scores, [...scores.shape.slice(0, 3), prompts]);
}
