/** Lowering beyond single operators: names, weights in the model and beside it, what it refuses, counted FLOP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSession, type Session, type SessionOptions } from '../../runtime/session.ts';
import * as ops from '../ops/index.ts';
import { constant, input, makeTensor, parameter } from '../tensor.ts';
import { countFlops, lowerToOnnx, type OnnxModel, type Weight } from './lower.ts';
import { portableTarget } from './target.ts';

const options = { name: 'test', target: portableTarget };

async function withSession<T>(
  model: OnnxModel,
  use: (session: Session) => Promise<T>,
  more: SessionOptions = {},
): Promise<T> {
  const session = await openSession(model, { threads: 1, ...more });
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}

const x = input('x', [2, 3]);
const weight = parameter('part.weight', [1, 3]);
const y = ops.linear(x, weight);
const xValues = Float32Array.of(1, 2, 3, 4, 5, 6);
const weightValues = Float32Array.of(1, 10, 100);

describe('lowerToOnnx', () => {
  it('makes parameters inputs where no weights are given', async () => {
    const model = lowerToOnnx({ y }, options);
    expect(model.inputs).toEqual([
      { name: 'x', dtype: 'f32', shape: [2, 3] },
      { name: 'part.weight', dtype: 'f32', shape: [1, 3] },
    ]);
    expect(model.outputs).toEqual([{ name: 'y', dtype: 'f32', shape: [2, 1] }]);
    const found = await withSession(model, (s) => s.run({ x: xValues, 'part.weight': weightValues }));
    expect(found.y).toEqual(Float32Array.of(321, 654));
  });

  it('puts given weights into the model', async () => {
    const weights = new Map<string, Weight>([['part.weight', { shape: [1, 3], data: weightValues }]]);
    const model = lowerToOnnx({ y }, { ...options, weights });
    expect(model.inputs.map((i) => i.name)).toEqual(['x']);
    expect((await withSession(model, (s) => s.run({ x: xValues }))).y).toEqual(Float32Array.of(321, 654));
  });

  it('leaves weights in a file beside the model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'biomedparse-'));
    try {
      const external = { location: 'weights.bin', offset: 8, length: 12 };
      const weights = new Map<string, Weight>([['part.weight', { shape: [1, 3], external }]]);
      const model = lowerToOnnx({ y }, { ...options, weights });
      await writeFile(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(0, 0, ...weightValues).buffer));
      const found = await withSession(model, (s) => s.run({ x: xValues }), { weightFolder: folder });
      expect(found.y).toEqual(Float32Array.of(321, 654));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names weights that are missing or of another shape', () => {
    expect(() => lowerToOnnx({ y }, { ...options, weights: new Map() })).toThrow('weights: part.weight is missing');
    const weights = new Map<string, Weight>([['part.weight', { shape: [3], data: weightValues }]]);
    const lower = () => lowerToOnnx({ y }, { ...options, weights });
    expect(lower).toThrow('weights: part.weight is [3], the configuration needs [1,3]');
    expect(lower).toThrow(expect.objectContaining({ code: 'model' }));
  });

  it('names an operator it cannot lower', () => {
    const strange = makeTensor('strange', [x], [2, 3], 'f32');
    expect(() => lowerToOnnx({ strange }, options)).toThrow('strange([2,3]): operator has no ONNX lowering');
  });

  it('takes any names for inputs and outputs, and the same tensor as several outputs', async () => {
    const odd = input('v0', [2]);
    const double = ops.mul(ops.add(odd, 1), 2);
    const model = lowerToOnnx({ v1: double, 'gradient:a.b': double, v2: odd }, options);
    const found = await withSession(model, (s) => s.run({ v0: Float32Array.of(1, 2) }));
    expect(found).toEqual({
      v1: Float32Array.of(4, 6),
      'gradient:a.b': Float32Array.of(4, 6),
      v2: Float32Array.of(1, 2),
    });
  });

  it('joins layer normalisation and keeps the deviation that a gradient reads', async () => {
    const wide = input('x', [2, 4]);
    const model = lowerToOnnx({ values: ops.normalise(wide, 1e-5), scale: ops.inverseDeviation(wide, 1e-5) }, options);
    expect(Buffer.from(model.bytes).toString('latin1').split('LayerNormalization').length - 1).toBe(1);
    const found = await withSession(model, (s) => s.run({ x: Float32Array.of(1, 2, 3, 4, 0, 0, 4, 4) }));
    expect((found.scale as Float32Array)[0]).toBeCloseTo(1 / Math.sqrt(1.25), 5);
    expect((found.scale as Float32Array)[1]).toBeCloseTo(0.5, 5);
    expect((found.values as Float32Array)[7]).toBeCloseTo(1, 5);
  });
});

describe('countFlops', () => {
  it('counts two per multiplication and addition of products and convolutions', () => {
    expect(countFlops([y])).toBe(2 * 2 * 3);
    expect(countFlops([ops.matmul(input('a', [5, 3, 2]), input('b', [3, 4]), { transposeA: true })])).toBe(
      2 * 5 * 2 * 4 * 3,
    );
    const image = input('image', [1, 4, 6, 6]);
    expect(countFlops([ops.conv2d(image, parameter('k', [2, 2, 3, 3]), { groups: 2 })])).toBe(2 * 2 * 4 * 4 * 2 * 9);
    const map = input('map', [1, 5, 6, 3]);
    expect(countFlops([ops.depthwise(map, parameter('d', [3, 1, 3, 3]))])).toBe(2 * 5 * 6 * 3 * 9);
    expect(countFlops([ops.depthwiseWeightGradient(map, map, 5)])).toBe(2 * 5 * 6 * 3 * 25);
    const bytes = constant(new Int8Array(27 * 2), [27, 2], 's8');
    const kernel = { kernel: [3, 3], stride: 1, pads: [0, 0, 0, 0] } as const;
    expect(countFlops([ops.quantisedConv2d(map, bytes, input('s', [2]), kernel)])).toBe(2 * 3 * 4 * 2 * 27);
  });

  it('counts a product that occurs twice once', () => {
    expect(countFlops([ops.add(ops.linear(x, weight), ops.linear(x, weight))])).toBe(2 * 2 * 3);
  });
});
