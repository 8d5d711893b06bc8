import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fromFloat32, writeSafetensors } from '../formats/safetensors.ts';
import { lowerToOnnx } from '../graph/onnx/lower.ts';
import { cpuTarget } from '../graph/onnx/target.ts';
import { linear } from '../graph/ops/index.ts';
import { input, parameter } from '../graph/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { readWeights } from './weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

const values = Float32Array.of(1, 2, 3, 4, 5, 6);

async function product(path: string): Promise<number[]> {
  const { weights, folder: weightFolder } = await readWeights(path);
  const y = linear(input('x', [1, 3]), parameter('w', [2, 3]));
  const model = lowerToOnnx({ y }, { name: 'product', target: cpuTarget, weights });
  const session = await openSession(model, { threads: 1, weightFolder });
  const result = await session.run({ x: Float32Array.of(1, 1, 1) });
  await session.dispose();
  return [...(result.y as Float32Array)];
}

test('a float32 file is located, not read; a float16 file is read; both give the same', async () => {
  const paths = { F32: join(folder, 'single.safetensors'), F16: join(folder, 'half.safetensors') } as const;
  for (const dtype of ['F32', 'F16'] as const) {
    await writeSafetensors(paths[dtype], new Map([['w', fromFloat32(values, [2, 3], dtype)]]));
  }
  expect((await readWeights(paths.F32)).weights.get('w')).toMatchObject({
    shape: [2, 3],
    external: { location: 'single.safetensors', length: 24 },
  });
  expect((await readWeights(paths.F16)).weights.get('w')).toEqual({ shape: [2, 3], data: values });
  expect(await product(paths.F32)).toEqual([6, 15]);
  expect(await product(paths.F16)).toEqual([6, 15]);
});

test('a file of several types keeps every tensor to itself', async () => {
  const path = join(folder, 'mixed.safetensors');
  const [a, b, c] = [values, values.map((v) => v + 10), values.map((v) => v + 20)];
  await writeSafetensors(
    path,
    new Map([
      ['a', fromFloat32(a, [6], 'F16')],
      ['b', fromFloat32(b, [6], 'F32')],
      ['c', fromFloat32(c, [6], 'F16')],
    ]),
  );
  const { weights } = await readWeights(path);
  for (const [name, data] of [
    ['a', a],
    ['b', b],
    ['c', c],
  ] as const) {
    expect(weights.get(name), name).toEqual({ shape: [6], data });
  }
});

test('a link to a file elsewhere is followed, as the caches of model hubs hold links', async () => {
  const [blob, snapshot] = [join(folder, 'blob'), join(folder, 'snapshot')];
  await writeSafetensors(blob, new Map([['w', fromFloat32(values, [2, 3], 'F32')]]));
  mkdirSync(snapshot);
  symlinkSync('../blob', join(snapshot, 'model.safetensors'));
  expect(await product(join(snapshot, 'model.safetensors'))).toEqual([6, 15]);
});

test('a missing file is named', async () => {
  await expect(readWeights(join(folder, 'none'))).rejects.toMatchObject({ code: 'input', message: /none/ });
});
