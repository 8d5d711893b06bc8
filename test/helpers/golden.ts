/** The golden cases of the published code under seeded random weights: the tiny network's configuration and readers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors, type StoredTensor, toFloat32 } from '../../src/formats/safetensors.ts';
import { type ModelConfig, publishedConfig } from '../../src/model/config.ts';
import type { Weights } from '../../src/runtime/open.ts';

const { backbone, pixelDecoder, text, decoder } = publishedConfig;

/** The published network with the overrides of golden/tiny-model/config.json. */
export const tinyConfig: ModelConfig = {
  ...publishedConfig,
  name: 'tiny',
  backbone: { ...backbone, embedDim: 8, depths: [1, 1, 2, 1] },
  pixelDecoder: { ...pixelDecoder, dim: 64, maskDim: 32, transformerLayers: 2, heads: 4, feedForward: 96 },
  text: { ...text, width: 8, heads: 2, layers: 2 },
  decoder: { ...decoder, dim: 64, queries: 17, layers: 4, heads: 4, feedForward: 96 },
};

/** The same network with its region prompts. */
export const tinyRegionConfig: ModelConfig = {
  ...tinyConfig,
  decoder: { ...tinyConfig.decoder, regions: true, regionsTrained: false },
};

/** Weights of the tiny network as float32. */
export async function tinyWeights(golden: string): Promise<Weights> {
  const { tensors } = await readSafetensors(join(golden, 'tiny-model', 'tiny-f16.safetensors'));
  return new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]));
}

export interface GoldenCase {
  readonly prompts: readonly string[];
  readonly size: number;
  readonly width: number;
  readonly height: number;
  floats(name: string): Float32Array;
  bytes(name: string): Uint8Array;
  integers(name: string): number[];
  /** Token ids of each prompt without padding. */
  readonly ids: readonly number[][];
  /** `[3,size,size]` planes of the resized input. */
  readonly pixels: Float32Array;
}

/** Reads one case of the golden folder. */
export async function readCase(golden: string, name: string): Promise<GoldenCase> {
  const about = JSON.parse(await readFile(join(golden, name, 'case.json'), 'utf8'));
  const { tensors } = await readSafetensors(join(golden, name, 'tensors.safetensors'));
  const get = (key: string): StoredTensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined) throw new Error(`${name}: no tensor ${key}`);
    return tensor;
  };
  const integers = (key: string): number[] =>
    Array.from(new BigInt64Array(new Uint8Array(get(key).bytes).buffer), Number);
  const prompts: string[] = about.prompts ?? [];
  const textTensor = (key: string): number[] => (prompts.length === 0 ? [] : integers(key));
  const [allIds, valid] = [textTensor('text.input_ids'), textTensor('text.attention_mask')];
  const size: number = about.model_size;
  const resized = get('input.resized').bytes;
  const pixels = Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const plane = size * size;
    return resized[(i % plane) * 3 + Math.floor(i / plane)] as number;
  });
  return {
    prompts,
    size,
    width: about.original_width,
    height: about.original_height,
    floats: (key) => toFloat32(get(key)),
    bytes: (key) => get(key).bytes,
    integers,
    ids: prompts.map((_, t) =>
      Array.from({ length: 77 }, (_, i) => t * 77 + i)
        .filter((i) => valid[i] === 1)
        .map((i) => allIds[i] as number),
    ),
    pixels,
  };
}

/** A case of which only a part of each tensor is stored, such as every eighth row. */
export interface Subset {
  readonly prompts: readonly string[];
  readonly width: number;
  readonly height: number;
  floats(name: string): Float32Array;
  bytes(name: string): Uint8Array;
  integers(name: string): number[];
  /** The stored part of a whole tensor's values. */
  select<T extends Float32Array | Uint8Array>(name: string, values: T): T;
}

/** Positions along an axis that a slice in Python's notation (`::8`, `:12`, `:`) takes. */
function positions(slice: string, length: number): number[] {
  const [, start, stop, step] = /^(\d*):?(\d*):?(\d*)$/.exec(slice) as unknown as [string, string, string, string];
  const out: number[] = [];
  for (let i = Number(start || 0); i < Number(stop || length); i += Number(step || 1)) out.push(i);
  return out;
}

/** Reads a case whose `case.json` says what part of each tensor is stored. */
export async function readSubset(folder: string): Promise<Subset> {
  const about = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'));
  const { tensors } = await readSafetensors(join(folder, 'tensors.safetensors'));
  const get = (key: string): StoredTensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined) throw new Error(`${folder}: no tensor ${key}`);
    return tensor;
  };
  return {
    prompts: about.prompts,
    width: about.original_width,
    height: about.original_height,
    floats: (key) => toFloat32(get(key)),
    bytes: (key) => new Uint8Array(get(key).bytes),
    integers: (key) => Array.from(new BigInt64Array(new Uint8Array(get(key).bytes).buffer), Number),
    select: (key, values) => {
      const { shape, stored } = about.tensors[key] as { shape: number[]; stored: string };
      if (stored === 'whole') return values;
      if (values.length !== shape.reduce((n, side) => n * side, 1)) throw new Error(`${key}: ${values.length} values`);
      const slices = stored.slice(1, -1).split(', ');
      let offsets = [0];
      for (const [axis, side] of shape.entries()) {
        const taken = positions(slices[axis] ?? ':', side);
        offsets = offsets.flatMap((offset) => taken.map((i) => offset * side + i));
      }
      const part = offsets.map((offset) => values[offset] as number);
      return (values instanceof Float32Array ? Float32Array.from(part) : Uint8Array.from(part)) as typeof values;
    },
  };
}

/** Largest absolute difference; NaN counts as infinite. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
