/**
 * The PyTorch lowering against the float64 interpreter: every operator, compositions of them, and their gradients by PyTorch's
 * own differentiation. One Python process runs all cases.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  fromFloat32,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../src/formats/safetensors.ts';
import { gradients } from '../src/graph/differentiate.ts';
import { interpret } from '../src/graph/interpret/interpret.ts';
import { nameOf, sizeOf, type Tensor } from '../src/graph/tensor.ts';
import { type CaseInstance, instantiate, type OperatorCase } from '../src/graph/testing/cases.ts';
import { compositions } from '../src/graph/testing/compositions.ts';
import { forwardOnlyCases, notDifferentiable, operatorCases } from '../src/graph/testing/operator-cases.ts';
import { createTorchLowering } from '../src/graph/torch/lower.ts';
import { torchRules } from '../src/graph/torch/operators.ts';
import { describeTorch, runPython } from './helpers/python.ts';

const tolerance = 1e-5;
const templates = fileURLToPath(new URL('../src/export/torch', import.meta.url));
/** What only gradients are made of (PyTorch differentiates by itself), and what only inference in 8 bits is. */
const leftOut = ['inverseDeviation', 'depthwiseWeightGradient', 'quantisedLinear', 'quantisedConv2d'];

/** Weights of the loss, so that every element of the output has a gradient of its own. */
function lossWeights({ loss }: CaseInstance): Float64Array {
  const find = (t: Tensor): Tensor => (t.op === 'mul' ? t.inputs[1] : find(t.inputs[0]));
  return find(loss).attributes.value as Float64Array;
}

interface Group {
  readonly name: string;
  readonly cases: readonly OperatorCase[];
  readonly differentiable: boolean;
}

const groups: Group[] = [
  ...Object.entries(operatorCases).map(([name, cases]) => ({
    name,
    cases,
    differentiable: !(name in notDifferentiable),
  })),
  ...Object.entries(forwardOnlyCases).map(([name, cases]) => ({ name: `${name}_only`, cases, differentiable: false })),
  ...Object.entries(compositions).map(([name, build]) => {
    return { name: name.replaceAll(' ', '_'), cases: [build], differentiable: true };
  }),
].filter(({ name }) => !leftOut.includes(name));

const instances = new Map(
  groups.flatMap(({ name, cases, differentiable }) =>
    cases.map((build, i) => {
      const instance = instantiate(build, 21);
      return [`${name}_${i}`, differentiable ? instance : { ...instance, differentiable: [] }] as const;
    }),
  ),
);
let found: ReadonlyMap<string, StoredTensor>;

/** Runs every case in Python once. */
async function compute(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-operators-'));
  const lowering = createTorchLowering({ sizes: {}, names: [] });
  const methods: string[] = [];
  const feeds = new Map<string, StoredTensor>();
  const inputs: Record<string, unknown[]> = {};
  for (const [name, instance] of instances) {
    const names = instance.inputs.map(nameOf);
    methods.push(
      lowering.method({
        ...{ name, about: name, parameters: names, copies: [{ output: instance.output }] },
        returns: ({ output }) => (instance.inputs.length === 0 ? `torch.tensor(${output})` : output),
      }),
    );
    const wanted = new Set(instance.differentiable.map(nameOf));
    inputs[name] = instance.inputs.map((t) => [nameOf(t), t.dtype, wanted.has(nameOf(t))]);
    for (const [input, { shape, data }] of instance.feeds)
      feeds.set(`${name}/${input}`, fromFloat32(Float32Array.from(data), [...shape], 'F32'));
    const weights = Float32Array.from(lossWeights(instance));
    feeds.set(`${name}/weights`, fromFloat32(weights, [...instance.output.shape], 'F32'));
  }
  const text = `import torch\nimport torch.nn.functional as F\nfrom functions import depthwise\n\n\nclass Cases:\n${methods.join('\n\n').replaceAll(/^(?=.)/gm, '    ')}\n`;
  writeFileSync(join(folder, 'cases.py'), text);
  await writeSafetensors(join(folder, 'feeds.safetensors'), feeds, { inputs: JSON.stringify(inputs) });
  runPython(folder, [fileURLToPath(new URL('./python/operators.py', import.meta.url)), templates]);
  found = (await readSafetensors(join(folder, 'found.safetensors'))).tensors;
}

function expectEqual(name: string, expected: ArrayLike<number>): void {
  const values = toFloat32(found.get(name) as StoredTensor);
  const all = Array.from(expected);
  const scale = all.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0.1);
  expect(values.length).toBe(all.length);
  for (const [i, v] of all.entries()) {
    const text = `${name}[${i}]: PyTorch ${values[i]}, interpreter ${v}`;
    expect(Math.abs(values[i] - v), text).toBeLessThanOrEqual(tolerance * scale);
  }
}

describeTorch('PyTorch and the interpreter agree', () => {
  beforeAll(compute);

  it.each([...instances])('%s', (name, { output, loss, differentiable, feeds }) => {
    const [values] = interpret([output], feeds);
    expect((found.get(`${name}/output`) as StoredTensor).shape).toEqual(values.shape);
    expectEqual(`${name}/output`, values.data);
    if (differentiable.length === 0) return;
    for (const [i, { data }] of interpret(gradients(loss, differentiable), feeds).entries()) {
      expect(sizeOf(differentiable[i].shape)).toBe(data.length);
      expectEqual(`${name}/${nameOf(differentiable[i])}`, data);
    }
  });
});

describe('the lowering', () => {
  it('knows every operator that a network is made of, and refuses others by name', () => {
    const written = new Set([...instances.values()].flatMap(({ output }) => output.op));
    for (const op of written) if (op !== 'constant' && op !== 'input') expect(Object.keys(torchRules)).toContain(op);
    const strange: Tensor = { op: 'strange', inputs: [], attributes: {}, shape: [2], dtype: 'f32' };
    const lower = (): string =>
      createTorchLowering({ sizes: {}, names: [] }).method({
        ...{ name: 'f', about: '', parameters: [], copies: [{ strange }], returns: () => '' },
      });
    expect(lower).toThrow('operator has no PyTorch lowering');
  });
});
