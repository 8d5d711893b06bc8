import { describe, expect, test } from 'vitest';
import { gradients } from '../graph/differentiate.ts';
import { interpret } from '../graph/interpret/interpret.ts';
import type { Values } from '../graph/interpret/values.ts';
import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget } from '../graph/onnx/target.ts';
import { nameOf, type Tensor, topologicalOrder } from '../graph/tensor.ts';
import { type ModelConfig, publishedConfig } from '../model/config.ts';
import { createParameters, type Parameters } from '../model/parameters.ts';
import { openSession } from '../runtime/session.ts';
import { createRandom } from '../util/random.ts';
import { type BatchShape, lossGraph } from './losses.ts';

/** Every option of ours, small enough for the interpreter. */
const ours: ModelConfig = {
  ...publishedConfig,
  backbone: {
    embedDim: 4,
    depths: [1, 1, 1, 1],
    focalKernels: [[3], [3], [3], [3]],
    mlpRatio: 2,
    embed: 'patch',
    activation: 'relu',
    postNorm: true,
    layerScale: false,
    scalingModulator: true,
  },
  pixelDecoder: {
    dim: 8,
    maskDim: 4,
    transformerLayers: 1,
    heads: 2,
    feedForward: 8,
    norm: 'layer',
    groups: 2,
    convolution: 'separable',
    maskKernel: 1,
  },
  text: { vocabulary: 12, contextLength: 8, width: 8, heads: 2, layers: 1 },
  decoder: { dim: 8, queries: 3, layers: 3, heads: 2, feedForward: 8, textQueries: true, existence: true },
};

/** The published options: overlapping stem, GELU, layer scale, group norm, dense convolutions. */
const published: ModelConfig = {
  ...ours,
  backbone: { ...ours.backbone, embed: 'conv', activation: 'gelu', layerScale: true },
  pixelDecoder: { ...ours.pixelDecoder, norm: 'group', convolution: 'dense', maskKernel: 3 },
  decoder: { ...ours.decoder, textQueries: false, existence: false },
};

const shape: BatchShape = { images: 1, prompts: 2, tokens: 4, size: 64 };
/** The existence loss is on detached features: a central difference would see what its gradient must not. */
const weights = { crossEntropy: 2, dice: 2, similarity: 0.5, existence: 0, intermediate: 0.5 };

/** Random values for all inputs and parameters that the loss reaches. */
function randomFeeds(loss: Tensor, p: Parameters): Map<string, Values> {
  const random = createRandom(7);
  const draw: Record<string, (i: number) => number> = {
    pixels: () => random.uniform(0, 255),
    ids: () => random.integer(12),
    ends: () => 2,
    filler: (i) => (i % 4 > 2 ? 1 : 0),
    targets: () => (random.next() < 0.3 ? 1 : 0),
    present: (i) => (i === 0 ? 1 : 0),
  };
  const feeds = new Map<string, Values>();
  for (const t of topologicalOrder([loss])) {
    if (t.op !== 'input' && t.op !== 'parameter') continue;
    const size = t.shape.reduce((n, side) => n * side, 1);
    const start = p.specs.get(nameOf(t))?.start;
    const value =
      draw[nameOf(t)] ?? ((): number => (start && 'value' in start ? start.value : 0) + 0.2 * random.normal());
    feeds.set(nameOf(t), { shape: t.shape, data: Float64Array.from({ length: size }, (_, i) => value(i)) });
  }
  return feeds;
}

describe.each([
  ['our options', ours],
  ['published options', published],
])('training loss, %s', (_, config) => {
  const p = createParameters();
  const { loss } = lossGraph(p, shape, config, weights);
  const names = [...p.tensors.keys()];
  const all = gradients(
    loss,
    names.map((name) => p.tensors.get(name) as Tensor),
  );
  const feeds = randomFeeds(loss, p);
  const exact = interpret([loss, ...all], feeds);

  test('the gradient agrees with central differences along random directions (float64, 1e-4)', () => {
    const random = createRandom(3);
    const step = 1e-6;
    for (let direction = 0; direction < 3; direction++) {
      const along = names.map((name) => (feeds.get(name) as Values).data.map(() => random.normal()));
      const moved = (sign: number): number => {
        const other = new Map(feeds);
        for (const [i, name] of names.entries()) {
          const { shape: own, data } = feeds.get(name) as Values;
          other.set(name, { shape: own, data: data.map((v, k) => v + sign * step * (along[i]?.[k] as number)) });
        }
        return interpret([loss], other)[0]?.data[0] as number;
      };
      const numeric = (moved(1) - moved(-1)) / (2 * step);
      const analytic = names.reduce((sum, _name, i) => {
        const gradient = exact[i + 1]?.data as Float64Array;
        return sum + gradient.reduce((part, g, k) => part + g * (along[i]?.[k] as number), 0);
      }, 0);
      expect(Math.abs(numeric - analytic) / Math.max(1e-3, Math.abs(numeric))).toBeLessThan(1e-4);
    }
  });

  test('ONNX Runtime gives the same loss and gradients (float32, 2e-3 of each gradient’s largest value)', async () => {
    const outputs = Object.fromEntries([loss, ...all].map((t, i) => [`o${i}`, t]));
    const model = lowerToOnnx(outputs, { name: 'loss', target: cpuTarget });
    const session = await openSession(model, { threads: 1 });
    const given = Object.fromEntries(
      model.inputs.map(({ name, dtype }) => {
        const { data } = feeds.get(name) as Values;
        if (dtype === 'i64') return [name, BigInt64Array.from(data, BigInt)];
        return [name, dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data)];
      }),
    );
    const result = await session.run(given);
    for (const [i, expected] of exact.entries()) {
      const found = result[`o${i}`] as Float32Array;
      const largest = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-4);
      const difference = expected.data.reduce((m, v, k) => Math.max(m, Math.abs(v - (found[k] as number))), 0);
      expect(difference / largest, names[i - 1] ?? 'loss').toBeLessThan(2e-3);
    }
    await session.dispose();
  });
});

test('the existence loss reaches nothing but its own head', () => {
  const p = createParameters();
  const { parts } = lossGraph(p, shape, ours, weights);
  const inHead = [...p.tensors].filter(([name]) => name.includes('.existence.'));
  expect(inHead.length).toBe(6);
  expect(() =>
    gradients(
      parts.existence as Tensor,
      inHead.map(([, t]) => t),
    ),
  ).not.toThrow();
  const outside = [...p.tensors].find(([name]) => name.includes('mask_embed'))?.[1] as Tensor;
  expect(() => gradients(parts.existence as Tensor, [outside])).toThrow(/no gradient reaches/);
});
