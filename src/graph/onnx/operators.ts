/** One lowering rule per operator. */
import { shapeError, sizeOf, type Tensor } from '../tensor.ts';
import { dataType } from './builder.ts';
import type { LoweringContext, LoweringRule } from './context.ts';
import { lowerDepthwise, lowerDepthwiseWeightGradient } from './depthwise.ts';
import { lowerQuantisedConv2d, lowerQuantisedLinear } from './quantised.ts';

const simple =
  (type: string): LoweringRule =>
  (_, inputs, { builder }) =>
    builder.node(type, inputs);

const reduction =
  (type: string): LoweringRule =>
  (t, [x], { builder }) => {
    const axes = builder.integers(t.attributes.axes as readonly number[]);
    return builder.node(type, [x as string, axes], { keepdims: t.attributes.keepDims ? 1 : 0 });
  };

/** Reshape to the tensor's own shape; rank 0 works too. */
function reshapeTo(context: LoweringContext, x: string, shape: readonly number[]): string {
  return context.builder.node('Reshape', [x, context.builder.integers(shape)]);
}

const lowerMatmul: LoweringRule = (t, [a, b], context) => {
  const { builder, target } = context;
  const [ta, tb] = [t.attributes.transposeA === true, t.attributes.transposeB === true];
  if (t.inputs.every((i) => i.shape.length === 2)) {
    return builder.node('Gemm', [a as string, b as string], { transA: ta ? 1 : 0, transB: tb ? 1 : 0 });
  }
  if (!ta && !tb) return builder.node('MatMul', [a as string, b as string]);
  if (target.fusedMatMul) {
    const attributes = { transA: ta ? 1 : 0, transB: tb ? 1 : 0 };
    return builder.node('FusedMatMul', [a as string, b as string], attributes, 'com.microsoft');
  }
  const turned = (name: string, operand: Tensor, turn: boolean): string => {
    if (!turn) return name;
    const rank = operand.shape.length;
    const perm = operand.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
    return builder.node('Transpose', [name], { perm });
  };
  const [x, y] = t.inputs as [Tensor, Tensor];
  return builder.node('MatMul', [turned(a as string, x, ta), turned(b as string, y, tb)]);
};

const lowerLinear: LoweringRule = (t, [x, weight, bias], context) => {
  const operand = t.inputs[0] as Tensor;
  const inner = operand.shape[operand.shape.length - 1] as number;
  const flat = operand.shape.length === 2;
  const rows = flat ? (x as string) : reshapeTo(context, x as string, [sizeOf(operand.shape) / inner, inner]);
  const inputs = bias === undefined ? [rows, weight as string] : [rows, weight as string, bias];
  const y = context.builder.node('Gemm', inputs, { transB: 1 });
  return flat ? y : reshapeTo(context, y, t.shape);
};

/** Output 0 (values) or 2 (inverse deviation) of one LayerNormalization that both share. */
function normaliseOutput(t: Tensor, x: string, context: LoweringContext, output: 0 | 2): string {
  const { builder, cache } = context;
  const epsilon = t.attributes.epsilon as number;
  const key = `normalise ${x} ${epsilon}`;
  let values = cache.get(key);
  if (values === undefined) {
    const operand = t.inputs[0] as Tensor;
    const width = operand.shape[operand.shape.length - 1] as number;
    const ones = builder.initializer(new Float32Array(width).fill(1), [width], 'f32');
    values = builder.nodes('LayerNormalization', [x, ones], 3, { axis: -1, epsilon: { float: epsilon } });
    cache.set(key, values);
  }
  return values[output] as string;
}

const lowerSlice: LoweringRule = (t, [x], { builder }) => {
  const at = (name: string): string => builder.integers([t.attributes[name] as number]);
  return builder.node('Slice', [x as string, at('start'), at('end'), at('axis')]);
};

const lowerFlip: LoweringRule = (t, [x], { builder }) => {
  const axes = t.attributes.axes as readonly number[];
  const same = (value: number): string => builder.integers(axes.map(() => value));
  return builder.node('Slice', [
    x as string,
    same(-1),
    same(Number.MIN_SAFE_INTEGER),
    builder.integers(axes),
    same(-1),
  ]);
};

const lowerBinaryCrossEntropy: LoweringRule = (_, [x, t], { builder }) => {
  const one = builder.initializer([1], [], 'f32');
  const tail = builder.node('Exp', [builder.node('Neg', [builder.node('Abs', [x as string])])]);
  const linear = builder.node('Sub', [
    builder.node('Relu', [x as string]),
    builder.node('Mul', [x as string, t as string]),
  ]);
  return builder.node('Add', [linear, builder.node('Log', [builder.node('Add', [tail, one])])]);
};

const lowerConv2d: LoweringRule = (t, inputs, { builder }) => {
  const { stride, dilation, groups } = t.attributes as { stride: number; dilation: number; groups: number };
  const kernel = (t.inputs[1] as Tensor).shape.slice(2);
  const attributes = {
    strides: [stride, stride],
    dilations: [dilation, dilation],
    group: groups,
    kernel_shape: kernel,
  };
  return builder.node('Conv', inputs, { ...attributes, pads: t.attributes.pads as readonly number[] });
};

export const loweringRules: Record<string, LoweringRule> = {
  add: simple('Add'),
  sub: simple('Sub'),
  mul: simple('Mul'),
  div: simple('Div'),
  neg: simple('Neg'),
  exp: simple('Exp'),
  log: simple('Log'),
  sqrt: simple('Sqrt'),
  abs: simple('Abs'),
  erf: simple('Erf'),
  relu: simple('Relu'),
  gelu: simple('Gelu'),
  sigmoid: simple('Sigmoid'),
  greater: simple('Greater'),
  equal: simple('Equal'),
  not: simple('Not'),
  and: simple('And'),
  where: simple('Where'),
  stopGradient: (_, [x]) => x as string,
  cast: (t, [x], { builder }) => builder.node('Cast', [x as string], { to: dataType(t.dtype) }),
  binaryCrossEntropy: lowerBinaryCrossEntropy,
  reshape: (t, [x], context) => reshapeTo(context, x as string, t.shape),
  transpose: (t, [x], { builder }) =>
    builder.node('Transpose', [x as string], { perm: t.attributes.order as readonly number[] }),
  expand: (t, [x], { builder }) => builder.node('Expand', [x as string, builder.integers(t.shape)]),
  concat: (t, inputs, { builder }) => builder.node('Concat', inputs, { axis: t.attributes.axis as number }),
  slice: lowerSlice,
  pad: (t, [x], { builder }) => {
    const sizes = [...(t.attributes.before as readonly number[]), ...(t.attributes.after as readonly number[])];
    return builder.node('Pad', [x as string, builder.integers(sizes)]);
  },
  flip: lowerFlip,
  gather: (t, inputs, { builder }) => builder.node('Gather', inputs, { axis: t.attributes.axis as number }),
  oneHot: (t, [indices], { builder }) => {
    const depth = builder.integers([t.attributes.depth as number]);
    return builder.node('OneHot', [indices as string, depth, builder.initializer([0, 1], [2], 'f32')]);
  },
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  max: reduction('ReduceMax'),
  argMax: (t, [x], { builder }) =>
    builder.node('ArgMax', [x as string], { axis: t.attributes.axis as number, keepdims: 0 }),
  softmax: simple('Softmax'),
  logSoftmax: simple('LogSoftmax'),
  matmul: lowerMatmul,
  linear: lowerLinear,
  conv2d: lowerConv2d,
  quantisedLinear: lowerQuantisedLinear,
  quantisedConv2d: lowerQuantisedConv2d,
  depthwise: lowerDepthwise,
  depthwiseWeightGradient: lowerDepthwiseWeightGradient,
  normalise: (t, [x], context) => normaliseOutput(t, x as string, context, 0),
  inverseDeviation: (t, [x], context) => normaliseOutput(t, x as string, context, 2),
  layerNorm: (t, inputs, { builder }) =>
    builder.node('LayerNormalization', inputs, { axis: -1, epsilon: { float: t.attributes.epsilon as number } }),
};

/** Rule of an operator, or an error that names it. */
export function loweringRule(t: Tensor): LoweringRule {
  const rule = loweringRules[t.op];
  if (rule === undefined) throw shapeError(t.op, t.inputs, 'operator has no ONNX lowering');
  return rule;
}
