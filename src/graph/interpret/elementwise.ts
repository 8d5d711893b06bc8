/** Evaluation of the operators that work value by value. */
import { erf } from './erf.ts';
import { broadcastPositions, type Evaluator } from './values.ts';

const map =
  (f: (x: number) => number): Evaluator =>
  (_, [x]) =>
    x.data.map(f);

const zip =
  (f: (a: number, b: number) => number): Evaluator =>
  (t, [a, b]) => {
    const [atA, atB] = [broadcastPositions(a.shape, t.shape), broadcastPositions(b.shape, t.shape)];
    return Float64Array.from(atA, (position, i) => f(a.data[position], b.data[atB[i]]));
  };

const where: Evaluator = (t, [condition, a, b]) => {
  const [atA, atB] = [broadcastPositions(a.shape, t.shape), broadcastPositions(b.shape, t.shape)];
  const at = broadcastPositions(condition.shape, t.shape);
  return Float64Array.from(at, (position, i) => (condition.data[position] === 0 ? b.data[atB[i]] : a.data[atA[i]]));
};

/** To integers towards 0, to bool by "is not 0". */
const cast: Evaluator = (t, [x]) => {
  if (t.dtype === 'i64') return x.data.map(Math.trunc);
  return t.dtype === 'bool' ? x.data.map((v) => (v === 0 ? 0 : 1)) : x.data.slice();
};

export const elementwiseEvaluators: Record<string, Evaluator> = {
  add: zip((a, b) => a + b),
  sub: zip((a, b) => a - b),
  mul: zip((a, b) => a * b),
  div: zip((a, b) => a / b),
  neg: map((x) => -x),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  abs: map(Math.abs),
  erf: map(erf),
  relu: map((x) => Math.max(x, 0)),
  gelu: map((x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2))),
  sigmoid: map((x) => 1 / (1 + Math.exp(-x))),
  stopGradient: map((x) => x),
  greater: zip((a, b) => (a > b ? 1 : 0)),
  equal: zip((a, b) => (a === b ? 1 : 0)),
  not: map((x) => 1 - x),
  and: zip((a, b) => a * b),
  where,
  cast,
  binaryCrossEntropy: zip((x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)))),
};
