/** Evaluation of the operators that move values. */
import { sizeOf } from '../tensor.ts';
import { broadcastPositions, checkedIndex, type Evaluator, positions, stridesOf, take } from './values.ts';

const transpose: Evaluator = (t, [x]) => {
  const strides = stridesOf(x.shape);
  const order = t.attributes.order as readonly number[];
  const turned = order.map((axis) => strides[axis]);
  return take(x.data, positions(t.shape, turned));
};

const concat: Evaluator = (t, inputs) => {
  const axis = t.attributes.axis as number;
  const strides = stridesOf(t.shape);
  const y = new Float64Array(sizeOf(t.shape));
  let start = 0;
  for (const part of inputs) {
    for (const [i, position] of positions(part.shape, strides, start * strides[axis]).entries()) {
      y[position] = part.data[i];
    }
    start += part.shape[axis];
  }
  return y;
};

const slice: Evaluator = (t, [x]) => {
  const strides = stridesOf(x.shape);
  const { axis, start } = t.attributes as { axis: number; start: number };
  return take(x.data, positions(t.shape, strides, start * strides[axis]));
};

const pad: Evaluator = (t, [x]) => {
  const strides = stridesOf(t.shape);
  const before = t.attributes.before as readonly number[];
  const start = before.reduce((sum, n, axis) => sum + n * strides[axis], 0);
  const y = new Float64Array(sizeOf(t.shape));
  for (const [i, position] of positions(x.shape, strides, start).entries()) y[position] = x.data[i];
  return y;
};

const flip: Evaluator = (t, [x]) => {
  const axes = t.attributes.axes as readonly number[];
  const strides = stridesOf(x.shape);
  const start = axes.reduce((sum, axis) => sum + (x.shape[axis] - 1) * strides[axis], 0);
  const turned = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  return take(x.data, positions(x.shape, turned, start));
};

const gather: Evaluator = (t, [x, indices]) => {
  const axis = t.attributes.axis as number;
  const [outer, rows, inner] = [sizeOf(x.shape.slice(0, axis)), x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
  const y: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (const index of indices.data) {
      const row = o * rows + checkedIndex('gather', index, rows);
      for (let i = 0; i < inner; i++) y.push(x.data[row * inner + i]);
    }
  }
  return Float64Array.from(y);
};

const oneHot: Evaluator = (t, [indices]) => {
  const depth = t.attributes.depth as number;
  const y = new Float64Array(sizeOf(t.shape));
  for (const [i, index] of indices.data.entries()) y[i * depth + checkedIndex('oneHot', index, depth)] = 1;
  return y;
};

export const shapeEvaluators: Record<string, Evaluator> = {
  reshape: (_, [x]) => x.data.slice(),
  transpose,
  expand: (t, [x]) => take(x.data, broadcastPositions(x.shape, t.shape)),
  concat,
  slice,
  pad,
  flip,
  gather,
  oneHot,
};
