/** Building blocks that several parts share. Features are channels last: tokens `[B,N,C]`, maps `[B,H,W,C]`. */
import {
  add,
  conv2d,
  depthwise,
  layerNorm,
  linear,
  matmul,
  mul,
  normalise,
  relu,
  reshape,
  slice,
  softmax,
  transpose,
  where,
} from '../graph/ops/index.ts';
import type { Tensor } from '../graph/tensor.ts';
import { fanIn, type Initialiser, linearParameters, normParameters, type Parameters } from './parameters.ts';

/** x W^T + b with parameters `<name>.weight`, `<name>.bias`; the weight starts by its number of inputs unless said otherwise. */
export function dense(p: Parameters, name: string, x: Tensor, outputs: number, start?: Initialiser): Tensor {
  return linear(x, ...linearParameters(p, name, x.shape[x.shape.length - 1] as number, outputs, start));
}

/** Layer normalisation over channels with parameters `<name>.weight`, `<name>.bias`. */
export function norm(p: Parameters, name: string, x: Tensor, epsilon = 1e-5, scale = 1): Tensor {
  return layerNorm(x, ...normParameters(p, name, x.shape[x.shape.length - 1] as number, scale), epsilon);
}

/** 1 x 1 convolution with a weight `[out,in,1,1]`; bias only if asked for. */
export function pointwise(p: Parameters, name: string, x: Tensor, outputs: number, bias: boolean): Tensor {
  const inputs = x.shape[x.shape.length - 1] as number;
  const weight = reshape(p.get(`${name}.weight`, [outputs, inputs, 1, 1], fanIn(inputs)), [outputs, inputs]);
  return bias ? linear(x, weight, p.get(`${name}.bias`, [outputs], { value: 0 })) : linear(x, weight);
}

/** Dense k x k convolution of a channels-last map, stride and padding free. */
export function convolution(
  p: Parameters,
  name: string,
  x: Tensor,
  outputs: number,
  options: { kernel: number; stride: number; padding: number; bias: boolean },
): Tensor {
  const inputs = x.shape[3] as number;
  const { kernel, stride, padding, bias } = options;
  const weight = p.get(`${name}.weight`, [outputs, inputs, kernel, kernel], fanIn(inputs * kernel * kernel));
  const pads = [padding, padding, padding, padding] as const;
  const y = transpose(conv2d(transpose(x, [0, 3, 1, 2]), weight, { stride, pads }), [0, 2, 3, 1]);
  return bias ? add(y, p.get(`${name}.bias`, [outputs], { value: 0 })) : y;
}

/** k x k convolution of every channel by itself, `[B,H,W,C]`. */
export function eachChannel(p: Parameters, name: string, x: Tensor, kernel: number): Tensor {
  const channels = x.shape[3] as number;
  return depthwise(x, p.get(`${name}.depthwise.weight`, [channels, 1, kernel, kernel], fanIn(kernel * kernel)));
}

/** 3 x 3 convolution in two: of every channel by itself, then pointwise, `[B,H,W,C]` to `[B,H,W,outputs]`; no bias. */
export function separable(p: Parameters, name: string, x: Tensor, outputs: number): Tensor {
  return pointwise(p, name, eachChannel(p, name, x, 3), outputs, false);
}

/** Kernel = stride: a linear layer on patches, weight `[O,C,k,k]`. */
export function patchConvolution(p: Parameters, name: string, x: Tensor, outputs: number, size: number): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const cut = reshape(x, [batch, height / size, size, width / size, size, channels]);
  const patches = transpose(cut, [0, 1, 3, 2, 4, 5]);
  const inputs = size * size * channels;
  const weight = p.get(`${name}.weight`, [outputs, channels, size, size], fanIn(inputs));
  const rows = reshape(transpose(weight, [0, 2, 3, 1]), [outputs, inputs]);
  const flat = reshape(patches, [batch, height / size, width / size, inputs]);
  return linear(flat, rows, p.get(`${name}.bias`, [outputs], { value: 0 }));
}

/** 2 x 2 transposed convolution of stride 2, `[B,H,W,C]` to `[B,2H,2W,outputs]`. */
export function enlarge(p: Parameters, name: string, x: Tensor, outputs: number): Tensor {
  const [batch, height, width] = x.shape as [number, number, number];
  const cells = reshape(dense(p, name, x, 4 * outputs), [batch, height, width, 2, 2, outputs]);
  return reshape(transpose(cells, [0, 1, 3, 2, 4, 5]), [batch, 2 * height, 2 * width, outputs]);
}

/** Group normalisation over channels and positions (Wu and He 2018), then scale and shift per channel. */
export function groupNorm(p: Parameters, name: string, x: Tensor, groups: number): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const inner = channels / groups;
  const grouped = transpose(reshape(x, [batch, height * width, groups, inner]), [0, 2, 1, 3]);
  const values = normalise(reshape(grouped, [batch, groups, height * width * inner]), 1e-5);
  const back = transpose(reshape(values, [batch, groups, height * width, inner]), [0, 2, 1, 3]);
  const [scale, shift] = normParameters(p, name, channels);
  return add(mul(reshape(back, x.shape), scale), shift);
}

/** Tokens `[B,N,C]` to heads `[B,heads,N,C/heads]`. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, channels] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, tokens, heads, channels / heads]), [0, 2, 1, 3]);
}

/** Heads `[B,heads,N,d]` back to tokens `[B,N,heads*d]`. */
function joinHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, inner] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * inner]);
}

/** Large enough that a softmax gives exactly 0 beside any real score, small enough to stay finite. */
const blockedScore = -1e30;

/** Scaled dot-product attention of heads; `blocked` (bool, broadcast to `[B,heads,Nq,Nk]`) hides keys. */
export function attend(q: Tensor, k: Tensor, v: Tensor, blocked?: Tensor): Tensor {
  const scale = 1 / Math.sqrt(q.shape[3] as number);
  const scores = matmul(mul(q, scale), k, { transposeB: true });
  const weights = softmax(blocked === undefined ? scores : where(blocked, blockedScore, scores));
  return joinHeads(matmul(weights, v));
}

/** One of the three stacked projections of a PyTorch attention layer (`in_proj_weight` `[3C,C]`): 0 q, 1 k, 2 v. */
export function projection(p: Parameters, name: string, x: Tensor, which: 0 | 1 | 2): Tensor {
  const width = x.shape[2] as number;
  const weight = p.get(`${name}.in_proj_weight`, [3 * width, width], fanIn(width));
  const bias = p.get(`${name}.in_proj_bias`, [3 * width], { value: 0 });
  const [start, end] = [which * width, (which + 1) * width];
  return linear(x, slice(weight, 0, start, end), slice(bias, 0, start, end));
}

/** Multi-head attention with PyTorch's parameter names; `start` is how the output's weight starts, as in `dense`. */
export function multiHeadAttention(
  p: Parameters,
  name: string,
  inputs: { query: Tensor; key: Tensor; value: Tensor; heads: number; blocked?: Tensor; start?: Initialiser },
): Tensor {
  const { query, key, value, heads, blocked, start } = inputs;
  const q = splitHeads(projection(p, name, query, 0), heads);
  const k = splitHeads(projection(p, name, key, 1), heads);
  const v = splitHeads(projection(p, name, value, 2), heads);
  return dense(p, `${name}.out_proj`, attend(q, k, v, blocked), query.shape[2] as number, start);
}

/** Two linear layers with ReLU between, named `linear1`, `linear2`; `start` is how the second's weight starts. */
export function feedForward(p: Parameters, name: string, x: Tensor, hidden: number, start?: Initialiser): Tensor {
  const inner = relu(dense(p, `${name}.linear1`, x, hidden));
  return dense(p, `${name}.linear2`, inner, x.shape[x.shape.length - 1] as number, start);
}
