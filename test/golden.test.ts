/**
 * The forward pass against golden tensors of the published code (../shared/golden): every stage, not only the end.
 * Tolerances: mask logits 2e-4, probabilities 5e-5; token ids, chosen queries and cross-attention masks exactly.
 */
import { describe, expect, test } from 'vitest';
import { lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { cast, matmul, transpose } from '../src/graph/ops/index.ts';
import { input, type Tensor } from '../src/graph/tensor.ts';
import { resizeBilinear } from '../src/image/resize.ts';
import { answerGraph, imageGraph, textGraph } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { openNetwork } from '../src/runtime/open.ts';
import { openSession, type Values } from '../src/runtime/session.ts';
import { type GoldenCase, largestDifference, readCase, tinyConfig, tinyWeights } from './helpers/golden.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const golden = sharedPath('golden');
const cases = ['tiny-1prompt', 'tiny-3prompts', 'tiny-nonsquare'];
const logitTolerance = 2e-4;
const probabilityTolerance = 5e-5;

async function runGraph(
  outputs: Record<string, Tensor>,
  feeds: Record<string, Values>,
): Promise<Record<string, Values>> {
  const weights = await tinyWeights(golden);
  const session = await openSession(lowerToOnnx(outputs, { name: 'golden', target: cpuTarget, weights }), {
    threads: 1,
  });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** All stages of the image side, planes `[1,C,H,W]` as the golden tensors have them. */
async function imageStages(given: GoldenCase): Promise<Record<string, Values>> {
  const { maps, pixels } = imageGraph(createParameters(), input('pixels', [1, 3, given.size, given.size]), tinyConfig);
  const planes = (t: Tensor): Tensor => transpose(t, [0, 3, 1, 2]);
  const outputs: Record<string, Tensor> = {
    'pixel.transformer': planes(pixels.transformer),
    'pixel.mask_features': planes(pixels.maskFeatures),
  };
  for (const [i, map] of maps.entries()) outputs[`backbone.res${i + 2}`] = planes(map);
  for (const [i, memory] of pixels.memories.entries()) outputs[`pixel.multi_scale.${i}`] = planes(memory);
  return runGraph(outputs, { pixels: given.pixels });
}

/** All stages of the decoder, prompts given together. */
async function decoderStages(given: GoldenCase): Promise<Record<string, Values>> {
  const p = createParameters();
  const { memory } = imageGraph(p, input('pixels', [1, 3, given.size, given.size]), tinyConfig);
  const dim = tinyConfig.decoder.dim;
  const length = given.ids.reduce((n, ids) => n + ids.length, 0);
  const text = {
    tokens: input('tokens', [1, length, dim]),
    filler: input('filler', [1, length], 'bool'),
    classes: input('classes', [1, 1, given.ids.length, dim]),
  };
  const { decoded, queries, logits } = answerGraph(p, memory, text, tinyConfig);
  const outputs: Record<string, Tensor> = { queries, logits };
  for (const [i, { masks }] of decoded.predictions.entries()) {
    outputs[`stage.${i}`] = matmul(masks, memory.maskFeatures, { transposeB: true });
  }
  for (const [i, blocked] of decoded.blocked.entries()) outputs[`blocked.${i}`] = cast(blocked, 'f32');
  // the decoder is judged on the golden text embeddings, so that each part answers for itself
  const embedded = given.floats('text.token_emb');
  const tokens = new Float32Array(length * dim);
  let at = 0;
  for (const [t, ids] of given.ids.entries()) {
    tokens.set(embedded.subarray(t * 77 * dim, (t * 77 + ids.length) * dim), at * dim);
    at += ids.length;
  }
  const feeds = {
    pixels: given.pixels,
    tokens,
    filler: new Uint8Array(length),
    classes: given.floats('text.class_emb'),
  };
  return runGraph(outputs, feeds);
}

describeShared('golden', 'golden tensors of the published network', () => {
  describe.each(cases)('%s', (name) => {
    test('backbone and pixel decoder', async () => {
      const given = await readCase(golden, name);
      for (const [stage, values] of Object.entries(await imageStages(given))) {
        expect(largestDifference(values as Float32Array, given.floats(stage)), stage).toBeLessThan(1e-4);
      }
    });

    test('text encoder', async () => {
      const given = await readCase(golden, name);
      const text = textGraph(createParameters(), given.ids.length, 77, tinyConfig);
      const ids = BigInt64Array.from(given.integers('text.input_ids'), BigInt);
      const ends = BigInt64Array.from(given.ids, (row) => BigInt(row.length - 1));
      const result = await runGraph({ ...text }, { ids, ends });
      expect(largestDifference(result.classes as Float32Array, given.floats('text.class_emb'))).toBeLessThan(2e-5);
      expect(largestDifference(result.tokens as Float32Array, given.floats('text.token_emb'))).toBeLessThan(2e-5);
    });

    test('decoder: every prediction, every cross-attention mask bit for bit, chosen queries', async () => {
      const given = await readCase(golden, name);
      const stages = await decoderStages(given);
      const layers = tinyConfig.decoder.layers;
      for (let i = 0; i < layers; i++) {
        const expected = given.floats(`decoder.stage.${i}.pred_masks`);
        expect(largestDifference(stages[`stage.${i}`] as Float32Array, expected), `stage ${i}`).toBeLessThan(
          logitTolerance,
        );
        const blocked = Uint8Array.from(stages[`blocked.${i}`] as Float32Array);
        expect(blocked, `cross mask ${i}`).toEqual(new Uint8Array(given.bytes(`decoder.cross_mask.${i}`)));
      }
      const last = stages[`stage.${layers}`] as Float32Array;
      expect(largestDifference(last, given.floats('decoder.pred_masks'))).toBeLessThan(logitTolerance);
      expect(Array.from(stages.queries as BigInt64Array, Number)).toEqual(given.integers('match.query'));
    });

    test('the opened network: joint prompts give the published probabilities at the original size', async () => {
      const given = await readCase(golden, name);
      const network = await openNetwork(tinyConfig, await tinyWeights(golden), { threads: 1 });
      const image = await network.encodeImage(given.pixels, given.size, given.size);
      const texts = await Promise.all(given.ids.map((ids) => network.encodeText(ids)));
      const { logits, height, width, queries } = await network.decode(image, texts, { joint: true });
      expect([...queries]).toEqual(given.integers('match.query'));
      const expected = given.floats('result.mask_prob');
      const [pixels, plane] = [given.width * given.height, height * width];
      for (const t of texts.keys()) {
        const own = logits.slice(t * plane, (t + 1) * plane);
        const probabilities = resizeBilinear(own, width, height, given.width, given.height).map(
          (x) => 1 / (1 + Math.exp(-x)),
        );
        const difference = largestDifference(probabilities, expected.subarray(t * pixels, (t + 1) * pixels));
        expect(difference, `prompt ${t}`).toBeLessThan(probabilityTolerance);
      }
      await network.dispose();
    });
  });

  test('independent prompts: an answer does not depend on what else is asked', async () => {
    const given = await readCase(golden, 'tiny-3prompts');
    const network = await openNetwork(tinyConfig, await tinyWeights(golden), { threads: 1 });
    const image = await network.encodeImage(given.pixels, given.size, given.size);
    const texts = await Promise.all(given.ids.map((ids) => network.encodeText(ids)));
    const together = await network.decode(image, texts);
    const plane = together.height * together.width;
    for (const [t, text] of texts.entries()) {
      const alone = await network.decode(image, [text]);
      expect(alone.queries[0]).toBe(together.queries[t]);
      expect(largestDifference(alone.logits, together.logits.subarray(t * plane, (t + 1) * plane))).toBeLessThan(
        logitTolerance,
      );
    }
    const single = await readCase(golden, 'tiny-1prompt');
    expect(single.prompts).toHaveLength(1);
    await network.dispose();
  });
});
