/** Evaluation of reductions, softmax and normalisation. */
import { sizeOf, type Tensor } from '../tensor.ts';
import { type Evaluator, positions, stridesOf, type Values } from './values.ts';

/** For each element of x, the position of the result that it goes to. */
function reducedPositions(t: Tensor, x: Values): number[] {
  const axes = t.attributes.axes as readonly number[];
  const strides = stridesOf(x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)));
  return positions(
    x.shape,
    strides.map((stride, axis) => (axes.includes(axis) ? 0 : stride)),
  );
}

const sum: Evaluator = (t, [x]) => {
  const y = new Float64Array(sizeOf(t.shape));
  for (const [i, position] of reducedPositions(t, x).entries()) y[position] += x.data[i];
  return y;
};

const mean: Evaluator = (t, inputs) => {
  const count = inputs[0].data.length / sizeOf(t.shape);
  return sum(t, inputs).map((total) => total / count);
};

const max: Evaluator = (t, [x]) => {
  const y = new Float64Array(sizeOf(t.shape)).fill(-Infinity);
  for (const [i, position] of reducedPositions(t, x).entries()) y[position] = Math.max(y[position], x.data[i]);
  return y;
};

const argMax: Evaluator = (t, [x]) => {
  const axis = t.attributes.axis as number;
  const step = stridesOf(x.shape)[axis];
  const starts = positions(
    t.shape,
    stridesOf(x.shape).filter((_, i) => i !== axis),
  );
  return Float64Array.from(starts, (start) => {
    let best = 0;
    for (let i = 1; i < x.shape[axis]; i++) if (x.data[start + i * step] > x.data[start + best * step]) best = i;
    return best;
  });
};

/** Applies a function to each row of the last axis. */
const rows =
  (f: (row: Float64Array, t: Tensor) => ArrayLike<number>): Evaluator =>
  (t, [x]) => {
    const width = x.shape[x.shape.length - 1];
    const y = new Float64Array(sizeOf(t.shape));
    const count = x.data.length / width;
    for (let r = 0; r < count; r++) y.set(f(x.data.subarray(r * width, (r + 1) * width), t), (r * y.length) / count);
    return y;
  };

/** The row less its largest value, which leaves softmax as it is and keeps exp from overflowing. */
function lowered(row: Float64Array): Float64Array {
  const largest = row.reduce((a, b) => Math.max(a, b));
  return row.map((v) => v - largest);
}

function sumExp(row: Float64Array): number {
  return row.reduce((total, v) => total + Math.exp(v), 0);
}

function average(row: Float64Array): number {
  return row.reduce((total, v) => total + v, 0) / row.length;
}

/** 1 / sqrt(variance + epsilon), biased variance. */
function inverseDeviation(row: Float64Array, t: Tensor): number {
  const centre = average(row);
  return 1 / Math.sqrt(average(row.map((v) => (v - centre) ** 2)) + (t.attributes.epsilon as number));
}

const normalise = rows((row, t) => {
  const [centre, scale] = [average(row), inverseDeviation(row, t)];
  return row.map((v) => (v - centre) * scale);
});

export const reduceEvaluators: Record<string, Evaluator> = {
  sum,
  mean,
  max,
  argMax,
  softmax: rows((row) => {
    const values = lowered(row);
    const total = sumExp(values);
    return values.map((v) => Math.exp(v) / total);
  }),
  logSoftmax: rows((row) => {
    const values = lowered(row);
    const total = Math.log(sumExp(values));
    return values.map((v) => v - total);
  }),
  normalise,
  inverseDeviation: rows((row, t) => [inverseDeviation(row, t)]),
  // made by a rewrite from normalise, mul and add
  layerNorm: (t, [x, scale, shift]) => {
    const width = scale.data.length;
    return normalise(t, [x]).map((v, i) => v * scale.data[i % width] + shift.data[i % width]);
  },
};
