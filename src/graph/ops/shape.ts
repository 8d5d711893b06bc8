/** Operators that move values without changing them. */
import {
  formatShape,
  makeTensor,
  normaliseAxis,
  requireType,
  type Shape,
  sameShape,
  shapeError,
  sizeOf,
  type Tensor,
} from '../tensor.ts';

/** Same values in another shape; one entry may be -1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((n) => n !== -1).reduce((product, n) => product * n, 1);
  const target = shape.map((n) => (n === -1 ? sizeOf(x.shape) / known : n));
  if (
    shape.filter((n) => n === -1).length > 1 ||
    target.some((n) => !Number.isInteger(n) || n < 1) ||
    sizeOf(target) !== sizeOf(x.shape)
  ) {
    throw shapeError('reshape', [x], `cannot become ${formatShape(shape)}`);
  }
  return sameShape(target, x.shape) ? x : makeTensor('reshape', [x], target, x.dtype);
}

/** Axes in another order: axis i of the result is axis order[i] of x. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || [...order].sort((a, b) => a - b).some((n, i) => n !== i)) {
    throw shapeError('transpose', [x], `[${order.join(',')}] is not an order of its axes`);
  }
  if (order.every((n, i) => n === i)) return x;
  return makeTensor(
    'transpose',
    [x],
    order.map((i) => x.shape[i] as number),
    x.dtype,
    { order: [...order] },
  );
}

/** Repeats axes of size 1 up to the given shape (NumPy broadcasting). */
export function expand(x: Tensor, shape: Shape): Tensor {
  const offset = shape.length - x.shape.length;
  if (offset < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[i + offset])) {
    throw shapeError('expand', [x], `does not broadcast to ${formatShape(shape)}`);
  }
  return sameShape(x.shape, shape) ? x : makeTensor('expand', [x], shape, x.dtype);
}

/** Several tensors one after another along an axis. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0];
  if (first === undefined) throw shapeError('concat', [], 'needs at least one part');
  const at = normaliseAxis('concat', first, axis);
  for (const part of parts) {
    const fits = part.dtype === first.dtype && part.shape.length === first.shape.length;
    if (!fits || part.shape.some((n, i) => i !== at && n !== first.shape[i])) {
      throw shapeError('concat', parts, `parts differ outside axis ${at}`);
    }
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((n, i) => (i === at ? parts.reduce((sum, p) => sum + (p.shape[at] as number), 0) : n));
  return makeTensor('concat', parts, shape, first.dtype, { axis: at });
}

/** Values start, start + 1 ... end - 1 of one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = normaliseAxis('slice', x, axis);
  const n = x.shape[at] as number;
  if (start < 0 || end > n || start >= end)
    throw shapeError('slice', [x], `${start}..${end} is outside axis ${at} of ${n}`);
  if (start === 0 && end === n) return x;
  return makeTensor(
    'slice',
    [x],
    x.shape.map((m, i) => (i === at ? end - start : m)),
    x.dtype,
    { axis: at, start, end },
  );
}

/** Cuts an axis into parts of the given sizes, which must add up to it. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  const size = x.shape[normaliseAxis('split', x, axis)] as number;
  if (sizes.reduce((sum, n) => sum + n, 0) !== size) {
    throw shapeError('split', [x], `sizes ${sizes.join(', ')} do not add up to ${size}`);
  }
  let start = 0;
  return sizes.map((size) => {
    const part = slice(x, axis, start, start + size);
    start += size;
    return part;
  });
}

/** Zeros before and after each axis: before[i], after[i] >= 0. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  if (before.length !== x.shape.length || after.length !== x.shape.length || [...before, ...after].some((n) => n < 0)) {
    throw shapeError('pad', [x], `needs ${x.shape.length} sizes >= 0 before and after`);
  }
  if ([...before, ...after].every((n) => n === 0)) return x;
  const shape = x.shape.map((n, i) => n + (before[i] as number) + (after[i] as number));
  return makeTensor('pad', [x], shape, x.dtype, { before: [...before], after: [...after] });
}

/** Turns axes round. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const at = axes.map((axis) => normaliseAxis('flip', x, axis));
  return makeTensor('flip', [x], x.shape, x.dtype, { axes: at });
}

/** Rows of x along an axis, chosen by integers: shape is x before the axis, then the indices, then x after it. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const at = normaliseAxis('gather', x, axis);
  if (indices.dtype !== 'i64') throw shapeError('gather', [x, indices], `indices are ${indices.dtype}, must be i64`);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return makeTensor('gather', [x, indices], shape, x.dtype, { axis: at });
}

/** One row of 0 with a 1 at each index: [...indices, depth]. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  requireType('oneHot', [indices], 'i64');
  if (indices.shape.length === 0) throw shapeError('oneHot', [indices], 'indices need at least one axis');
  return makeTensor('oneHot', [indices], [...indices.shape, depth], 'f32', { depth });
}
