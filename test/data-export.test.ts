import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { unpackTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadImages, openDataset } from '../src/dataset/index.ts';
import { storedMask, storedPixels } from '../src/dataset/store.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';
import { box, writeSplit, writeText } from './helpers/dataset.ts';

let root: string;
let out: string;
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'biomedparse-export-'));
  [root, out] = [join(folder, 'data'), join(folder, 'out')];
  const two = (x: number, y: number): boolean => box(0, 0, 2, 3)(x, y) || box(5, 1, 7, 2)(x, y);
  await writeSplit(root, 'one', 'train', [
    { name: 'p1-z1_MRI-T1_brain', width: 8, height: 6, masks: { 'brain tumor': two, hippocampus: box(3, 3, 4, 4) } },
    { name: 'p2-z1.5_MRI-T1_brain', width: 8, height: 6, masks: { hippocampus: box(1, 1, 8, 6) } },
  ]);
  await writeSplit(root, 'one', 'test', [{ name: 'p3_MRI-T1_brain', width: 8, height: 6, pixel: () => [200] }]);
  const annotation = { 'MRI-T1_brain': { exhaustive: ['brain tumor'], partial: ['hippocampus'] } };
  await writeText(join(root, 'one/dataset.json'), JSON.stringify({ licence: 'CC0', annotation }));
});
afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

const exported = (...argv: string[]) => callCli(['data', 'export', root, '--out', out, ...argv]);
const json = (name: string) => JSON.parse(readFileSync(join(out, name), 'utf8'));

describe('data export', () => {
  test('tells what is in an image, what is not, and what is not known', async () => {
    expect(await exported('--format', 'jsonl')).toMatchObject({
      status: 0,
      stdout: `3 images: 1 files in ${out}: images.jsonl\n`,
    });
    const lines = readFileSync(join(out, 'images.jsonl'), 'utf8').trim().split('\n');
    const [first, second, third] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      ...{ image: 'one/train/p1-z1_MRI-T1_brain.png', width: 8, height: 6, licence: 'CC0' },
      ...{ modality: 'MRI-T1', family: 'MRI', sequence: 'T1', site: 'brain', subject: 'p1', subject_from: 'file name' },
      ...{ absent: [], unknown: [] },
    });
    expect(first.present[0]).toEqual({
      ...{ target: 'brain tumor', concept: 'brain tumor', published: 'whole brain tumor' },
      mask: 'one/train_mask/p1-z1_MRI-T1_brain_brain+tumor.png',
      ...{ area: 8, box: [0, 0, 7, 3], instances_by: 'connected parts', sentences: [] },
      instances: [
        [0, 0, 2, 3],
        [5, 1, 7, 2],
      ],
    });
    const absent = [{ target: 'brain tumor', prompt: 'brain tumor in brain MRI-T1' }];
    expect(second).toMatchObject({ absent, unknown: [] });
    expect(third).toMatchObject({ split: 'test', present: [], absent, unknown: ['hippocampus'] });
  });

  test('writes COCO with an annotation per instance', async () => {
    await exported('--format', 'coco');
    expect(readdirSync(out)).toEqual(['test.json', 'train.json']);
    const { images, annotations, categories } = json('train.json');
    expect(categories.map(({ id, name }: { id: number; name: string }) => [id, name])).toEqual([
      [1, 'brain tumor'],
      [2, 'hippocampus'],
    ]);
    expect(images).toHaveLength(2);
    expect(annotations).toHaveLength(4);
    expect(annotations[1]).toMatchObject({
      ...{ id: 2, image_id: 1, category_id: 1, bbox: [5, 1, 2, 1], area: 2, iscrowd: 0 },
      segmentation: { size: [6, 8], counts: [31, 1, 5, 1, 10] },
    });
  });

  test('takes the instances that the source told apart', async () => {
    const file = 'train_mask/p1-z1_MRI-T1_brain_brain+tumor.png';
    const image = 'train/p1-z1_MRI-T1_brain.png';
    const instances = [[0, 0, 2, 2]];
    await writeText(
      join(root, 'one/build.jsonl'),
      JSON.stringify({ kind: 'image', image, masks: [{ file, instances }] }),
    );
    await exported('--format', 'coco', '--split', 'train');
    expect(json('train.json').annotations).toHaveLength(3);
    expect(json('train.json').annotations[0]).toMatchObject({ bbox: [0, 0, 7, 3], area: 8, instances: [[0, 0, 2, 2]] });
  });

  test('writes a Parquet row per image and target', async () => {
    await exported('--format', 'parquet');
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, 'manifest.parquet')) });
    expect(rows.map(({ image, target, state }) => [String(image).split('/')[2].slice(0, 2), target, state])).toEqual([
      ['p1', 'brain tumor', 'present'],
      ['p1', 'hippocampus', 'present'],
      ['p2', 'hippocampus', 'present'],
      ['p2', 'brain tumor', 'absent'],
      ['p3', 'brain tumor', 'absent'],
      ['p3', 'hippocampus', 'unknown'],
    ]);
    expect(rows[0]).toMatchObject({ area: 8, left: 0, bottom: 3, instance_count: 2, subject: 'p1', sequence: 'T1' });
    expect(rows[0].instances).toHaveLength(2);
    expect(rows[4]).toMatchObject({ area: null, mask: null });
  });

  test('gives the same bytes again', async () => {
    const call = ['--format', 'coco', '--format', 'jsonl', '--format', 'parquet', '--shards', '1'];
    const bytes = () =>
      [...readdirSync(out), 'one/dataset.json']
        .filter((name) => name !== 'one')
        .map((name) => [name, readFileSync(join(out, name)).toString('hex')]);
    await exported(...call);
    const first = bytes();
    expect(first).toHaveLength(4 + 4 + 1);
    rmSync(out, { recursive: true });
    await exported(...call);
    expect(bytes()).toEqual(first);
  });

  test.each([
    [[], 2, /nothing to write; needed: --format coco\|jsonl\|parquet or --shards <n>/],
    [['--format', 'xml'], 2, /--format "xml"; allowed: coco, jsonl, parquet/],
    [['--shards', '0'], 2, /allowed: a whole number from 1/],
    [['--format', 'jsonl', '--sets', 'two'], 2, /no data set two in .*; there are one/],
  ])('%j is refused', async (argv, status, message) => {
    const found = await exported(...argv);
    expect([found.status, found.stderr]).toEqual([status, expect.stringMatching(message)]);
  });
});

describe('shards', () => {
  test('are WebDataset samples', async () => {
    await exported('--shards', '2');
    const files = await unpackTar(readFileSync(join(out, 'train-000000.tar')));
    expect(files.map(({ header }) => header.name)).toEqual([
      ...['000000.png', '000000.0.png', '000000.1.png', '000000.json'],
      ...['000001.png', '000001.0.png', '000001.json'],
    ]);
    const facts = JSON.parse(Buffer.from(files[3].data as Uint8Array).toString('utf8'));
    expect(facts.members).toEqual({ 'brain tumor': '000000.0.png', hippocampus: '000000.1.png' });
  });

  test('are read for training like the folder that they were made of', async () => {
    await writeText(
      join(root, 'one/train.json'),
      JSON.stringify({
        annotations: [{ mask_file: 'p1-z1_MRI-T1_brain_hippocampus.png', sentences: [{ sent: 'the hippocampus' }] }],
      }),
    );
    await exported('--shards', '1');
    const pictures = async (from: string) => {
      const store = await loadImages(await openDataset(from, { split: 'train' }));
      const { groups, targetNames, targetCounts, sentences } = store;
      const images = store.images.map((image) => [
        [...storedPixels(store, image)],
        image.absent,
        image.masks.map((mask) => [mask.target, mask.sentences, [...storedMask(store, image, mask)]]),
      ]);
      return { groups, targetNames, targetCounts, sentences, images };
    };
    expect(await pictures(out)).toEqual(await pictures(root));
  });

  test('are evaluated like the folder that they were made of', async () => {
    await exported('--shards', '5');
    const figures = async (from: string) => {
      const { status, stdout } = await callCli(['evaluate', from, '--split', 'train', '--json'], {
        loadModel: async () => fakeModel().model,
      });
      const { seconds, images_per_second, ...rest } = JSON.parse(stdout);
      return { status, ...rest };
    };
    expect(await figures(out)).toEqual(await figures(root));
  });

  test('are exported like the folder that they were made of', async () => {
    const about = JSON.parse(readFileSync(join(root, 'one/dataset.json'), 'utf8'));
    const subjects = { train: { 'p1-z1_MRI-T1_brain': 'A' } };
    await writeText(join(root, 'one/dataset.json'), JSON.stringify({ ...about, subjects }));
    await exported('--shards', '2', '--format', 'coco');
    const again = join(out, 'again');
    await callCli(['data', 'export', out, '--out', again, '--shards', '2', '--format', 'coco']);
    const without = (from: string, file: string) =>
      JSON.parse(readFileSync(join(from, file), 'utf8'), (key, value) => (/^(mask_)?file/.test(key) ? null : value));
    for (const file of ['train.json', 'test.json', 'one/dataset.json']) {
      expect(without(again, file)).toEqual(without(out, file));
    }
    expect(without(again, 'train.json').images[0]).toMatchObject({ subject: 'A', subject_from: 'dataset.json' });
    const [{ mask_file }] = JSON.parse(readFileSync(join(again, 'train.json'), 'utf8')).annotations;
    expect(mask_file).toBe('train-000000.tar/000000.0.png');
    const pictures = async (from: string) => {
      // one after another, so that they lie in order
      const { slabs } = await loadImages(await openDataset(from, { split: 'train' }), { concurrency: 1 });
      return slabs.map((slab) => [...new Uint8Array(slab, 0, 1000)]);
    };
    expect(await pictures(again)).toEqual(await pictures(out));
  });

  test('know how large pixels are', async () => {
    const line = { kind: 'image', image: 'train/p1-z1_MRI-T1_brain.png', size: [16, 12], spacing: [0.5, 1] };
    await writeText(join(root, 'one/build.jsonl'), JSON.stringify({ ...line, inner: { width: 8, height: 6 } }));
    await exported('--shards', '2');
    const { items } = await openDataset(out, { split: 'train' });
    expect(items.map(({ spacing }) => spacing)).toEqual([[1, 2], undefined]);
  });

  test('leave out what leave-out.txt names, and stay whole when they are checked', async () => {
    await exported('--shards', '2');
    writeFileSync(join(out, 'leave-out.txt'), 'one/train/p2-z1.5_MRI-T1_brain\n');
    const { items, leftOut } = await openDataset(out, { split: 'train' });
    expect([items.map(({ name }) => name), leftOut]).toEqual([['p1-z1_MRI-T1_brain'], 1]);
  });

  test('have their labels harmonised like the folder', async () => {
    await exported('--shards', '2');
    const found = async (from: string) =>
      (await callCli(['data', 'harmonise', from, '--json', '--decisions', join(root, '../d.jsonl')])).stdout;
    expect(JSON.parse(await found(out))).toEqual(JSON.parse(await found(root)));
  });

  test.each<[string, () => void, RegExp]>([
    ['a shorter tar file', () => truncateSync(join(out, 'train-000000.tar'), 600), /has 600 bytes, shards\.jsonl says/],
    ['a missing tar file', () => rmSync(join(out, 'train-000000.tar')), /cannot read .*tar: no such file/],
    ['an index of another form', () => writeFileSync(join(out, 'shards.jsonl'), '{}\n'), /its first line is not/],
    [
      'a line of something else',
      () =>
        writeFileSync(join(out, 'shards.jsonl'), `${readFileSync(join(out, 'shards.jsonl'), 'utf8')}{"set":"one"}\n`),
      /shards\.jsonl, line 5: no image of these shards/,
    ],
    [
      'a place behind the end',
      () => {
        const text = readFileSync(join(out, 'shards.jsonl'), 'utf8');
        writeFileSync(join(out, 'shards.jsonl'), text.replace('"000000.0.png",', '"000000.0.png",9'));
      },
      /line 2: 000000\.0\.png lies behind the end of train-000000\.tar/,
    ],
    [
      'a set that is named by a path',
      () => {
        const text = readFileSync(join(out, 'shards.jsonl'), 'utf8');
        writeFileSync(join(out, 'shards.jsonl'), text.replaceAll('"one"', '"../one"'));
      },
      /line 1: "\.\.\/one" is no name of a set or tar file of this folder/,
    ],
  ])('%s is refused', async (_, spoil, message) => {
    await exported('--shards', '2');
    spoil();
    await expect(openDataset(out, { split: 'train' })).rejects.toThrow(message);
  });
});
