/**
 * 8-bit products. A convolution is a product too, over patches that are copied as bytes: ONNX Runtime's ConvInteger is
 * slow, and its QLinearConv wants the scale of the result beforehand.
 */
import { sizeOf, type Tensor } from '../tensor.ts';
import { byteType, dataType } from './builder.ts';
import type { LoweringContext, LoweringRule } from './context.ts';

/** Values as bytes from a zero point on, and what a step of them is worth. */
type Quantised = readonly [bytes: string, zero: string, scale: string];

/** The same quantised values for all their users. */
function shared({ cache }: LoweringContext, key: string, make: () => Quantised): Quantised {
  const found = cache.get(key) ?? [...make()];
  cache.set(key, found);
  return found as unknown as Quantised;
}

/** Rows `[count,inner]`, each with a scale of its own `[count,1]`, symmetric about 128. */
function quantiseRows(context: LoweringContext, x: string, count: number, inner: number): Quantised {
  const { builder } = context;
  return shared(context, `quantised rows ${x} ${count}`, () => {
    const number = (value: number): string => builder.initializer([value], [1], 'f32');
    const last = builder.integers([1]);
    const rows = builder.node('Reshape', [x, builder.integers([count, inner])]);
    const high = builder.node('ReduceMax', [rows, last], { keepdims: 0 });
    const low = builder.node('Neg', [builder.node('ReduceMin', [rows, last], { keepdims: 0 })]);
    // rows of zeros have no scale: any will do
    const scale = builder.node('Div', [builder.node('Max', [high, low, number(1e-30)]), number(127)]);
    const zero = builder.node('Cast', [builder.integers([128])], { to: byteType });
    const zeros = builder.node('Expand', [zero, builder.integers([count])]);
    const bytes = builder.node('QuantizeLinear', [rows, scale, zeros], { axis: 0 });
    const scalarZero = builder.node('Reshape', [zero, builder.integers([])]);
    return [bytes, scalarZero, builder.node('Reshape', [scale, builder.integers([count, 1])])];
  });
}

/** A weight of signed bytes as the target multiplies it, and its zero point; what is computed here is a constant. */
function weightBytes({ builder, target }: LoweringContext, weight: string): readonly [bytes: string, zero: string] {
  if (target.signedBytes) return [weight, ''];
  const middle = builder.initializer([128], [], 'f32');
  const moved = builder.node('Add', [builder.node('Cast', [weight], { to: dataType('f32') }), middle]);
  return [builder.node('Cast', [moved], { to: byteType }), builder.node('Cast', [middle], { to: byteType })];
}

/** Rows of bytes times a weight `[inner,out]`, times the scales of its outputs. */
function scaledProduct(context: LoweringContext, rows: string, zero: string, weight: string, scale: string): string {
  const { builder, target } = context;
  const [bytes, weightZero] = weightBytes(context, weight);
  if (target.fusedMatMul) {
    const one = builder.initializer([1], [], 'f32');
    return builder.node('MatMulIntegerToFloat', [rows, bytes, one, scale, zero, weightZero], {}, 'com.microsoft');
  }
  const sums = builder.node('MatMulInteger', [rows, bytes, zero, weightZero]);
  return builder.node('Mul', [builder.node('Cast', [sums], { to: dataType('f32') }), scale]);
}

export const lowerQuantisedLinear: LoweringRule = (t, [x, weight, weightScale, bias], context) => {
  const { builder } = context;
  const inner = (t.inputs[1] as Tensor).shape[0] as number;
  const count = sizeOf((t.inputs[0] as Tensor).shape) / inner;
  const [rows, zero, scale] = quantiseRows(context, x as string, count, inner);
  const product = scaledProduct(context, rows, zero, weight as string, weightScale as string);
  const scaled = builder.node('Mul', [product, scale]);
  const y = bias === undefined ? scaled : builder.node('Add', [scaled, bias]);
  return builder.node('Reshape', [y, builder.integers(t.shape)]);
};

export const lowerQuantisedConv2d: LoweringRule = (t, [x, weight, weightScale], context) => {
  const { builder } = context;
  const stride = t.attributes.stride as number;
  const [kh, kw] = t.attributes.kernel as readonly [number, number];
  const [top, left, bottom, right] = t.attributes.pads as readonly [number, number, number, number];
  const [batch, h, w] = t.shape as [number, number, number];
  const [bytes, zero, scale] = shared(context, `quantised ${x}`, () => {
    const [values, step, point] = builder.nodes('DynamicQuantizeLinear', [x as string], 3) as [string, string, string];
    return [values, point, step];
  });
  const padded = builder.node('Pad', [bytes, builder.integers([0, top, left, 0, 0, bottom, right, 0]), zero]);
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const [row, column] = [Math.floor(tap / kw), tap % kw];
    const start = builder.integers([row, column]);
    const end = builder.integers([row + (h - 1) * stride + 1, column + (w - 1) * stride + 1]);
    return builder.node('Slice', [padded, start, end, builder.integers([1, 2]), builder.integers([stride, stride])]);
  });
  const inner = (t.inputs[1] as Tensor).shape[0] as number;
  const patches = builder.node('Concat', taps, { axis: 3 });
  const rows = builder.node('Reshape', [patches, builder.integers([batch * h * w, inner])]);
  const steps = builder.node('Mul', [scale, weightScale as string]);
  const y = scaledProduct(context, rows, zero, weight as string, steps);
  return builder.node('Reshape', [y, builder.integers(t.shape)]);
};
