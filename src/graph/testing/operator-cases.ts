/**
 * Random cases of every operator, by the name under which src/graph/ops exports it. A new operator that has no case
 * here fails the tests.
 */
import * as ops from '../ops/index.ts';
import { constant, scalar, sizeOf, type Tensor } from '../tensor.ts';
import type { CaseBuilder, OperatorCase } from './cases.ts';

type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

const unary =
  (op: (x: Tensor) => Tensor): OperatorCase =>
  (g) =>
    op(g.real(g.shape()));

/** Two operands that broadcast, a number on either side, and the same operand twice. */
const binary = (op: Binary): OperatorCase[] => [
  (g) => {
    const [a, b] = g.broadcast(2);
    return op(g.real(a), g.nonZero(b));
  },
  (g) => op(g.real(g.shape()), 1.5),
  (g) => op(2.5, g.nonZero(g.shape())),
  (g) => {
    const x = g.nonZero(g.shape());
    return op(x, x);
  },
  (g) => op(g.real([1, 3, 1]), g.nonZero([2, 1, 4])),
];

type Reduction = (x: Tensor, axes: readonly number[], keepDims?: boolean) => Tensor;

const reduction = (op: Reduction): OperatorCase[] => [
  (g) => op(g.real(g.shape(3)), [1]),
  (g) => op(g.real(g.shape(4)), [0, -1], true),
  (g) => op(g.real(g.shape(2)), [1, 0]),
];

/** Tokens `[...,C]` with C of at least 2. */
const rows = (g: CaseBuilder, width = g.integer(2, 6)): Tensor => g.real([...g.shape(g.integer(0, 2)), width]);

const convolution =
  (
    sizes: { batch?: number; channels: number; out: number; size: [number, number]; kernel: [number, number] },
    options: ops.ConvolutionOptions = {},
  ): OperatorCase =>
  (g) => {
    const { batch = 2, channels, out, size, kernel } = sizes;
    const weight = g.real([out, channels / (options.groups ?? 1), ...kernel]);
    return ops.conv2d(g.real([batch, channels, ...size]), weight, options);
  };

const depthwise =
  (channels: number, kernel: number, height: number, width: number, batch = 2): OperatorCase =>
  (g) =>
    ops.depthwise(g.real([batch, height, width, channels]), g.real([channels, 1, kernel, kernel]));

const depthwiseWeightGradient =
  (channels: number, kernel: number, height: number, width: number, batch = 2): OperatorCase =>
  (g) => {
    const shape = [batch, height, width, channels];
    return ops.depthwiseWeightGradient(g.real(shape), g.real(shape), kernel);
  };

/** A quantised weight `[inner,out]`: any bytes, and a scale for each output. */
const bytes = (g: CaseBuilder, inner: number, out: number): [weight: Tensor, scale: Tensor] => {
  const values = Array.from({ length: sizeOf([inner, out]) }, () => g.integer(-127, 127));
  return [constant(values, [inner, out], 's8'), g.positive([out])];
};

const matmulCases: OperatorCase[] = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) => {
    const product =
      (batchA: number[], batchB: number[]): OperatorCase =>
      (g) => {
        const [m, k, n] = g.shape(3);
        const a = g.real([...batchA, ...(transposeA ? [k, m] : [m, k])]);
        return ops.matmul(a, g.real([...batchB, ...(transposeB ? [n, k] : [k, n])]), { transposeA, transposeB });
      };
    return [product([], []), product([2, 3], [2, 3]), product([2, 1], [3]), product([2], []), product([], [3, 2])];
  }),
);

export const operatorCases: Readonly<Record<keyof typeof ops, readonly OperatorCase[]>> = {
  quantisedLinear: [
    (g) => ops.quantisedLinear(g.real([2, 3, 40]), ...bytes(g, 40, 5)),
    (g) => ops.quantisedLinear(g.real([4, 7]), ...bytes(g, 7, 33), g.real([33])),
    (g) => ops.quantisedLinear(g.positive([5]), ...bytes(g, 5, 2)),
    (g) => ops.quantisedLinear(ops.mul(g.real([3, 4]), 0), ...bytes(g, 4, 2), g.real([2])),
  ],
  quantisedConv2d: [
    (g) =>
      ops.quantisedConv2d(g.real([2, 4, 5, 3]), ...bytes(g, 27, 4), {
        kernel: [3, 3],
        stride: 1,
        pads: [1, 1, 1, 1],
      }),
    (g) =>
      ops.quantisedConv2d(g.nonZero([1, 7, 6, 2]), ...bytes(g, 12, 3), {
        kernel: [3, 2],
        stride: 2,
        pads: [1, 0, 0, 1],
      }),
  ],
  add: binary(ops.add),
  sub: binary(ops.sub),
  mul: binary(ops.mul),
  div: binary(ops.div),
  neg: [unary(ops.neg)],
  exp: [unary(ops.exp)],
  log: [(g) => ops.log(g.positive(g.shape()))],
  sqrt: [(g) => ops.sqrt(g.positive(g.shape()))],
  abs: [(g) => ops.abs(g.nonZero(g.shape()))],
  erf: [unary(ops.erf)],
  relu: [(g) => ops.relu(g.nonZero(g.shape()))],
  gelu: [unary(ops.gelu)],
  sigmoid: [unary(ops.sigmoid)],
  quickGelu: [unary(ops.quickGelu)],
  stopGradient: [unary(ops.stopGradient)],
  greater: [
    (g) => {
      const [a, b] = g.broadcast(2);
      return ops.greater(g.real(a), g.real(b));
    },
    (g) => ops.greater(g.real(g.shape()), 0.25),
  ],
  equal: [
    (g) => {
      const [a, b] = g.broadcast(2);
      return ops.equal(g.integers(a, 3), g.integers(b, 3));
    },
  ],
  not: [(g) => ops.not(g.truths(g.shape()))],
  and: [
    (g) => {
      const [a, b] = g.broadcast(2);
      return ops.and(g.truths(a), g.truths(b));
    },
  ],
  where: [
    (g) => {
      const [condition, a, b] = g.broadcast(3);
      return ops.where(g.truths(condition), g.real(a), g.real(b));
    },
    (g) => ops.where(g.truths(g.shape(2)), -7, g.real([1, 1])),
    (g) => {
      const x = g.real(g.shape());
      return ops.where(g.truths(x.shape), x, 0.5);
    },
  ],
  cast: [
    (g) => ops.cast(g.truths(g.shape()), 'f32'),
    (g) => ops.cast(g.integers(g.shape(), 5), 'f32'),
    (g) => ops.cast(g.real(g.shape()), 'i64'),
    (g) => ops.cast(g.integers(g.shape(), 2), 'bool'),
    (g) => ops.cast(g.truths(g.shape()), 'i64'),
  ],
  binaryCrossEntropy: [
    (g) => {
      const shape = g.shape();
      return ops.binaryCrossEntropy(g.real(shape), g.fraction(shape));
    },
    (g) => ops.binaryCrossEntropy(g.real([2, 3, 4]), g.fraction([3, 1])),
  ],
  reshape: [
    (g) => {
      const shape = g.shape();
      return ops.reshape(g.real(shape), [...shape].reverse());
    },
    (g) => ops.reshape(g.real(g.shape(3)), [-1]),
    (g) => ops.reshape(g.real([1, 1]), []),
  ],
  transpose: [
    (g) => ops.transpose(g.real(g.shape(4)), [0, 2, 3, 1]),
    (g) => ops.transpose(g.real(g.shape(3)), [2, 0, 1]),
  ],
  expand: [
    (g) => ops.expand(g.real([1, 3, 1]), [2, 4, 3, 5]),
    (g) => ops.expand(g.real([]), [2, 2]),
    (g) => ops.expand(g.real([1]), [1, 1, 1]),
  ],
  concat: [
    (g) => {
      const [a, b, c] = g.shape(3);
      return ops.concat([g.real([a, 2, c]), g.real([a, b, c]), g.real([a, 1, c])], 1);
    },
    (g) => {
      const x = g.real(g.shape(2));
      return ops.concat([x, x], -1);
    },
  ],
  slice: [
    (g) => ops.slice(g.real([3, 5, 2]), 1, g.integer(0, 2), g.integer(3, 5)),
    (g) => ops.slice(g.real([4]), -1, 1, 4),
  ],
  split: [
    (g) => {
      const [a, b, c] = ops.split(g.real([2, 6, 2]), 1, [1, 3, 2]);
      return ops.concat([ops.exp(c), a, ops.mul(b, b)], 1);
    },
    (g) => ops.split(g.real([5, 2]), 0, [2, 2, 1])[1],
    (g) => {
      const x = g.real([4, 2]);
      const [a, b] = ops.split(x, 0, [2, 2]);
      return ops.add(ops.mul(a, b), ops.mul(ops.slice(x, 0, 1, 3), ops.slice(x, 0, 2, 4)));
    },
  ],
  pad: [(g) => ops.pad(g.real(g.shape(3)), [0, 2, 1], [1, 0, 3]), (g) => ops.pad(g.real(g.shape(1)), [2], [0])],
  flip: [(g) => ops.flip(g.real(g.shape(4)), [2, 3]), (g) => ops.flip(g.real(g.shape(2)), [-1])],
  gather: [
    (g) => ops.gather(g.real([4, 3]), g.integers([2, 5], 4)),
    (g) => ops.gather(g.real([5]), g.integers([], 5)),
    (g) => ops.gather(g.real([2, 3, 2]), g.integers([4], 2)),
  ],
  oneHot: [(g) => ops.oneHot(g.integers(g.shape(2), 5), 5), (g) => ops.oneHot(g.integers([1], 3), 3)],
  sum: reduction(ops.sum),
  mean: reduction(ops.mean),
  max: reduction(ops.max),
  sumAll: [(g) => ops.sumAll(g.real(g.shape())), (g) => ops.sumAll(g.real([]))],
  meanAll: [(g) => ops.meanAll(g.real(g.shape())), (g) => ops.meanAll(g.real([]))],
  argMax: [(g) => ops.argMax(g.real(g.shape(3)), 1), (g) => ops.argMax(g.integers([3, 4], 3), -1)],
  softmax: [(g) => ops.softmax(rows(g))],
  logSoftmax: [(g) => ops.logSoftmax(rows(g))],
  matmul: matmulCases,
  linear: [
    (g) => ops.linear(rows(g, 3), g.real([4, 3]), g.real([4])),
    (g) => ops.linear(g.real([2, 3]), g.real([5, 3])),
    (g) => ops.linear(g.real([2, 2, 2, 3]), g.real([1, 3]), g.real([1])),
  ],
  conv2d: [
    convolution({ channels: 3, out: 2, size: [4, 5], kernel: [3, 3] }),
    convolution({ channels: 2, out: 3, size: [5, 4], kernel: [3, 3] }, { pads: [1, 1, 1, 1] }),
    convolution({ channels: 2, out: 2, size: [6, 7], kernel: [3, 3] }, { stride: 2, pads: [1, 1, 1, 1] }),
    convolution({ channels: 1, out: 2, size: [9, 8], kernel: [7, 7], batch: 1 }, { stride: 4, pads: [2, 2, 2, 2] }),
    convolution({ channels: 4, out: 6, size: [4, 4], kernel: [3, 2] }, { groups: 2, pads: [0, 1, 2, 0] }),
    convolution({ channels: 3, out: 3, size: [4, 3], kernel: [3, 3] }, { groups: 3, stride: 2, pads: [1, 1, 1, 1] }),
    convolution({ channels: 3, out: 4, size: [3, 3], kernel: [1, 1] }, { stride: 2 }),
    convolution({ channels: 1, out: 1, size: [7, 7], kernel: [2, 2], batch: 1 }, { stride: 3 }),
  ],
  depthwise: [depthwise(3, 3, 4, 5), depthwise(2, 5, 3, 3, 1), depthwise(16, 3, 3, 4), depthwise(16, 5, 4, 3, 1)],
  depthwiseWeightGradient: [
    depthwiseWeightGradient(3, 3, 4, 5),
    depthwiseWeightGradient(16, 3, 4, 3),
    depthwiseWeightGradient(32, 5, 6, 6),
  ],
  normalise: [(g) => ops.normalise(rows(g, 5), 1e-5), (g) => ops.normalise(rows(g), 0.1)],
  inverseDeviation: [(g) => ops.inverseDeviation(rows(g, 5), 1e-5)],
  layerNorm: [
    (g) => ops.layerNorm(rows(g, 4), g.real([4]), g.real([4])),
    (g) => ops.layerNorm(g.real([2, 3, 6]), g.real([6]), g.real([6]), 1e-3),
  ],
};

/** Cases that only run forward: their gradient is refused on purpose, or no operand has one. */
export const forwardOnlyCases: Readonly<Record<string, readonly OperatorCase[]>> = {
  gather: [(g) => ops.gather(g.real([2, 4, 3]), g.integers([2], 4), 1)],
  conv2d: [convolution({ channels: 2, out: 2, size: [6, 6], kernel: [3, 3] }, { dilation: 2, pads: [1, 0, 1, 2] })],
  add: [() => ops.add(scalar(2), 3)],
  reshape: [(g) => ops.reshape(g.integers([2, 3], 9), [3, 2])],
  transpose: [(g) => ops.transpose(g.truths([2, 3]), [1, 0])],
  expand: [(g) => ops.expand(g.truths([2, 1]), [2, 3])],
  concat: [(g) => ops.concat([g.integers([2], 5), g.integers([3], 5)], 0)],
  slice: [(g) => ops.slice(g.truths([4, 2]), 0, 1, 3)],
  pad: [(g) => ops.pad(g.integers([2, 2], 5), [1, 0], [0, 1])],
  flip: [(g) => ops.flip(g.integers([3], 9), [0])],
};

/** Operators without a gradient, and why. A gradient with respect to their operands is zero, or refused by name. */
export const notDifferentiable: Readonly<Record<string, 'zero' | 'refused'>> = {
  stopGradient: 'zero',
  greater: 'zero',
  equal: 'zero',
  not: 'zero',
  and: 'zero',
  cast: 'zero',
  oneHot: 'zero',
  argMax: 'zero',
  max: 'refused',
  inverseDeviation: 'refused',
  depthwiseWeightGradient: 'refused',
  quantisedLinear: 'refused',
  quantisedConv2d: 'refused',
};

/** Exports of src/graph/ops that are made of other operators, with one they are made of. */
export const composed: Readonly<Record<string, string>> = {
  quickGelu: 'sigmoid',
  split: 'slice',
  sumAll: 'sum',
  meanAll: 'mean',
  layerNorm: 'normalise',
};
