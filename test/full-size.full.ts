/**
 * The published network at its full size (FocalNet-L, 1024 x 1024 pixels, 1.37 GB of seeded random weights): converted
 * by the command line, opened from its folder, every stage against the stored subset of the golden tensors.
 * Tolerances: mask logits 5e-3, probabilities 1e-3; tokens and chosen queries exactly. Cross-attention masks, which cut a
 * probability at one half, may differ in one place of ten thousand.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dice } from '../src/evaluate/metrics.ts';
import { readRaster } from '../src/formats/raster.ts';
import { lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { cast, matmul, transpose } from '../src/graph/ops/index.ts';
import { input, type Shape, type Tensor } from '../src/graph/tensor.ts';
import { resizeBicubicPil } from '../src/image/resize.ts';
import { publishedConfig } from '../src/model/config.ts';
import { answerGraph, imageGraph, memoryInputs, memoryOutputs, textGraph, textInputs } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { loadModel, readModelParts } from '../src/parse/load.ts';
import type { Segmentation } from '../src/parse/segment.ts';
import { readWeights } from '../src/parse/weights.ts';
import { openSession, type Values } from '../src/runtime/session.ts';
import { callCli } from './helpers/cli.ts';
import { writeFullCheckpoint } from './helpers/full-checkpoint.ts';
import { largestDifference, readSubset, type Subset } from './helpers/golden.ts';
import { readInChild } from './helpers/read-checkpoints.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const golden = sharedPath('golden/full-golden');
const { dim, layers } = publishedConfig.decoder;
const size = publishedConfig.imageSize;

let folder: string;
let given: Subset;
const modelFolder = (): string => join(folder, 'model');

async function runGraph(outputs: Record<string, Tensor>, feeds: Record<string, Values>) {
  const { weights, folder: weightFolder } = await readWeights(join(modelFolder(), 'model.safetensors'));
  const model = lowerToOnnx(outputs, { name: 'golden', target: cpuTarget, weights });
  const session = await openSession(model, { weightFolder });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** The golden image as `[3,size,size]` planes. */
async function pixels(): Promise<Float32Array> {
  const { data } = resizeBicubicPil(await readRaster(join(golden, 'image.png')), size, size);
  const plane = size * size;
  return Float32Array.from({ length: 3 * plane }, (_, i) => data[(i % plane) * 3 + Math.floor(i / plane)] as number);
}

describeShared('golden/full-golden', 'the full-size network', () => {
  /** Token ids of each prompt and what the text encoder hands to the decoder, `[prompts,77,dim]` and `[prompts,dim]`. */
  let text: { readonly ids: readonly number[][]; readonly tokens: Float32Array; readonly classes: Float32Array };
  /** What the image encoder hands to the decoder. */
  let memory: { readonly values: Record<string, Values>; readonly shapes: Record<string, Shape> };

  /** What the opened model answers. */
  let float32: readonly Segmentation[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-full-'));
    given = await readSubset(golden);
    const checkpoint = join(folder, 'biomedparse_v1.safetensors');
    writeFullCheckpoint(checkpoint);
    const merges = sharedPath('reference/clip/bpe_simple_vocab_16e6.txt.gz');
    const { status, stderr } = await callCli(['convert', checkpoint, '--out', modelFolder(), '--merges', merges]);
    expect(status, stderr).toBe(0);
    rmSync(checkpoint);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('its configuration is told by the tensors alone', async () => {
    const { settings } = await readModelParts(modelFolder());
    expect(settings).toMatchObject(publishedConfig);
    expect(settings.decoder).toMatchObject({ regions: true, regionsTrained: false });
  });

  test('reading all tensors takes less memory than 1.3 times the largest', async () => {
    const [{ error, largest, peak }] = await readInChild([join(modelFolder(), 'model.safetensors')], 300);
    expect(error).toBeNull();
    expect(peak).toBeLessThan(1.3 * largest);
  });

  test('the resized image, to the byte', async () => {
    const { data } = resizeBicubicPil(await readRaster(join(golden, 'image.png')), size, size);
    expect(given.select('input.resized', Uint8Array.from(data))).toEqual(given.bytes('input.resized'));
  });

  test('text encoder', async () => {
    const ids = given.integers('text.input_ids');
    const { tokenizer } = await readModelParts(modelFolder());
    const own = given.prompts.map((prompt) => tokenizer.encode(prompt));
    for (const [t, row] of own.entries()) expect(row).toEqual(ids.slice(t * 77, t * 77 + row.length));
    const graph = textGraph(createParameters(), own.length, 77, publishedConfig);
    const ends = BigInt64Array.from(own, (row) => BigInt(row.length - 1));
    const result = await runGraph({ ...graph }, { ids: BigInt64Array.from(ids, BigInt), ends });
    text = {
      ids: own,
      tokens: result.tokens as Float32Array,
      classes: result.classes as Float32Array,
    };
    expect(largestDifference(text.classes, given.floats('text.class_emb'))).toBeLessThan(1e-4);
    const tokens = given.select('text.token_emb', text.tokens);
    expect(largestDifference(tokens, given.floats('text.token_emb'))).toBeLessThan(1e-4);
  });

  test('backbone and pixel decoder', async () => {
    const graph = imageGraph(createParameters(), input('pixels', [1, 3, size, size]), publishedConfig);
    const planes = (t: Tensor): Tensor => transpose(t, [0, 3, 1, 2]);
    const stages: Record<string, Tensor> = {
      'pixel.transformer': planes(graph.pixels.transformer),
      'pixel.mask_features': planes(graph.pixels.maskFeatures),
    };
    for (const [i, map] of graph.maps.entries()) stages[`backbone.res${i + 2}`] = planes(map);
    for (const [i, level] of graph.pixels.memories.entries()) stages[`pixel.multi_scale.${i}`] = planes(level);
    const handed = memoryOutputs(graph.memory);
    const results = await runGraph({ ...stages, ...handed }, { pixels: await pixels() });
    for (const stage of Object.keys(stages)) {
      const own = given.select(stage, results[stage] as Float32Array);
      expect(largestDifference(own, given.floats(stage)), stage).toBeLessThan(1e-3);
    }
    memory = {
      values: Object.fromEntries(Object.keys(handed).map((name) => [name, results[name] as Values])),
      shapes: Object.fromEntries(Object.entries(handed).map(([name, t]) => [name, t.shape])),
    };
  });

  test('decoder: every prediction, cross-attention masks, chosen queries', async () => {
    const { ids, classes } = text;
    const length = ids.reduce((n, row) => n + row.length, 0);
    const tokens = new Float32Array(length * dim);
    let at = 0;
    for (const [t, row] of ids.entries()) {
      tokens.set(text.tokens.subarray(t * 77 * dim, (t * 77 + row.length) * dim), at * dim);
      at += row.length;
    }
    const p = createParameters();
    const inputs = memoryInputs(memory.shapes, layers);
    const answer = answerGraph(p, inputs, textInputs(1, length, ids.length, dim), publishedConfig);
    const outputs: Record<string, Tensor> = { queries: answer.queries };
    for (const [i, { masks }] of answer.decoded.predictions.entries()) {
      outputs[`stage.${i}`] = matmul(masks, inputs.maskFeatures, { transposeB: true });
    }
    for (const [i, blocked] of answer.decoded.blocked.entries()) outputs[`blocked.${i}`] = cast(blocked, 'f32');
    const results = await runGraph(outputs, { ...memory.values, tokens, filler: new Uint8Array(length), classes });
    for (let i = 0; i <= layers; i++) {
      const name = i === layers ? 'decoder.pred_masks' : `decoder.stage.${i}.pred_masks`;
      const own = given.select(name, results[`stage.${i}`] as Float32Array);
      expect(largestDifference(own, given.floats(name)), name).toBeLessThan(5e-3);
    }
    for (let i = 0; i < layers; i++) {
      const name = `decoder.cross_mask.${i}`;
      const own = given.select(name, results[`blocked.${i}`] as Float32Array);
      const expected = given.bytes(name);
      const different = own.reduce((n, value, k) => n + (value === expected[k] ? 0 : 1), 0);
      expect(different / own.length, name).toBeLessThan(1e-4);
    }
    expect(Array.from(results.queries as BigInt64Array, Number)).toEqual(given.integers('match.query'));
  });

  test('the opened model gives the published probabilities at the original size', async () => {
    const model = await loadModel(modelFolder());
    float32 = await model.segment(join(golden, 'image.png'), given.prompts, { joint: true, probabilities: true });
    await model.dispose();
    const pixelCount = given.width * given.height;
    const own = new Float32Array(float32.length * pixelCount);
    for (const [t, { probabilities }] of float32.entries()) own.set(probabilities as Float32Array, t * pixelCount);
    const difference = largestDifference(given.select('result.mask_prob', own), given.floats('result.mask_prob'));
    expect(difference).toBeLessThan(1e-3);
  });

  test('in int8 the masks agree with float32 at a Dice of 0.98', async () => {
    const model = await loadModel(modelFolder(), { precision: 'int8' });
    const int8 = await model.segment(join(golden, 'image.png'), given.prompts, { joint: true });
    await model.dispose();
    for (const [t, { mask, text }] of float32.entries()) expect(dice(int8[t].mask, mask), text).toBeGreaterThan(0.98);
  });
});
