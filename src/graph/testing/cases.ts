/**
 * Random small graphs for tests: what a case is, and where its inputs come from. Values are float32 numbers, so that
 * the interpreter and ONNX Runtime start from the same ones.
 */
import { createRandom } from '../../util/random.ts';
import type { Values } from '../interpret/interpret.ts';
import { cast, mul, sumAll } from '../ops/index.ts';
import { constant, input, type Shape, sizeOf, type Tensor } from '../tensor.ts';

/** Sources of inputs for one case. */
export interface CaseBuilder {
  /** Standard normal values with a gradient. */
  real(shape: Shape): Tensor;
  /** Values of either sign at least 0.2 from 0, with a gradient: for operators with a corner or a pole at 0. */
  nonZero(shape: Shape): Tensor;
  /** Values in 0.3..3, with a gradient. */
  positive(shape: Shape): Tensor;
  /** Values in 0..1, no gradient wanted. */
  fraction(shape: Shape): Tensor;
  /** Whole numbers in 0..limit-1. */
  integers(shape: Shape, limit: number): Tensor;
  truths(shape: Shape): Tensor;
  /** A shape of the given rank (default 1 to 4) with axes of 1 to 4. */
  shape(rank?: number): number[];
  /** Shapes that broadcast to one another: axes of some are 1, leading axes of some are left out. */
  broadcast(count: number): number[][];
  /** Integer in low..high. */
  integer(low: number, high: number): number;
}

/** Builds the result of a case from fresh inputs. */
export type OperatorCase = (g: CaseBuilder) => Tensor;

/** A case made concrete by a seed. */
export interface CaseInstance {
  readonly output: Tensor;
  /** Sum of the output times fixed random weights: a scalar to differentiate. */
  readonly loss: Tensor;
  readonly inputs: readonly Tensor[];
  /** Those inputs for which a gradient is wanted. */
  readonly differentiable: readonly Tensor[];
  readonly feeds: Map<string, Values>;
}

/** Inputs, values and result of a case for one seed. */
export function instantiate(build: OperatorCase, seed: number): CaseInstance {
  const random = createRandom(seed);
  const feeds = new Map<string, Values>();
  const inputs: Tensor[] = [];
  const differentiable: Tensor[] = [];
  const feed = (shape: Shape, draw: () => number, dtype: 'f32' | 'i64' | 'bool' = 'f32'): Tensor => {
    const name = `x${feeds.size}`;
    feeds.set(name, { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(draw())) });
    const t = input(name, shape, dtype);
    inputs.push(t);
    return t;
  };
  const withGradient = (t: Tensor): Tensor => {
    differentiable.push(t);
    return t;
  };
  const integer = (low: number, high: number): number => low + random.integer(high - low + 1);
  const shape = (rank = integer(1, 4)): number[] => Array.from({ length: rank }, () => integer(1, 4));
  const output = build({
    real: (s) => withGradient(feed(s, random.normal)),
    nonZero: (s) => withGradient(feed(s, () => random.pick([-1, 1]) * random.uniform(0.2, 2))),
    positive: (s) => withGradient(feed(s, () => random.uniform(0.3, 3))),
    fraction: (s) => feed(s, random.next),
    integers: (s, limit) => feed(s, () => random.integer(limit), 'i64'),
    truths: (s) => feed(s, () => random.integer(2), 'bool'),
    shape,
    broadcast: (count) => {
      const whole = shape();
      return Array.from({ length: count }, () =>
        whole.slice(random.integer(whole.length)).map((n) => (random.integer(3) === 0 ? 1 : n)),
      );
    },
    integer,
  });
  const weights = constant(
    Array.from({ length: sizeOf(output.shape) }, () => Math.fround(random.normal())),
    output.shape,
  );
  return { output, loss: sumAll(mul(cast(output, 'f32'), weights)), inputs, differentiable, feeds };
}
