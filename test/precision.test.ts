/** `--precision int8` on the shipped model: near float32, the same at every run, reported; what is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dice } from '../src/evaluate/metrics.ts';
import { writePng } from '../src/formats/raster.ts';
import { phantom } from '../src/image/phantoms.ts';
import { defaultModelDirectory, loadModel } from '../src/parse/load.ts';
import type { Segmentation } from '../src/parse/segment.ts';
import { callCli } from './helpers/cli.ts';

const { image, masks, modality, site } = phantom('chest-radiograph', 256, 7);
const prompts = masks.map(({ target }) => `${target} in ${site} ${modality}`);
const folder = mkdtempSync(join(tmpdir(), 'biomedparse-precision-'));
const file = join(folder, 'chest.png');

beforeAll(() => writePng(file, image));
afterAll(() => rmSync(folder, { recursive: true }));

async function segment(precision: 'float32' | 'int8'): Promise<Segmentation[]> {
  const model = await loadModel(defaultModelDirectory, { precision, threads: 1 });
  try {
    expect(model.precision).toBe(precision);
    return await model.segment(image, prompts, { probabilities: true });
  } finally {
    await model.dispose();
  }
}

test('masks of int8 agree with those of float32 at a Dice of 0.98, and are the same at every run', async () => {
  const [float32, int8, again] = [await segment('float32'), await segment('int8'), await segment('int8')];
  expect(again).toEqual(int8);
  for (const [i, { text, mask, present, probabilities }] of float32.entries()) {
    expect(int8[i].present, text).toBe(present);
    expect(dice(int8[i].mask, mask), text).toBeGreaterThan(0.98);
    expect(int8[i].probabilities, text).not.toEqual(probabilities);
  }
});

test('the report names the precision', async () => {
  const argv = ['segment', file, '-p', prompts[0], '--out', join(folder, 'out'), '--threads', '1', '--json'];
  const { status, stdout, stderr } = await callCli([...argv, '--precision', 'int8'], { loadModel });
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout).model).toMatchObject({ device: 'cpu', precision: 'int8' });
});

test('int8 on another device than the processor is refused, by library and command line', async () => {
  const message = 'Precision int8 runs on the device cpu only, got webgpu';
  const refused = loadModel(defaultModelDirectory, { precision: 'int8', device: 'webgpu' });
  await expect(refused).rejects.toMatchObject({ code: 'usage', message });
  const argv = [
    'segment',
    file,
    '-p',
    'lung',
    '--out',
    join(folder, 'none'),
    '--precision',
    'int8',
    '--device',
    'webgpu',
  ];
  const { status, stdout, stderr } = await callCli(argv, { loadModel });
  expect([status, stdout, stderr]).toEqual([2, '', `biomedparse: ${message}\n`]);
});

test('an unknown precision is refused with those that there are', async () => {
  const refused = loadModel(defaultModelDirectory, { precision: 'int4' as 'int8' });
  const message = 'Unknown precision "int4"; allowed: float32, int8';
  await expect(refused).rejects.toMatchObject({ code: 'usage', message });
});
