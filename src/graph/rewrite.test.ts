/** Rewrites keep every value (bit for bit, but for fused normalisation) and do remove what they promise to. */
import { describe, expect, it } from 'vitest';
import { gradients } from './differentiate.ts';
import { interpret } from './interpret/interpret.ts';
import * as ops from './ops/index.ts';
import { fuseLayerNorm, simplify } from './rewrite.ts';
import { constant, input, parameter, scalar, type Tensor, topologicalOrder } from './tensor.ts';
import { type CaseInstance, instantiate, type OperatorCase } from './testing/cases.ts';
import { compositions } from './testing/compositions.ts';
import { forwardOnlyCases, notDifferentiable, operatorCases } from './testing/operator-cases.ts';

const seeds = [21, 22];
const operators = (outputs: readonly Tensor[]): string[] => topologicalOrder(outputs).map((t) => t.op);

function checkSameValues(instance: CaseInstance, outputs: readonly Tensor[]): void {
  const simple = simplify(outputs);
  const fused = fuseLayerNorm(simple);
  expect(operators(simple).length).toBeLessThanOrEqual(operators(outputs).length);
  const before = interpret(outputs, instance.feeds);
  expect(interpret(simple, instance.feeds)).toEqual(before);
  for (const [i, { shape, data }] of interpret(fused, instance.feeds).entries()) {
    expect(shape).toEqual(before[i].shape);
    for (const [j, value] of data.entries()) expect(value).toBeCloseTo(before[i].data[j], 12);
  }
}

const cases: [string, readonly OperatorCase[]][] = [
  ...Object.entries(operatorCases),
  ...Object.entries(forwardOnlyCases),
  ...Object.entries(compositions).map(([name, build]): [string, OperatorCase[]] => [name, [build]]),
];

describe('simplify and fuseLayerNorm keep the values', () => {
  it.each(cases)('of %s and its gradients', (name, builds) => {
    for (const build of builds) {
      for (const seed of seeds) {
        const instance = instantiate(build, seed);
        const hasGradient = !(name in notDifferentiable) && !forwardOnlyCases[name]?.includes(build);
        const found = hasGradient ? gradients(instance.loss, instance.differentiable) : [];
        checkSameValues(instance, [instance.output, instance.loss, ...found]);
      }
    }
  });
});

describe('simplify', () => {
  const x = input('x', [2, 3]);

  it.each([
    ['times 1', ops.mul(x, 1)],
    ['1 times', ops.mul(ops.expand(scalar(1), [2, 3]), x)],
    ['plus 0', ops.add(x, constant([0], [1, 1]))],
    ['0 plus', ops.add(0, x)],
    ['over 1', ops.div(x, 1)],
    ['two transposes', ops.transpose(ops.transpose(x, [1, 0]), [1, 0])],
    ['reshapes there and back', ops.reshape(ops.reshape(ops.reshape(x, [6]), [3, 2]), [2, 3])],
  ])('removes %s', (_, t) => {
    expect(simplify([t])).toEqual([x]);
  });

  it('keeps what widens a shape, though it adds 0 or multiplies by 1', () => {
    const wide = ops.add(x, ops.expand(scalar(0), [4, 2, 3]));
    expect(simplify([wide])[0].shape).toEqual([4, 2, 3]);
    expect(simplify([ops.mul(x, ops.expand(scalar(1), [4, 2, 3]))])[0].op).toBe('mul');
  });

  it('keeps 1 over x, 0 minus x and sums with other constants', () => {
    const kept = [ops.div(1, x), ops.sub(0, x), ops.add(x, 1), ops.mul(x, 0), ops.mul(x, constant([1, 1, 2], [3]))];
    expect(simplify(kept).map((t) => t.op)).toEqual(['div', 'sub', 'add', 'mul', 'mul']);
  });

  it('joins chains of transposes and expansions', () => {
    const y = input('y', [2, 3, 4]);
    const [turned] = simplify([ops.transpose(ops.transpose(y, [1, 2, 0]), [2, 1, 0])]);
    expect(turned).toMatchObject({ op: 'transpose', shape: [2, 4, 3], inputs: [y], attributes: { order: [0, 2, 1] } });
    expect(operators(simplify([ops.expand(ops.expand(input('z', [1]), [3]), [2, 3])]))).toEqual(['input', 'expand']);
  });

  it('makes equal nodes one, and leaves different ones apart', () => {
    const twice = ops.add(ops.exp(ops.mul(x, 2)), ops.exp(ops.mul(x, 2)));
    const [sum] = simplify([twice]);
    expect(sum.inputs[0]).toBe(sum.inputs[1]);
    expect(operators([sum])).toEqual(['input', 'constant', 'mul', 'exp', 'add']);
    const parts = simplify([ops.slice(x, 1, 0, 1), ops.slice(x, 1, 1, 2), ops.slice(x, 1, 0, 1)]);
    expect(parts[0]).toBe(parts[2]);
    expect(parts[0]).not.toBe(parts[1]);
    const [real, whole] = simplify([constant([1], [1]), constant([1], [1], 'i64')]);
    expect(real).not.toBe(whole);
  });

  it('leaves the given graph as it was', () => {
    const t = ops.add(ops.mul(x, 1), 0);
    simplify([t]);
    expect(operators([t])).toEqual(['input', 'constant', 'mul', 'constant', 'add']);
  });
});

describe('fuseLayerNorm', () => {
  const [x, scale, shift] = [input('x', [2, 4]), parameter('scale', [4]), parameter('shift', [4])];

  it('puts scale and shift into one operator', () => {
    const [fused] = fuseLayerNorm([ops.layerNorm(x, scale, shift, 1e-3)]);
    expect(fused).toMatchObject({
      op: 'layerNorm',
      inputs: [x, scale, shift],
      attributes: { epsilon: 1e-3 },
      shape: [2, 4],
    });
  });

  it('leaves values in between that something else needs', () => {
    const values = ops.normalise(x, 1e-5);
    const product = ops.mul(values, scale);
    expect(operators(fuseLayerNorm([ops.add(product, shift), product]))).not.toContain('layerNorm');
    expect(operators(fuseLayerNorm([ops.add(product, shift), values]))).not.toContain('layerNorm');
  });

  it('leaves scales and shifts of another size than the last axis', () => {
    const values = ops.normalise(x, 1e-5);
    const one = parameter('one', [1]);
    expect(operators(fuseLayerNorm([ops.add(ops.mul(values, one), shift)]))).not.toContain('layerNorm');
    expect(operators(fuseLayerNorm([ops.add(ops.mul(values, scale), one)]))).not.toContain('layerNorm');
    const narrow = ops.normalise(input('n', [2, 1]), 1e-5);
    expect(operators(fuseLayerNorm([ops.add(ops.mul(narrow, scale), shift)]))).not.toContain('layerNorm');
  });
});
