/** Operators that work value by value; two operands broadcast as in NumPy. */
import { broadcastShapes, type DType, makeTensor, requireType, scalar, shapeError, type Tensor } from '../tensor.ts';

function unary(op: string, x: Tensor): Tensor {
  requireType(op, [x], 'f32');
  return makeTensor(op, [x], x.shape, 'f32');
}

function binary(op: string, a: Tensor | number, b: Tensor | number): Tensor {
  const left = typeof a === 'number' ? scalar(a) : a;
  const right = typeof b === 'number' ? scalar(b) : b;
  requireType(op, [left, right], 'f32');
  return makeTensor(op, [left, right], broadcastShapes(op, left, right), 'f32');
}

export const add = (a: Tensor | number, b: Tensor | number): Tensor => binary('add', a, b);
export const sub = (a: Tensor | number, b: Tensor | number): Tensor => binary('sub', a, b);
export const mul = (a: Tensor | number, b: Tensor | number): Tensor => binary('mul', a, b);
export const div = (a: Tensor | number, b: Tensor | number): Tensor => binary('div', a, b);

export const neg = (x: Tensor): Tensor => unary('neg', x);
export const exp = (x: Tensor): Tensor => unary('exp', x);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => unary('log', x);
export const sqrt = (x: Tensor): Tensor => unary('sqrt', x);
export const abs = (x: Tensor): Tensor => unary('abs', x);
export const erf = (x: Tensor): Tensor => unary('erf', x);
export const relu = (x: Tensor): Tensor => unary('relu', x);
/** x * Phi(x), exact (erf) form. */
export const gelu = (x: Tensor): Tensor => unary('gelu', x);
export const sigmoid = (x: Tensor): Tensor => unary('sigmoid', x);
/** x * sigmoid(1.702 x), CLIP's activation. */
export const quickGelu = (x: Tensor): Tensor => mul(x, sigmoid(mul(x, 1.702)));
/** The value itself; gradients stop here. */
export const stopGradient = (x: Tensor): Tensor => makeTensor('stopGradient', [x], x.shape, x.dtype);

/** a > b, as bool. */
export function greater(a: Tensor, b: Tensor | number): Tensor {
  const right = typeof b === 'number' ? scalar(b) : b;
  requireType('greater', [a, right], 'f32');
  return makeTensor('greater', [a, right], broadcastShapes('greater', a, right), 'bool');
}

/** a == b for integers, as bool. */
export function equal(a: Tensor, b: Tensor): Tensor {
  requireType('equal', [a, b], 'i64');
  return makeTensor('equal', [a, b], broadcastShapes('equal', a, b), 'bool');
}

/** Truth turned round. */
export function not(x: Tensor): Tensor {
  requireType('not', [x], 'bool');
  return makeTensor('not', [x], x.shape, 'bool');
}

/** a and b. */
export function and(a: Tensor, b: Tensor): Tensor {
  requireType('and', [a, b], 'bool');
  return makeTensor('and', [a, b], broadcastShapes('and', a, b), 'bool');
}

/** a where the condition holds, else b. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const left = typeof a === 'number' ? scalar(a) : a;
  const right = typeof b === 'number' ? scalar(b) : b;
  requireType('where', [condition], 'bool');
  requireType('where', [left, right], 'f32');
  const ab = makeTensor('where', [left, right], broadcastShapes('where', left, right), 'f32');
  return makeTensor('where', [condition, left, right], broadcastShapes('where', condition, ab), 'f32');
}

/** Another type: bool to 0 / 1, integers to floats. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : makeTensor('cast', [x], x.shape, dtype, { to: dtype });
}

/**
 * Binary cross-entropy of logits against targets in 0..1, value by value, in the form that does not overflow:
 * max(x,0) - x t + log(1 + exp(-|x|)). Its gradient with respect to the logits is sigmoid(x) - t; targets get none.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  requireType('binaryCrossEntropy', [logits, targets], 'f32');
  const shape = broadcastShapes('binaryCrossEntropy', logits, targets);
  if (shape.length !== logits.shape.length || shape.some((n, i) => n !== logits.shape[i])) {
    throw shapeError('binaryCrossEntropy', [logits, targets], 'targets must broadcast to the shape of the logits');
  }
  return makeTensor('binaryCrossEntropy', [logits, targets], shape, 'f32');
}
