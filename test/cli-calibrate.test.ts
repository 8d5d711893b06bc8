/** `calibrate` and `fit-views`, which rewrite a model folder, on data made here and the fake network. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdOut, openDataset } from '../src/dataset/index.ts';
import { checkModelSettings } from '../src/parse/config.ts';
import { checkViewClassifier } from '../src/parse/views.ts';
import { fakeConfig, fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { box, writeSplit } from './helpers/dataset.ts';

const IMAGES = 120;
const inside = box(16, 16, 48, 48);

let root: string;
let folder: string;
const file = (name: string) => join(folder, name);
const config = () => JSON.parse(readFileSync(file('config.json'), 'utf8'));

/** Dark CT and bright radiographs. */
const image = (name: string, level: number, target: string) => ({
  ...{ name, width: 64, height: 64, masks: { [target]: inside } },
  pixel: (x: number, y: number) => [inside(x, y) ? 250 : level],
});

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-calibrate-'));
  folder = join(root, 'model');
  mkdirSync(folder);
  writeFileSync(file('config.json'), JSON.stringify({ ...fakeConfig, note: 'of somebody' }));
  const chests = Array.from({ length: IMAGES }, (_, i) => image(`c${i}_X-Ray_chest`, 100, 'lung'));
  const bellies = Array.from({ length: 20 }, (_, i) => image(`b${i}_CT_abdomen`, 10, 'liver'));
  for (const split of ['train', 'test'] as const) {
    await writeSplit(join(root, 'data'), 'chests', split, split === 'train' ? chests : chests.slice(0, 5));
    await writeSplit(join(root, 'data'), 'bellies', split, split === 'train' ? bellies : bellies.slice(0, 5));
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function call(command: string, ...argv: string[]) {
  const { model, calls } = fakeModel();
  const whole = [command, join(root, 'data'), '--model', folder, ...argv];
  return { ...(await callCli(whole, { loadModel: async () => model })), calls };
}

test('calibrate asks the held-out subjects alone and writes what a model loads, beside what was there', async () => {
  const train = await openDataset(join(root, 'data'), { split: 'train' });
  const held = await holdOut(train, 0.6, 'held out');
  const { status, stdout, calls } = await call('calibrate', '--hold-out', '0.6', '--false-alarms', '0.25', '--json');
  expect([status, calls.images, calls.disposed]).toEqual([0, held.items.length, 1]);
  expect(held.items.length).toBeLessThan(train.items.length);
  const { presence, note, ...rest } = config();
  expect(note).toBe('of somebody');
  expect(rest).toEqual(JSON.parse(JSON.stringify(fakeConfig)));
  const { loss, ...printed } = JSON.parse(stdout);
  expect(printed).toEqual(presence);
  expect(loss.after).toBeLessThanOrEqual(loss.before);
  expect(presence).toMatchObject({ falseAlarmRate: 0.25, falseAlarmRates: [0.01, 0.05, 0.1, 0.2, 0.25] });
  expect(presence.about).toMatchObject({ hold_out: 0.6, images: held.items.length, present: held.items.length });
  expect(presence.thresholds.all).toHaveLength(5);
  expect(checkModelSettings(config(), 'config.json').presence?.temperature).toBe(presence.temperature);
  expect((await call('calibrate', '--hold-out', '0.6')).stdout).toContain(
    `Written to ${file('config.json')}; in use: 0.1`,
  );
});

test('calibrate refuses rates of 0 and 1 and too little data, and leaves the model as it was', async () => {
  const before = readFileSync(file('config.json'), 'utf8');
  for (const rate of ['0', '1']) {
    const { status, stderr } = await call('calibrate', '--false-alarms', rate);
    expect([status, stderr]).toEqual([2, `biomedparse: --false-alarms is ${rate}; allowed: above 0, below 1\n`]);
  }
  const { status, stderr } = await call('calibrate', '--hold-out', '0.1');
  expect([status, stderr]).toEqual([1, expect.stringMatching(/calibration needs at least 50 absent ones/)]);
  expect(readFileSync(file('config.json'), 'utf8')).toBe(before);
});

test('fit-views writes a classifier that a model loads, and tells kinds of image apart', async () => {
  const { status, stdout, calls } = await call('fit-views', '--json');
  expect([status, calls.images]).toEqual([0, IMAGES + 20 + 10]);
  const { accuracy, images, views } = JSON.parse(stdout);
  expect([accuracy.test.view, images]).toEqual([1, { train: IMAGES + 20, test: 10 }]);
  const written = checkViewClassifier(JSON.parse(readFileSync(file('views.json'), 'utf8')), 16, 'views.json');
  expect(written.views).toEqual(views);
  expect((await call('fit-views', '--sets', 'chests', '--limit', '5')).calls.images).toBe(10);
});
