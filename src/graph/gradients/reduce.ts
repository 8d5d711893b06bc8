/** Gradients of reductions, softmax and normalisation. */
import { exp, expand, inverseDeviation, mean, mul, reshape, sub, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import type { GradientRule } from './types.ts';

/** dy with the reduced axes put back as size 1. */
function restoreAxes(y: Tensor, dy: Tensor): Tensor {
  const axes = y.attributes.axes as readonly number[];
  return reshape(
    dy,
    (y.inputs[0] as Tensor).shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );
}

export const reduceGradients: Record<string, GradientRule> = {
  sum: (y, dy) => [expand(restoreAxes(y, dy), (y.inputs[0] as Tensor).shape)],
  mean: (y, dy) => {
    const x = y.inputs[0] as Tensor;
    const count = (y.attributes.axes as readonly number[]).reduce((n, axis) => n * (x.shape[axis] as number), 1);
    return [expand(mul(restoreAxes(y, dy), 1 / count), x.shape)];
  },
  argMax: () => [null],
  softmax: (y, dy) => [mul(y, sub(dy, sum(mul(dy, y), [-1], true)))],
  logSoftmax: (y, dy) => [sub(dy, mul(exp(y), sum(dy, [-1], true)))],
  // with z = normalise(x): dx = (dz - mean(dz) - z mean(dz z)) / deviation
  normalise: (y, dy) => {
    const x = y.inputs[0] as Tensor;
    const along = mean(mul(dy, y), [-1], true);
    const centred = sub(sub(dy, mean(dy, [-1], true)), mul(y, along));
    return [mul(centred, inverseDeviation(x, y.attributes.epsilon as number))];
  },
};
