/**
 * The rewrite to 8-bit integers, through ONNX Runtime and through the interpreter, against the float64 interpreter of the
 * graph as it was. Asked of random normal values is an error below 2 % of the result's root mean square (a step of a weight
 * or a value is about 1/40 of its spread, and errors of 64 and more terms mostly cancel).
 */
import { describe, expect, it } from 'vitest';
import { openSession } from '../runtime/session.ts';
import { createRandom } from '../util/random.ts';
import { interpret, type Values } from './interpret/interpret.ts';
import { lowerToOnnx } from './onnx/lower.ts';
import { cpuTarget } from './onnx/target.ts';
import * as ops from './ops/index.ts';
import { quantise } from './quantise.ts';
import { input, parameter, sizeOf, type Tensor, topologicalOrder } from './tensor.ts';

const tolerance = 0.02;
const everything = (): boolean => true;

/** Normal values, in float32, for every input and parameter of a graph. */
function drawFeeds(outputs: readonly Tensor[]): Map<string, Values> {
  const random = createRandom(31);
  const leaves = topologicalOrder(outputs).filter(({ op }) => op === 'input' || op === 'parameter');
  return new Map(
    leaves.map(({ attributes, shape }) => {
      const data = Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(random.normal()));
      return [attributes.name as string, { shape, data }];
    }),
  );
}

const reader =
  (feeds: Map<string, Values>) =>
  (name: string): Float32Array =>
    Float32Array.from((feeds.get(name) as Values).data);

/** Root mean square of the error over that of the expected values. */
function relativeError(found: ArrayLike<number>, expected: Float64Array): number {
  const squares = expected.map((value, i) => (found[i] - value) ** 2);
  const sum = (values: Float64Array): number => values.reduce((total, v) => total + v, 0);
  return Math.sqrt(sum(squares) / sum(expected.map((v) => v * v)));
}

const operators = (outputs: readonly Tensor[]): string[] => topologicalOrder(outputs).map((t) => t.op);

const x = input('x', [3, 64]);
const map = input('map', [1, 64, 6, 5]);
const weight = parameter('weight', [40, 64]);
const bias = parameter('bias', [40]);
const kernel = parameter('kernel', [32, 64, 3, 3]);

const cases: Readonly<Record<string, Tensor>> = {
  'a linear layer': ops.linear(x, weight, bias),
  'one without bias, of one row': ops.linear(input('row', [64]), weight),
  'a piece of a stacked weight': ops.linear(x, ops.slice(parameter('stack', [96, 64]), 0, 32, 64), bias0()),
  'a piece cut across': ops.linear(x, ops.slice(parameter('wide', [32, 96]), 1, 16, 80)),
  'a reshaped and turned weight': ops.linear(
    x,
    ops.reshape(ops.transpose(parameter('patch', [32, 4, 4, 4]), [0, 2, 3, 1]), [32, 64]),
  ),
  'values behind ReLU': ops.linear(ops.relu(x), weight, bias),
  'a convolution': ops.conv2d(map, kernel, { pads: [1, 1, 1, 1] }),
  'a convolution with stride and uneven padding': ops.conv2d(map, kernel, { stride: 2, pads: [0, 1, 2, 0] }),
  'a point-wise convolution': ops.conv2d(map, parameter('point', [32, 64, 1, 1])),
  'two layers': ops.linear(ops.gelu(ops.linear(x, weight, bias)), parameter('second', [64, 40])),
};

/** A bias `[32]`. */
function bias0(): Tensor {
  return parameter('bias0', [32]);
}

describe('quantise', () => {
  it.each(Object.entries(cases))('%s: near the float64 result, in both evaluations', async (_, y) => {
    const feeds = drawFeeds([y]);
    const [quantised] = quantise([y], everything, reader(feeds));
    expect(operators([quantised]).filter((op) => op === 'linear' || op === 'conv2d')).toEqual([]);
    expect(quantised.shape).toEqual(y.shape);
    const [{ data: expected }] = interpret([y], feeds);
    const [{ data: emulated }] = interpret([quantised], feeds);
    expect(relativeError(emulated, expected)).toBeLessThan(tolerance);
    expect(relativeError(emulated, expected)).toBeGreaterThan(1e-4);

    const weights = new Map(
      [...feeds].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data) }]),
    );
    const model = lowerToOnnx({ y: quantised }, { name: 'quantised', target: cpuTarget, weights });
    const session = await openSession(model, { threads: 1 });
    const given = Object.fromEntries(model.inputs.map(({ name }) => [name, reader(feeds)(name)]));
    const run = (await session.run(given)).y as Float32Array;
    await session.dispose();
    expect(relativeError(run, emulated)).toBeLessThan(1e-5);
  });

  it('keeps two layers of one shape apart', () => {
    const layers = ['first', 'second'].map((name) => ops.conv2d(map, parameter(name, [32, 64, 3, 3])));
    const feeds = drawFeeds(layers);
    const found = interpret(quantise(layers, everything, reader(feeds)), feeds);
    for (const [i, { data }] of interpret(layers, feeds).entries()) {
      expect(relativeError(found[i].data, data)).toBeLessThan(tolerance);
    }
  });

  it('gives the same graph for the same weights', () => {
    const y = cases['a convolution'];
    const feeds = drawFeeds([y]);
    expect(quantise([y], everything, reader(feeds))).toEqual(quantise([y], everything, reader(feeds)));
  });

  it('rounds a weight of zeros to zeros', () => {
    const y = ops.linear(x, weight);
    const feeds = drawFeeds([y]);
    const zeros = quantise([y], everything, () => new Float32Array(sizeOf(weight.shape)));
    expect(interpret(zeros, feeds)[0].data.every((value) => value === 0)).toBe(true);
  });

  const small = parameter('small', [64, 8]);
  const kept: Readonly<Record<string, Tensor>> = {
    'what is not chosen': ops.linear(x, weight),
    'few inputs': ops.linear(input('narrow', [3, 8]), small),
    'few outputs': ops.linear(x, ops.transpose(small, [1, 0])),
    'a computed weight': ops.linear(x, ops.mul(weight, 2)),
    'a weight that is fed': ops.linear(x, input('fed', [40, 64])),
    'a product of two tensors': ops.matmul(x, x, { transposeB: true }),
    'a depthwise convolution': ops.depthwise(input('wide map', [1, 5, 5, 64]), parameter('depth', [64, 1, 3, 3])),
    'a grouped convolution': ops.conv2d(map, parameter('groups', [32, 32, 3, 3]), { groups: 2 }),
    'a dilated convolution': ops.conv2d(map, kernel, { dilation: 2 }),
  };
  it.each(Object.entries(kept))('leaves alone: %s', (name, y) => {
    const read = (): Float32Array => expect.fail('no values are needed');
    expect(quantise([y], () => name !== 'what is not chosen', read)).toEqual([y]);
  });
});
