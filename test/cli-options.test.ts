/** Options of the command line that reach the work: what changes with them, on the fake network, which finds bright pixels. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNifti } from '../src/formats/nifti.ts';
import { writePng } from '../src/formats/raster.ts';
import type { Volume } from '../src/image/volume.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { writeSplit } from './helpers/dataset.ts';

let folder: string;
const path = (name: string): string => join(folder, name);

/** 96 x 80: a bright block, and a bright spot far from it. */
const isBright = (x: number, y: number): boolean => (x >= 16 && x < 48 && y >= 16 && y < 48) || (x >= 80 && y >= 64);

/** A slab with a hole, and a smaller one beside it. */
function slabs(): Volume {
  const data = new Int16Array(64 * 64 * 6).fill(-1000);
  for (let z = 1; z < 5; z++) {
    for (let y = 8; y < 56; y++) data.fill(200, (z * 64 + y) * 64 + 4, (z * 64 + y) * 64 + 44);
    if (z === 1 || z === 4) continue;
    for (let y = 20; y < 36; y++) data.fill(-1000, (z * 64 + y) * 64 + 16, (z * 64 + y) * 64 + 32);
  }
  for (let z = 1; z < 5; z++)
    for (let y = 8; y < 56; y++) data.fill(200, (z * 64 + y) * 64 + 56, (z * 64 + y) * 64 + 64);
  const grid = { size: [64, 64, 6], spacing: [1, 1, 1], origin: [0, 0, 0] } as const;
  const direction = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  return { ...grid, direction, data, channels: 1, identifiers: {} };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-options-'));
  const data = Uint8Array.from({ length: 96 * 80 }, (_, i) => (isBright(i % 96, Math.floor(i / 96)) ? 255 : 0));
  await writePng(path('scan.png'), { data, width: 96, height: 80, channels: 1 });
  await writeNifti(path('slabs.nii.gz'), slabs());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The fake network's presence is 0.982: found at a rate of 0.2, not at 0.1. */
const presence = {
  ...{ temperature: 1, falseAlarmRates: [0.1, 0.2], falseAlarmRate: 0.1 },
  thresholds: { all: [0.99, 0.9] },
};

async function call(...argv: string[]) {
  const { model } = fakeModel({ presence });
  const answer = await callCli(argv, { loadModel: async () => model });
  expect([answer.status, answer.stderr]).toEqual([0, expect.not.stringContaining('biomedparse:')]);
  return JSON.parse(answer.stdout);
}
const on = (command: string, input: string, ...rest: string[]) =>
  call(command, path(input), '--out', path('out'), '--json', ...rest);

describe('--false-alarms', () => {
  it.each(['scan.png', 'slabs.nii.gz'])('decides what is found in %s', async (input) => {
    const found = async (...rate: string[]) =>
      (await on('segment', input, '-p', 'liver', ...rate)).results[0].prompts[0].present;
    expect([await found(), await found('--false-alarms', '0.1'), await found('--false-alarms', '0.2')]).toEqual([
      ...[false, false, true],
    ]);
  });

  it('decides what detect and recognize find', async () => {
    const instances = async (...rate: string[]) =>
      (await on('detect', 'scan.png', '-p', 'liver', ...rate)).results[0].prompts[0].instances.length;
    expect([await instances(), await instances('--false-alarms', '0.2')]).toEqual([0, 2]);
    const view = ['--modality', 'CT', '--site', 'abdomen'];
    const objects = async (...rate: string[]) =>
      (await on('recognize', 'scan.png', ...view, ...rate)).results[0].objects.length;
    expect(await objects()).toBe(0);
    expect(await objects('--false-alarms', '0.2')).toBeGreaterThan(0);
  });
});

describe('detect', () => {
  it('leaves out instances smaller than --least-px', async () => {
    const areas = async (...least: string[]) =>
      (
        await on('detect', 'scan.png', '-p', 'liver', '--false-alarms', '0.2', ...least)
      ).results[0].prompts[0].instances.map(({ area_px }: { area_px: number }) => area_px);
    const all = await areas();
    expect(all).toHaveLength(2);
    expect(await areas('--least-px', String(Math.min(...all) + 1))).toEqual([Math.max(...all)]);
  });
});

describe('volumes', () => {
  it('fill holes and keep the largest part where it is asked, and say so in the receipt', async () => {
    const run = async (...options: string[]) => {
      const rate = ['--false-alarms', '0.2', '--smooth', '0'];
      const [{ prompts, receipt }] = (await on('segment', 'slabs.nii.gz', '-p', 'liver', ...rate, ...options)).results;
      const { fill_holes, largest_component } = JSON.parse(readFileSync(receipt, 'utf8')).settings;
      return { ...prompts[0], settings: [fill_holes, largest_component] };
    };
    const plain = await run();
    const filled = await run('--fill-holes');
    const largest = await run('--fill-holes', '--largest-component');
    expect([plain, filled, largest].map(({ settings }) => settings)).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
    expect(filled.voxels).toBeGreaterThan(plain.voxels);
    expect(largest.voxels).toBeLessThan(filled.voxels);
    expect([plain.parts, largest.parts]).toEqual([undefined, 2]);
  });
});

describe('evaluate', () => {
  it('asks the subjects alone that --hold-out leaves out of training', async () => {
    const images = Array.from({ length: 20 }, (_, i) => ({
      ...{ name: `p${i}_CT_abdomen`, width: 96, height: 80, masks: { liver: isBright } },
      pixel: (x: number, y: number) => [isBright(x, y) ? 255 : 0],
    }));
    await writeSplit(path('data'), 'made-up', 'train', images);
    const masks = async (...part: string[]) =>
      (await call('evaluate', path('data'), '--split', 'train', ...part, '--json')).sets[0].n;
    const [all, half] = [await masks(), await masks('--hold-out', '0.5')];
    expect(all).toBe(20);
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(20);
  });
});
