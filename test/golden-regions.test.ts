/**
 * Region prompts against golden tensors of the published code: a region alone and a region beside a text.
 * Tolerances: mask logits 2e-4, probabilities 5e-5; cross-attention masks and the chosen query exactly.
 */
import { describe, expect, test } from 'vitest';
import { lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { cast, matmul } from '../src/graph/ops/index.ts';
import { input, type Tensor } from '../src/graph/tensor.ts';
import { resizeBilinear } from '../src/image/resize.ts';
import { answerGraph, imageGraph } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { regionFeeds, regionInputs, regionTokens } from '../src/model/regions.ts';
import { openNetwork } from '../src/runtime/open.ts';
import { openSession, type Values } from '../src/runtime/session.ts';
import { type GoldenCase, largestDifference, readCase, tinyRegionConfig, tinyWeights } from './helpers/golden.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

const golden = sharedPath('golden');
const logitTolerance = 2e-4;
const probabilityTolerance = 5e-5;
const { dim, layers } = tinyRegionConfig.decoder;

/** Every prediction and cross-attention mask of the decoder, the region's mean feature, logits of the chosen query. */
async function decoderStages(given: GoldenCase): Promise<Record<string, Values>> {
  const p = createParameters();
  const { memory } = imageGraph(p, input('pixels', [1, 3, given.size, given.size]), tinyRegionConfig);
  const length = Math.max(1, given.ids.flat().length);
  const text = {
    tokens: input('tokens', [1, length, dim]),
    filler: input('filler', [1, length], 'bool'),
    classes: input('classes', [1, 1, 1, dim]),
  };
  const { slots, feeds } = regionFeeds(given.bytes('stroke'), { height: given.size, width: given.size });
  const points = regionInputs(slots);
  const { decoded, queries, logits } = answerGraph(p, memory, text, tinyRegionConfig, points);
  const outputs: Record<string, Tensor> = { queries, logits };
  outputs.mean = regionTokens(p, memory, points, tinyRegionConfig.decoder).mean;
  for (const [i, { masks }] of decoded.predictions.entries()) {
    outputs[`stage.${i}`] = matmul(masks, memory.maskFeatures, { transposeB: true });
  }
  for (const [i, blocked] of decoded.blocked.entries()) outputs[`blocked.${i}`] = cast(blocked, 'f32');
  const asked = given.prompts.length > 0;
  const model = lowerToOnnx(outputs, { name: 'golden', target: cpuTarget, weights: await tinyWeights(golden) });
  const session = await openSession(model, { threads: 1 });
  try {
    return await session.run({
      ...feeds,
      pixels: given.pixels,
      tokens: asked ? given.floats('text.token_emb').slice(0, length * dim) : new Float32Array(dim),
      filler: new Uint8Array(length).fill(asked ? 0 : 1),
      classes: asked ? given.floats('text.class_emb') : new Float32Array(dim),
    });
  } finally {
    await session.dispose();
  }
}

describeShared('golden', 'golden tensors of the published region prompts', () => {
  describe.each(['tiny-stroke', 'tiny-stroke-text'])('%s', (name) => {
    test('decoder: every prediction, every cross-attention mask bit for bit, the chosen query', async () => {
      const given = await readCase(golden, name);
      const stages = await decoderStages(given);
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
      expect(largestDifference(stages.mean as Float32Array, given.floats('decoder.pred_pspatials'))).toBeLessThan(1e-5);
      expect(Array.from(stages.queries as BigInt64Array, Number)).toEqual(given.integers('match.query'));
    });

    test('the opened network gives the published probabilities and mask at the original size', async () => {
      const given = await readCase(golden, name);
      const network = await openNetwork(tinyRegionConfig, await tinyWeights(golden), { threads: 1 });
      const image = await network.encodeImage(given.pixels, given.size, given.size);
      const texts = await Promise.all(given.ids.map((ids) => network.encodeText(ids)));
      const region = given.bytes('stroke');
      const { logits, height, width, queries, existence } = await network.decode(image, texts, { region });
      expect([[...queries], existence]).toEqual([given.integers('match.query'), null]);
      const probabilities = resizeBilinear(logits, width, height, given.width, given.height).map(
        (x) => 1 / (1 + Math.exp(-x)),
      );
      const expected = given.floats('result.mask_prob');
      expect(largestDifference(probabilities, expected)).toBeLessThan(probabilityTolerance);
      const inside = (map: Float32Array): number[] => Array.from(map, (value) => (value > 0.5 ? 1 : 0));
      expect(inside(probabilities)).toEqual(inside(expected));
      await network.dispose();
    });
  });

  test('the region changes the answer, and so does its place', async () => {
    const given = await readCase(golden, 'tiny-stroke-text');
    const network = await openNetwork(tinyRegionConfig, await tinyWeights(golden), { threads: 1 });
    const image = await network.encodeImage(given.pixels, given.size, given.size);
    const text = await network.encodeText(given.ids[0] as number[]);
    const corner = new Uint8Array(given.size * given.size).fill(1, 0, 3);
    const [plain, near, far] = [
      await network.decode(image, [text]),
      await network.decode(image, [text], { region: given.bytes('stroke') }),
      await network.decode(image, [text], { region: corner }),
    ];
    expect(largestDifference(plain.logits, near.logits)).toBeGreaterThan(0.1);
    expect(largestDifference(near.logits, far.logits)).toBeGreaterThan(0.1);
    const alone = await network.decode(image, [text, text, text], { region: corner });
    expect(largestDifference(alone.logits.subarray(0, far.logits.length), far.logits)).toBeLessThan(logitTolerance);
    await network.dispose();
  });
});
