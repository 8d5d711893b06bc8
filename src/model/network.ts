/**
 * BiomedParse as three graphs, cut where work does not depend on the prompt: image encoder, text encoder, decoder.
 * Training joins the same pieces into one graph (src/train).
 */
import {
  abs,
  add,
  argMax,
  cast,
  concat,
  div,
  greater,
  matmul,
  max,
  mean,
  mul,
  oneHot,
  reshape,
  sigmoid,
  stopGradient,
  sub,
  sum,
  transpose,
} from '../graph/ops/index.ts';
import { constant, type DType, input, type Shape, type Tensor } from '../graph/tensor.ts';
import { backbone } from './backbone.ts';
import type { ModelConfig } from './config.ts';
import {
  choose,
  type DecoderResult,
  existence,
  type ImageMemory,
  imageMemory,
  type Prediction,
  type PromptTokens,
  queryDecoder,
  similarity,
} from './decoder.ts';
import type { Parameters } from './parameters.ts';
import { type PixelFeatures, pixelDecoder } from './pixel-decoder.ts';
import { type RegionPoints, regionScores, regionTokens } from './regions.ts';
import { textEncoder } from './text-encoder.ts';

export interface ImageGraph {
  readonly maps: readonly [Tensor, Tensor, Tensor, Tensor];
  readonly pixels: PixelFeatures;
  readonly memory: ImageMemory;
}

/** Planes `[B,3,H,W]`, 0..255, to everything prompts will need; H and W are multiples of 32. */
export function imageGraph(p: Parameters, planes: Tensor, config: ModelConfig): ImageGraph {
  const shift = constant(config.pixelMean, [3]);
  const scale = constant(
    config.pixelStd.map((deviation) => 1 / deviation),
    [3],
  );
  const image = mul(sub(transpose(planes, [0, 2, 3, 1]), shift), scale);
  const maps = backbone(p, image, config.backbone);
  const pixels = pixelDecoder(p, image, maps, config.pixelDecoder);
  return { maps, pixels, memory: imageMemory(p, pixels, config.decoder, config.pixelDecoder) };
}

/** Figures of a mask `[...,hw]` that tell presence: largest logit, mean probability, sharpness, each `[...,1]`. */
function maskFigures(logits: Tensor): Tensor {
  const probability = sigmoid(logits);
  const inside = cast(greater(logits, 0), 'f32');
  const area = mean(inside, [-1], true);
  const confidence = div(sum(mul(probability, inside), [-1], true), add(sum(inside, [-1], true), 1));
  return concat(
    [
      mul(max(logits, [-1], true), 0.1),
      mean(probability, [-1], true),
      area,
      confidence,
      mul(mean(abs(logits), [-1], true), 0.1),
    ],
    3,
  );
}

/** Existence logits `[B,G,P]` of the chosen queries, with every input detached. */
export function existenceLogits(
  p: Parameters,
  given: { prediction: Prediction; choice: Tensor; classes: Tensor; memory: ImageMemory },
  config: ModelConfig,
): Tensor {
  const { prediction, choice, classes, memory } = given;
  const [batch, groups] = classes.shape as [number, number];
  const { queries, dim } = config.decoder;
  const rows = (x: Tensor): Tensor => reshape(x, [batch, groups, queries, x.shape[2] as number]);
  const embeddings = choose(rows(prediction.masks), choice);
  const level = memory.levels[2] as Tensor;
  const [, pixels, maskDim] = level.shape as [number, number, number];
  const prompts = choice.shape[2] as number;
  const flat = reshape(embeddings, [batch, groups * prompts, maskDim]);
  const logits = reshape(matmul(flat, level, { transposeB: true }), [batch, groups, prompts, pixels]);
  return existence(
    p,
    {
      chosen: stopGradient(reshape(choose(rows(prediction.queries), choice), [batch, groups, prompts, dim])),
      classes: stopGradient(classes),
      summary: stopGradient(memory.summary),
      figures: stopGradient(maskFigures(stopGradient(logits))),
    },
    config.decoder,
  );
}

export interface Answer {
  /** Chosen query `[B,G,P]` (i64). */
  readonly queries: Tensor;
  /** Mask logits `[B,G*P,HW]`, at the stride of the masks. */
  readonly logits: Tensor;
  /** `[B,G,P]`, if the configuration has the head. */
  readonly existence: Tensor | null;
  readonly decoded: DecoderResult;
}

/** Decoder from memories, texts and perhaps a region to the chosen queries' masks; with a region, it makes the choice. */
export function answerGraph(
  p: Parameters,
  memory: ImageMemory,
  text: PromptTokens,
  config: ModelConfig,
  points?: RegionPoints,
): Answer {
  const region = points === undefined ? undefined : regionTokens(p, memory, points, config.decoder);
  const decoded = queryDecoder(p, memory, text, config.decoder, region);
  const last = decoded.predictions[decoded.predictions.length - 1] as Prediction;
  const [batch, groups, prompts] = text.classes.shape as [number, number, number];
  const maskDim = memory.maskFeatures.shape[2] as number;
  const rows = reshape(last.masks, [batch, groups, config.decoder.queries, maskDim]);
  const alike =
    region === undefined ? similarity(p, last, text.classes, config.decoder) : regionScores(rows, region, prompts);
  const queries = argMax(alike, 2);
  const choice = oneHot(queries, config.decoder.queries);
  const embeddings = reshape(choose(rows, choice), [batch, groups * prompts, maskDim]);
  const logits = matmul(embeddings, memory.maskFeatures, { transposeB: true });
  const given = { prediction: last, choice, classes: text.classes, memory };
  return { queries, logits, existence: config.decoder.existence ? existenceLogits(p, given, config) : null, decoded };
}

/** Inputs of the text graph: `ids` `[B,L]`, `ends` `[B]`. */
export function textGraph(
  p: Parameters,
  batch: number,
  length: number,
  config: ModelConfig,
): { tokens: Tensor; classes: Tensor } {
  const ids = input('ids', [batch, length], 'i64');
  return textEncoder(p, ids, input('ends', [batch], 'i64'), config.text, config.decoder.dim);
}

/** The tensors that travel from the image encoder to the decoder, by name. */
export function memoryOutputs(memory: ImageMemory): Record<string, Tensor> {
  const named: Record<string, Tensor> = { mask_features: memory.maskFeatures, summary: memory.summary };
  for (const [i, t] of memory.keys.entries()) named[`key_${i}`] = t;
  for (const [i, t] of memory.values.entries()) named[`value_${i}`] = t;
  for (const [i, t] of memory.levels.entries()) named[`level_${i}`] = t;
  for (const [i, t] of memory.memories.entries()) named[`memory_${i}`] = t;
  return named;
}

/** The same tensors as inputs of the decoder graph. */
export function memoryInputs(shapes: Readonly<Record<string, Shape>>, layers: number): ImageMemory {
  const feed = (name: string, dtype: DType = 'f32'): Tensor => input(name, shapes[name] as Shape, dtype);
  return {
    maskFeatures: feed('mask_features'),
    summary: feed('summary'),
    keys: Array.from({ length: layers }, (_, i) => feed(`key_${i}`)),
    values: Array.from({ length: layers }, (_, i) => feed(`value_${i}`)),
    levels: [0, 1, 2].map((i) => feed(`level_${i}`)),
    memories: shapes.memory_0 === undefined ? [] : [0, 1, 2].map((i) => feed(`memory_${i}`)),
  };
}

/** Decoder inputs for texts: `tokens` `[G,L,D]`, `filler` bool `[G,L]`, `classes` `[1,G,P,D]`. */
export function textInputs(groups: number, length: number, prompts: number, dim: number): PromptTokens {
  return {
    tokens: input('tokens', [groups, length, dim]),
    filler: input('filler', [groups, length], 'bool'),
    classes: input('classes', [1, groups, prompts, dim]),
  };
}
