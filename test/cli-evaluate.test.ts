/** `biomedparse evaluate` on a data folder made here and the fake network, whose answers are known. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMaskPng, writePng } from '../src/formats/raster.ts';
import { mayShow } from '../src/ontology/index.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';

let root: string;

/** A square of ones in the middle of 64 x 64 zeros. */
function square(): Uint8Array {
  const data = new Uint8Array(64 * 64);
  for (let y = 16; y < 48; y++) data.fill(1, y * 64 + 16, y * 64 + 48);
  return data;
}

/**
 * One set of 6 images of a bright square: "lung" on five (the square), "absent nodule" on the first (the square too, but
 * the fake network says "absent" to it), an empty mask of "absent nodule" on the second, no mask on the sixth.
 */
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-evaluate-'));
  const size = { width: 64, height: 64 };
  for (const folder of ['test', 'test_mask']) mkdirSync(join(root, 'made-up', folder), { recursive: true });
  for (let i = 1; i <= 6; i++) {
    const data = square().map((value) => value * 255);
    await writePng(join(root, 'made-up', 'test', `p${i}_CT_chest.png`), { data, ...size, channels: 1 });
    const mask = (target: string) => join(root, 'made-up', 'test_mask', `p${i}_CT_chest_${target}.png`);
    if (i <= 5) await writeMaskPng(mask('lung'), { data: square(), ...size });
    if (i === 1) await writeMaskPng(mask('absent+nodule'), { data: square(), ...size });
    if (i === 2) await writeMaskPng(mask('absent+nodule'), { data: new Uint8Array(64 * 64), ...size });
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function evaluate(...argv: string[]) {
  const { model, calls } = fakeModel();
  return { ...(await callCli(['evaluate', root, ...argv], { loadModel: async () => model })), calls };
}

describe('evaluate', () => {
  it('reports Dice per set and target, presence and speed as JSON', async () => {
    const { status, stdout, calls } = await evaluate('--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    const common = { set: 'made-up', modality: 'CT', site: 'chest' };
    expect(report.sets).toHaveLength(2);
    const [nodule, lung] = report.sets;
    expect(nodule).toMatchObject({ ...common, target: 'absent nodule', n: 1, dice_mean: 0, dice_median: 0 });
    expect(nodule.dice_mean_ungated).toBeGreaterThan(0.9);
    expect(lung).toMatchObject({ ...common, target: 'lung', n: 5 });
    expect(lung.dice_mean).toBeGreaterThan(0.9);
    expect(lung.dice_mean).toBeLessThan(1);
    expect(report.mean_dice).toBe(lung.dice_mean); // the other pair has fewer than 5 masks
    expect(report.mean_dice_all_pairs).toBeCloseTo(lung.dice_mean / 2, 5);
    expect(report.by_modality.CT).toBe(lung.dice_mean);
    expect(Object.keys(report.by_modality)).toHaveLength(9);
    expect(report.images_per_second).toBeGreaterThan(0);
    // 5 images say 0.98 and one 0.02 to what is there; one absent prompt of the set on images 2 to 6
    expect([report.images, report.present_prompts, calls.images]).toEqual([6, 6, 6]);
    expect(report.absent_prompts).toBe(5 + 6);
    expect(report.sensitivity).toBeCloseTo(5 / 6, 5);
    expect(report.empty_ground_truth).toMatch(/not in the Dice mean/);
    expect(calls.texts).toContain('lung in chest CT');
  });

  it('asks the same twice, and other absent objects under another seed', async () => {
    const asked = async (...argv: string[]) => (await evaluate('--json', ...argv)).calls.texts;
    expect(await asked()).toEqual(await asked());
    const others = await Promise.all([1, 2, 3, 4].map((seed) => asked('--seed', String(seed))));
    expect(new Set(others.map((texts) => texts.join())).size).toBeGreaterThan(1);
  });

  it('asks an image the same whatever else is evaluated', async () => {
    const all = (await evaluate('--json', '--seed', '3')).calls.texts;
    const some = (await evaluate('--json', '--seed', '3', '--limit', '3')).calls.texts;
    expect(some.length).toBeGreaterThan(3);
    for (const text of some) expect(all).toContain(text);
  });

  it('asks for absent objects that the image cannot show', async () => {
    const { calls } = await evaluate('--json');
    const others = calls.texts.filter((text) => !/^(lung|absent nodule) in chest CT$/.test(text));
    expect(others.length).toBeGreaterThan(0);
    for (const text of others) {
      const target = text.replace(/ in chest CT$/, '');
      expect(mayShow(target, 'CT', 'chest'), text).toBe(false);
    }
  });

  it('takes a limit per set and prints a table otherwise, progress on standard error', async () => {
    const { status, stdout, stderr, calls } = await evaluate('--limit', '2');
    expect([status, calls.images]).toEqual([0, 2]);
    expect(stdout).toMatch(/made-up +CT +chest +lung +2 /);
    expect(stdout).toMatch(/An empty ground truth is not in the Dice mean/);
    expect(stderr).toMatch(/2 of 2 images/);
  });

  it('scores the masks of another program', async () => {
    const masks = join(root, '..', `${basename(root)}-masks`);
    const score = (...argv: string[]) => callCli(['evaluate', root, '--predictions', masks, ...argv]);
    for (const [name, ...value] of [['--model', 'x'], ['--device', 'cpu'], ['--flips']]) {
      const { status, stderr } = await score(name, ...value);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/'--predictions <dir>' cannot be used with/)]);
    }
    try {
      expect((await score()).stderr).toMatch(/^biomedparse: there is no folder [^\n]*-masks\n$/);
      mkdirSync(masks);
      expect((await score()).stderr).toMatch(/named as a data set; allowed: made-up\n$/);
      cpSync(join(root, 'made-up', 'test_mask'), join(masks, 'made-up'), { recursive: true });
      rmSync(join(masks, 'made-up', 'p3_CT_chest_lung.png'));
      const size = { width: 64, height: 64 };
      const lower = square().fill(0, 0, 32 * 64); // half of it: Dice 2/3, IoU 1/2
      await writeMaskPng(join(masks, 'made-up', 'p2_CT_chest_lung.png'), { data: lower, ...size });
      const report = JSON.parse((await score('--json')).stdout);
      expect(report.predictions).toBe(masks);
      const [nodule, lung] = report.sets;
      expect(nodule).toMatchObject({ target: 'absent nodule', dice_mean: 1, hd95_px: 0, surface_dice_mean: 1 });
      expect(lung.dice_mean).toBeCloseTo((3 + 2 / 3) / 5, 5);
      expect(lung.iou_mean).toBeCloseTo(3.5 / 5, 5);
      // the missing one is in no distance; the upper edge of the half one lies 16 pixels off
      expect(lung.hd95_px).toBeCloseTo(16 / 4, 5);
      expect(lung.dice_interval[0]).toBeLessThan(lung.dice_mean);
      expect(report.empty_masks).toBe(1);
      expect(report.false_alarm_rate).toBe(0);
      writeFileSync(join(masks, 'made-up', 'p1_CT_chest_lung.png'), 'no picture');
      expect((await score()).stderr).toMatch(/p1_CT_chest_lung\.png/);
      await writeMaskPng(join(masks, 'made-up', 'p1_CT_chest_lung.png'), {
        ...{ data: new Uint8Array(16).fill(1), width: 4, height: 4 },
      });
      expect((await score()).stderr).toMatch(/64 x 64, the image is 4 x 4/);
    } finally {
      rmSync(masks, { recursive: true, force: true });
    }
  });

  it('writes a page that needs nothing else', async () => {
    const file = join(root, '..', `${basename(root)}.html`);
    try {
      expect((await evaluate('--html', file)).status).toBe(0);
      const page = readFileSync(file, 'utf8');
      expect(page.match(/<svg /g)).toHaveLength(6); // by modality, by pair, four groups
      expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
      expect(page).toMatch(/best: lung, Dice 0\.9\d\d, p1_CT_chest/);
      expect(page).toMatch(/worst: absent nodule, Dice 0\.000, p1_CT_chest/);
      expect(page).toMatch(/default-src &#39;none&#39;/);
      expect(page).not.toMatch(/<script|(href|src)="(?!data:)/i);
      // refused before the work
      const { status, stderr, calls } = await evaluate('--html', join(file, 'page.html'));
      expect([status, calls.images, stderr]).toEqual([
        1,
        0,
        `biomedparse: cannot make ${file}: a file has this name\n`,
      ]);
      const made = join(root, 'pages', 'of-today', 'page.html');
      expect((await evaluate('--html', made)).status).toBe(0);
      expect(readFileSync(made, 'utf8')).toContain('<html');
    } finally {
      rmSync(file, { force: true });
    }
  });

  it('compares with another run', async () => {
    const file = join(root, '..', `${basename(root)}-run.json`);
    try {
      const run = JSON.parse((await evaluate('--json')).stdout);
      const worse = run.answers.map((one: { dice: number }) => ({ ...one, dice: one.dice / 2 }));
      writeFileSync(file, JSON.stringify({ ...run, answers: worse.slice(1) }));
      const { comparison } = JSON.parse((await evaluate('--json', '--against', file)).stdout);
      expect(comparison).toMatchObject({ n: 5, unpaired: 1, worse: 0 });
      expect(comparison.difference).toBeCloseTo(comparison.dice_mean_other, 5);
      expect((await evaluate('--against', file)).stdout).toMatch(/Against the other run/);
      for (const text of ['[', '{}', '{"answers": [{"set": 3}]}']) {
        writeFileSync(file, text);
        expect((await evaluate('--against', file)).stderr).toMatch(/run\.json is no/);
      }
    } finally {
      rmSync(file, { force: true });
    }
  });

  it('refuses a set that is not there, by name', async () => {
    const { status, stdout, stderr } = await evaluate('--sets', 'nothing');
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^biomedparse: [^\n]*nothing[^\n]*\n$/);
  });
});
