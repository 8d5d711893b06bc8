/** Values of the interpreter and where their elements lie: row-major, last axis fastest. */
import { BiomedParseError } from '../../util/errors.ts';
import { formatShape, type Shape, sizeOf, type Tensor } from '../tensor.ts';

/** A tensor's values; integers are held as whole numbers, bool as 0 and 1. */
export interface Values {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Values of one operator from those of its operands; the result has the shape of `t`. */
export type Evaluator = (t: Tensor, inputs: readonly Values[]) => Float64Array;

/** Steps between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Position `start + sum(coordinate * stride)` for every coordinate of a shape, in row-major order. */
export function positions(shape: Shape, strides: readonly number[], start = 0): number[] {
  let found = [start];
  for (const [axis, n] of shape.entries()) {
    found = found.flatMap((p) => Array.from({ length: n }, (_, i) => p + i * strides[axis]));
  }
  return found;
}

/** Position in `from` of each element of `to`, to which `from` broadcasts. */
export function broadcastPositions(from: Shape, to: Shape): number[] {
  const offset = to.length - from.length;
  const strides = stridesOf(from);
  return positions(
    to,
    to.map((_, axis) => (axis < offset || from[axis - offset] === 1 ? 0 : strides[axis - offset])),
  );
}

/** Copies the elements at the given positions. */
export function take(data: Float64Array, at: readonly number[]): Float64Array {
  return Float64Array.from(at, (position) => data[position]);
}

/** An integer read from data, which must lie in 0..limit-1. */
export function checkedIndex(op: string, value: number, limit: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= limit) {
    const message = `interpret: ${op}: index ${value} is outside 0..${limit - 1}`;
    throw new BiomedParseError('internal', message, { op, value, limit });
  }
  return value;
}

/** Checks that values fill a shape. */
export function checkValues(name: string, values: Values, shape: Shape): Values {
  const found = formatShape(values.shape);
  if (found !== formatShape(shape) || values.data.length !== sizeOf(shape)) {
    const message = `interpret: ${name} is ${found} with ${values.data.length} values, needs ${formatShape(shape)}`;
    throw new BiomedParseError('internal', message, { name, found: values.shape, expected: shape });
  }
  return values;
}
