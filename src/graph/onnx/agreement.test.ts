/**
 * ONNX Runtime, through this project's own lowering and its door, against the float64 interpreter: every operator,
 * compositions of them and their gradients, for every way of lowering. Asked is an error below 1e-5 of the result's
 * largest magnitude (float32 has 6e-8 a step); integers and bool must be equal.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { int8Target, trainingTarget } from '../../runtime/probe.ts';
import { openSession, type Values as RunValues } from '../../runtime/session.ts';
import { gradients } from '../differentiate.ts';
import { evaluators, interpret, type Values } from '../interpret/interpret.ts';
import * as ops from '../ops/index.ts';
import { type DType, input, type Tensor, topologicalOrder } from '../tensor.ts';
import { instantiate, type OperatorCase } from '../testing/cases.ts';
import { compositions } from '../testing/compositions.ts';
import { composed, forwardOnlyCases, notDifferentiable, operatorCases } from '../testing/operator-cases.ts';
import { lowerToOnnx } from './lower.ts';
import { loweringRules } from './operators.ts';
import { cpuTarget, type OnnxTarget, portableTarget } from './target.ts';

const seeds = [11, 12, 13];
const tolerance = 1e-5;
/** Results that cancel down to less than this are measured against it. */
const smallest = 0.1;

function typed(dtype: DType, data: Float64Array): RunValues {
  if (dtype === 'i64') return BigInt64Array.from(data, BigInt);
  return dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
}

async function checkAgreement(outputs: readonly Tensor[], feeds: Map<string, Values>, target: OnnxTarget) {
  const named = Object.fromEntries(outputs.map((t, i) => [`y${i}`, t]));
  const model = lowerToOnnx(named, { name: 'case', target });
  const given = model.inputs.map(({ name, dtype }) => [name, typed(dtype, (feeds.get(name) as Values).data)] as const);
  const session = await openSession(model, { threads: 1 });
  const found = await session.run(Object.fromEntries(given)).finally(() => session.dispose());
  for (const [i, { shape, data }] of interpret(outputs, feeds).entries()) {
    const values = Array.from(found[`y${i}`] as ArrayLike<number | bigint>, Number);
    expect(model.outputs[i].shape).toEqual(shape);
    expect(values.length).toBe(data.length);
    const scale = data.reduce((largest, v) => Math.max(largest, Math.abs(v)), smallest);
    const allowed = outputs[i].dtype === 'f32' ? tolerance * scale : 0;
    for (const [j, value] of values.entries()) {
      const text = `${outputs[i].op} y${i}[${j}]: ONNX Runtime ${value}, interpreter ${data[j]}`;
      expect(Math.abs(value - data[j]), text).toBeLessThanOrEqual(allowed);
    }
  }
}

async function checkForward(build: OperatorCase, target: OnnxTarget): Promise<void> {
  for (const seed of seeds) {
    const { output, feeds } = instantiate(build, seed);
    await checkAgreement([output], feeds, target);
  }
}

async function checkWithGradients(build: OperatorCase, target: OnnxTarget): Promise<void> {
  for (const seed of seeds) {
    const { output, loss, differentiable, feeds } = instantiate(build, seed);
    await checkAgreement([output, ...gradients(loss, differentiable)], feeds, target);
  }
}

const forwardCases = Object.entries(operatorCases).map(
  ([name, cases]) => [name, [...cases, ...(forwardOnlyCases[name] ?? [])]] as const,
);
const gradientCases = Object.entries(operatorCases).filter(([name]) => !(name in notDifferentiable));

let blockedTarget: OnnxTarget = cpuTarget;

beforeAll(async () => {
  const { signedBytes } = await int8Target();
  blockedTarget = { ...(await trainingTarget()), signedBytes };
});

describe.each([
  ['portable', () => portableTarget],
  ['cpu', () => cpuTarget],
  ['blocked', () => blockedTarget],
] as const)('%s lowering agrees with the interpreter', (_, target) => {
  it.each(forwardCases)('%s', async (_, cases) => {
    for (const build of cases) await checkForward(build, target());
  });

  it.each(gradientCases)('gradient of %s', async (_, cases) => {
    for (const build of cases) await checkWithGradients(build, target());
  });

  it.each(Object.entries(compositions))('%s and its gradient', async (_, build) => {
    await checkForward(build, target());
    await checkWithGradients(build, target());
  });
});

describe('blocked lowering', () => {
  it('uses blocked convolutions just where this processor has them', () => {
    const { blockedChannels } = blockedTarget;
    const channels = 2 * (blockedChannels || 8);
    const [x, weight] = [input('x', [2, 6, 5, channels]), input('weight', [channels, 1, 3, 3])];
    const [dx, dw] = gradients(ops.sumAll(ops.exp(ops.depthwise(x, weight))), [x, weight]);
    const text = (target: OnnxTarget): string =>
      Buffer.from(lowerToOnnx({ dx, dw }, { name: 'g', target }).bytes).toString('latin1');
    expect(text(blockedTarget).includes('com.microsoft.nchwc')).toBe(blockedChannels > 0);
    expect(text(cpuTarget)).not.toContain('com.microsoft.nchwc');
  });
});

describe('every operator', () => {
  it('that is exported has a forward case, which holds that operator', () => {
    expect(Object.keys(operatorCases).sort()).toEqual(Object.keys(ops).sort());
    for (const [name, cases] of forwardCases) {
      expect(cases.length, name).toBeGreaterThan(0);
      const held = cases.map((build) => topologicalOrder([instantiate(build, 1).output]).map((t) => t.op));
      // sumAll and meanAll of a single number are that number, so of a composed operator some case must hold its part
      const holding = held.filter((operators) => operators.includes(composed[name] ?? name));
      expect(holding.length, name).toBeGreaterThanOrEqual(name in composed ? 1 : cases.length);
    }
  });

  it('that can be lowered can be interpreted, and the other way round', () => {
    expect(Object.keys(evaluators).sort()).toEqual(Object.keys(loweringRules).sort());
  });
});
