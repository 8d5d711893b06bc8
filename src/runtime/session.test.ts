import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget } from '../graph/onnx/target.ts';
import { add, linear, quantisedLinear } from '../graph/ops/index.ts';
import { constant, input, parameter } from '../graph/tensor.ts';
import { int8Target, trainingTarget } from './probe.ts';
import { openSession } from './session.ts';

const sum = { y: add(input('a', [2, 3]), input('b', [3])) };

test('runs a graph; results can be written in place', async () => {
  const session = await openSession(lowerToOnnx(sum, { name: 'sum', target: cpuTarget }), { threads: 1 });
  const y = new Float32Array(6);
  await session.run({ a: Float32Array.of(1, 2, 3, 4, 5, 6), b: Float32Array.of(10, 20, 30) }, { y });
  expect([...y]).toEqual([11, 22, 33, 14, 25, 36]);
  await session.dispose();
});

test('a missing or short input is refused by name and shape', async () => {
  const session = await openSession(lowerToOnnx(sum, { name: 'sum', target: cpuTarget }), { threads: 1 });
  const a = new Float32Array(6);
  await expect(session.run({ a })).rejects.toThrow('session input b is missing, needs 3 [3]');
  await expect(session.run({ a, b: new Float32Array(2) })).rejects.toThrow('session input b has 2 values, needs 3 [3]');
  await session.dispose();
});

test('weights may lie in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-external-'));
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat([Buffer.alloc(16), Buffer.from(values.buffer)]));
  const external = { location: 'weights.bin', offset: 16, length: 24 };
  const y = linear(input('x', [1, 3]), parameter('w', [2, 3]));
  const weights = new Map([['w', { shape: [2, 3], external }]]);
  const model = lowerToOnnx({ y }, { name: 'external', target: cpuTarget, weights });
  const session = await openSession(model, { threads: 1, weightFolder: folder });
  const result = await session.run({ x: Float32Array.of(1, 1, 1) });
  expect([...(result.y as Float32Array)]).toEqual([6, 15]);
  await session.dispose();
});

test('the probe finds a target whose operators agree with plain convolution', async () => {
  const target = await trainingTarget();
  expect([0, 8, 16]).toContain(target.blockedChannels);
  expect(target.fusedMatMul).toBe(true);
});

test('8-bit products of the largest values are exact with the target that is found', async () => {
  const weight = constant(new Int8Array(64 * 32).fill(127), [64, 32], 's8');
  const y = quantisedLinear(input('x', [3, 64]), weight, constant(new Float32Array(32).fill(1), [32]));
  const session = await openSession(lowerToOnnx({ y }, { name: 'bytes', target: await int8Target() }), { threads: 1 });
  const result = await session.run({ x: new Float32Array(3 * 64).fill(-127) });
  expect([...new Set(result.y as Float32Array)]).toEqual([-64 * 127 * 127]);
  await session.dispose();
});
