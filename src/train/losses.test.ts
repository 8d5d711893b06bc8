import { describe, expect, test } from 'vitest';
import { gradients } from '../graph/differentiate.ts';
import { interpret } from '../graph/interpret/interpret.ts';
import type { Values } from '../graph/interpret/values.ts';
import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget } from '../graph/onnx/target.ts';
import { constant, input, nameOf, type Tensor, topologicalOrder } from '../graph/tensor.ts';
import { cutGraph } from '../graph/torch/cut.ts';
import { type ModelConfig, publishedConfig } from '../model/config.ts';
import { createParameters, type Parameters } from '../model/parameters.ts';
import { openSession } from '../runtime/session.ts';
import { createRandom } from '../util/random.ts';
import { type BatchShape, emphasis, lossGraph, type PredictionLoss, separationLoss } from './losses.ts';

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
/** Existence and pyramid losses have detached inputs: a central difference would see what their gradients must not. */
const weights = {
  crossEntropy: 2,
  dice: 2,
  similarity: 0.5,
  existence: 0,
  intermediate: 0.5,
  pyramid: 0,
  separation: 0.5,
};
const withPyramid = { ...weights, pyramid: 0.5 };

/** Relative difference of the analytic gradient along random directions from central ones, the largest of three. */
function worstDifference(loss: Tensor, p: Parameters, names: readonly string[], feeds: Map<string, Values>): number {
  const tensors = names.map((name) => p.tensors.get(name) as Tensor);
  const exact = interpret(gradients(loss, tensors), feeds);
  const random = createRandom(3);
  const step = 1e-7; // so small that no ReLU of a map changes sides on the way
  const differences = [0, 1, 2].map(() => {
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
      const gradient = exact[i]?.data as Float64Array;
      return sum + gradient.reduce((part, g, k) => part + g * (along[i]?.[k] as number), 0);
    }, 0);
    return Math.abs(numeric - analytic) / Math.max(1e-3, Math.abs(numeric));
  });
  return Math.max(...differences);
}

/** Random values for all inputs and parameters that the loss reaches. */
function randomFeeds(loss: Tensor, p: Parameters): Map<string, Values> {
  const random = createRandom(7);
  const draw: Record<string, (i: number) => number> = {
    pixels: () => random.uniform(0, 255),
    ids: () => random.integer(12),
    ends: () => 2,
    filler: (i) => (i % 4 > 2 ? 1 : 0),
    targets: () => (random.next() < 0.3 ? 1 : 0),
    masks: () => random.normal(),
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

/** The decoder's options of ours beside: residual blocks, and masks at half the size of the image instead of a quarter. */
const fine: ModelConfig = {
  ...ours,
  pixelDecoder: { ...ours.pixelDecoder, refinements: 1, placeBands: 2, contextLayers: 1, detail: 4 },
};

describe('emphasis', () => {
  const pixels = 10_000;

  /** Weights of the first (inside) and the last (outside) of 10,000 pixels, `inside` of them in the object. */
  function weightsOf(inside: number): [number, number] {
    const data = Float64Array.from({ length: pixels }, (_, i) => (i < inside ? 1 : 0));
    const found = interpret(
      [emphasis(input('targets', [1, 1, pixels]))],
      new Map([['targets', { shape: [1, 1, pixels], data }]]),
    );
    return [found[0]?.data[0] as number, found[0]?.data[pixels - 1] as number];
  }

  test.each([
    ['half of the picture', 5000, 1],
    ['a tenth', 1000, Math.sqrt(9000 / 1001)],
    ['a hundredth', 100, 5],
    ['a thousandth', 10, 0.02 / 0.0014],
    ['one pixel', 1, 0.02 / 0.0005],
  ])('%s: inside as told, outside 1', (_, inside, expected) => {
    const [within, without] = weightsOf(inside);
    expect(within).toBeCloseTo(expected, 6);
    expect(without).toBe(1);
  });

  test('an absent object weighs its pixels all alike', () => {
    expect(weightsOf(0)).toEqual([1, 1]);
  });
});

describe.each([
  ['our options', ours],
  ['published options', published],
  ['fine masks', fine],
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
    expect(worstDifference(loss, p, names, feeds)).toBeLessThan(1e-4);
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

describe.each([
  ['our options', ours],
  ['published options', published],
])('pyramid loss, %s', (_, config) => {
  const p = createParameters();
  const graph = lossGraph(p, shape, config, withPyramid);
  const { masks } = graph.inner.losses[graph.inner.losses.length - 1] as PredictionLoss;
  // the masks' embeddings are detached: as inputs they stay what they are while parameters move
  const { pyramid } = cutGraph({ pyramid: graph.parts.pyramid as Tensor }, { masks });
  const names = topologicalOrder([pyramid]).flatMap((t) => (t.op === 'parameter' ? [nameOf(t)] : []));
  const feeds = randomFeeds(pyramid, p);

  test('the gradient agrees with central differences along random directions (float64, 1e-4)', () => {
    expect(worstDifference(pyramid, p, names, feeds)).toBeLessThan(1e-4);
  });

  test('reaches the coarsest map and the transformer before it, not the decoder', () => {
    const coarsest = names.filter((name) => /pixel_decoder\.(layer_4|transformer|input_proj)/.test(name));
    expect(coarsest.some((name) => name.includes('.layer_4.'))).toBe(true);
    expect(names.some((name) => name.includes('.predictor.'))).toBe(false);
    const found = interpret(
      gradients(
        graph.parts.pyramid as Tensor,
        coarsest.map((name) => p.tensors.get(name) as Tensor),
      ),
      randomFeeds(graph.loss, p),
    );
    const layer = found[coarsest.findIndex((name) => name.includes('.layer_4.'))] as Values;
    expect(Math.max(...layer.data.map(Math.abs))).toBeGreaterThan(1e-6);
    const decoder = [...p.tensors].find(([name]) => name.includes('mask_embed'))?.[1] as Tensor;
    expect(() => gradients(graph.parts.pyramid as Tensor, [decoder])).toThrow(/no gradient reaches/);
  });

  test('counts by its weight, and is left out at 0', () => {
    const q = createParameters();
    const without = lossGraph(q, shape, config, weights);
    expect(without.parts.pyramid).toBeUndefined();
    expect([...q.specs]).toEqual([...p.specs]);
    const all = randomFeeds(graph.loss, p);
    const [loss, part] = interpret([graph.loss, graph.parts.pyramid as Tensor], all).map(
      ({ data }) => data[0] as number,
    );
    const rest = interpret([without.loss], all)[0]?.data[0] as number;
    expect(loss).toBeCloseTo(rest + 0.5 * (part as number), 9);
  });
});

test('the pyramid loss is the mean over its three maps, worked out by hand', () => {
  const p = createParameters();
  const { parts, inner } = lossGraph(p, shape, ours, withPyramid);
  const { masks } = inner.losses[inner.losses.length - 1] as PredictionLoss;
  const feeds = randomFeeds(parts.pyramid as Tensor, p);
  const given = interpret([parts.pyramid as Tensor, masks, ...inner.pyramid], feeds);
  const [value, embeddings, ...maps] = given.map(({ data }) => data) as Float64Array[];
  const head = (end: string): ArrayLike<number> =>
    feeds.get(`sem_seg_head.pixel_decoder.mask_features.${end}`)?.data as ArrayLike<number>;
  const [weight, bias] = [head('weight'), head('bias')];
  const fine = feeds.get('targets')?.data as ArrayLike<number>;
  const { dim, maskDim } = ours.pixelDecoder;
  let expected = 0;
  for (const [n, map] of maps.entries()) {
    const side = 2 << n;
    const cells = side * side;
    const factor = 16 / side;
    let entropy = 0;
    for (const prompt of [0, 1]) {
      const target = new Float64Array(cells);
      for (let k = 0; k < 256; k++) {
        const cell = Math.floor(Math.floor(k / 16) / factor) * side + Math.floor((k % 16) / factor);
        target[cell] = (target[cell] as number) + (fine[prompt * 256 + k] as number) / factor ** 2;
      }
      const inside = target.reduce((a, b) => a + b, 0);
      const more = Math.min(5, Math.max(1, Math.sqrt((cells - inside) / (inside + 1)))) - 1;
      let [overlap, sizes] = [0, 0];
      for (const [cell, t] of target.entries()) {
        let logit = 0;
        for (let m = 0; m < maskDim; m++) {
          let feature = bias[m] as number;
          for (let c = 0; c < dim; c++) feature += (weight[m * dim + c] as number) * (map[cell * dim + c] as number);
          logit += feature * (embeddings?.[prompt * maskDim + m] as number);
        }
        const probability = 1 / (1 + Math.exp(-logit));
        const bits = -t * Math.log(probability) - (1 - t) * Math.log(1 - probability);
        entropy += (bits * (1 + t * more)) / cells;
        overlap += probability * t;
        sizes += probability + t;
      }
      // only the first prompt's object is present
      if (prompt === 0) expected += (weights.dice * (1 - (2 * overlap + 1) / (sizes + 1))) / 3;
    }
    expected += (weights.crossEntropy * entropy) / 2 / 3;
  }
  expect(value?.[0]).toBeCloseTo(expected, 5);
});

test.each([64, 96, 160, 224, 256])('images of %i px have a pyramid to judge', (size) => {
  const { parts, inner } = lossGraph(createParameters(), { ...shape, size }, ours, withPyramid);
  expect(inner.pyramid.map((map) => map.shape[1])).toEqual([size / 32, size / 16, size / 8]);
  expect(parts.pyramid?.shape.reduce((a, b) => a * b, 1)).toBe(1);
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

describe('separation loss', () => {
  /** Of three prompts in the plane: their angles, masks of two pixels, who is present. */
  const value = (angles: number[], masks: number[], present: number[]): number => {
    const classes = constant(
      angles.flatMap((angle) => [2 * Math.cos(angle), 2 * Math.sin(angle)]),
      [1, 3, 1, 2],
    );
    const loss = separationLoss(classes, constant(masks, [1, 3, 2]), constant(present, [1, 3]));
    return interpret([loss], new Map())[0]?.data[0] as number;
  };
  const rightAngle = Math.PI / 2;

  test('two texts of different objects that mean the same cost log(51), shared out over the pairs', () => {
    // the third text is at a right angle to both: one pair of three costs
    const [first, second, both] = [1, 1 - 2 / 3, 1 - 2 / 3];
    const expected = (first * Math.log(51)) / (first + second + both);
    expect(value([0, 0, rightAngle], [1, 0, 0, 1, 1, 1], [1, 1, 1])).toBeCloseTo(expected, 4);
  });

  test('wordings of one object may be alike, and so may texts of objects that are both absent', () => {
    expect(value([0, 0, rightAngle], [1, 0, 1, 0, 0, 1], [1, 1, 1])).toBeCloseTo(0, 5);
    expect(value([0, 0, rightAngle], [0, 0, 0, 0, 0, 1], [0, 0, 1])).toBeCloseTo(0, 5);
  });

  test('an object that is absent is another one than those that are there', () => {
    expect(value([0, 0, rightAngle], [1, 0, 0, 0, 0, 1], [1, 0, 1])).toBeGreaterThan(1);
  });

  test('texts up to a cosine of 0.5 cost nothing', () => {
    expect(value([0, Math.PI / 3, (2 * Math.PI) / 3], [1, 0, 0, 1, 1, 1], [1, 1, 1])).toBeCloseTo(0, 4);
    expect(value([0, 1, 2], [1, 0, 0, 1, 1, 1], [1, 1, 1])).toBeGreaterThan(0);
  });

  test('the gradient moves two nearly equal texts apart', () => {
    const classes = input('classes', [1, 2, 1, 2]);
    const loss = separationLoss(classes, constant([1, 0, 0, 1], [1, 2, 2]), constant([1, 1], [1, 2]));
    const feeds = new Map([['classes', { shape: [1, 2, 1, 2], data: Float64Array.from([1, 0.01, 1, -0.01]) }]]);
    const [gradient] = interpret(gradients(loss, [classes]), feeds) as [Values];
    expect(gradient.data[1]).toBeLessThan(-0.1);
    expect(gradient.data[3]).toBeGreaterThan(0.1);
  });
});
