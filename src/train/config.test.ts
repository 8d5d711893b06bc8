import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedConfig } from '../model/config.ts';
import { learningRate, readTrainingConfig, stageOf, totalSteps } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-config-'));
const valid = {
  model: publishedConfig,
  data: { root: '../data' },
  output: 'out',
  stages: [
    { size: 128, steps: 10, imagesPerWorker: 4 },
    { size: 256, steps: 5, imagesPerWorker: 2 },
  ],
};

function write(content: unknown): string {
  const path = join(folder, 'train.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('a training configuration', () => {
  test('is completed with defaults; paths count from its folder', async () => {
    const config = await readTrainingConfig(write({ ...valid, optimiser: { learningRate: 0.5 } }));
    expect(config.workers).toBe(2);
    expect(config.optimiser).toMatchObject({ learningRate: 0.5, clip: 1 });
    expect(config.output).toBe(join(folder, 'out'));
    expect(config.data.root).toBe(join(folder, '..', 'data'));
  });

  test.each([
    ['not JSON', '{', /not a readable JSON file/],
    ['an unknown field', { ...valid, batch: 3 }, /batch is "\(unknown field\)"; allowed: .*stages/],
    [
      'a size off the grid',
      { ...valid, stages: [{ size: 100, steps: 1, imagesPerWorker: 1 }] },
      /stages\[0\].size is 100; allowed: a multiple of 32/,
    ],
    [
      'a strength of augmentation beyond 1',
      { ...valid, stages: [{ size: 64, steps: 1, imagesPerWorker: 1, augmentation: 2 }] },
      /stages\[0\].augmentation is 2; allowed: 0 to 1/,
    ],
    ['an empty list of words', { ...valid, trainable: [] }, /trainable is \[\]; allowed: a list of words/],
    ['no stages', { ...valid, stages: [] }, /stages is \[\]/],
    [
      'a negative rate',
      { ...valid, optimiser: { learningRate: -1 } },
      /optimiser.learningRate is -1; allowed: a number >= 0/,
    ],
    [
      'more tokens than the model has',
      { ...valid, tokens: 100 },
      /tokens is 100; allowed: up to model.text.contextLength, 77/,
    ],
    ['a negative fraction of 1', { ...valid, negativeFraction: 1 }, /negativeFraction is 1; allowed: 0 to below 1/],
    [
      'a model with region prompts',
      { ...valid, model: { ...valid.model, decoder: { regions: true } } },
      /model.decoder.regions is true; allowed: false or left out/,
    ],
    [
      'a weight of 0 for a set',
      { ...valid, data: { ...valid.data, setWeights: { 'skin-lesion': 0 } } },
      /data.setWeights.skin-lesion is 0; allowed: a number above 0/,
    ],
    [
      'an unknown field of data',
      { ...valid, data: { ...valid.data, holdout: 0.1 } },
      /data\.holdout is "\(unknown field\)"; allowed: root, sets/,
    ],
    [
      'an unknown field of optimiser',
      { ...valid, optimiser: { learningrate: 1 } },
      /optimiser\.learningrate is "\(unkn/,
    ],
    [
      'an unknown loss',
      { ...valid, losses: { diec: 1 } },
      /losses\.diec is "\(unknown field\)"; allowed: crossEntropy/,
    ],
    [
      'an unknown field of a stage',
      { ...valid, stages: [{ ...valid.stages[0], augment: 1 }] },
      /stages\[0\]\.augment is "\(unknown field\)"; allowed: size, steps/,
    ],
    ['a stage that is none', { ...valid, stages: [null] }, /stages\[0\] is null; allowed: an object of size/],
    ['no data', { ...valid, data: undefined }, /data.root is undefined/],
  ])('%s is refused by name', async (_, content, message) => {
    await expect(readTrainingConfig(write(content))).rejects.toThrow(message);
  });

  test('a missing file is refused by name', async () => {
    await expect(readTrainingConfig(join(folder, 'none.json'))).rejects.toThrow(/none\.json: not a readable JSON file/);
  });
});

describe('the schedule', () => {
  test('stages follow one another; images are counted through', async () => {
    const config = await readTrainingConfig(write(valid));
    expect(totalSteps(config)).toBe(15);
    expect(stageOf(config, 9)).toMatchObject({ index: 0, imagesBefore: 9 * 8 });
    expect(stageOf(config, 10)).toMatchObject({ index: 1, imagesBefore: 80 });
    expect(stageOf(config, 12)).toMatchObject({ index: 1, imagesBefore: 88 });
    expect(() => stageOf(config, 15)).toThrow(/step 15/);
  });

  test('warms up linearly and falls as a cosine to its final fraction', async () => {
    const optimiser = { learningRate: 1, warmupSteps: 5, finalFraction: 0.1 };
    const config = await readTrainingConfig(write({ ...valid, optimiser }));
    expect(learningRate(config, 0)).toBeCloseTo(0.2);
    expect(learningRate(config, 4)).toBeCloseTo(1);
    expect(learningRate(config, 10)).toBeCloseTo(0.55);
    expect(learningRate(config, 15)).toBeCloseTo(0.1);
  });
});
