/**
 * Gradients, evaluated in float64 by the interpreter, against central differences: relative error below 1e-4 is asked;
 * the bound here is tighter, so that a wrong term cannot hide. Near 0 an absolute error of 1e-7 counts as equal.
 */
import { describe, expect, it } from 'vitest';
import { gradients } from './differentiate.ts';
import { interpret, type Values } from './interpret/interpret.ts';
import * as ops from './ops/index.ts';
import { constant, input, parameter, type Tensor } from './tensor.ts';
import { type CaseInstance, instantiate, type OperatorCase } from './testing/cases.ts';
import { compositions } from './testing/compositions.ts';
import { forwardOnlyCases, notDifferentiable, operatorCases } from './testing/operator-cases.ts';

const seeds = [1, 2, 3];
const step = 1e-5;
const relative = 1e-5;
const absolute = 1e-7;

/** Derivative of the loss with respect to each element of one input, by central differences. */
function centralDifferences(instance: CaseInstance, name: string): Float64Array {
  const { shape, data } = instance.feeds.get(name) as Values;
  const lossAt = (element: number, offset: number): number => {
    const moved = data.map((v, i) => (i === element ? v + offset : v));
    return interpret([instance.loss], new Map([...instance.feeds, [name, { shape, data: moved }]]))[0].data[0];
  };
  return data.map((_, i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
}

function checkGradients(build: OperatorCase, seed: number): void {
  const instance = instantiate(build, seed);
  const found = gradients(instance.loss, instance.differentiable);
  const values = interpret(found, instance.feeds);
  expect(instance.differentiable.length).toBeGreaterThan(0);
  for (const [i, x] of instance.differentiable.entries()) {
    const name = x.attributes.name as string;
    expect(found[i].shape).toEqual(x.shape);
    const expected = centralDifferences(instance, name);
    for (const [j, value] of values[i].data.entries()) {
      const error = Math.abs(value - expected[j]);
      const allowed = relative * Math.max(Math.abs(value), Math.abs(expected[j])) + absolute;
      expect(error, `${name}[${j}]: ${value}, central difference ${expected[j]}`).toBeLessThanOrEqual(allowed);
    }
  }
}

const differentiable = Object.entries(operatorCases).filter(([name]) => !(name in notDifferentiable));

describe('gradients agree with central differences', () => {
  describe.each(differentiable)('%s', (_, cases) => {
    it.each(cases.map((build, i) => [i, build] as const))('case %i', (_index, build) => {
      for (const seed of seeds) checkGradients(build, seed);
    });
  });

  it.each(Object.entries(compositions))('%s', (_, build) => {
    for (const seed of seeds) checkGradients(build, seed);
  });
});

describe('every exported operator', () => {
  it('has a gradient case or is listed as not differentiable, not both', () => {
    const withCases = differentiable.filter(([, cases]) => cases.length > 0).map(([name]) => name);
    expect([...withCases, ...Object.keys(notDifferentiable)].sort()).toEqual(Object.keys(ops).sort());
  });

  it.each(Object.entries(notDifferentiable).filter(([, kind]) => kind === 'zero'))('%s passes no gradient', (name) => {
    for (const build of operatorCases[name as keyof typeof ops]) {
      const { loss, inputs } = instantiate(build, 1);
      for (const x of inputs) expect(() => gradients(loss, [x])).toThrow(`no gradient reaches ${x.attributes.name}`);
    }
  });

  it.each(
    Object.entries(notDifferentiable).filter(([, kind]) => kind === 'refused'),
  )('%s is refused by name', (name) => {
    for (const build of operatorCases[name as keyof typeof ops]) {
      const { loss, inputs } = instantiate(build, 1);
      expect(() => gradients(loss, inputs)).toThrow(`operator ${name} has no gradient`);
    }
  });

  it('refuses an operator it does not know', () => {
    const x = input('x', [2]);
    const strange: Tensor = { op: 'strange', inputs: [x], attributes: {}, shape: [2], dtype: 'f32' };
    expect(() => gradients(ops.sumAll(strange), [x])).toThrow('operator strange has no gradient');
  });

  it('names the operator and shapes of the forms it cannot differentiate', () => {
    const dilated = instantiate(forwardOnlyCases.conv2d[0], 1);
    expect(() => gradients(dilated.loss, dilated.differentiable)).toThrow(
      /conv2d\(\[2,2,6,6\], \[2,2,3,3\]\).*dilation 1/,
    );
    const inner = instantiate(forwardOnlyCases.gather[0], 1);
    expect(() => gradients(inner.loss, inner.differentiable)).toThrow(/gather\(\[2,4,3\], \[2\]\).*axis 0/);
  });
});

describe('gradients', () => {
  const x = input('x', [3]);
  const feeds = new Map([['x', { shape: [3], data: Float64Array.of(1, -2, 3) }]]);
  const at = (loss: Tensor, wrt: Tensor): number[] => [...interpret(gradients(loss, [wrt]), feeds)[0].data];

  it('of a tensor used several times is the sum over its users', () => {
    // d/dx (x^3 + 2x) = 3x^2 + 2
    expect(at(ops.sumAll(ops.add(ops.mul(ops.mul(x, x), x), ops.add(x, x))), x)).toEqual([5, 14, 29]);
  });

  it('leaves out what stopGradient holds back', () => {
    // x * stop(x^2) has gradient stop(x^2)
    expect(at(ops.sumAll(ops.mul(x, ops.stopGradient(ops.mul(x, x)))), x)).toEqual([1, 4, 9]);
  });

  it('of slices: disjoint, with a gap, overlapping and equal', () => {
    const part = (start: number, end: number): Tensor => ops.slice(x, 0, start, end);
    expect(at(ops.sumAll(ops.mul(part(0, 1), part(2, 3))), x)).toEqual([3, 0, 1]);
    expect(at(ops.sumAll(ops.mul(part(0, 2), part(1, 3))), x)).toEqual([-2, 4, -2]);
    expect(at(ops.sumAll(ops.mul(part(1, 3), part(1, 3))), x)).toEqual([0, -4, 6]);
    expect(at(ops.add(ops.sumAll(part(1, 2)), ops.sumAll(ops.mul(x, 2))), x)).toEqual([2, 3, 2]);
  });

  it('can be taken with respect to tensors inside of the graph, parameters and the loss itself', () => {
    const square = ops.mul(x, x);
    const loss = ops.sumAll(ops.mul(square, 3));
    const [toSquare, toX, toLoss] = interpret(gradients(loss, [square, x, loss]), feeds).map((v) => [...v.data]);
    expect([toSquare, toX, toLoss]).toEqual([[3, 3, 3], [6, -12, 18], [1]]);
    const weight = parameter('weight', [3]);
    expect(at(ops.sumAll(ops.mul(x, weight)), weight)).toEqual([1, -2, 3]);
  });

  it('of gradients are gradients', () => {
    const [first] = gradients(ops.sumAll(ops.mul(ops.mul(x, x), x)), [x]);
    expect(at(ops.sumAll(first), x)).toEqual([6, -12, 18]);
  });

  it('at the corner of relu and abs are finite', () => {
    const zero = constant([0], [1]);
    const [relu] = interpret(gradients(ops.sumAll(ops.relu(zero)), [zero]), feeds);
    const [abs] = interpret(gradients(ops.sumAll(ops.abs(zero)), [zero]), feeds);
    expect(relu.data[0]).toBe(0);
    expect(Math.abs(abs.data[0])).toBeLessThanOrEqual(1);
  });

  it('refuses a loss of several values, and names what no gradient reaches', () => {
    expect(() => gradients(ops.mul(x, 2), [x])).toThrow(/gradients\(\[3\]\): the loss must be a single number/);
    expect(() => gradients(ops.sumAll(x), [parameter('elsewhere', [2])])).toThrow('no gradient reaches elsewhere');
    expect(() => gradients(ops.sumAll(ops.stopGradient(x)), [x])).toThrow('no gradient reaches x');
  });
});
