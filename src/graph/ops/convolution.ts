/** Convolutions (cross-correlations, as everywhere in this field). */
import { makeTensor, requireType, sameShape, shapeError, type Tensor } from '../tensor.ts';

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Zeros at top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
}

/** Dense or grouped 2-D convolution, `[B,C,H,W]` with weight `[O,C/groups,kh,kw]`, no bias. */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  const { stride = 1, dilation = 1, groups = 1, pads = [0, 0, 0, 0] } = options;
  requireType('conv2d', [x, weight], 'f32');
  if (x.shape.length !== 4 || weight.shape.length !== 4) throw shapeError('conv2d', [x, weight], 'both need four axes');
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [out, inner, kh, kw] = weight.shape as [number, number, number, number];
  if (channels % groups !== 0 || out % groups !== 0 || inner !== channels / groups) {
    throw shapeError('conv2d', [x, weight], `channels do not fit ${groups} groups`);
  }
  const h = Math.floor((height + pads[0] + pads[2] - dilation * (kh - 1) - 1) / stride) + 1;
  const w = Math.floor((width + pads[1] + pads[3] - dilation * (kw - 1) - 1) / stride) + 1;
  if (h < 1 || w < 1) throw shapeError('conv2d', [x, weight], 'the kernel is larger than the padded image');
  return makeTensor('conv2d', [x, weight], [batch, out, h, w], 'f32', { stride, dilation, groups, pads: [...pads] });
}

/** Depthwise convolution of channels-last `[B,H,W,C]` with weight `[C,1,k,k]`, k odd, stride 1, size kept, no bias. */
export function depthwise(x: Tensor, weight: Tensor): Tensor {
  requireType('depthwise', [x, weight], 'f32');
  const [channels, one, kh, kw] = weight.shape as [number, number, number, number];
  if (
    x.shape.length !== 4 ||
    weight.shape.length !== 4 ||
    one !== 1 ||
    kh !== kw ||
    kh % 2 === 0 ||
    x.shape[3] !== channels
  ) {
    throw shapeError('depthwise', [x, weight], 'needs [B,H,W,C] and [C,1,k,k] with odd k');
  }
  return makeTensor('depthwise', [x, weight], x.shape, 'f32');
}

/** Gradient of `depthwise` with respect to its weight: `[C,1,k,k]` from x and dy, both `[B,H,W,C]`. */
export function depthwiseWeightGradient(x: Tensor, dy: Tensor, kernel: number): Tensor {
  requireType('depthwiseWeightGradient', [x, dy], 'f32');
  if (x.shape.length !== 4 || !sameShape(x.shape, dy.shape) || kernel % 2 !== 1) {
    throw shapeError('depthwiseWeightGradient', [x, dy], `both must be the same [B,H,W,C], the kernel ${kernel} odd`);
  }
  return makeTensor('depthwiseWeightGradient', [x, dy], [x.shape[3] as number, 1, kernel, kernel], 'f32', { kernel });
}
