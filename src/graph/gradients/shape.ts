/** Gradients of the operators that move values. */
import { concat, expand, flip, matmul, oneHot, pad, reshape, slice, transpose } from '../ops/index.ts';
import { constant, shapeError, sizeOf, type Tensor } from '../tensor.ts';
import { sumTo } from './broadcast.ts';
import type { GradientRule } from './types.ts';

function zeros(shape: readonly number[]): Tensor {
  return expand(
    constant(
      [0],
      shape.map(() => 1),
    ),
    shape,
  );
}

/** Gradient of a gather along the first axis: rows are added up by a product with the one-hot matrix. */
function gatherGradient(y: Tensor, dy: Tensor): Tensor {
  const [x, indices] = y.inputs as [Tensor, Tensor];
  if (y.attributes.axis !== 0) throw shapeError('gradient of gather', y.inputs, 'is defined for axis 0 only');
  const rows = x.shape[0] as number;
  const count = sizeOf(indices.shape);
  const flat = oneHot(reshape(indices, [count]), rows);
  return reshape(matmul(flat, reshape(dy, [count, -1]), { transposeA: true }), x.shape);
}

export const shapeGradients: Record<string, GradientRule> = {
  reshape: (y, dy) => [reshape(dy, (y.inputs[0] as Tensor).shape)],
  transpose: (y, dy) => {
    const order = y.attributes.order as readonly number[];
    return [
      transpose(
        dy,
        order.map((_, i) => order.indexOf(i)),
      ),
    ];
  },
  expand: (y, dy) => [sumTo(dy, (y.inputs[0] as Tensor).shape)],
  concat: (y, dy) => {
    const axis = y.attributes.axis as number;
    let start = 0;
    return y.inputs.map((part) => {
      const size = part.shape[axis] as number;
      start += size;
      return slice(dy, axis, start - size, start);
    });
  },
  slice: (y, dy) => {
    const x = y.inputs[0] as Tensor;
    const axis = y.attributes.axis as number;
    const before = x.shape.map((_, i) => (i === axis ? (y.attributes.start as number) : 0));
    const after = x.shape.map((n, i) => (i === axis ? n - (y.attributes.end as number) : 0));
    return [pad(dy, before, after)];
  },
  pad: (y, dy) => {
    const x = y.inputs[0] as Tensor;
    const before = y.attributes.before as readonly number[];
    return [x.shape.reduce((t, n, i) => slice(t, i, before[i] as number, (before[i] as number) + n), dy)];
  },
  flip: (y, dy) => [flip(dy, y.attributes.axes as readonly number[])],
  gather: (y, dy) => [gatherGradient(y, dy), null],
  oneHot: () => [null],
};

/**
 * Gradient of slices that cut a whole axis into neighbouring parts, in one concat: what `split` makes.
 * Parts that got no gradient are zeros.
 */
export function joinSlices(
  x: Tensor,
  axis: number,
  parts: readonly { start: number; end: number; dy: Tensor }[],
): Tensor {
  const sorted = [...parts].sort((p, q) => p.start - q.start);
  const pieces: Tensor[] = [];
  let at = 0;
  const gap = (end: number): void => {
    if (end > at) pieces.push(zeros(x.shape.map((n, i) => (i === axis ? end - at : n))));
  };
  for (const part of sorted) {
    gap(part.start);
    pieces.push(part.dy);
    at = part.end;
  }
  gap(x.shape[axis] as number);
  return concat(pieces, axis);
}
