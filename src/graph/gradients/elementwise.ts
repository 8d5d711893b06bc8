/** Gradients of the operators that work value by value. */
import { add, cast, div, erf, exp, greater, mul, neg, sigmoid, sub, where } from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { sumTo } from './broadcast.ts';
import type { GradientRule } from './types.ts';

const [a, b] = [0, 1];

function operand(y: Tensor, index: number): Tensor {
  return y.inputs[index] as Tensor;
}

/** Derivative of the exact GELU: Phi(x) + x phi(x). */
function geluDerivative(x: Tensor): Tensor {
  const phi = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  const cumulative = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  return add(cumulative, mul(x, phi));
}

export const elementwiseGradients: Record<string, GradientRule> = {
  add: (y, dy) => [sumTo(dy, operand(y, a).shape), sumTo(dy, operand(y, b).shape)],
  sub: (y, dy) => [sumTo(dy, operand(y, a).shape), neg(sumTo(dy, operand(y, b).shape))],
  mul: (y, dy) => [
    sumTo(mul(dy, operand(y, b)), operand(y, a).shape),
    sumTo(mul(dy, operand(y, a)), operand(y, b).shape),
  ],
  div: (y, dy) => {
    const quotient = div(dy, operand(y, b));
    return [sumTo(quotient, operand(y, a).shape), neg(sumTo(mul(quotient, y), operand(y, b).shape))];
  },
  neg: (_, dy) => [neg(dy)],
  exp: (y, dy) => [mul(dy, y)],
  log: (y, dy) => [div(dy, operand(y, a))],
  sqrt: (y, dy) => [div(mul(dy, 0.5), y)],
  abs: (y, dy) => [where(greater(operand(y, a), 0), dy, neg(dy))],
  erf: (y, dy) => {
    const x = operand(y, a);
    return [mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))];
  },
  relu: (y, dy) => [mul(dy, cast(greater(y, 0), 'f32'))],
  gelu: (y, dy) => [mul(dy, geluDerivative(operand(y, a)))],
  sigmoid: (y, dy) => [mul(dy, mul(y, sub(1, y)))],
  where: (y, dy) => [
    null,
    sumTo(where(operand(y, 0), dy, 0), operand(y, 1).shape),
    sumTo(where(operand(y, 0), 0, dy), operand(y, 2).shape),
  ],
  stopGradient: () => [null],
  cast: () => [null],
  greater: () => [null, null],
  equal: () => [null, null],
  not: () => [null],
  and: () => [null, null],
  binaryCrossEntropy: (y, dy) => [mul(dy, sub(sigmoid(operand(y, 0)), operand(y, 1))), null],
};
