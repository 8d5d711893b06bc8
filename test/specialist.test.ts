/** bench/specialist: a plain U-Net for one set, trained on phantoms. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readOptions } from '../bench/specialist/options.ts';
import { writePredictions } from '../bench/specialist/predict.ts';
import { comparisonTables } from '../bench/specialist/table.ts';
import { type SpecialistSettings, type TrainOptions, trainSpecialist } from '../bench/specialist/train.ts';
import { type ImageStore, listSets, loadImages, openDataset } from '../src/dataset/index.ts';
import { trainingDefaults } from '../src/train/config.ts';
import { callCli } from './helpers/cli.ts';
import { writeData } from './helpers/tiny.ts';

const settings: SpecialistSettings = {
  ...{
    size: 64,
    channels: [16, 16],
    set: 'dermoscopy',
    targets: ['skin lesion'],
    steps: 24,
    imagesPerStep: 2,
    seed: 3,
  },
  optimiser: { ...trainingDefaults.optimiser, learningRate: 5e-3, warmupSteps: 4 },
};

let folder: string;
let store: ImageStore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-specialist-'));
  await writeData(join(folder, 'data'));
  cpSync(join(folder, 'data/dermoscopy/train'), join(folder, 'data/dermoscopy/test'), { recursive: true });
  cpSync(join(folder, 'data/dermoscopy/train_mask'), join(folder, 'data/dermoscopy/test_mask'), { recursive: true });
  store = await loadImages(await openDataset(join(folder, 'data'), { split: 'train', sets: ['dermoscopy'] }));
  await train('undisturbed', { logEvery: 4 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (name: string, options: TrainOptions = {}, changes: Partial<SpecialistSettings> = {}) =>
  trainSpecialist({ ...settings, ...changes }, store, join(folder, name), options);
const checkpoint = (name: string) => readFileSync(join(folder, name, 'checkpoint.safetensors'));

test('the loss falls', () => {
  const lines = readFileSync(join(folder, 'undisturbed/log.jsonl'), 'utf8').trim().split('\n');
  const losses = lines.map((line) => JSON.parse(line).loss as number);
  expect(losses).toHaveLength(6);
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
});

test('a run that was ended goes on to the same bytes', async () => {
  const stop = new AbortController();
  const onLine = (line: string): void => {
    if (line.includes('step 10/')) stop.abort();
  };
  const ended = await train('resumed', { logEvery: 10, onLine, signal: stop.signal });
  expect(ended.step).toBe(10);
  expect(checkpoint('resumed').equals(checkpoint('undisturbed'))).toBe(false);
  expect((await train('resumed')).step).toBe(24);
  expect(checkpoint('resumed').equals(checkpoint('undisturbed'))).toBe(true);
});

test('its masks of the test split are scored by evaluate, and stand in the table', async () => {
  const root = join(folder, 'data');
  const dataset = await openDataset(root, { split: 'test', sets: ['dermoscopy'] });
  // trained to the end already: this only reads the checkpoint
  await writePredictions(settings, await train('undisturbed'), dataset, join(folder, 'masks'));
  expect(readdirSync(join(folder, 'masks/dermoscopy'))).toHaveLength(6);
  const argv = ['evaluate', root, '--sets', 'dermoscopy', '--predictions', join(folder, 'masks'), '--json'];
  const { status, stdout } = await callCli(argv);
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.sets).toHaveLength(1);
  expect(report.sets[0]).toMatchObject({ set: 'dermoscopy', target: 'skin lesion', n: 6 });
  expect(report.sets[0].dice_mean).toBeGreaterThan(0.5);
  const tables = comparisonTables(report, report);
  expect(tables.find((line) => line.startsWith('| all |'))).toContain('+0.000');
  const fewer = { ...report, sets: [{ ...report.sets[0], n: 5 }] };
  expect(() => comparisonTables(report, fewer)).toThrow('6 masks in one report, 5 in the other');
  expect(() => comparisonTables(report, { ...report, sets: [] })).toThrow('share no set and target');
});

test('refuses a checkpoint of other settings, a set that is not there, and options out of range', async () => {
  await expect(train('undisturbed', {}, { steps: 25 })).rejects.toMatchObject({ code: 'input' });
  await expect(train('none', {}, { steps: 0 })).rejects.toThrow('steps is 0; allowed: whole numbers from 1');
  await expect(train('none', {}, { targets: ['lung'] })).rejects.toThrow('no target lung; allowed: skin lesion');
  await expect(listSets(join(folder, 'data'), ['nowhere'])).rejects.toThrow('nowhere');
  expect(() => readOptions(['data', '--steps', '1.5'])).toThrow('--steps is 1.5; allowed: whole numbers from 1');
  expect(() => readOptions(['data', '--epochs', '2'])).toThrow('--epochs');
  expect(() => readOptions([])).toThrow('one data folder is needed, got 0');
  expect(readOptions(['data', '--sets', 'a,b'])).toMatchObject({ root: 'data', sets: ['a', 'b'], parallel: 2 });
});
