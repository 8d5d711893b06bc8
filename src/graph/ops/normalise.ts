/** Normalisation over the last axis. */
import { makeTensor, normaliseAxis, requireType, sameShape, shapeError, type Tensor } from '../tensor.ts';
import { add, mul } from './elementwise.ts';

/** (x - mean) / sqrt(variance + epsilon) over the last axis, biased variance. */
export function normalise(x: Tensor, epsilon: number): Tensor {
  requireType('normalise', [x], 'f32');
  normaliseAxis('normalise', x, -1);
  return makeTensor('normalise', [x], x.shape, 'f32', { epsilon });
}

/** 1 / sqrt(variance + epsilon) over the last axis, which stays with size 1: what the gradient of `normalise` needs. */
export function inverseDeviation(x: Tensor, epsilon: number): Tensor {
  requireType('inverseDeviation', [x], 'f32');
  normaliseAxis('inverseDeviation', x, -1);
  return makeTensor('inverseDeviation', [x], [...x.shape.slice(0, -1), 1], 'f32', { epsilon });
}

/** Layer normalisation with scale and shift `[C]` (Ba et al. 2016). */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
  const channels = x.shape.slice(-1);
  if (!sameShape(scale.shape, channels) || !sameShape(shift.shape, channels)) {
    throw shapeError('layerNorm', [x, scale, shift], 'scale and shift must have the size of the last axis');
  }
  return add(mul(normalise(x, epsilon), scale), shift);
}
