/** `biomedparse evaluate --recognition` and `--wordings` on a data folder made here and the fake network, which finds every bright pixel. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMaskPng, writePng } from '../src/formats/raster.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';

let folder: string;
let root: string;

/** Two fundus images of a bright square: it is optic disc and optic cup of the first, of the second the disc alone. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-recognition-'));
  root = join(folder, 'data');
  const size = { width: 64, height: 64 };
  const data = new Uint8Array(64 * 64);
  for (let y = 16; y < 48; y++) data.fill(1, y * 64 + 16, y * 64 + 48);
  for (const name of ['test', 'test_mask']) mkdirSync(join(root, 'eyes', name), { recursive: true });
  for (const [image, targets] of Object.entries({ p1: ['optic+disc', 'optic+cup'], p2: ['optic+disc'] })) {
    const file = `${image}_fundus_retinal`;
    const picture = { data: data.map((value) => value * 255), ...size, channels: 1 as const };
    await writePng(join(root, 'eyes', 'test', `${file}.png`), picture);
    for (const target of targets) {
      await writeMaskPng(join(root, 'eyes', 'test_mask', `${file}_${target}.png`), { data, ...size });
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = (...argv: string[]) =>
  callCli(['evaluate', root, ...argv], { loadModel: async () => fakeModel().model });

describe('evaluate --recognition', () => {
  it('reports precision, recall and F1 per image, and AP50 per target', async () => {
    const { status, stdout } = await evaluate('--recognition', '--json');
    expect(status).toBe(0);
    const { recognition: report, sets } = JSON.parse(stdout);
    expect(sets).toBeUndefined(); // no other part was asked for
    // first image: both right; second: the disc right, the cup wrong
    expect(report.given).toMatchObject({ precision: 0.75, recall: 1, right: 3, missed: 0, wrong: 1, refused: 0 });
    expect(report.given.f1).toBeCloseTo((1 + 2 / 3) / 2, 5);
    expect([report.images, report.guessed]).toEqual([2, null]);
    const [cup, disc] = report.targets;
    expect(cup).toMatchObject({ target: 'optic cup', present: 1, found: 1, absent: 1, wrong: 1, objects: 1 });
    expect(disc).toMatchObject({ target: 'optic disc', present: 2, found: 2, absent: 0, wrong: 0, objects: 2 });
    expect([cup.ap50, disc.ap50, report.ap50]).toEqual([0.5, 1, 0.75]); // two cups of one score, one of them real
  });

  it('prints tables otherwise', async () => {
    const { stdout } = await evaluate('--recognition', '--limit', '1');
    expect(stdout).toMatch(/eyes +optic cup +1 of 1 +0 +0 of 0 +1 +1\.000/);
    expect(stdout).toMatch(/Kind of image given: precision 1\.000, recall 1\.000, F1 1\.000/);
  });

  it('scores the masks of another program', async () => {
    const masks = join(folder, 'masks');
    cpSync(join(root, 'eyes', 'test_mask'), join(masks, 'eyes'), { recursive: true });
    rmSync(join(masks, 'eyes', 'p1_fundus_retinal_optic+cup.png'));
    const { stdout } = await evaluate('--recognition', '--predictions', masks, '--json');
    const { recognition: report, predictions } = JSON.parse(stdout);
    expect(predictions).toBe(masks);
    expect(report.given).toMatchObject({ precision: 1, recall: 0.75, right: 2, missed: 1, wrong: 0 });
    expect(report.ap50).toBe(0.5);
  });
});

describe('evaluate --wordings', () => {
  it('asks every target of every image in several wordings', async () => {
    const { stdout, stderr } = await evaluate('--wordings', '4', '--json');
    const { wordings: report } = JSON.parse(stdout);
    expect(stderr).toMatch(/2 of 2 images, /);
    // three objects in four wordings each, to all of which the network answers the same
    expect(report).toMatchObject({ wordings: 4, images: 2, prompts: 12, mean_spread: 0 });
    expect(report.pairs.map(({ target, images }: { target: string; images: number }) => [target, images])).toEqual(
      expect.arrayContaining([
        ['optic cup', 1],
        ['optic disc', 2],
      ]),
    );
    expect(report.pairs[0].dice_mean).toBeGreaterThan(0.9);
  });

  it('asks in ten wordings unless told, and prints a table', async () => {
    const { stdout } = await evaluate('--wordings', '--limit', '1');
    expect(stdout).toMatch(/eyes +optic disc +1 +0\.9\d\d +0\.000 +0\.000/);
    expect(stdout).toMatch(/up to 10 wordings/);
  });

  it('refuses one wording, and masks without a model', async () => {
    expect((await evaluate('--wordings', '1')).stderr).toMatch(/a whole number from 2 to 100/);
    expect((await evaluate('--wordings', '--predictions', folder)).stderr).toMatch(/cannot be used with option/);
  });
});

describe('evaluate with several parts', () => {
  it('does them in one run and puts them together, in JSON, text and page', async () => {
    const page = join(folder, 'page.html');
    const parts = ['--overlap', '--recognition', '--wordings', '3', '--html', page];
    const report = JSON.parse((await evaluate(...parts, '--json')).stdout);
    const alone = async (...part: string[]) => JSON.parse((await evaluate(...part, '--json')).stdout);
    expect(report.answers).toEqual((await alone()).answers);
    expect(report.recognition.targets).toEqual((await alone('--recognition')).recognition.targets);
    expect(report.wordings.pairs).toEqual((await alone('--wordings', '3')).wordings.pairs);
    const text = readFileSync(page, 'utf8');
    const titles = [...text.matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, title]) => title);
    expect(titles).toEqual(['Overlap and presence', 'Recognition and detection', 'Wordings']);
    expect(text).toMatch(/<td>eyes<\/td><td>optic cup<\/td><td>1 of 1<\/td><td>0<\/td><td>1 of 1<\/td>/);
    expect(text).toMatch(/<td>eyes<\/td><td>2<\/td><td>0\.750<\/td><td>1\.000<\/td><td>0\.833<\/td>/);
    expect(text).toContain(`<td>${report.wordings.pairs[0].worst_wording}</td>`);
    expect(text).not.toMatch(/<script|(href|src)="(?!data:)/i);
    const { stdout } = await evaluate('--overlap', '--recognition');
    expect(stdout.match(/Not a medical device/g)).toHaveLength(1);
    for (const title of titles.slice(0, 2)) expect(stdout).toContain(`${title}\n`);
    expect(stdout).not.toContain('Wordings\n');
  });

  it('encodes every image once for all of them', async () => {
    const { model, calls } = fakeModel();
    const parts = ['--overlap', '--recognition', '--wordings', '3'];
    expect((await callCli(['evaluate', root, ...parts], { loadModel: async () => model })).status).toBe(0);
    expect([calls.images, calls.freed]).toEqual([2, 2]);
  });

  it('compares runs by their overlap alone', async () => {
    const run = join(folder, 'run.json');
    const none = await evaluate('--recognition', '--against', run);
    expect([none.status, none.stderr]).toEqual([
      2,
      expect.stringContaining('--against compares overlap; give --overlap'),
    ]);
    writeFileSync(run, (await evaluate('--overlap', '--recognition', '--json')).stdout);
    const { stdout } = await evaluate('--overlap', '--recognition', '--against', run, '--json');
    expect(JSON.parse(stdout).comparison).toMatchObject({ n: 3, difference: 0 });
  });
});
