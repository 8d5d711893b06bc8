/**
 * Finds out what this machine's CPU provider can do, by running it. The blocked-channel convolutions that fast training
 * uses are internal to ONNX Runtime, so they are believed only if they give what plain Conv gives, here and now; so are
 * products of signed bytes, which are exact on processors with VNNI only.
 */

import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget, type OnnxTarget } from '../graph/onnx/target.ts';
import { depthwise, depthwiseWeightGradient, quantisedLinear } from '../graph/ops/index.ts';
import { constant, input } from '../graph/tensor.ts';
import { createRandom } from '../util/random.ts';
import { openSession, type Values } from './session.ts';

async function runProbe(target: OnnxTarget): Promise<Record<string, Values>> {
  const [x, weight, dy] = [input('x', [2, 8, 8, 32]), input('weight', [32, 1, 5, 5]), input('dy', [2, 8, 8, 32])];
  const outputs = { y: depthwise(x, weight), gradient: depthwiseWeightGradient(x, dy, 5) };
  const random = createRandom(1);
  const noise = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
  const session = await openSession(lowerToOnnx(outputs, { name: 'probe', target }), { threads: 1 });
  try {
    return await session.run({ x: noise(4096), weight: noise(800), dy: noise(4096) });
  } finally {
    await session.dispose();
  }
}

function agree(a: Record<string, Values>, b: Record<string, Values>): boolean {
  return Object.keys(a).every((name) => {
    const [u, v] = [a[name] as Float32Array, b[name] as Float32Array];
    return u.length === v.length && u.every((value, i) => Math.abs(value - (v[i] as number)) < 1e-3);
  });
}

let found: Promise<OnnxTarget> | undefined;

async function probe(): Promise<OnnxTarget> {
  const plain = await runProbe(cpuTarget);
  for (const blockedChannels of [16, 8] as const) {
    const target = { ...cpuTarget, blockedChannels };
    const blocked = await runProbe(target).catch(() => null);
    if (blocked !== null && agree(plain, blocked)) return target;
  }
  return cpuTarget;
}

/** The best lowering target for training on this CPU; probed once per process. */
export function trainingTarget(): Promise<OnnxTarget> {
  found ??= probe();
  return found;
}

/** Largest values times largest weights: two of these products already exceed 16 bits. */
async function multipliesSignedBytes(): Promise<boolean> {
  const side = 64;
  const weight = constant(new Int8Array(side * side).fill(127), [side, side], 's8');
  const y = quantisedLinear(input('x', [side, side]), weight, constant(new Float32Array(side).fill(1), [side]));
  const target = { ...cpuTarget, signedBytes: true };
  const session = await openSession(lowerToOnnx({ y }, { name: 'probe', target }), { threads: 1 });
  try {
    const { y: found } = await session.run({ x: new Float32Array(side * side).fill(127) });
    return (found as Float32Array).every((value) => value === side * 127 * 127);
  } finally {
    await session.dispose();
  }
}

let foundInt8: Promise<OnnxTarget> | undefined;

/** The best lowering target for 8-bit products on this CPU; probed once per process. */
export function int8Target(): Promise<OnnxTarget> {
  foundInt8 ??= multipliesSignedBytes().then((signedBytes) => ({ ...cpuTarget, signedBytes }));
  return foundInt8;
}
