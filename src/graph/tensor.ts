/**
 * Symbolic tensors. A tensor is the value of one operator applied to other tensors; shapes and types are known and
 * checked while the graph is built. A graph has no object of its own: it is what its outputs reach through `inputs`.
 * Shapes are static; axes are counted from 0 (negative ones from the end, normalised on entry).
 */
import { BiomedParseError } from '../util/errors.ts';

/** `s8` is only the type of constants: quantised weights. */
export type DType = 'f32' | 'i64' | 'bool' | 's8';

export type AttributeValue = number | string | boolean | readonly number[] | Float64Array | Int8Array;

export interface Tensor {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export type Shape = readonly number[];

/** Writes a shape the way messages show it: `[2,3]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** Error of graph building: names the operator and the shapes it was given. */
export function shapeError(op: string, inputs: readonly Tensor[], why: string): BiomedParseError {
  const shapes = inputs.map((t) => formatShape(t.shape));
  return new BiomedParseError('internal', `${op}(${shapes.join(', ')}): ${why}`, { op, shapes });
}

/** Checks the type of an operator's operands. */
export function requireType(op: string, inputs: readonly Tensor[], dtype: DType): void {
  const wrong = inputs.find((t) => t.dtype !== dtype);
  if (wrong !== undefined) throw shapeError(op, inputs, `operand is ${wrong.dtype}, must be ${dtype}`);
}

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Axis in 0..rank-1. */
export function normaliseAxis(op: string, t: Tensor, axis: number): number {
  const rank = t.shape.length;
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw shapeError(op, [t], `axis ${axis} is outside the ${rank} axes`);
  }
  return normal;
}

/** Shape of two operands after NumPy broadcasting. */
export function broadcastShapes(op: string, a: Tensor, b: Tensor): number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const m = a.shape[a.shape.length - rank + i] ?? 1;
    const n = b.shape[b.shape.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw shapeError(op, [a, b], `axis ${i} does not broadcast (${m} and ${n})`);
    out.push(m === 1 ? n : m);
  }
  return out;
}

/** Makes a tensor; operators call it after they have checked their inputs. */
export function makeTensor(
  op: string,
  inputs: readonly Tensor[],
  shape: Shape,
  dtype: DType,
  attributes: Record<string, AttributeValue> = {},
): Tensor {
  return { op, inputs, attributes, shape: [...shape], dtype };
}

function checkShape(op: string, shape: Shape): void {
  if (shape.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new BiomedParseError('internal', `${op}: shape ${formatShape(shape)} must hold positive integers`, { shape });
  }
}

/** A value fed at every run. */
export function input(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
  checkShape(`input ${name}`, shape);
  return makeTensor('input', [], shape, dtype, { name });
}

/** A learned value, named as in the checkpoint. */
export function parameter(name: string, shape: Shape): Tensor {
  checkShape(`parameter ${name}`, shape);
  return makeTensor('parameter', [], shape, 'f32', { name });
}

/** A fixed value; kept in float64 so that the oracle loses nothing, quantised weights in their bytes. */
export function constant(values: ArrayLike<number>, shape: Shape, dtype: DType = 'f32'): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new BiomedParseError('internal', `constant: ${values.length} values do not fill ${formatShape(shape)}`, {
      shape,
    });
  }
  return makeTensor('constant', [], shape, dtype, {
    value: dtype === 's8' ? Int8Array.from(values) : Float64Array.from(values),
  });
}

/** A constant of rank 0. */
export function scalar(value: number, dtype: DType = 'f32'): Tensor {
  return constant([value], [], dtype);
}

/** Name of an input or parameter. */
export function nameOf(t: Tensor): string {
  return t.attributes.name as string;
}

/** All tensors that the outputs reach, inputs before users. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const state = new Map<Tensor, 'open' | 'done'>();
  const stack: Tensor[] = [...outputs].reverse();
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as Tensor;
    if (state.get(top) === 'done') {
      stack.pop();
    } else if (state.get(top) === 'open') {
      state.set(top, 'done');
      order.push(top);
      stack.pop();
    } else {
      state.set(top, 'open');
      for (let i = top.inputs.length - 1; i >= 0; i--) {
        const next = top.inputs[i] as Tensor;
        if (!state.has(next)) stack.push(next);
      }
    }
  }
  return order;
}
