/** The oracle itself, against values worked out by hand for every exported operator, and what it refuses. */
import { describe, expect, it } from 'vitest';
import * as ops from '../ops/index.ts';
import { constant, input, makeTensor, parameter, scalar, type Tensor } from '../tensor.ts';
import { interpret, type Values } from './interpret.ts';

const none = new Map<string, Values>();
const floats = (values: number[], shape = [values.length]): Tensor => constant(values, shape);
const integers = (values: number[], shape = [values.length]): Tensor => constant(values, shape, 'i64');
const truths = (values: number[], shape = [values.length]): Tensor => constant(values, shape, 'bool');
const bytes = (values: number[], shape: number[]): Tensor => constant(values, shape, 's8');
/** 1, 2, 3 ... in a shape. */
const counting = (...shape: number[]): Tensor =>
  constant(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
    shape,
  );
const ones = (...shape: number[]): Tensor => ops.expand(scalar(1), shape);

type HandCase = readonly [result: Tensor, values: readonly number[], shape?: readonly number[]];

const third = 1 / Math.sqrt(2 / 3);

const handCases: Readonly<Record<keyof typeof ops, readonly HandCase[]>> = {
  add: [
    [ops.add(counting(2, 1), floats([10, 20, 30])), [11, 21, 31, 12, 22, 32], [2, 3]],
    [ops.add(1, counting(2)), [2, 3]],
  ],
  sub: [[ops.sub(counting(2, 2), floats([1, 5])), [0, -3, 2, -1], [2, 2]]],
  mul: [[ops.mul(floats([2, 3], [2, 1]), floats([5, 7])), [10, 14, 15, 21], [2, 2]]],
  div: [[ops.div(floats([1, 2, 3]), floats([2, 4, 8])), [0.5, 0.5, 0.375]]],
  neg: [[ops.neg(floats([1, -2])), [-1, 2]]],
  exp: [[ops.exp(floats([0, 1])), [1, Math.E]]],
  log: [[ops.log(floats([1, Math.E ** 2])), [0, 2]]],
  sqrt: [[ops.sqrt(floats([4, 2])), [2, Math.SQRT2]]],
  abs: [[ops.abs(floats([-3, 0, 2])), [3, 0, 2]]],
  erf: [[ops.erf(floats([0, 1, -0.5])), [0, 0.8427007929497149, -0.5204998778130465]]],
  relu: [[ops.relu(floats([-1, 0, 2])), [0, 0, 2]]],
  gelu: [[ops.gelu(floats([0, 1, -1, 2])), [0, 0.8413447460685429, -0.15865525393145707, 1.9544997361036416]]],
  sigmoid: [[ops.sigmoid(floats([0, Math.log(3), -Math.log(3)])), [0.5, 0.75, 0.25]]],
  quickGelu: [[ops.quickGelu(floats([0, 1])), [0, 1 / (1 + Math.exp(-1.702))]]],
  stopGradient: [[ops.stopGradient(floats([1, 2])), [1, 2]]],
  greater: [
    [ops.greater(floats([1, 2, 3]), floats([2])), [0, 0, 1]],
    [ops.greater(floats([-1, 1]), 0), [0, 1]],
  ],
  equal: [[ops.equal(integers([1, 2], [2, 1]), integers([1, 2])), [1, 0, 0, 1], [2, 2]]],
  not: [[ops.not(truths([0, 1])), [1, 0]]],
  and: [[ops.and(truths([0, 1, 0, 1]), truths([0, 0, 1, 1])), [0, 0, 0, 1]]],
  where: [
    [ops.where(truths([1, 0], [2, 1]), counting(3), floats([9])), [1, 2, 3, 9, 9, 9], [2, 3]],
    [ops.where(truths([1, 0]), 5, -5), [5, -5]],
  ],
  cast: [
    [ops.cast(truths([1, 0]), 'f32'), [1, 0]],
    [ops.cast(floats([1.9, -1.9]), 'i64'), [1, -1]],
    [ops.cast(integers([0, 3]), 'bool'), [0, 1]],
  ],
  binaryCrossEntropy: [
    [ops.binaryCrossEntropy(floats([0, 0]), floats([0, 1])), [Math.LN2, Math.LN2]],
    [
      ops.binaryCrossEntropy(floats([1000, -1000, Math.log(3)]), floats([1, 1, 0.5])),
      [0, 1000, Math.log(4 / Math.sqrt(3))],
    ],
  ],
  reshape: [[ops.reshape(counting(2, 3), [3, -1]), [1, 2, 3, 4, 5, 6], [3, 2]]],
  transpose: [
    [ops.transpose(counting(2, 3), [1, 0]), [1, 4, 2, 5, 3, 6], [3, 2]],
    [ops.transpose(counting(2, 1, 3), [2, 0, 1]), [1, 4, 2, 5, 3, 6], [3, 2, 1]],
  ],
  expand: [[ops.expand(counting(2, 1), [2, 2, 2]), [1, 1, 2, 2, 1, 1, 2, 2], [2, 2, 2]]],
  concat: [
    [ops.concat([counting(2, 2), floats([8, 9], [2, 1])], 1), [1, 2, 8, 3, 4, 9], [2, 3]],
    [ops.concat([counting(1, 2), counting(2, 2)], 0), [1, 2, 1, 2, 3, 4], [3, 2]],
  ],
  slice: [
    [ops.slice(counting(2, 3), 1, 1, 3), [2, 3, 5, 6], [2, 2]],
    [ops.slice(counting(3, 2), 0, 1, 2), [3, 4], [1, 2]],
  ],
  split: [[ops.split(counting(2, 3), 1, [1, 2])[1], [2, 3, 5, 6], [2, 2]]],
  pad: [[ops.pad(counting(1, 2), [1, 0], [0, 2]), [0, 0, 0, 0, 1, 2, 0, 0], [2, 4]]],
  flip: [
    [ops.flip(counting(2, 3), [1]), [3, 2, 1, 6, 5, 4], [2, 3]],
    [ops.flip(counting(2, 3), [0, 1]), [6, 5, 4, 3, 2, 1], [2, 3]],
  ],
  gather: [
    [ops.gather(counting(3, 2), integers([2, 0, 2])), [5, 6, 1, 2, 5, 6], [3, 2]],
    [ops.gather(counting(2, 3), integers([1], [1, 1]), 1), [2, 5], [2, 1, 1]],
  ],
  oneHot: [[ops.oneHot(integers([2, 0]), 3), [0, 0, 1, 1, 0, 0], [2, 3]]],
  sum: [
    [ops.sum(counting(2, 3), [1]), [6, 15]],
    [ops.sum(counting(2, 3), [0], true), [5, 7, 9], [1, 3]],
    [ops.sum(counting(2, 2, 2), [0, 2]), [14, 22]],
  ],
  mean: [[ops.mean(counting(2, 3), [-1], true), [2, 5], [2, 1]]],
  max: [[ops.max(floats([-3, -1, -2, -4], [2, 2]), [1]), [-1, -2]]],
  sumAll: [[ops.sumAll(counting(2, 3)), [21], []]],
  meanAll: [[ops.meanAll(counting(2, 3)), [3.5], []]],
  argMax: [
    [ops.argMax(floats([1, 5, 5, 7, 0, 2], [2, 3]), 1), [1, 0]],
    [ops.argMax(floats([1, 5, 5, 7, 0, 2], [2, 3]), 0), [1, 0, 0]],
  ],
  softmax: [[ops.softmax(floats([0, Math.log(3), 1000, 1000], [2, 2])), [0.25, 0.75, 0.5, 0.5], [2, 2]]],
  logSoftmax: [
    [ops.logSoftmax(floats([0, Math.log(3), 0, -1e30], [2, 2])), [-Math.log(4), Math.log(0.75), 0, -1e30], [2, 2]],
  ],
  matmul: [
    [ops.matmul(counting(2, 3), counting(3, 2)), [22, 28, 49, 64], [2, 2]],
    [ops.matmul(counting(3, 2), counting(2, 3), { transposeA: true, transposeB: true }), [22, 49, 28, 64], [2, 2]],
    [ops.matmul(counting(2, 1, 2), counting(2, 1)), [5, 11], [2, 1, 1]],
  ],
  // steps of a row are its largest magnitude / 127, of a map its range / 255
  quantisedLinear: [
    [
      ops.quantisedLinear(floats([127, -1.4, 63.5, 1.25], [2, 2]), bytes([1, -2, 3, 4], [2, 2]), floats([1, 0.5])),
      [124, -129, 66.5, -61.5],
      [2, 2],
    ],
    [ops.quantisedLinear(floats([-127, 2]), bytes([10, 1], [2, 1]), floats([2]), floats([7])), [-2529]],
    [ops.quantisedLinear(floats([0, 0]), bytes([10, 1], [2, 1]), floats([2])), [0]],
  ],
  quantisedConv2d: [
    [
      ops.quantisedConv2d(floats([255, 1, 2, 3], [1, 2, 2, 1]), bytes([1, 2, 3, 4], [4, 1]), floats([10]), {
        kernel: [2, 2],
        stride: 2,
        pads: [1, 1, 1, 1],
      }),
      [10_200, 30, 40, 30],
      [1, 2, 2, 1],
    ],
  ],
  linear: [
    [ops.linear(counting(2, 2), floats([1, 0, 1, 1], [2, 2]), floats([0, 10])), [1, 13, 3, 17], [2, 2]],
    [ops.linear(counting(2), counting(1, 2)), [5]],
  ],
  conv2d: [
    [ops.conv2d(counting(1, 1, 3, 3), counting(1, 1, 2, 2)), [37, 47, 67, 77], [1, 1, 2, 2]],
    [
      ops.conv2d(counting(1, 1, 3, 3), ones(1, 1, 3, 3), { stride: 2, pads: [1, 1, 1, 1] }),
      [12, 16, 24, 28],
      [1, 1, 2, 2],
    ],
    [ops.conv2d(counting(1, 2, 1, 2), floats([1, 10], [2, 1, 1, 1]), { groups: 2 }), [1, 2, 30, 40], [1, 2, 1, 2]],
    [ops.conv2d(counting(1, 1, 3, 3), ones(1, 1, 2, 2), { dilation: 2 }), [20], [1, 1, 1, 1]],
  ],
  // one channel of ones, one that takes the left neighbour
  depthwise: [
    [
      ops.depthwise(
        floats([1, 10, 2, 20, 3, 30], [1, 1, 3, 2]),
        floats([...Array(9).fill(1), 0, 0, 0, 1, 0, 0, 0, 0, 0], [2, 1, 3, 3]),
      ),
      [3, 0, 6, 10, 5, 20],
      [1, 1, 3, 2],
    ],
  ],
  depthwiseWeightGradient: [
    [
      ops.depthwiseWeightGradient(counting(1, 1, 3, 1), floats([1, 0, 2], [1, 1, 3, 1]), 3),
      [0, 0, 0, 4, 7, 2, 0, 0, 0],
      [1, 1, 3, 3],
    ],
  ],
  normalise: [[ops.normalise(counting(2, 3), 0), [-third, 0, third, -third, 0, third], [2, 3]]],
  inverseDeviation: [[ops.inverseDeviation(floats([1, 2, 3, 0, 0, 0], [2, 3]), 1 / 3), [1, Math.sqrt(3)], [2, 1]]],
  layerNorm: [
    [ops.layerNorm(counting(3), floats([1, 2, 3]), floats([10, 20, 30]), 0), [10 - third, 20, 30 + 3 * third]],
  ],
};

describe('the interpreter gives the values worked out by hand', () => {
  it('for every exported operator', () => {
    expect(Object.keys(handCases).sort()).toEqual(Object.keys(ops).sort());
  });

  it.each(Object.entries(handCases))('%s', (_, cases) => {
    for (const [result, expected, shape = [expected.length]] of cases) {
      const [values] = interpret([result], none);
      expect(values.shape).toEqual(shape);
      expect(result.shape).toEqual(shape);
      expect(values.data.length).toBe(expected.length);
      for (const [i, value] of values.data.entries()) {
        expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(expected[i])));
      }
    }
  });

  it('for the fused layer normalisation of the rewrites', () => {
    const fused = makeTensor('layerNorm', [counting(3), floats([1, 2, 3]), floats([10, 20, 30])], [3], 'f32', {
      epsilon: 0,
    });
    expect([...interpret([fused], none)[0].data]).toEqual([10 - third, 20, 30 + 3 * third]);
  });
});

describe('interpret', () => {
  const x = input('x', [2]);

  it('feeds inputs and parameters by name and returns outputs in order', () => {
    const weight = parameter('weight', [2]);
    const feeds = new Map([
      ['x', { shape: [2], data: Float64Array.of(1, 2) }],
      ['weight', { shape: [2], data: Float64Array.of(3, 4) }],
    ]);
    const results = interpret([ops.mul(x, weight), x, ops.sumAll(weight)], feeds);
    expect(results.map((v) => [...v.data])).toEqual([[3, 8], [1, 2], [7]]);
    expect(results[2].shape).toEqual([]);
  });

  it('leaves feeds and constants as they were', () => {
    const fed = Float64Array.of(1, 2);
    const fixed = floats([3, 4]);
    interpret([ops.neg(x), ops.add(x, fixed), ops.pad(fixed, [1], [1])], new Map([['x', { shape: [2], data: fed }]]));
    expect([...fed, ...(fixed.attributes.value as Float64Array)]).toEqual([1, 2, 3, 4]);
  });

  it('names a missing feed', () => {
    expect(() => interpret([ops.neg(x)], none)).toThrow('interpret: no values for input x');
    expect(() => interpret([parameter('a.weight', [1])], none)).toThrow('no values for parameter a.weight');
  });

  it('names a feed of another shape or size', () => {
    const wrongShape = new Map([['x', { shape: [3], data: new Float64Array(3) }]]);
    expect(() => interpret([x], wrongShape)).toThrow('input x is [3] with 3 values, needs [2]');
    const wrongSize = new Map([['x', { shape: [2], data: new Float64Array(3) }]]);
    expect(() => interpret([x], wrongSize)).toThrow('input x is [2] with 3 values, needs [2]');
  });

  it('names an operator it does not know', () => {
    const strange = makeTensor('strange', [constant([1], [1])], [1], 'f32');
    expect(() => interpret([strange], none)).toThrow('interpret: unknown operator strange');
  });

  it('names an index outside of the axis', () => {
    expect(() => interpret([ops.gather(counting(3), integers([3]))], none)).toThrow('gather: index 3 is outside 0..2');
    expect(() => interpret([ops.oneHot(integers([-1]), 2)], none)).toThrow('oneHot: index -1 is outside 0..1');
  });

  it('notices a tensor whose shape does not fit its operator', () => {
    const broken = makeTensor('neg', [counting(3)], [2], 'f32');
    expect(() => interpret([broken], none)).toThrow('neg is [2] with 3 values');
  });
});
