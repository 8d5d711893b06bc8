/** What building a graph refuses: each message names the operator and the shapes it was given. */
import { describe, expect, it } from 'vitest';
import * as ops from './ops/index.ts';
import {
  broadcastShapes,
  constant,
  input,
  parameter,
  scalar,
  sizeOf,
  type Tensor,
  topologicalOrder,
} from './tensor.ts';

const real = (...shape: number[]): Tensor => input('x', shape);
const integers = (...shape: number[]): Tensor => input('i', shape, 'i64');
const truths = (...shape: number[]): Tensor => input('b', shape, 'bool');

const bytes = (...shape: number[]): Tensor => constant(new Int8Array(sizeOf(shape)), shape, 's8');
const square = { kernel: [3, 3], stride: 1, pads: [0, 0, 0, 0] } as const;

type Refusal = readonly [build: () => unknown, message: string];

const elementwise = (op: (x: Tensor) => Tensor, name: string): Refusal[] => [
  [() => op(integers(2, 3)), `${name}([2,3]): operand is i64, must be f32`],
];

const binary = (op: (a: Tensor, b: Tensor) => Tensor, name: string): Refusal[] => [
  [() => op(real(2, 3), real(4, 3)), `${name}([2,3], [4,3]): axis 0 does not broadcast (2 and 4)`],
  [() => op(real(5, 2, 3), real(2)), `${name}([5,2,3], [2]): axis 2 does not broadcast (3 and 2)`],
  [() => op(real(2), truths(2)), `${name}([2], [2]): operand is bool, must be f32`],
];

const reduction = (op: (x: Tensor, axes: readonly number[]) => Tensor, name: string): Refusal[] => [
  [() => op(real(2, 3), [2]), `${name}([2,3]): axis 2 is outside the 2 axes`],
  [() => op(real(2, 3), [0, -2]), `${name}([2,3]): axes [0,-2] must be given once each`],
  [() => op(real(2, 3), []), `${name}([2,3]): axes [] must be given once each`],
  [() => op(integers(2), [0]), `${name}([2]): operand is i64`],
];

const lastAxis = (op: (x: Tensor) => Tensor, name: string): Refusal[] => [
  [() => op(real()), `${name}([]): axis -1 is outside the 0 axes`],
  [() => op(truths(4)), `${name}([4]): operand is bool, must be f32`],
];

/** Operators that take any tensor. */
const acceptEverything = ['stopGradient', 'cast'];

const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  add: binary(ops.add, 'add'),
  sub: binary(ops.sub, 'sub'),
  mul: binary(ops.mul, 'mul'),
  div: binary(ops.div, 'div'),
  neg: elementwise(ops.neg, 'neg'),
  exp: elementwise(ops.exp, 'exp'),
  log: elementwise(ops.log, 'log'),
  sqrt: elementwise(ops.sqrt, 'sqrt'),
  abs: elementwise(ops.abs, 'abs'),
  erf: elementwise(ops.erf, 'erf'),
  relu: elementwise(ops.relu, 'relu'),
  gelu: elementwise(ops.gelu, 'gelu'),
  sigmoid: elementwise(ops.sigmoid, 'sigmoid'),
  quickGelu: [[() => ops.quickGelu(truths(2, 3)), 'mul([2,3], []): operand is bool, must be f32']],
  greater: binary(ops.greater, 'greater'),
  equal: [
    [() => ops.equal(integers(2), integers(3)), 'equal([2], [3]): axis 0 does not broadcast (2 and 3)'],
    [() => ops.equal(real(2), integers(2)), 'equal([2], [2]): operand is f32, must be i64'],
  ],
  not: [[() => ops.not(real(2)), 'not([2]): operand is f32, must be bool']],
  and: [
    [() => ops.and(truths(2), truths(3)), 'and([2], [3]): axis 0 does not broadcast'],
    [() => ops.and(truths(2), real(2)), 'and([2], [2]): operand is f32, must be bool'],
  ],
  where: [
    [() => ops.where(real(2), real(2), 0), 'where([2]): operand is f32, must be bool'],
    [() => ops.where(truths(2), integers(2), 0), 'where([2], []): operand is i64, must be f32'],
    [() => ops.where(truths(2), real(3), real(4)), 'where([3], [4]): axis 0 does not broadcast'],
    [() => ops.where(truths(2), real(3), 0), 'where([2], [3]): axis 0 does not broadcast'],
  ],
  binaryCrossEntropy: [
    [
      () => ops.binaryCrossEntropy(real(3, 1), real(3, 4)),
      'binaryCrossEntropy([3,1], [3,4]): targets must broadcast to the shape of the logits',
    ],
    [() => ops.binaryCrossEntropy(real(3), real(4)), 'binaryCrossEntropy([3], [4]): axis 0 does not broadcast'],
    [() => ops.binaryCrossEntropy(real(3), truths(3)), 'binaryCrossEntropy([3], [3]): operand is bool'],
  ],
  reshape: [
    [() => ops.reshape(real(2, 3), [4, 2]), 'reshape([2,3]): cannot become [4,2]'],
    [() => ops.reshape(real(2, 3), [4, -1]), 'reshape([2,3]): cannot become [4,-1]'],
    [() => ops.reshape(real(2, 3), [-1, -1]), 'reshape([2,3]): cannot become [-1,-1]'],
  ],
  transpose: [
    [() => ops.transpose(real(2, 3), [0]), 'transpose([2,3]): [0] is not an order of its axes'],
    [() => ops.transpose(real(2, 3), [1, 1]), 'transpose([2,3]): [1,1] is not an order of its axes'],
  ],
  expand: [
    [() => ops.expand(real(2, 3), [2, 4]), 'expand([2,3]): does not broadcast to [2,4]'],
    [() => ops.expand(real(2, 3), [3]), 'expand([2,3]): does not broadcast to [3]'],
  ],
  concat: [
    [() => ops.concat([], 0), 'concat(): needs at least one part'],
    [() => ops.concat([real(2, 3), real(2, 4)], 0), 'concat([2,3], [2,4]): parts differ outside axis 0'],
    [() => ops.concat([real(2, 3), real(2)], 0), 'concat([2,3], [2]): parts differ outside axis 0'],
    [() => ops.concat([real(2), integers(2)], 0), 'concat([2], [2]): parts differ outside axis 0'],
    [() => ops.concat([real(2)], 1), 'concat([2]): axis 1 is outside the 1 axes'],
  ],
  slice: [
    [() => ops.slice(real(2, 3), 1, 1, 4), 'slice([2,3]): 1..4 is outside axis 1 of 3'],
    [() => ops.slice(real(2, 3), 0, 1, 1), 'slice([2,3]): 1..1 is outside axis 0 of 2'],
    [() => ops.slice(real(2, 3), 0, -1, 1), 'slice([2,3]): -1..1 is outside axis 0 of 2'],
    [() => ops.slice(real(2, 3), 2, 0, 1), 'slice([2,3]): axis 2 is outside the 2 axes'],
  ],
  split: [[() => ops.split(real(2, 5), 1, [2, 2]), 'split([2,5]): sizes 2, 2 do not add up to 5']],
  pad: [
    [() => ops.pad(real(2, 3), [1], [1]), 'pad([2,3]): needs 2 sizes >= 0 before and after'],
    [() => ops.pad(real(2, 3), [0, 0], [0, -1]), 'pad([2,3]): needs 2 sizes >= 0 before and after'],
  ],
  flip: [[() => ops.flip(real(2, 3), [-3]), 'flip([2,3]): axis -3 is outside the 2 axes']],
  gather: [
    [() => ops.gather(real(2, 3), real(2)), 'gather([2,3], [2]): indices are f32, must be i64'],
    [() => ops.gather(real(2, 3), integers(2), 2), 'gather([2,3]): axis 2 is outside the 2 axes'],
  ],
  oneHot: [
    [() => ops.oneHot(real(2), 3), 'oneHot([2]): operand is f32, must be i64'],
    [() => ops.oneHot(integers(), 3), 'oneHot([]): indices need at least one axis'],
  ],
  sum: reduction(ops.sum, 'sum'),
  mean: reduction(ops.mean, 'mean'),
  max: reduction(ops.max, 'max'),
  sumAll: [[() => ops.sumAll(integers(2)), 'sum([2]): operand is i64, must be f32']],
  meanAll: [[() => ops.meanAll(truths(2)), 'mean([2]): operand is bool, must be f32']],
  argMax: [[() => ops.argMax(real(2, 3), 2), 'argMax([2,3]): axis 2 is outside the 2 axes']],
  softmax: lastAxis(ops.softmax, 'softmax'),
  logSoftmax: lastAxis(ops.logSoftmax, 'logSoftmax'),
  matmul: [
    [() => ops.matmul(real(2, 3), real(4, 5)), 'matmul([2,3], [4,5]): inner sizes 3 and 4 differ'],
    [
      () => ops.matmul(real(2, 3), real(3, 4), { transposeB: true }),
      'matmul([2,3], [3,4]): inner sizes 3 and 4 differ',
    ],
    [() => ops.matmul(real(2, 3), real(2, 4), { transposeA: true, transposeB: true }), 'inner sizes 2 and 4 differ'],
    [() => ops.matmul(real(3), real(3, 4)), 'matmul([3], [3,4]): both need at least two axes'],
    [() => ops.matmul(real(2, 2, 3), real(4, 3, 5)), 'matmul([2,2,3], [4,3,5]): leading axes do not broadcast'],
    [() => ops.matmul(real(2, 3), integers(3, 2)), 'matmul([2,3], [3,2]): operand is i64'],
  ],
  quantisedLinear: [
    [() => ops.quantisedLinear(real(2, 3), bytes(4, 2), real(2)), '([2,3], [4,2], [2]): the weight must be [3,out]'],
    [() => ops.quantisedLinear(real(2, 3), bytes(3, 2), real(3)), '([2,3], [3,2], [3]): the scale must be [2]'],
    [() => ops.quantisedLinear(real(2, 3), bytes(3, 2), real(2), real(3)), '[2], [3]): bias must be [2]'],
    [() => ops.quantisedLinear(real(2, 3), real(3, 2), real(2)), 'quantisedLinear([3,2]): operand is f32, must be s8'],
  ],
  quantisedConv2d: [
    [() => ops.quantisedConv2d(real(4, 4, 1), bytes(9, 2), real(2), square), 'x needs four axes'],
    [() => ops.quantisedConv2d(real(1, 4, 4, 1), bytes(8, 2), real(2), square), 'the weight must be [9,out]'],
    [
      () => ops.quantisedConv2d(real(1, 2, 4, 1), bytes(9, 2), real(2), square),
      'the kernel is larger than the padded image',
    ],
  ],
  linear: [
    [() => ops.linear(real(2, 3), real(4, 2)), 'linear([2,3], [4,2]): the last axis of x must equal the second'],
    [() => ops.linear(real(2, 3), real(3)), 'linear([2,3], [3]): the last axis of x must equal the second'],
    [() => ops.linear(real(2, 3), real(4, 3), real(3)), 'linear([2,3], [4,3], [3]): bias must be [4]'],
    [() => ops.linear(integers(2, 3), real(4, 3)), 'linear([2,3], [4,3]): operand is i64'],
  ],
  conv2d: [
    [() => ops.conv2d(real(1, 3, 4), real(2, 3, 1, 1)), 'conv2d([1,3,4], [2,3,1,1]): both need four axes'],
    [
      () => ops.conv2d(real(1, 3, 4, 4), real(2, 4, 1, 1)),
      'conv2d([1,3,4,4], [2,4,1,1]): channels do not fit 1 groups',
    ],
    [() => ops.conv2d(real(1, 4, 4, 4), real(3, 2, 1, 1), { groups: 2 }), 'channels do not fit 2 groups'],
    [() => ops.conv2d(real(1, 1, 2, 4), real(1, 1, 3, 3)), 'the kernel is larger than the padded image'],
    [() => ops.conv2d(real(1, 1, 2, 4), truths(1, 1, 1, 1)), 'conv2d([1,1,2,4], [1,1,1,1]): operand is bool'],
  ],
  depthwise: [
    [() => ops.depthwise(real(1, 4, 4, 3), real(4, 1, 3, 3)), 'depthwise([1,4,4,3], [4,1,3,3]): needs [B,H,W,C]'],
    [() => ops.depthwise(real(1, 4, 4, 3), real(3, 1, 2, 2)), 'depthwise([1,4,4,3], [3,1,2,2]): needs'],
    [() => ops.depthwise(real(1, 4, 4, 3), real(3, 1, 3, 5)), 'depthwise([1,4,4,3], [3,1,3,5]): needs'],
    [() => ops.depthwise(real(4, 4, 3), real(3, 1, 3, 3)), 'depthwise([4,4,3], [3,1,3,3]): needs'],
    [() => ops.depthwise(integers(1, 4, 4, 3), real(3, 1, 3, 3)), 'operand is i64'],
  ],
  depthwiseWeightGradient: [
    [
      () => ops.depthwiseWeightGradient(real(1, 4, 4, 3), real(1, 4, 4, 2), 3),
      'depthwiseWeightGradient([1,4,4,3], [1,4,4,2]): both must be the same [B,H,W,C]',
    ],
    [() => ops.depthwiseWeightGradient(real(1, 4, 4, 3), real(1, 4, 4, 3, 1), 3), 'both must be the same'],
    [() => ops.depthwiseWeightGradient(real(1, 4, 4, 3), real(1, 4, 4, 3), 2), 'the kernel 2 odd'],
  ],
  normalise: lastAxis((x) => ops.normalise(x, 1e-5), 'normalise'),
  inverseDeviation: lastAxis((x) => ops.inverseDeviation(x, 1e-5), 'inverseDeviation'),
  layerNorm: [
    [
      () => ops.layerNorm(real(2, 3), real(1), real(3)),
      'layerNorm([2,3], [1], [3]): scale and shift must have the size of the last axis',
    ],
    [() => ops.layerNorm(real(2, 3), real(3), real(2, 3)), 'layerNorm([2,3], [3], [2,3]): scale and shift'],
  ],
};

describe('building refuses, naming operator and shapes', () => {
  it('for every exported operator but those that take any tensor', () => {
    expect([...Object.keys(refusals), ...acceptEverything].sort()).toEqual(Object.keys(ops).sort());
  });

  it.each(Object.entries(refusals))('%s', (_, cases) => {
    for (const [build, message] of cases) {
      expect(build).toThrow(message);
      expect(build).toThrow(expect.objectContaining({ name: 'BiomedParseError', code: 'internal' }));
    }
  });
});

describe('tensors', () => {
  it('have positive whole sizes', () => {
    expect(() => input('pixels', [1, 0])).toThrow('input pixels: shape [1,0] must hold positive integers');
    expect(() => parameter('a.weight', [1.5])).toThrow('parameter a.weight: shape [1.5] must hold positive integers');
  });

  it('hold as many constants as their shape', () => {
    expect(() => constant([1, 2, 3], [2])).toThrow('constant: 3 values do not fill [2]');
    expect(constant([1, 2], [2]).attributes.value).toEqual(Float64Array.of(1, 2));
    expect(scalar(4, 'i64')).toMatchObject({ shape: [], dtype: 'i64' });
  });

  it('broadcast as in NumPy', () => {
    expect(broadcastShapes('op', real(2, 1, 3), real(4, 1))).toEqual([2, 4, 3]);
    expect(broadcastShapes('op', real(), real(2))).toEqual([2]);
  });

  it('are ordered with inputs before users, each once, in deep graphs too', () => {
    let x = real(1);
    for (let i = 0; i < 20_000; i++) x = ops.add(x, x);
    const order = topologicalOrder([x, x]);
    expect(order.length).toBe(20_001);
    const place = new Map(order.map((t, i) => [t, i]));
    for (const t of order)
      for (const i of t.inputs) expect((place.get(i) as number) < (place.get(t) as number)).toBe(true);
  });

  it('that an operator leaves as they are come back themselves', () => {
    const x = real(2, 3);
    const same = [
      ops.reshape(x, [2, -1]),
      ops.transpose(x, [0, 1]),
      ops.expand(x, [2, 3]),
      ops.concat([x], 0),
      ops.slice(x, 1, 0, 3),
      ops.pad(x, [0, 0], [0, 0]),
      ops.cast(x, 'f32'),
    ];
    for (const t of same) expect(t).toBe(x);
  });
});
