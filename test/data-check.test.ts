import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../src/cli/run.ts';
import { areaOutliers } from '../src/curate/check/outliers.ts';
import { subjectOf } from '../src/dataset/subjects.ts';
import { writeMaskPng, writePng } from '../src/formats/raster.ts';
import type { Image } from '../src/image/types.ts';
import { createRandom } from '../src/util/random.ts';
import { callCli } from './helpers/cli.ts';

const SIDE = 96;
let root: string;

/** Blobs of many sizes; another seed is another picture. */
function picture(seed: number): Image {
  const random = createRandom(seed);
  const data = new Uint8Array(SIDE * SIDE).fill(90);
  for (let blob = 0; blob < 40; blob++) {
    const [x, y, r, v] = [random.integer(SIDE), random.integer(SIDE), 3 + random.integer(12), random.integer(256)];
    for (let j = 0; j < SIDE; j++)
      for (let i = 0; i < SIDE; i++) if ((i - x) ** 2 + (j - y) ** 2 < r * r) data[j * SIDE + i] = v;
  }
  return { data, width: SIDE, height: SIDE, channels: 1 };
}

function mirrored(image: Image): Image {
  const data = image.data.map((_, i) => image.data[i - (i % SIDE) + SIDE - 1 - (i % SIDE)]);
  return { ...image, data: data as Uint8Array };
}

async function add(
  split: string,
  name: string,
  image: Image,
  set = 'one',
  pixels = 100,
  side = SIDE,
  target = 'liver',
) {
  await mkdir(join(root, set, split), { recursive: true });
  await mkdir(join(root, set, `${split}_mask`), { recursive: true });
  await writePng(join(root, set, split, `${name}_CT_abdomen.png`), image);
  const data = new Uint8Array(side * side).fill(1, 0, pixels);
  await writeMaskPng(join(root, set, `${split}_mask`, `${name}_CT_abdomen_${target}.png`), {
    data,
    width: side,
    height: side,
  });
}

async function check(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await run(['data', 'check', root, ...argv], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    terminal: false,
    loadModel: () => Promise.reject(new Error('no model is needed')),
    signal: new AbortController().signal,
  });
  return { status, out: out.join(''), err: err.join('') };
}

async function kinds(): Promise<string[]> {
  const { out } = await check('--json');
  return (JSON.parse(out) as { problems: { kind: string }[] }).problems.map(({ kind }) => kind);
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'biomedparse-check-'));
  for (let i = 1; i <= 4; i++) await add(i < 4 ? 'train' : 'test', `p${i}-z1`, picture(i));
});

describe('data check', () => {
  test('finds nothing in a clean folder', async () => {
    expect(await check()).toEqual({
      status: 0,
      err: expect.stringMatching(/^4 of 4 images, .*\n4 of 4 images compared, .*\n$/),
      out: '1 sets, 4 images (0 without a mask), 4 masks: 0 errors, 0 warnings\n',
    });
  });

  test.each<[string, string, () => Promise<unknown>]>([
    [
      'a mask without its image',
      'missing image',
      () => writeFile(join(root, 'one/train_mask/x_CT_abdomen_liver.png'), ''),
    ],
    ['an empty mask', 'empty mask', () => add('train', 'p9', picture(9), 'one', 0)],
    ['a mask of another size', 'size', () => add('train', 'p9', picture(9), 'one', 30, 48)],
    ['a bad name', 'name', () => writeFile(join(root, 'one/train/x.png'), '')],
    ['an image that cannot be read', 'unreadable', () => writeFile(join(root, 'one/train/x_CT_abdomen.png'), 'no')],
    ['a subject in both splits', 'subject in two splits', () => add('test', 'p1-z7', picture(9))],
    ['a picture in both splits', 'duplicate across splits', () => add('test', 'p9', picture(1))],
    ['a mirrored picture in both splits', 'duplicate across splits', () => add('test', 'p9', mirrored(picture(1)))],
    ['bad JSON', 'unreadable', () => writeFile(join(root, 'one/dataset.json'), '{')],
  ])('%s is an error', async (_, kind, spoil) => {
    await spoil();
    expect(await kinds()).toEqual([kind]);
    const { status, out } = await check();
    expect(status).toBe(1);
    expect(out).toMatch(new RegExp(`^error: ${kind}: .*\\n.*1 errors, 0 warnings`));
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ['a picture in another set', 'duplicate', () => add('train', 'p9', picture(1), 'two')],
    ['an unknown target', 'unknown target', () => add('train', 'p9', picture(9), 'one', 100, SIDE, 'xyz')],
  ])('%s is a warning', async (_, kind, spoil) => {
    await spoil();
    expect(await kinds()).toEqual([kind]);
    expect((await check()).status).toBe(0);
  });

  test('subjects of dataset.json go before names', async () => {
    const train = { 'p1-z1_CT_abdomen': 'A' };
    const test = { 'p4-z1_CT_abdomen': 'A' };
    await writeFile(join(root, 'one/dataset.json'), JSON.stringify({ subjects: { train, test } }));
    expect(await kinds()).toEqual(['subject in two splits']);
  });

  test('slices of one subject may be alike', async () => {
    await add('train', 'p1-z2', picture(1));
    expect(await kinds()).toEqual([]);
  });

  test('finds in shards what it finds in the folder', async () => {
    await add('test', 'p8', mirrored(picture(1)));
    await add('train', 'p9', picture(9), 'one', 0);
    await add('train', 'p1-z9', picture(10), 'two', 100, SIDE, 'xyz');
    await add('test', 'p1-z8', picture(11));
    const found = async () => {
      const { problems, root: _, ...counts } = JSON.parse((await check('--json')).out);
      const told = problems.map(({ kind, set }: { kind: string; set: string }) => `${set} ${kind}`).sort();
      return { ...counts, problems: told };
    };
    const inFolder = await found();
    expect(inFolder.problems).toEqual([
      ...['one duplicate across splits', 'one empty mask', 'one subject in two splits', 'two unknown target'],
    ]);
    const out = join(root, 'shards');
    expect((await callCli(['data', 'export', root, '--out', out, '--shards', '3'])).status).toBe(0);
    root = out;
    expect(await found()).toEqual(inFolder);
    const { out: lines } = await check('--keep', 'test');
    expect(lines).toMatch(/error: empty mask: .*train-00000\d\.tar.00000\d\.0\.png: no pixel of the mask is set\n/);
    expect(await readFile(join(root, 'leave-out.txt'), 'utf8')).toMatch(/one\/train\/p1-z1_CT_abdomen # also in test/);
    expect((await found()).problems).toEqual(['one empty mask', 'two unknown target']);
  });

  test('reports what cannot be read in shards, and goes on', async () => {
    const out = join(root, 'shards');
    await callCli(['data', 'export', root, '--out', out, '--shards', '9']);
    const tar = join(out, 'train-000000.tar');
    const bytes = await readFile(tar);
    await writeFile(tar, bytes.fill(0, 512, 600));
    root = out;
    expect(await kinds()).toEqual(['unreadable']);
    await writeFile(tar, bytes.subarray(0, 512));
    expect(await check()).toMatchObject({ status: 1, err: expect.stringMatching(/512 bytes, shards\.jsonl says/) });
  });

  test('a folder without data sets is refused', async () => {
    root = await mkdtemp(join(tmpdir(), 'biomedparse-check-'));
    expect(await check()).toMatchObject({ status: 1, err: expect.stringMatching(/no data set in it/) });
  });
});

test('areas far from the others are outliers, in a group that is large enough', () => {
  const areas = [...Array.from({ length: 12 }, (_, i) => ({ fraction: 0.1 + i / 1000 })), { fraction: 0.9 }];
  expect(areaOutliers(areas)).toEqual([{ fraction: 0.9 }]);
  expect(areaOutliers(areas.slice(-5))).toEqual([]);
});

test('subjects as names tell them', () => {
  expect(subjectOf('patient001-frame01-slice00_MRI_heart')).toBe('patient001');
  expect(subjectOf('kits10038-z68_CT_abdomen')).toBe('kits10038');
  expect(subjectOf('cvc-178_endoscope_colon')).toBe(null);
});
