/**
 * Finds out whether this machine's CPU provider has the blocked-channel convolutions that fast training uses. They are
 * internal to ONNX Runtime, so they are believed only if they give what plain Conv gives, here and now.
 */

import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget, type OnnxTarget } from '../graph/onnx/target.ts';
import { depthwise, depthwiseWeightGradient } from '../graph/ops/index.ts';
import { input } from '../graph/tensor.ts';
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
