import { describe, expect, test } from 'vitest';
import { interpret } from '../graph/interpret/interpret.ts';
import type { Values } from '../graph/interpret/values.ts';
import { input, sizeOf, type Tensor } from '../graph/tensor.ts';
import { createRandom, mixSeed } from '../util/random.ts';
import type { PixelDecoderConfig } from './config.ts';
import { createParameters } from './parameters.ts';
import { pixelDecoder } from './pixel-decoder.ts';
import { fourierPosition } from './position.ts';

const plain: PixelDecoderConfig = {
  ...{ dim: 8, maskDim: 4, transformerLayers: 0, heads: 2, feedForward: 8 },
  ...{ norm: 'layer', groups: 2, convolution: 'separable', maskKernel: 1 },
};

/** A number of its own for every name, so that networks that share a parameter share its values. */
const seedOf = (name: string): number => [...name].reduce((seed, letter) => mixSeed(seed, letter.charCodeAt(0)), 5);

/**
 * Mask features of a 64 x 64 image. Parameters are as they start, those with a word of `given` in their name are noise of that deviation; maps
 * are the same everywhere if `flat`; if `moved`, the first cell of the map at 1/16 is another.
 */
function maskFeatures(
  config: PixelDecoderConfig,
  { flat = false, moved = false, given = {} }: { flat?: boolean; moved?: boolean; given?: Record<string, number> } = {},
): Values {
  const p = createParameters();
  const image = input('image', [1, 64, 64, 3]);
  const maps = [16, 8, 4, 2].map((side) => input(`map${side}`, [1, side, side, 8])) as [Tensor, Tensor, Tensor, Tensor];
  const { maskFeatures: features } = pixelDecoder(p, image, maps, config);
  const feeds = new Map<string, Values>();
  const set = (name: string, shape: readonly number[], deviation: number, value: number): void => {
    const random = createRandom(seedOf(name));
    feeds.set(name, {
      shape,
      data: Float64Array.from({ length: sizeOf(shape) }, () => value + deviation * random.normal()),
    });
  };
  set('image', image.shape, 1, 0);
  for (const [i, map] of maps.entries()) set(`map${[16, 8, 4, 2][i]}`, map.shape, flat ? 0 : 1, 0.5);
  const atSixteenth = feeds.get('map4') as { data: Float64Array };
  if (moved) atSixteenth.data.fill(2, 0, 4);
  for (const [name, { shape, start }] of p.specs) {
    const value = 'value' in start ? start.value : 0;
    const other = Object.entries(given).find(([word]) => name.includes(word))?.[1];
    set(name, shape, other ?? ('deviation' in start ? start.deviation : 0), value);
  }
  return interpret([features], feeds)[0] as Values;
}

describe('options of ours', () => {
  const grown: PixelDecoderConfig = { ...plain, refinements: 1, placeBands: 3, contextLayers: 2 };

  test('change nothing before they are trained', () => {
    const [before, after] = [maskFeatures(plain), maskFeatures(grown)];
    expect(after.shape).toEqual(before.shape);
    for (const [i, value] of before.data.entries()) expect(after.data[i]).toBeCloseTo(value, 10);
    const fine = maskFeatures({ ...grown, detail: 4 });
    expect(fine.shape).toEqual([1, 32, 32, 4]);
    for (let i = 0; i < 32 * 32 * 4; i++) {
      const [y, x, c] = [i >> 7, (i >> 2) & 31, i & 3];
      expect(fine.data[i]).toBeCloseTo(before.data[((y >> 1) * 16 + (x >> 1)) * 4 + c] as number, 10);
    }
  });

  /** Mask features of two cells that see the same and are far from the border; the first of the four channels. */
  const cells = ({ data }: Values): [number, number] => [
    data[(3 * 16 + 8) * 4] as number,
    data[(12 * 16 + 8) * 4] as number,
  ];

  test('tell cells of a uniform image apart by their place, once trained', () => {
    const trained = cells(maskFeatures({ ...plain, placeBands: 3 }, { flat: true, given: { '.place.': 0.5 } }));
    expect(Math.abs(trained[0] - trained[1])).toBeGreaterThan(0.01);
  });

  test('carry what one cell holds to the far corner, once trained', () => {
    const given = { '.context.': 1 };
    const change = (config: PixelDecoderConfig): number => {
      const last = (moved: boolean): number => maskFeatures(config, { moved, given }).data.at(-1) as number;
      return Math.abs(last(true) - last(false));
    };
    expect(change(plain)).toBe(0);
    expect(change({ ...plain, contextLayers: 1 })).toBeGreaterThan(1e-6);
  });
});

test('the place of a cell: sine and cosine of its centre, down then across', () => {
  const table = fourierPosition(2, 1, 2);
  expect(table.shape).toEqual([1, 2, 1, 8]);
  const [{ data }] = interpret([table], new Map()) as [Values];
  const half = Math.SQRT1_2;
  const expected = [-half, half, -1, 0, 0, 1, 0, 1, half, half, 1, 0, 0, 1, 0, 1];
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 10);
});
