import { describe, expect, test } from 'vitest';
import { interpret } from '../graph/interpret/interpret.ts';
import { input } from '../graph/tensor.ts';
import { checkWeights, parameterSpecs } from '../runtime/open.ts';
import { BiomedParseError } from '../util/errors.ts';
import { createRandom } from '../util/random.ts';
import { type ModelConfig, publishedConfig } from './config.ts';
import { createParameters } from './parameters.ts';
import {
  MAX_POINTS,
  pointSlots,
  regionFeeds,
  regionInputs,
  regionPoints,
  regionTokens,
  sampleTable,
} from './regions.ts';

const size = { height: 64, width: 96 };
const maskOf = (...positions: number[]): Uint8Array => {
  const mask = new Uint8Array(size.height * size.width);
  for (const position of positions) mask[position] = 1;
  return mask;
};

describe('points', () => {
  test('are the pixels inside, in order', () => {
    expect([...regionPoints(maskOf(700, 3, 96))]).toEqual([3, 96, 700]);
    expect(regionPoints(maskOf())).toHaveLength(0);
  });

  test('of more than 512 a seeded subset is taken, the same every time', () => {
    const all = new Uint8Array(size.height * size.width).fill(1);
    const points = regionPoints(all);
    expect(points).toHaveLength(MAX_POINTS);
    expect(new Set(points).size).toBe(MAX_POINTS);
    expect([...points]).toEqual([...points].sort((a, b) => a - b));
    expect(points).toEqual(regionPoints(all));
    expect(points).not.toEqual(regionPoints(all, 1));
    // spread over the image, not its first rows
    expect(points[MAX_POINTS - 1]).toBeGreaterThan(5000);
    expect(regionPoints(all.fill(0, MAX_POINTS))).toHaveLength(MAX_POINTS);
  });

  test('are laid in 8, 16, ... 512 slots', () => {
    expect([1, 8, 9, 360, 512].map(pointSlots)).toEqual([8, 8, 16, 512, 512]);
  });
});

test('a table samples bilinearly with corners aligned; filler slots have no share', () => {
  const random = createRandom(7);
  const [h, w] = [8, 12];
  const plane = Array.from({ length: h * w }, random.normal);
  const points = Int32Array.from([0, 95, 64 * 96 - 1, 31 * 96 + 50]);
  const { indices, weights } = sampleTable(points, size, 8, 8);
  expect([indices.length, weights.length]).toEqual([32, 32]);
  for (const [n, point] of points.entries()) {
    const [y, x] = [(Math.floor(point / 96) / 64) * (h - 1), ((point % 96) / 96) * (w - 1)];
    const value = (row: number, column: number): number => plane[row * w + column] ?? 0;
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const expected =
      (1 - (y - top)) * ((1 - (x - left)) * value(top, left) + (x - left) * value(top, left + 1)) +
      (y - top) * ((1 - (x - left)) * value(top + 1, left) + (x - left) * value(top + 1, left + 1));
    let sampled = 0;
    for (let i = 0; i < 4; i++)
      sampled += (weights[n * 4 + i] as number) * (plane[Number(indices[n * 4 + i])] as number);
    expect(sampled).toBeCloseTo(expected, 6);
  }
  expect(weights.subarray(16).every((weight) => weight === 0)).toBe(true);
});

const small: ModelConfig = {
  ...publishedConfig,
  backbone: { ...publishedConfig.backbone, embedDim: 8, depths: [1, 1, 1, 1] },
  pixelDecoder: {
    ...publishedConfig.pixelDecoder,
    dim: 32,
    maskDim: 8,
    transformerLayers: 1,
    heads: 2,
    feedForward: 8,
  },
  text: { ...publishedConfig.text, vocabulary: 16, width: 8, heads: 2, layers: 1 },
  decoder: { ...publishedConfig.decoder, dim: 32, queries: 4, layers: 3, heads: 2, feedForward: 8 },
};
const withRegions: ModelConfig = { ...small, decoder: { ...small.decoder, regions: true } };

describe('parameters', () => {
  test('of a network without region prompts stay as they are; with them the published ones come in addition', () => {
    const plain = [...parameterSpecs(small).keys()];
    const more = [...parameterSpecs(withRegions)].filter(([name]) => !plain.includes(name));
    expect(more.map(([name, { shape }]) => [name.replace('sem_seg_head.predictor.', ''), shape])).toEqual([
      ['pn_indicator.weight', [2, 32]],
      ['mask_sptial_embed.0', [32, 32]],
      ['mask_sptial_embed.1', [32, 32]],
      ['mask_sptial_embed.2', [32, 32]],
    ]);
    expect([...parameterSpecs(withRegions).keys()].slice(0, plain.length)).toEqual(plain);
  });

  test('are asked of the weights', () => {
    const weights = new Map(
      [...parameterSpecs(small)].map(([name, { shape }]) => [
        name,
        { shape, data: new Float32Array(shape.reduce((n, side) => n * side, 1)) },
      ]),
    );
    expect(() => checkWeights(small, weights)).not.toThrow();
    expect(() => checkWeights(withRegions, weights)).toThrow(/pn_indicator\.weight is missing/);
  });
});

describe('the graph', () => {
  test.each([
    4, 2,
  ] as const)('averages mask features at 1/%i over the points, whatever lies in filler slots', (stride) => {
    const side = 64 / stride;
    const p = createParameters();
    const memories = [4, 16, 64].map((pixels, i) => input(`memory_${i}`, [1, pixels, 32]));
    const maskFeatures = input('mask_features', [1, side * side, 2]);
    const points = regionInputs(8, stride);
    const { mean } = regionTokens(p, { memories, maskFeatures }, points, withRegions.decoder);
    // two points on a 64 x 64 input: the first pixel, and one a quarter of the way in both directions
    const mask = new Uint8Array(64 * 64);
    mask[0] = 1;
    mask[16 * 64 + 16] = 1;
    const { feeds } = regionFeeds(mask, { height: 64, width: 64 }, stride);
    const plane = Float64Array.from({ length: 2 * side * side }, (_, i) =>
      i % 2 === 0 ? Math.floor(i / (2 * side)) : (i >> 1) % side,
    );
    const values = new Map(
      Object.entries(feeds).map(([name, data]) => [
        name,
        { shape: name === 'region_filler' ? [1, 8] : [1, 8, 4], data: Float64Array.from(data, Number) },
      ]),
    );
    values.set('mask_features', { shape: [1, side * side, 2], data: plane });
    const [result] = interpret([mean], values);
    // the points lie at rows and columns 0 and a quarter of the last one
    const middle = (side - 1) / 8;
    expect(Array.from((result as { data: Float64Array }).data)).toEqual([middle, middle]);
  });

  test('refuses an empty region and a network without region prompts', () => {
    const run = (): unknown => regionFeeds(new Uint8Array(64), { height: 8, width: 8 });
    expect(run).toThrow(BiomedParseError);
    expect(run).toThrow(/needs a pixel inside/);
    const memory = { memories: [], maskFeatures: input('mask_features', [1, 256, 2]) };
    expect(() => regionTokens(createParameters(), memory, regionInputs(8), small.decoder)).toThrow(/decoder\.regions/);
  });
});
