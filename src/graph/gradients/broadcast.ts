/** Undoing of broadcasting: what was repeated forward is added up backward. */
import { reshape, sum } from '../ops/index.ts';
import { type Shape, sameShape, type Tensor } from '../tensor.ts';

/** Adds up the axes along which `shape` was repeated to become the shape of t. */
export function sumTo(t: Tensor, shape: Shape): Tensor {
  if (sameShape(t.shape, shape)) return t;
  const offset = t.shape.length - shape.length;
  const axes = t.shape.flatMap((n, i) => (i < offset || (shape[i - offset] === 1 && n !== 1) ? [i] : []));
  return reshape(axes.length === 0 ? t : sum(t, axes, true), shape);
}
