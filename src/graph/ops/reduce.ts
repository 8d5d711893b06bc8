/** Operators that gather values of whole axes. */
import { makeTensor, normaliseAxis, requireType, shapeError, type Tensor } from '../tensor.ts';

function reduce(op: string, x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
  requireType(op, [x], 'f32');
  const at = axes.map((axis) => normaliseAxis(op, x, axis)).sort((a, b) => a - b);
  if (at.length === 0 || new Set(at).size !== at.length)
    throw shapeError(op, [x], `axes [${axes.join(',')}] must be given once each`);
  const shape = x.shape.flatMap((n, i) => (at.includes(i) ? (keepDims ? [1] : []) : [n]));
  return makeTensor(op, [x], shape, 'f32', { axes: at, keepDims });
}

export const sum = (x: Tensor, axes: readonly number[], keepDims = false): Tensor => reduce('sum', x, axes, keepDims);
export const mean = (x: Tensor, axes: readonly number[], keepDims = false): Tensor => reduce('mean', x, axes, keepDims);
/** Largest value; has no gradient here. */
export const max = (x: Tensor, axes: readonly number[], keepDims = false): Tensor => reduce('max', x, axes, keepDims);

/** Sum of everything, rank 0. */
export function sumAll(x: Tensor): Tensor {
  return x.shape.length === 0
    ? x
    : sum(
        x,
        x.shape.map((_, i) => i),
      );
}

/** Mean of everything, rank 0. */
export function meanAll(x: Tensor): Tensor {
  return x.shape.length === 0
    ? x
    : mean(
        x,
        x.shape.map((_, i) => i),
      );
}

/** Position of the largest value of an axis, the first on a tie; the axis goes. */
export function argMax(x: Tensor, axis: number): Tensor {
  const at = normaliseAxis('argMax', x, axis);
  return makeTensor(
    'argMax',
    [x],
    x.shape.filter((_, i) => i !== at),
    'i64',
    { axis: at },
  );
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  requireType('softmax', [x], 'f32');
  normaliseAxis('softmax', x, -1);
  return makeTensor('softmax', [x], x.shape, 'f32');
}

/** Logarithm of the softmax over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  requireType('logSoftmax', [x], 'f32');
  normaliseAxis('logSoftmax', x, -1);
  return makeTensor('logSoftmax', [x], x.shape, 'f32');
}
