/** Weights that are cut out of, or turned from, one parameter: their values without running anything. */
import { nameOf, type Shape, sizeOf, type Tensor } from './tensor.ts';

/** The parameter that a tensor is nothing but a reshaped, turned or cut piece of; null for any other tensor. */
export function sourceParameter(t: Tensor): string | null {
  if (t.op === 'parameter') return nameOf(t);
  if (t.op !== 'reshape' && t.op !== 'transpose' && t.op !== 'slice') return null;
  return sourceParameter(t.inputs[0] as Tensor);
}

/** Values at `start + sum(coordinate * stride)` for every coordinate of a shape, in row-major order. */
function gatherStrided(data: Float32Array, shape: Shape, strides: readonly number[], start: number): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  let at = 0;
  const copy = (axis: number, from: number): void => {
    const [n, stride] = [shape[axis] as number, strides[axis] as number];
    for (let i = 0; i < n; i++) {
      if (axis === shape.length - 1) out[at++] = data[from + i * stride] as number;
      else copy(axis + 1, from + i * stride);
    }
  };
  copy(0, start);
  return out;
}

/** Values of a tensor that has a `sourceParameter`, in row-major order. */
export function foldWeight(t: Tensor, read: (name: string) => Float32Array): Float32Array {
  if (t.op === 'parameter') return read(nameOf(t));
  const operand = t.inputs[0] as Tensor;
  const data = foldWeight(operand, read);
  if (t.op === 'reshape') return data;
  const strides = operand.shape.map((_, axis) => sizeOf(operand.shape.slice(axis + 1)));
  if (t.op === 'transpose') {
    const order = t.attributes.order as readonly number[];
    return gatherStrided(
      data,
      t.shape,
      order.map((axis) => strides[axis] as number),
      0,
    );
  }
  const { axis, start } = t.attributes as { axis: number; start: number };
  const first = start * (strides[axis] as number);
  return axis === 0 ? data.subarray(first, first + sizeOf(t.shape)) : gatherStrided(data, t.shape, strides, first);
}
