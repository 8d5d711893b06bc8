/**
 * Products in 8-bit integers. Weights are quantised beforehand, symmetrically, with a scale per output; the values that
 * meet them are quantised at each run: rows of a linear layer each with a scale of their own, the map of a convolution
 * with one scale and zero point (ONNX DynamicQuantizeLinear). Sums are exact. They come into a graph by the rewrite
 * `quantise` and have no gradient.
 */
import { makeTensor, requireType, sameShape, shapeError, type Tensor } from '../tensor.ts';

function checkWeight(op: string, x: Tensor, weight: Tensor, scale: Tensor, inner: number): number {
  requireType(op, [x, scale], 'f32');
  requireType(op, [weight], 's8');
  const [rows, out] = weight.shape as [number, number];
  if (weight.shape.length !== 2 || rows !== inner) {
    throw shapeError(op, [x, weight, scale], `the weight must be [${inner},out]`);
  }
  if (!sameShape(scale.shape, [out])) throw shapeError(op, [x, weight, scale], `the scale must be [${out}]`);
  return out;
}

/** x (W scale) + b, rows of x quantised symmetrically, over the last axis: weight s8 `[in,out]`, scale `[out]`, bias `[out]` or none. */
export function quantisedLinear(x: Tensor, weight: Tensor, scale: Tensor, bias?: Tensor): Tensor {
  const out = checkWeight('quantisedLinear', x, weight, scale, x.shape[x.shape.length - 1] as number);
  const inputs = bias === undefined ? [x, weight, scale] : [x, weight, scale, bias];
  if (bias !== undefined && !sameShape(bias.shape, [out])) {
    throw shapeError('quantisedLinear', inputs, `bias must be [${out}]`);
  }
  return makeTensor('quantisedLinear', inputs, [...x.shape.slice(0, -1), out], 'f32');
}

export interface QuantisedConvolutionOptions {
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  readonly stride: number;
  /** Zeros at top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** Dense convolution of channels-last `[B,H,W,C]` with a weight s8 `[kh*kw*C,out]` (rows, columns, channels), scale `[out]`. */
export function quantisedConv2d(
  x: Tensor,
  weight: Tensor,
  scale: Tensor,
  options: QuantisedConvolutionOptions,
): Tensor {
  const { kernel, stride, pads } = options;
  if (x.shape.length !== 4) throw shapeError('quantisedConv2d', [x, weight, scale], 'x needs four axes');
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const out = checkWeight('quantisedConv2d', x, weight, scale, kernel[0] * kernel[1] * channels);
  const h = Math.floor((height + pads[0] + pads[2] - kernel[0]) / stride) + 1;
  const w = Math.floor((width + pads[1] + pads[3] - kernel[1]) / stride) + 1;
  if (h < 1 || w < 1) {
    throw shapeError('quantisedConv2d', [x, weight, scale], 'the kernel is larger than the padded image');
  }
  const attributes = { kernel: [...kernel], stride, pads: [...pads] };
  return makeTensor('quantisedConv2d', [x, weight, scale], [batch, h, w, out], 'f32', attributes);
}
