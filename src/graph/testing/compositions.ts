/** Random cases of several operators together, as the model and its losses use them. */
import * as ops from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import type { CaseBuilder, OperatorCase } from './cases.ts';

/** Tokens `[B,N,C]` to heads `[B,heads,N,C/heads]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, channels] = x.shape;
  return ops.transpose(ops.reshape(x, [batch, tokens, heads, channels / heads]), [0, 2, 1, 3]);
}

/** Masked self-attention with one stacked projection, cut into queries, keys and values. */
const attention: OperatorCase = (g) => {
  const [batch, tokens, channels, heads] = [2, 3, 4, 2];
  const x = g.real([batch, tokens, channels]);
  const stacked = ops.linear(x, g.real([3 * channels, channels]), g.real([3 * channels]));
  const [q, k, v] = ops.split(stacked, 2, [channels, channels, channels]).map((part) => splitHeads(part, heads));
  const scores = ops.matmul(ops.mul(q, Math.SQRT1_2), k, { transposeB: true });
  const weights = ops.softmax(ops.where(g.truths([batch, 1, tokens, tokens]), scores, -1e4));
  const joined = ops.reshape(ops.transpose(ops.matmul(weights, v), [0, 2, 1, 3]), [batch, tokens, channels]);
  return ops.add(x, ops.linear(joined, g.real([channels, channels])));
};

/** The parts of one projection cut from its weights instead of its result. */
const slicedWeights: OperatorCase = (g) => {
  const [x, weight, bias] = [g.real([2, 3]), g.real([6, 3]), g.real([6])];
  const part = (start: number, end: number): Tensor =>
    ops.linear(x, ops.slice(weight, 0, start, end), ops.slice(bias, 0, start, end));
  return ops.mul(part(0, 2), ops.exp(part(4, 6)));
};

/** Layer normalisation, two layers with an activation, and a scaled branch beside the input. */
const residualBlock: OperatorCase = (g) => {
  const x = g.real([2, 3, 4]);
  const hidden = ops.gelu(ops.linear(ops.layerNorm(x, g.real([4]), g.real([4])), g.real([5, 4]), g.real([5])));
  return ops.add(x, ops.mul(ops.linear(hidden, g.real([4, 5])), g.real([4])));
};

/** Focal modulation: gated depthwise contexts and a global one, times the query. */
function focalBlock(g: CaseBuilder, channels: number): Tensor {
  const x = g.real([1, 3, 4, channels]);
  const gates = ops.linear(x, g.real([3, channels]));
  let context = x;
  let modulator: Tensor | undefined;
  for (const [level, kernel] of [3, 5].entries()) {
    context = ops.gelu(ops.depthwise(context, g.real([channels, 1, kernel, kernel])));
    const gated = ops.mul(context, ops.slice(gates, 3, level, level + 1));
    modulator = modulator === undefined ? gated : ops.add(modulator, gated);
  }
  const whole = ops.mul(ops.gelu(ops.mean(context, [1, 2], true)), ops.slice(gates, 3, 2, 3));
  return ops.mul(x, ops.div(ops.add(modulator as Tensor, whole), 3));
}

/** Group normalisation over channels and positions, written with layer normalisation's operator. */
const groupNorm: OperatorCase = (g) => {
  const grouped = ops.transpose(g.real([2, 6, 2, 2]), [0, 2, 1, 3]);
  const values = ops.normalise(ops.reshape(grouped, [2, 2, 12]), 1e-5);
  const back = ops.transpose(ops.reshape(values, [2, 2, 6, 2]), [0, 2, 1, 3]);
  return ops.add(ops.mul(ops.reshape(back, [2, 6, 4]), g.real([4])), g.real([4]));
};

/** Binary cross-entropy and Dice of masks, per prompt. */
const maskLoss: OperatorCase = (g) => {
  const [logits, targets] = [g.real([3, 8]), g.fraction([3, 8])];
  const probabilities = ops.sigmoid(logits);
  const overlap = ops.sum(ops.mul(probabilities, targets), [1]);
  const total = ops.add(ops.sum(probabilities, [1]), ops.sum(targets, [1]));
  const dice = ops.sub(1, ops.div(ops.add(ops.mul(overlap, 2), 1), ops.add(total, 1)));
  return ops.add(ops.meanAll(ops.binaryCrossEntropy(logits, targets)), ops.meanAll(dice));
};

/** Cross-entropy of scaled cosine similarities against the chosen query. */
const similarityLoss: OperatorCase = (g) => {
  const unit = (t: Tensor): Tensor => ops.div(t, ops.sqrt(ops.sum(ops.mul(t, t), [-1], true)));
  const scores = ops.matmul(unit(g.real([3, 4])), unit(g.real([5, 4])), { transposeB: true });
  const scaled = ops.mul(scores, ops.exp(g.real([])));
  return ops.neg(ops.meanAll(ops.sum(ops.mul(ops.logSoftmax(scaled), ops.oneHot(g.integers([3], 5), 5)), [-1])));
};

/** The query of the largest score, taken out by its one-hot row; the choice itself has no gradient. */
const chosenQuery: OperatorCase = (g) => {
  const queries = g.real([2, 4, 3]);
  const scores = ops.matmul(queries, g.real([2, 3, 1]));
  const chosen = ops.oneHot(ops.argMax(ops.reshape(scores, [2, 4]), 1), 4);
  return ops.mul(ops.matmul(ops.reshape(chosen, [2, 1, 4]), queries), ops.sum(scores, [1, 2], true));
};

const gatedByComparison: OperatorCase = (g) => {
  const x = g.nonZero([2, 5]);
  return ops.where(ops.and(ops.greater(x, 0), ops.not(g.truths([5]))), ops.mul(x, x), ops.abs(x));
};

/** One tensor with many users: by value, by slice, by transposition, inside and outside of a sum. */
const manyUsers: OperatorCase = (g) => {
  const x = g.real([3, 3]);
  const y = ops.mul(x, x);
  const slices = ops.mul(ops.slice(y, 0, 0, 2), ops.slice(y, 0, 1, 3));
  const columns = ops.sum(ops.mul(ops.slice(y, 1, 0, 1), ops.slice(y, 1, 2, 3)), [0]);
  return ops.add(
    ops.sum(ops.matmul(x, ops.add(y, ops.transpose(x, [1, 0]))), [0]),
    ops.add(ops.sumAll(slices), columns),
  );
};

/** Stem, down-sampling and up-sampling by repetition, channels first and last. */
const pyramid: OperatorCase = (g) => {
  const x = g.real([1, 2, 6, 6]);
  const stem = ops.relu(ops.conv2d(x, g.real([3, 2, 3, 3]), { stride: 2, pads: [1, 1, 1, 1] }));
  const last = ops.transpose(stem, [0, 2, 3, 1]);
  const up = ops.expand(ops.reshape(last, [1, 3, 1, 3, 1, 3]), [1, 3, 2, 3, 2, 3]);
  const lateral = ops.linear(ops.transpose(x, [0, 2, 3, 1]), g.real([3, 2]));
  return ops.add(ops.reshape(up, [1, 6, 6, 3]), lateral);
};

/** Embedded token ids with positions, the last token taken out. */
const embedding: OperatorCase = (g) => {
  const tokens = ops.add(ops.gather(g.real([6, 3]), g.integers([2, 4], 6)), g.real([4, 3]));
  const ends = ops.oneHot(g.integers([2], 4), 4);
  return ops.reshape(ops.matmul(ops.reshape(ends, [2, 1, 4]), ops.quickGelu(tokens)), [2, 3]);
};

export const compositions: Readonly<Record<string, OperatorCase>> = {
  attention,
  slicedWeights,
  residualBlock,
  'focal block': (g) => focalBlock(g, 2),
  'focal block of 16 channels': (g) => focalBlock(g, 16),
  groupNorm,
  maskLoss,
  similarityLoss,
  chosenQuery,
  gatedByComparison,
  manyUsers,
  pyramid,
  embedding,
};
