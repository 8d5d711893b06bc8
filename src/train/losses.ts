/**
 * Training losses as one graph. Every prediction of the decoder (before the first layer and after each) is judged: for
 * each prompt the query that fits best (mask and similarity, as in the published matching, one target a prompt) gets
 * binary cross-entropy and Dice on its mask; similarity is trained so that this query is the one text chooses.
 * The maps of the pyramid at 1/8, 1/16 and 1/32 are judged by themselves too: what they know otherwise matters so little
 * to the loss that noise drowns it, and the coarsest ends up the same for every image.
 * Texts of different objects of an image are kept apart: where two texts mean the same to the network, and the image does not yet show it a
 * difference, neither can teach the other (L3 and L5 vertebrae once had one embedding, and one mask of all vertebrae).
 * Absent objects (empty targets) get cross-entropy only. Small objects weigh more: without that, a mask that is empty
 * where the network is in doubt costs next to nothing. The existence head has a loss of its own on detached features.
 */
import {
  add,
  argMax,
  binaryCrossEntropy,
  div,
  exp,
  log,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sigmoid,
  sqrt,
  stopGradient,
  sub,
  sum,
  sumAll,
} from '../graph/ops/index.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import { type ModelConfig, maskStride } from '../model/config.ts';
import {
  choose,
  type ImageMemory,
  type Prediction,
  type PromptTokens,
  queryDecoder,
  similarity,
  unit,
} from '../model/decoder.ts';
import { existenceLogits, imageGraph } from '../model/network.ts';
import type { Parameters } from '../model/parameters.ts';
import { maskFeaturesOf } from '../model/pixel-decoder.ts';
import { textEncoder } from '../model/text-encoder.ts';

export interface LossWeights {
  readonly crossEntropy: number;
  readonly dice: number;
  readonly similarity: number;
  readonly existence: number;
  /** Factor of the earlier predictions' losses beside the last one's. */
  readonly intermediate: number;
  /** Factor of the loss of the coarser pyramid maps, each judged by itself; 0 leaves it out. */
  readonly pyramid: number;
  /** Factor of the loss of different objects whose texts are alike; 0 leaves it out. */
  readonly separation: number;
}

export interface BatchShape {
  readonly images: number;
  readonly prompts: number;
  /** Text tokens a prompt, filler included. */
  readonly tokens: number;
  /** Side of the square image, pixels. */
  readonly size: number;
}

export interface LossGraph {
  readonly loss: Tensor;
  /** Parts of the last prediction's loss, each a scalar, for the log. */
  readonly parts: Readonly<Record<string, Tensor>>;
  /** What the loss is made of, in the order of computation: where a lowering may cut it. */
  readonly inner: {
    readonly memory: ImageMemory;
    /** Maps of the pyramid at 1/32, 1/16 and 1/8, `[B,h,w,D]`. */
    readonly pyramid: readonly Tensor[];
    readonly text: PromptTokens;
    readonly predictions: readonly Prediction[];
    /** One per judged prediction, which are the last ones. */
    readonly losses: readonly PredictionLoss[];
  };
}

/** Mean over four neighbours, twice as coarse: `[B,P,h*w]` to `[B,P,h*w/4]`. */
function halve(targets: Tensor, side: number): Tensor {
  const [batch, prompts] = targets.shape as [number, number];
  const cut = reshape(targets, [batch, prompts, side / 2, 2, side / 2, 2]);
  return reshape(mean(cut, [3, 5]), [batch, prompts, (side * side) / 4]);
}

/** 1 - Dice of probabilities and targets over the last axis, smoothed by 1 (Milletari et al. 2016). */
export function diceLoss(probabilities: Tensor, targets: Tensor): Tensor {
  const overlap = sum(mul(probabilities, targets), [-1]);
  const sizes = add(sum(probabilities, [-1]), sum(targets, [-1]));
  return sub(1, div(add(mul(overlap, 2), 1), add(sizes, 1)));
}

/** The pixels of a small object weigh at most this many times those round it. */
const MOST_EMPHASIS = 5;
/** Those of a tiny one, below 0.4 % of the picture, weigh up to 50 times as much: about this share of it together. */
const TINY_SHARE = 0.02;
const TINY_MOST = 50;

/**
 * Weight of each pixel in the cross-entropy, `[B,P,n]` as the targets: outside 1, inside sqrt(outside / inside), from 1
 * to 5, or 0.02 / (inside / n + 0.0004) where that is more: at five times a pixel in 2,000 the cheapest answer of a
 * network that does not see the object yet is that it is nowhere.
 */
export function emphasis(targets: Tensor): Tensor {
  const pixels = targets.shape[2] as number;
  const inside = sum(targets, [-1], true);
  const outside = add(neg(inside), pixels);
  const ratio = sqrt(div(outside, add(inside, 1)));
  const small = sub(relu(sub(ratio, 1)), relu(sub(ratio, MOST_EMPHASIS)));
  const tiny = sub(div(TINY_SHARE, add(mul(inside, 1 / pixels), TINY_SHARE / TINY_MOST)), 1);
  const more = add(small, relu(sub(tiny, small)));
  return add(mul(targets, more), 1);
}

interface Setting {
  readonly p: Parameters;
  readonly config: ModelConfig;
  readonly memory: ImageMemory;
  /** Class embeddings `[B,P,1,D]`. */
  readonly classes: Tensor;
  /** `[B,P,hw]` at the stride of the masks and, coarser, at 1/8. */
  readonly targets: Tensor;
  readonly coarse: Tensor;
  /** Weights of the targets' pixels in the cross-entropy, `[B,P,hw]`. */
  readonly pixelWeights: Tensor;
  /** `[B,P]`, 1 where the object is there. */
  readonly present: Tensor;
  readonly weights: LossWeights;
}

/** Log-probability that text chooses each query, `[B,P,Q]`. */
function choiceLogits(prediction: Prediction, s: Setting): Tensor {
  const alike = similarity(s.p, prediction, s.classes, s.config.decoder);
  const name = 'sem_seg_head.predictor.lang_encoder.logit_scale';
  const scale = exp(s.p.get(name, [], { value: Math.log(10) }));
  return logSoftmax(mul(reshape(alike, alike.shape.slice(0, 3)), scale));
}

/** One-hot choice `[B,P,1,Q]` of the query with the least cost; nothing is differentiated here. */
function match(prediction: Prediction, logProbability: Tensor, s: Setting): Tensor {
  const [batch, prompts] = s.present.shape as [number, number];
  const queries = s.config.decoder.queries;
  const logits = stopGradient(matmul(prediction.masks, s.memory.levels[2] as Tensor, { transposeB: true }));
  const pixels = logits.shape[2] as number;
  const shaped = reshape(logits, [batch, prompts, queries, pixels]);
  const target = reshape(s.coarse, [batch, prompts, 1, pixels]);
  const crossEntropy = mean(binaryCrossEntropy(shaped, target), [-1]);
  const dice = mul(diceLoss(sigmoid(shaped), target), reshape(s.present, [batch, prompts, 1]));
  const mask = add(mul(crossEntropy, s.weights.crossEntropy), mul(dice, s.weights.dice));
  const cost = sub(mask, mul(stopGradient(logProbability), s.weights.similarity));
  return reshape(oneHot(argMax(neg(cost), 2), queries), [batch, prompts, 1, queries]);
}

/** Loss of one prediction: `total` is the weighted sum of the parts, each a scalar. */
export interface PredictionLoss {
  readonly total: Tensor;
  readonly crossEntropy: Tensor;
  readonly dice: Tensor;
  readonly similarity: Tensor;
  /** One-hot choice of the judged query, `[B,P,1,Q]`. */
  readonly choice: Tensor;
  /** Mask embedding of the judged query, `[B,P,M]`. */
  readonly masks: Tensor;
}

/** Cross-entropy and Dice of mask logits `[B,P,n]`, each a scalar: over all prompts, and over those that are present. */
function maskLoss(
  logits: Tensor,
  targets: Tensor,
  pixelWeights: Tensor,
  present: Tensor,
): { crossEntropy: Tensor; dice: Tensor } {
  const [batch, prompts] = present.shape as [number, number];
  const perPixel = mul(binaryCrossEntropy(logits, targets), pixelWeights);
  const perPrompt = mul(diceLoss(sigmoid(logits), targets), present);
  return {
    crossEntropy: mul(sumAll(mean(perPixel, [-1])), 1 / (batch * prompts)),
    dice: div(sumAll(perPrompt), add(sumAll(present), 1e-6)),
  };
}

/** Mean loss of the pyramid's maps at 1/8, 1/16 and 1/32, each with the finest one's head and the (detached) masks. */
function pyramidLoss(maps: readonly Tensor[], masks: Tensor, s: Setting): Tensor {
  const { maskDim } = s.config.pixelDecoder;
  const embeddings = stopGradient(masks);
  let targets = s.coarse;
  let total: Tensor | undefined;
  for (const map of [...maps].reverse()) {
    const [batch, height, width] = map.shape as [number, number, number];
    const features = reshape(maskFeaturesOf(s.p, map, s.config.pixelDecoder), [batch, height * width, maskDim]);
    const logits = matmul(embeddings, features, { transposeB: true });
    const { crossEntropy, dice } = maskLoss(logits, targets, emphasis(targets), s.present);
    const loss = add(mul(crossEntropy, s.weights.crossEntropy), mul(dice, s.weights.dice));
    total = total === undefined ? loss : add(total, loss);
    if (map !== maps[0]) targets = halve(targets, height);
  }
  return mul(total as Tensor, 1 / maps.length);
}

/** Texts of different objects may be as alike as this cosine. */
const MOST_ALIKE = 0.5;
/** Least distance 1 - cosine that counts, so that two equal texts cost log(51). */
const LEAST_DISTANCE = 0.01;

/**
 * Mean over pairs of an image's prompts of log(((1 - 0.5) + 0.01) / ((1 - cosine) + 0.01)), 0 below a cosine of 0.5, weighted by how different
 * what they name is: 1 - 2 a.b / (a.a + b.b) of their masks, 1 where one of the two is absent, 0 where both are.
 */
export function separationLoss(classes: Tensor, targets: Tensor, present: Tensor): Tensor {
  const [batch, prompts] = present.shape as [number, number];
  const units = unit(reshape(classes, [batch, prompts, classes.shape[classes.shape.length - 1] as number]));
  const cosines = matmul(units, units, { transposeB: true });
  const [down, across] = [reshape(present, [batch, prompts, 1]), reshape(present, [batch, 1, prompts])];
  const eitherPresent = sub(add(down, across), mul(down, across));
  const squares = sum(mul(targets, targets), [-1]);
  const sizes = add(reshape(squares, [batch, prompts, 1]), reshape(squares, [batch, 1, prompts]));
  const shared = div(mul(matmul(targets, targets, { transposeB: true }), 2), add(sizes, 1e-6));
  const weights = mul(eitherPresent, sub(1, shared));
  const distance = add(sub(1, cosines), LEAST_DISTANCE);
  const alike = relu(sub(Math.log(1 - MOST_ALIKE + LEAST_DISTANCE), log(distance)));
  return div(sumAll(mul(weights, alike)), add(sumAll(weights), 1e-6));
}

function predictionLoss(prediction: Prediction, s: Setting): PredictionLoss {
  const [batch, prompts] = s.present.shape as [number, number];
  const { queries } = s.config.decoder;
  const maskDim = prediction.masks.shape[2] as number;
  const logProbability = choiceLogits(prediction, s);
  const choice = match(prediction, logProbability, s);
  const embeddings = choose(reshape(prediction.masks, [batch, prompts, queries, maskDim]), choice);
  const chosenMasks = reshape(embeddings, [batch, prompts, maskDim]);
  const logits = matmul(chosenMasks, s.memory.maskFeatures, { transposeB: true });
  const count = batch * prompts;
  const { crossEntropy, dice } = maskLoss(logits, s.targets, s.pixelWeights, s.present);
  const chosen = reshape(choice, [batch, prompts, queries]);
  const alike = mul(sumAll(mul(chosen, logProbability)), -1 / count);
  const total = add(
    add(mul(crossEntropy, s.weights.crossEntropy), mul(dice, s.weights.dice)),
    mul(alike, s.weights.similarity),
  );
  return { total, crossEntropy, dice, similarity: alike, choice, masks: chosenMasks };
}

/**
 * Loss of a batch. Inputs: `pixels` `[B,3,S,S]` 0..255, `ids` `[B*P,L]` i64, `ends` `[B*P]` i64, `filler` bool
 * `[B*P,L]`, `targets` `[B,P,S/s*S/s]` coverage 0..1 (s the stride of the masks), `present` `[B,P]` 0 or 1.
 */
export function lossGraph(p: Parameters, shape: BatchShape, config: ModelConfig, weights: LossWeights): LossGraph {
  const { images, prompts, tokens, size } = shape;
  const stride = maskStride(config.pixelDecoder);
  const side = size / stride;
  const groups = images * prompts;
  const { memory, pixels } = imageGraph(p, input('pixels', [images, 3, size, size]), config);
  const ids = input('ids', [groups, tokens], 'i64');
  const text = textEncoder(p, ids, input('ends', [groups], 'i64'), config.text, config.decoder.dim);
  const filler = input('filler', [groups, tokens], 'bool');
  const classes = reshape(text.classes, [images, prompts, 1, config.decoder.dim]);
  const promptTokens = { tokens: text.tokens, filler, classes };
  const decoded = queryDecoder(p, memory, promptTokens, config.decoder);
  const targets = input('targets', [images, prompts, side * side]);
  const present = input('present', [images, prompts]);
  const quarter = stride === 2 ? halve(targets, side) : targets;
  const coarse = halve(quarter, size / 4);
  const setting: Setting = {
    ...{ p, config, memory, classes, weights },
    ...{ targets, coarse, present, pixelWeights: emphasis(targets) },
  };
  // without text in the first queries, the prediction before the first layer cannot know the prompt
  const judged = config.decoder.textQueries ? decoded.predictions : decoded.predictions.slice(1);
  const losses = judged.map((prediction) => predictionLoss(prediction, setting));
  const last = losses[losses.length - 1] as PredictionLoss;
  const earlier = losses.slice(0, -1).map((l) => mul(l.total, weights.intermediate));
  let loss = earlier.reduce((a, b) => add(a, b), last.total);
  const parts: Record<string, Tensor> = {
    cross_entropy: last.crossEntropy,
    dice: last.dice,
    similarity: last.similarity,
  };
  if (weights.pyramid > 0) {
    parts.pyramid = pyramidLoss(pixels.memories, last.masks, setting);
    loss = add(loss, mul(parts.pyramid, weights.pyramid));
  }
  if (weights.separation > 0) {
    parts.separation = separationLoss(classes, coarse, present);
    loss = add(loss, mul(parts.separation, weights.separation));
  }
  if (config.decoder.existence) {
    const prediction = decoded.predictions[decoded.predictions.length - 1] as Prediction;
    const logits = existenceLogits(p, { prediction, choice: last.choice, classes, memory }, config);
    const entropy = binaryCrossEntropy(reshape(logits, [images, prompts]), present);
    parts.existence = mul(sumAll(entropy), 1 / groups);
    loss = add(loss, mul(parts.existence, weights.existence));
  }
  const inner = {
    ...{ memory, pyramid: pixels.memories, text: promptTokens },
    ...{ predictions: decoded.predictions, losses },
  };
  return { loss, parts, inner };
}
