/**
 * Query decoder (SEEM's, as BiomedParse v1 uses it): learned queries look at the image through masked cross-attention,
 * mix with the text tokens in self-attention, and each predicts a mask; the query most similar to the prompt wins.
 *
 * B images, G groups of prompts an image. Prompts of one group share one sequence: G = 1 with all prompts is the
 * published joint layout; G = number of prompts, one each, keeps prompts independent. Queries of all groups of an image
 * lie side by side in cross-attention `[B, G*Q, D]`, and apart in self-attention `[B*G, Q + L, D]`.
 */
import {
  add,
  and,
  cast,
  concat,
  div,
  expand,
  greater,
  matmul,
  mul,
  normalise,
  not,
  relu,
  reshape,
  slice,
  sqrt,
  sum,
} from '../graph/ops/index.ts';
import { constant, type Tensor } from '../graph/tensor.ts';
import type { DecoderConfig, PixelDecoderConfig } from './config.ts';
import { attend, dense, feedForward, multiHeadAttention, norm, projection, splitHeads } from './layers.ts';
import { fanIn, type Parameters } from './parameters.ts';
import type { PixelFeatures } from './pixel-decoder.ts';
import { sinePosition } from './position.ts';
import { perGroup, type RegionTokens } from './regions.ts';

const prefix = 'sem_seg_head.predictor';

/** Everything about an image that no prompt changes. */
export interface ImageMemory {
  /** Keys and values of each layer's cross-attention, `[B,heads,hw,d]`. */
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
  /** Mask features reduced to the three levels, `[B,hw,M]`. */
  readonly levels: readonly Tensor[];
  /** Mask features `[B,HW,M]` at the stride of the masks, 1/4 or 1/2. */
  readonly maskFeatures: Tensor;
  /** Mean of the coarsest memory, `[B,D]`. */
  readonly summary: Tensor;
  /** Memories with their level embedding, `[B,hw,D]`: what region prompts sample; none if the network has no such prompts. */
  readonly memories: readonly Tensor[];
}

/** The two middle rows of every `ratio`, averaged: bilinear reduction (align_corners false) by an even whole ratio. */
function halveBetween(x: Tensor, axis: 1 | 2, ratio: number): Tensor {
  const n = x.shape[axis] as number;
  const cut = reshape(x, [...x.shape.slice(0, axis), n / ratio, ratio, ...x.shape.slice(axis + 1)]);
  const row = (i: number): Tensor => slice(cut, axis + 1, i, i + 1);
  const mean = mul(add(row(ratio / 2 - 1), row(ratio / 2)), 0.5);
  return reshape(
    mean,
    x.shape.map((m, i) => (i === axis ? m / ratio : m)),
  );
}

/** Prompt-independent work: reduced mask features and the memories' keys and values, once per image. */
export function imageMemory(
  p: Parameters,
  pixels: PixelFeatures,
  config: DecoderConfig,
  masks: PixelDecoderConfig,
): ImageMemory {
  const [batch, height, width, maskDim] = pixels.maskFeatures.shape as [number, number, number, number];
  const embed = p.get(`${prefix}.level_embed.weight`, [3, config.dim], { deviation: 0.02 });
  const placed = pixels.memories.map((memory, level) => {
    const [, h, w] = memory.shape as [number, number, number, number];
    const value = add(reshape(memory, [batch, h * w, masks.dim]), slice(embed, 0, level, level + 1));
    return { value, key: add(value, sinePosition(h, w, config.dim)) };
  });
  const layers = Array.from({ length: config.layers }, (_, n) => ({
    name: `${prefix}.transformer_cross_attention_layers.${n}.multihead_attn`,
    memory: placed[n % 3] as { value: Tensor; key: Tensor },
  }));
  const levels = pixels.memories.map((memory) => {
    const ratio = height / (memory.shape[1] as number);
    const reduced = halveBetween(halveBetween(pixels.maskFeatures, 1, ratio), 2, ratio);
    return reshape(reduced, [batch, -1, maskDim]);
  });
  const coarsest = (placed[0] as { value: Tensor }).value;
  return {
    keys: layers.map(({ name, memory }) => splitHeads(projection(p, name, memory.key, 1), config.heads)),
    values: layers.map(({ name, memory }) => splitHeads(projection(p, name, memory.value, 2), config.heads)),
    levels,
    maskFeatures: reshape(pixels.maskFeatures, [batch, height * width, maskDim]),
    summary: reshape(mul(sum(coarsest, [1]), 1 / (coarsest.shape[1] as number)), [batch, config.dim]),
    memories: config.regions === true ? placed.map(({ value }) => value) : [],
  };
}

/** What the texts contribute. */
export interface PromptTokens {
  /** `[B*G,L,D]`, all real tokens of a group one after another. */
  readonly tokens: Tensor;
  /** Bool `[B*G,L]`: filler that nothing may look at. */
  readonly filler: Tensor;
  /** Class embeddings `[B,G,P,D]`, P prompts a group. */
  readonly classes: Tensor;
}

/** One prediction of all queries: before the first layer and after each. */
export interface Prediction {
  /** Normed queries `[B,G*Q,D]`. */
  readonly queries: Tensor;
  /** Mask embeddings `[B,G*Q,M]`; a mask is their product with the mask features. */
  readonly masks: Tensor;
}

export interface DecoderResult {
  readonly predictions: readonly Prediction[];
  /** Bool `[B,G*Q,hw]` per layer: what cross-attention was not allowed to see. */
  readonly blocked: readonly Tensor[];
  /** Text tokens after the last layer, `[B*G,L,D]`. */
  readonly tokens: Tensor;
}

function predict(p: Parameters, queries: Tensor, maskDim: number): Prediction {
  const dim = queries.shape[2] as number;
  const y = norm(p, `${prefix}.decoder_norm`, queries);
  const hidden = relu(dense(p, `${prefix}.mask_embed.layers.0`, y, dim));
  const masks = dense(
    p,
    `${prefix}.mask_embed.layers.2`,
    relu(dense(p, `${prefix}.mask_embed.layers.1`, hidden, dim)),
    maskDim,
  );
  return { queries: y, masks };
}

/** Blocked where the level-sized mask is below 0, but a query that would see nothing sees everything. */
function crossMask(prediction: Prediction, level: Tensor): Tensor {
  const logits = matmul(prediction.masks, level, { transposeB: true });
  const hidden = greater(mul(logits, -1), 0);
  const seen = greater(sum(cast(not(hidden), 'f32'), [-1], true), 0);
  return and(hidden, seen);
}

/** Queries before the first layer, `[B,G*Q,D]`, and their position `[1,Q,D]`. */
function firstQueries(p: Parameters, text: PromptTokens, config: DecoderConfig): { queries: Tensor; position: Tensor } {
  const [batch, groups, prompts] = text.classes.shape as [number, number, number];
  const table = (name: string): Tensor =>
    p.get(`${prefix}.${name}.weight`, [config.queries, config.dim], { deviation: 0.5 });
  const features = reshape(table('query_feat'), [1, config.queries, config.dim]);
  let queries = expand(features, [batch * groups, config.queries, config.dim]);
  if (config.textQueries) {
    const mean = mul(sum(text.classes, [2]), 1 / prompts);
    queries = add(
      queries,
      dense(p, `${prefix}.text_query`, reshape(mean, [batch * groups, 1, config.dim]), config.dim),
    );
  }
  const position = reshape(table('query_embed'), [1, config.queries, config.dim]);
  return { queries: reshape(queries, [batch, groups * config.queries, config.dim]), position };
}

/** What region tokens `[B*G,N,D]` may be seen by, as bool `[B*G,1,Q+L,Q+L+N]` (true: hidden): by queries, not by text. */
function hiddenRegion(fillerKeys: Tensor, region: RegionTokens, groups: number, config: DecoderConfig): Tensor {
  const [rows, , , keys] = fillerKeys.shape as [number, number, number, number];
  const filler = perGroup(region.filler, groups);
  const slots = filler.shape[1] as number;
  const allowed = Float64Array.from({ length: keys * (keys + slots) }, (_, i) =>
    i < config.queries * (keys + slots) || i % (keys + slots) < keys ? 1 : 0,
  );
  const real = not(concat([fillerKeys, reshape(filler, [rows, 1, 1, slots])], 3));
  return not(and(real, constant(allowed, [1, 1, keys, keys + slots], 'bool')));
}

/** Runs the layers; the last prediction is the answer, the earlier ones steer attention and, in training, the losses. */
export function queryDecoder(
  p: Parameters,
  image: ImageMemory,
  text: PromptTokens,
  config: DecoderConfig,
  region?: RegionTokens,
): DecoderResult {
  const [batch, groups] = text.classes.shape as [number, number];
  const length = text.tokens.shape[1] as number;
  const maskDim = image.maskFeatures.shape[2] as number;
  const first = firstQueries(p, text, config);
  const groupShape = [batch * groups, config.queries, config.dim];
  const imageShape = [batch, groups * config.queries, config.dim];
  const queryPosition = expand(first.position, groupShape);
  const position = concat([queryPosition, text.tokens], 1);
  const never = constant(new Float64Array(batch * groups * config.queries), [batch * groups, config.queries], 'bool');
  const fillerKeys = reshape(concat([never, text.filler], 1), [batch * groups, 1, 1, config.queries + length]);
  const hiddenKeys = region === undefined ? fillerKeys : hiddenRegion(fillerKeys, region, groups, config);
  const marked = region?.levels.map((level) => perGroup(level, groups)) ?? [];
  let { queries } = first;
  let tokens = text.tokens;
  const predictions = [predict(p, queries, maskDim)];
  const blocked: Tensor[] = [];
  for (let n = 0; n < config.layers; n++) {
    const level = image.levels[n % 3] as Tensor;
    const hidden = crossMask(predictions[n] as Prediction, level);
    blocked.push(hidden);
    const cross = `${prefix}.transformer_cross_attention_layers.${n}`;
    const placed = reshape(add(reshape(queries, groupShape), queryPosition), imageShape);
    const q = splitHeads(projection(p, `${cross}.multihead_attn`, placed, 0), config.heads);
    const keyMask = reshape(hidden, [batch, 1, hidden.shape[1] as number, hidden.shape[2] as number]);
    const looked = attend(q, image.keys[n] as Tensor, image.values[n] as Tensor, keyMask);
    const seen = dense(p, `${cross}.multihead_attn.out_proj`, looked, config.dim);
    queries = norm(p, `${cross}.norm`, add(queries, seen));

    const self = `${prefix}.transformer_self_attention_layers.${n}`;
    const sequence = concat([reshape(queries, groupShape), tokens], 1);
    const where = add(sequence, position);
    const mark = marked[n % 3];
    const inputs = {
      query: where,
      key: mark === undefined ? where : concat([where, mul(mark, 2)], 1), // a region token is its own position
      value: mark === undefined ? sequence : concat([sequence, mark], 1),
      heads: config.heads,
      blocked: hiddenKeys,
    };
    const mixed = norm(p, `${self}.norm`, add(sequence, multiHeadAttention(p, `${self}.self_attn`, inputs)));
    const ffn = `${prefix}.transformer_ffn_layers.${n}`;
    const grown = norm(p, `${ffn}.norm`, add(mixed, feedForward(p, ffn, mixed, config.feedForward)));
    queries = reshape(slice(grown, 1, 0, config.queries), imageShape);
    tokens = slice(grown, 1, config.queries, config.queries + length);
    predictions.push(predict(p, queries, maskDim));
  }
  return { predictions, blocked, tokens };
}

/** x divided by its Euclidean length plus 1e-7, over the last axis. */
export function unit(x: Tensor): Tensor {
  return div(x, add(sqrt(add(sum(mul(x, x), [-1], true), 1e-30)), 1e-7));
}

/** Cosine of every query with every prompt of its group, `[B,G,Q,P]`; the positive published scale is left out. */
export function similarity(p: Parameters, prediction: Prediction, classes: Tensor, config: DecoderConfig): Tensor {
  const [batch, groups] = classes.shape as [number, number];
  const project = p.get(`${prefix}.class_embed`, [config.dim, config.dim], fanIn(config.dim));
  const captions = reshape(matmul(prediction.queries, project), [batch, groups, config.queries, config.dim]);
  return matmul(unit(captions), unit(classes), { transposeB: true });
}

/**
 * Existence logit per prompt `[B,G,P]` (the idea of BiomedParse v2): from the prompt, its chosen query, the image's
 * summary and figures of the mask. Callers hand in tensors behind `stopGradient`, so that it never steers the masks.
 */
export function existence(
  p: Parameters,
  inputs: { chosen: Tensor; classes: Tensor; summary: Tensor; figures: Tensor },
  config: DecoderConfig,
): Tensor {
  const [batch, groups, prompts, dim] = inputs.classes.shape as [number, number, number, number];
  const summary = expand(reshape(inputs.summary, [batch, 1, 1, dim]), [batch, groups, prompts, dim]);
  const parts = [inputs.chosen, inputs.classes, summary].map((x) => normalise(x, 1e-5));
  const hidden = relu(dense(p, `${prefix}.existence.linear1`, concat([...parts, inputs.figures], 3), 2 * config.dim));
  const deeper = relu(dense(p, `${prefix}.existence.linear2`, hidden, config.dim));
  return reshape(dense(p, `${prefix}.existence.linear3`, deeper, 1), [batch, groups, prompts]);
}

/** Rows of the first matrix per choice: `[B,G,Q,X]` by one-hot choices `[B,G,P,Q]` to `[B,G,P,X]`. */
export function choose(rows: Tensor, choice: Tensor): Tensor {
  return matmul(choice, rows);
}
