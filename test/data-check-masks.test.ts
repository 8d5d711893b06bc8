/** What `data check` says of masks that do not lie where their object is, of windows, and of what both splits have. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDataset } from '../src/dataset/index.ts';
import { createRandom } from '../src/util/random.ts';
import { callCli } from './helpers/cli.ts';
import { type MadeImage, writeSplit } from './helpers/dataset.ts';

const SIDE = 96;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-check-masks-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

type Place = (x: number, y: number) => readonly [number, number];
const stays: Place = (x, y) => [x, y];
const flipped: Place = (x, y) => [SIDE - 1 - x, y];
const moved: Place = (x, y) => [x - 12, y];

interface Made {
  readonly place?: (i: number) => Place;
  readonly tone?: (value: number, i: number) => number;
  readonly count?: number;
  readonly split?: 'train' | 'test';
  readonly first?: number;
}

/** Images with a bright oval off the middle on uneven ground; its mask lies where `place` puts it. */
async function make({ place = () => stays, tone = (v) => v, count = 12, split = 'train', first = 0 }: Made = {}) {
  const images = Array.from({ length: count }, (_, n): MadeImage => {
    const i = first + n;
    const random = createRandom(i + 1);
    const [cx, cy, rx, ry] = [24 + random.integer(12), 30 + random.integer(30), 12 + random.integer(6), 9];
    const inside = (x: number, y: number): boolean => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
    const waves = Array.from({ length: 6 }, () => [
      random.uniform(0.1, 0.5),
      random.uniform(0.1, 0.5),
      random.uniform(0, 6),
    ]);
    const ground = (x: number, y: number): number =>
      waves.reduce((sum, [a, b, c]) => sum + 5 * Math.sin(a * x + b * y + c), 80);
    return {
      ...{ name: `p${i}_CT_abdomen`, width: SIDE, height: SIDE },
      pixel: (x, y) => [Math.max(0, Math.min(255, tone(ground(x, y) + (inside(x, y) ? 90 : 0), i)))],
      masks: { liver: (x, y) => inside(...place(i)(x, y)) },
    };
  });
  await writeSplit(root, 'one', split, images);
}

interface Found {
  readonly kind: string;
  readonly file: string;
  readonly message: string;
}
async function problems(...argv: string[]): Promise<Found[]> {
  const { stdout } = await callCli(['data', 'check', root, '--json', ...argv]);
  return (JSON.parse(stdout) as { problems: Found[] }).problems;
}

describe('masks', () => {
  test('that lie on their objects are right', async () => {
    await make();
    expect(await problems()).toEqual([]);
  });

  test('that are all flipped', async () => {
    await make({ place: () => flipped });
    const [found, ...more] = await problems();
    expect(more).toEqual([]);
    expect(found).toMatchObject({ kind: 'flipped mask', file: join(root, 'one') });
    expect(found.message).toMatch(
      /^all 12 masks of "liver": its outline fits the image .* as well mirrored left-right$/,
    );
  });

  test('that are all shifted', async () => {
    await make({ place: () => moved });
    const [found, ...more] = await problems();
    expect([found.kind, more]).toEqual(['shifted mask', []]);
    expect(found.message).toMatch(/moved \d+ % to the left/);
  });

  test('of which one is flipped', async () => {
    await make({ place: (i) => (i === 7 ? flipped : stays) });
    const [found, ...more] = await problems();
    expect(more).toEqual([]);
    expect(found).toMatchObject({ kind: 'flipped mask', file: expect.stringMatching(/p7_CT_abdomen_liver\.png$/) });
  });

  test('with several label values', async () => {
    await make();
    const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => i % 3);
    const file = join(root, 'one/train_mask/p1_CT_abdomen_spleen.png');
    await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(file);
    const message = '2 values beside 0 (1, 2); a mask has one';
    expect(await problems()).toEqual([expect.objectContaining({ kind: 'label values', file, message })]);
  });

  test('that are not there at all', async () => {
    await make();
    await make({ split: 'test', first: 20, count: 3 });
    rmSync(join(root, 'one/test_mask'), { recursive: true });
    expect(await problems()).toEqual([
      expect.objectContaining({ kind: 'missing masks', message: 'the images of test have no masks at all' }),
    ]);
  });
});

describe('windows', () => {
  test('that differ from those of the other images', async () => {
    await make({ tone: (value, i) => (i === 3 ? 10 * (value - 60) : value) });
    expect(await problems()).toEqual([
      expect.objectContaining({ kind: 'window', file: expect.stringMatching(/train\/p3_CT_abdomen\.png$/) }),
    ]);
  });

  test('in which nothing is to be seen', async () => {
    await make({ tone: (value, i) => (i === 3 ? 255 : value) });
    expect((await problems()).map(({ kind, message }) => [kind, message.slice(0, 19)])).toEqual([
      ['window', 'the picture is flat'],
    ]);
  });
});

describe('--keep', () => {
  const names = async (split: 'train' | 'test') => {
    const { items, leftOut } = await openDataset(root, { split });
    return { names: items.map(({ name }) => name.split('_')[0]), leftOut };
  };

  test.each(['train', 'test'] as const)('%s leaves copies out of the other split', async (keep) => {
    await make({ count: 12 });
    await make({ count: 3, split: 'test', first: 10 }); // p10 and p11 are in both
    expect((await problems()).map(({ kind }) => kind)).toEqual(['duplicate across splits', 'duplicate across splits']);
    const { stdout, status } = await callCli(['data', 'check', root, '--keep', keep]);
    expect(status).toBe(1);
    expect(stdout).toContain(`2 images that are also in ${keep} added to ${join(root, 'leave-out.txt')}`);
    const other = keep === 'train' ? 'test' : 'train';
    expect((await names(keep)).leftOut).toBe(0);
    const left = await names(other);
    expect(left.leftOut).toBe(2);
    expect(left.names).not.toContain('p10');
    expect(await problems()).toEqual([]);
  });

  test('keeps what people wrote, and refuses lines of another form', async () => {
    await make({ count: 4 });
    const list = join(root, 'leave-out.txt');
    writeFileSync(list, 'one/train/p1_CT_abdomen # blurred\n');
    await callCli(['data', 'check', root, '--keep', 'test']);
    expect(readFileSync(list, 'utf8')).toMatch(/^#.*\none\/train\/p1_CT_abdomen # blurred\n$/);
    expect((await names('train')).names).toEqual(['p0', 'p2', 'p3']);
    writeFileSync(list, 'p1\n');
    await expect(openDataset(root, { split: 'train' })).rejects.toThrow(
      /leave-out\.txt, line 1: "p1"; allowed: SET\/train\/NAME or SET\/test\/NAME/,
    );
  });
});
