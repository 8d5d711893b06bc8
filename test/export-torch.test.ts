/** `biomedparse export --to torch`: the same network, losses and gradients as ONNX Runtime's, in Debian's PyTorch. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { createSampler, loadImages, openDataset } from '../src/dataset/index.ts';
import { exportTorch } from '../src/export/export.ts';
import {
  fromFloat32,
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../src/formats/safetensors.ts';
import { gradients } from '../src/graph/differentiate.ts';
import { lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { type ModelConfig, maskStride } from '../src/model/config.ts';
import { answerGraph } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { createTokenizer } from '../src/model/tokenizer.ts';
import { openSession, type Values } from '../src/runtime/session.ts';
import { type BatchShape, type LossWeights, lossGraph } from '../src/train/losses.ts';
import { describeTorch, runPython } from './helpers/python.ts';
import { tinyModel, writePhantoms } from './helpers/tiny.ts';

// Python starts a dozen times, which takes long on a busy machine
vi.setConfig({ testTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-torch-'));
const losses: LossWeights = {
  ...{ crossEntropy: 2, dice: 2, similarity: 0.5, existence: 1 },
  ...{ intermediate: 0.5, pyramid: 0.5, separation: 0.5 },
};
const script = (name: string): string => fileURLToPath(new URL(`./python/${name}`, import.meta.url));

/** Largest difference, as a share of the largest expected magnitude; values that are all tiny are measured against `least`. */
function deviation(found: Float32Array, expected: Float32Array, least: number): number {
  let [difference, largest] = [0, least];
  for (const [i, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs(value - found[i]));
    largest = Math.max(largest, Math.abs(value));
  }
  return difference / largest;
}

/** A batch of phantoms as the trainer makes it. */
async function batchOf(tokenizer: object, shape: BatchShape, cell: 2 | 4, seed: number) {
  const { images, prompts, tokens, size } = shape;
  const store = await loadImages(await openDataset(join(folder, 'data'), { split: 'train' }));
  const options = { size, promptsPerImage: prompts, negativeFraction: 0.25, augmentation: 1, seed, cell };
  const samples = Array.from({ length: images }, (_, i) => createSampler(store, options)(i));
  const { encode } = createTokenizer(tokenizer, { contextLength: tokens });
  const texts = samples.flatMap((sample) => sample.prompts.map(encode));
  return {
    pixels: Float32Array.from(samples.flatMap((sample) => [...sample.pixels])),
    ids: BigInt64Array.from(texts.flatMap((ids) => Array.from({ length: tokens }, (_, k) => BigInt(ids[k] ?? 0)))),
    ends: BigInt64Array.from(texts, (ids) => BigInt(ids.length - 1)),
    filler: Uint8Array.from(texts.flatMap((ids) => Array.from({ length: tokens }, (_, k) => (k < ids.length ? 0 : 1)))),
    targets: Float32Array.from(samples.flatMap((sample) => [...sample.targets])),
    present: Float32Array.from(samples.flatMap((sample) => [...sample.present])),
  };
}

/** Losses, answers and gradients by ONNX Runtime. */
async function byOnnx(
  config: ModelConfig,
  start: ReadonlyMap<string, StoredTensor>,
  batch: Record<string, Values>,
  shape: BatchShape,
) {
  const p = createParameters();
  const { loss, parts, inner } = lossGraph(p, shape, config, losses);
  const answer = answerGraph(p, inner.memory, inner.text, config);
  const names = [...p.tensors.keys()];
  const all = gradients(loss, [...p.tensors.values()]);
  const outputs = {
    ...{ loss, ...parts, logits: answer.logits, existence_logits: answer.existence! },
    ...Object.fromEntries(names.map((name, i) => [`gradient:${name}`, all[i]])),
  };
  const session = await openSession(lowerToOnnx(outputs, { name: 'case', target: cpuTarget }), { threads: 1 });
  const values = Object.fromEntries(names.map((name) => [name, toFloat32(start.get(name)!)]));
  return await session.run({ ...values, ...batch }).finally(() => session.dispose());
}

/** `seed`: of a batch in which no input of a ReLU is 0 but for rounding, on whose sides gradients differ (of 5 to 7, 5 is none). */
async function compare(out: string, config: ModelConfig, shape: BatchShape, seed = 6) {
  const tokenizer = JSON.parse(readFileSync(join(out, 'tokenizer.json'), 'utf8'));
  const stride = maskStride(config.pixelDecoder);
  const batch = await batchOf(tokenizer, shape, stride, seed);
  const { images, prompts, tokens, size } = shape;
  const rows = images * prompts;
  const whole = (values: BigInt64Array, dims: number[]): StoredTensor => ({
    ...{ dtype: 'I64', shape: dims, bytes: new Uint8Array(values.buffer) },
  });
  const stored = new Map<string, StoredTensor>([
    ['pixels', fromFloat32(batch.pixels, [images, 3, size, size], 'F32')],
    ['ids', whole(batch.ids, [rows, tokens])],
    ['ends', whole(batch.ends, [rows])],
    ['filler', fromFloat32(Float32Array.from(batch.filler), [rows, tokens], 'F32')],
    ['targets', fromFloat32(batch.targets, [images, prompts, (size / stride) ** 2], 'F32')],
    ['present', fromFloat32(batch.present, [images, prompts], 'F32')],
  ]);
  await writeSafetensors(join(out, 'batch.safetensors'), stored, { config: JSON.stringify({ model: config, losses }) });
  runPython(out, [script('gradients.py')]);
  const found = (await readSafetensors(join(out, 'found.safetensors'))).tensors;
  const start = (await readSafetensors(join(out, 'start.safetensors'))).tensors;
  const expected = await byOnnx(config, start, batch, shape);
  expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    const least = name.startsWith('gradient:') ? 1e-6 : 1e-3;
    expect(deviation(toFloat32(found.get(name)!), values as Float32Array, least), name).toBeLessThan(1e-4);
  }
}

describeTorch('the generated module', () => {
  it('gives the losses, answers and gradients of ONNX Runtime: a tiny network', async () => {
    const source = await writePhantoms(folder, 'tiny', tinyModel);
    const out = join(folder, 'tiny-torch');
    await exportTorch(source, out);
    await compare(out, tinyModel, { images: 2, prompts: 3, tokens: 10, size: 96 });
  });

  it('a tiny network of fine masks', async () => {
    const fine = {
      ...tinyModel,
      pixelDecoder: { ...tinyModel.pixelDecoder, refinements: 1, placeBands: 3, contextLayers: 1, detail: 16 },
    };
    const source = await writePhantoms(folder, 'fine', fine);
    const out = join(folder, 'fine-torch');
    await exportTorch(source, out);
    await compare(out, fine, { images: 2, prompts: 3, tokens: 10, size: 96 });
  });

  const defaultModel = fileURLToPath(new URL('../models/default', import.meta.url));

  it('the default network, fresh', async () => {
    const config = JSON.parse(readFileSync(join(defaultModel, 'config.json'), 'utf8'));
    const out = join(folder, 'fresh-torch');
    await exportTorch(await writePhantoms(folder, 'fresh', config), out);
    await compare(out, config, { images: 2, prompts: 2, tokens: 10, size: 128 });
  });

  // a batch in which gradients of texts do not cancel: in others rounding alone, of either side, is 3e-4 from float64
  it('the default network as trained', async () => {
    const out = join(folder, 'default-torch');
    await exportTorch(defaultModel, out);
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'));
    await compare(out, config, { images: 1, prompts: 2, tokens: 10, size: 64 }, 8);
  });
});
