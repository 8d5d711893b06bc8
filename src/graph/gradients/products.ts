/** Gradients of matrix products and convolutions. */
import {
  concat,
  conv2d,
  depthwise,
  depthwiseWeightGradient,
  flip,
  matmul,
  pad,
  reshape,
  slice,
  sum,
  transpose,
} from '../ops/index.ts';
import { shapeError, type Tensor } from '../tensor.ts';
import { sumTo } from './broadcast.ts';
import type { GradientRule } from './types.ts';

const matmulGradient: GradientRule = (y, dy) => {
  const [a, b] = y.inputs as [Tensor, Tensor];
  const { transposeA, transposeB } = y.attributes as { transposeA: boolean; transposeB: boolean };
  const da = transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
    : matmul(dy, b, { transposeB: !transposeB });
  const db = transposeB
    ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, dy, { transposeA: !transposeA });
  return [sumTo(da, a.shape), sumTo(db, b.shape)];
};

const linearGradient: GradientRule = (y, dy) => {
  const [x, weight] = y.inputs as [Tensor, Tensor];
  const [out, inner] = weight.shape as [number, number];
  const rows = reshape(dy, [-1, out]);
  const dx = reshape(matmul(rows, weight), x.shape);
  const dw = matmul(rows, reshape(x, [-1, inner]), { transposeA: true });
  return y.inputs.length === 3 ? [dx, dw, sum(rows, [0])] : [dx, dw];
};

/** Puts stride - 1 zeros after each value of the last two axes, then cuts to the given size. */
function spread(t: Tensor, stride: number, height: number, width: number): Tensor {
  if (stride === 1) return t;
  const [n, c, h, w] = t.shape as [number, number, number, number];
  const wide = reshape(pad(reshape(t, [n, c, h, w, 1]), [0, 0, 0, 0, 0], [0, 0, 0, 0, stride - 1]), [
    n,
    c,
    h,
    1,
    w * stride,
  ]);
  const tall = reshape(pad(wide, [0, 0, 0, 0, 0], [0, 0, 0, stride - 1, 0]), [n, c, h * stride, w * stride]);
  return slice(slice(tall, 2, 0, height), 3, 0, width);
}

/** Grouped weights `[O,I/g,kh,kw]` with input and output channels exchanged, `[I,O/g,kh,kw]`. */
function exchangeChannels(weight: Tensor, groups: number): Tensor {
  const [out, inner, kh, kw] = weight.shape as [number, number, number, number];
  const grouped = reshape(weight, [groups, out / groups, inner, kh, kw]);
  return reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inner, out / groups, kh, kw]);
}

/** Gradient with respect to the input: a convolution of the spread dy with the weights turned round. */
function inputGradient(
  x: Tensor,
  weight: Tensor,
  dy: Tensor,
  stride: number,
  groups: number,
  pads: readonly number[],
): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const [, , kh, kw] = weight.shape as [number, number, number, number];
  const [, , h, w] = dy.shape as [number, number, number, number];
  const [top, left, bottom, right] = pads as [number, number, number, number];
  const turned = flip(exchangeChannels(weight, groups), [2, 3]);
  const dense = spread(dy, stride, (h - 1) * stride + 1, (w - 1) * stride + 1);
  // full correlation gives rows 0 .. (h-1) stride + kh - 1 of the padded image; the rest of it got no gradient
  const full = conv2d(dense, turned, { groups, pads: [kh - 1, kw - 1, kh - 1, kw - 1] });
  const missingRows = height + top + bottom - (full.shape[2] as number);
  const missingColumns = width + left + right - (full.shape[3] as number);
  const padded = pad(full, [0, 0, 0, 0], [0, 0, missingRows, missingColumns]);
  return slice(slice(padded, 2, top, top + height), 3, left, left + width);
}

/** Gradient with respect to the weights: batch and channels exchange roles, dy becomes the kernel, spread by the stride. */
function weightGradient(
  x: Tensor,
  weight: Tensor,
  dy: Tensor,
  stride: number,
  groups: number,
  pads: readonly number[],
): Tensor {
  const [out, inner, kh, kw] = weight.shape as [number, number, number, number];
  const perGroup = Array.from({ length: groups }, (_, g) => {
    const image = transpose(slice(x, 1, g * inner, (g + 1) * inner), [1, 0, 2, 3]);
    const kernel = transpose(slice(dy, 1, (g * out) / groups, ((g + 1) * out) / groups), [1, 0, 2, 3]);
    const options = { dilation: stride, pads: pads as [number, number, number, number] };
    const wide = conv2d(image, kernel, options);
    return transpose(slice(slice(wide, 2, 0, kh), 3, 0, kw), [1, 0, 2, 3]);
  });
  return concat(perGroup, 0);
}

const conv2dGradient: GradientRule = (y, dy) => {
  const [x, weight] = y.inputs as [Tensor, Tensor];
  const { stride, dilation, groups } = y.attributes as { stride: number; dilation: number; groups: number };
  const pads = y.attributes.pads as readonly number[];
  if (dilation !== 1) throw shapeError('gradient of conv2d', y.inputs, `is defined for dilation 1, not ${dilation}`);
  return [inputGradient(x, weight, dy, stride, groups, pads), weightGradient(x, weight, dy, stride, groups, pads)];
};

export const productGradients: Record<string, GradientRule> = {
  matmul: matmulGradient,
  linear: linearGradient,
  conv2d: conv2dGradient,
  depthwise: (y, dy) => {
    const [x, weight] = y.inputs as [Tensor, Tensor];
    return [depthwise(dy, flip(weight, [2, 3])), depthwiseWeightGradient(x, dy, weight.shape[2] as number)];
  },
};
