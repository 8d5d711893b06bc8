import { describe, expect, test } from 'vitest';
import { type ModelConfig, publishedConfig } from '../model/config.ts';
import { BiomedParseError } from '../util/errors.ts';
import { createRandom } from '../util/random.ts';
import { checkWeights, openNetwork, parameterSpecs, type Weights } from './open.ts';

/** A small network of our own options: patches, separable pyramid, text in the first queries, existence head. */
const config: ModelConfig = {
  ...publishedConfig,
  name: 'small',
  imageSize: 64,
  backbone: {
    embedDim: 8,
    depths: [1, 1, 1, 1],
    focalKernels: [[3], [3], [3, 5], [3]],
    mlpRatio: 2,
    embed: 'patch',
    activation: 'relu',
    postNorm: false,
    layerScale: false,
    scalingModulator: false,
  },
  pixelDecoder: {
    dim: 16,
    maskDim: 8,
    transformerLayers: 1,
    heads: 2,
    feedForward: 16,
    norm: 'layer',
    groups: 4,
    convolution: 'separable',
    maskKernel: 1,
  },
  text: { vocabulary: 32, contextLength: 16, width: 8, heads: 2, layers: 1 },
  decoder: { dim: 16, queries: 4, layers: 3, heads: 2, feedForward: 16, textQueries: true, existence: true },
};

/** The same with residual blocks in the pyramid and masks at half the size of the image. */
const fine: ModelConfig = {
  ...config,
  pixelDecoder: { ...config.pixelDecoder, refinements: 1, placeBands: 3, contextLayers: 1, detail: 8 },
};

function randomWeights(seed: number, of = config): Weights {
  const random = createRandom(seed);
  return new Map(
    [...parameterSpecs(of)].map(([name, { shape }]) => {
      const size = shape.reduce((n, side) => n * side, 1);
      return [name, { shape, data: Float32Array.from({ length: size }, () => 0.3 * random.normal()) }];
    }),
  );
}

function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(BiomedParseError);
    return (error as Error).message;
  }
  return 'no error';
}

const pixels = (): Float32Array => Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * 37) % 256);

describe('weights', () => {
  test('a missing, a mis-shaped and an unknown tensor are all named', () => {
    const weights = new Map(randomWeights(1));
    weights.delete('backbone.norm0.bias');
    weights.set('backbone.norm1.bias', { shape: [3], data: new Float32Array(3) });
    weights.set('extra', { shape: [1], data: new Float32Array(1) });
    const message = messageOf(() => checkWeights(config, weights));
    expect(message).toContain('backbone.norm0.bias is missing');
    expect(message).toContain('backbone.norm1.bias is [3], must be [16]');
    expect(message).toContain('extra is unknown');
  });

  test('a long list of problems is cut, with the number of the rest', () => {
    expect(messageOf(() => checkWeights(config, new Map()))).toMatch(/; .* and \d+ more$/);
  });

  test('published keys that text prompts do not need are passed over', () => {
    const weights = new Map(randomWeights(1));
    const one = { shape: [1], data: new Float32Array(1) };
    for (const name of ['dilation_kernel', 'sem_seg_head.predictor.pn_indicator.weight', 'x.biomed_encoder.y']) {
      weights.set(name, one);
    }
    expect(() => checkWeights(config, weights)).not.toThrow();
  });
});

describe('an opened network', () => {
  test.each([
    [16, config],
    [32, fine],
  ])('gives finite masks of %i cells a side for any number of prompts, the same alone as together', async (side, of) => {
    const network = await openNetwork(of, randomWeights(2, of), { threads: 1 });
    const image = await network.encodeImage(pixels(), 64, 64);
    const texts = await Promise.all(
      [
        [0, 5, 6, 1],
        [0, 9, 1],
        [0, 7, 8, 9, 10, 1],
      ].map((ids) => network.encodeText(ids)),
    );
    const three = await network.decode(image, texts);
    expect([three.height, three.width, three.logits.length]).toEqual([side, side, 3 * side * side]);
    expect(three.logits.every(Number.isFinite)).toBe(true);
    const alone = await network.decode(image, [texts[1] as (typeof texts)[number]]);
    const cells = side * side;
    for (let i = 0; i < cells; i++) expect(alone.logits[i]).toBeCloseTo(three.logits[cells + i] as number, 4);
    expect(alone.existence?.[0]).toBeCloseTo(three.existence?.[1] as number, 4);
    await network.dispose();
  });

  test('a device that is not there falls back to the processor and says so', async () => {
    const messages: string[] = [];
    const onMessage = (line: string): void => void messages.push(line);
    const network = await openNetwork(config, randomWeights(2), { device: 'cuda', threads: 1, onMessage });
    await network.encodeText([0, 5, 1]);
    expect(network.device).toBe('cpu');
    expect(messages.join()).toMatch(/device cuda is not available here .*; using cpu/);
    await network.dispose();
  });
});
