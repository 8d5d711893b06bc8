/** `data build` as a whole: what it refuses, what it leaves out and says so, splits, names, derived targets, and going on after any end. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildSet } from '../src/curate/build/build.ts';
import { openDataset } from '../src/dataset/layout.ts';
import { encodeNifti } from '../src/formats/nifti.ts';
import type { Volume } from '../src/image/volume.ts';
import { createRandom } from '../src/util/random.ts';
import { callCli } from './helpers/cli.ts';
import { buildTree, digitsPng, HEAD, png, temporaryFolder, writeTree } from './helpers/sources.ts';

const PAIRS = `${HEAD}parts:
  - images: images/{id}.png
    masks:
      - {file: 'masks/{id}.png', reader: labels, labels: {1: brain tumor, 2: edema}}
`;
const rows = ['0123', '4567', '8901', '2345'];
let image: Uint8Array;
let mask: Uint8Array;
beforeAll(async () => {
  image = await digitsPng(rows, 20);
  mask = await digitsPng(['0100', '0120', '0000', '0000']);
});

/** All files of a folder with their bytes' hash. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return Object.fromEntries(Object.entries(found).sort());
}

describe('what a build makes', () => {
  it('can be read as a data set', async () => {
    const built = await buildTree(
      PAIRS,
      { 'images/a.png': image, 'masks/a.png': mask, 'images/b.png': image, 'masks/b.png': mask },
      4,
    );
    const dataset = await openDataset(join(built.folder, '..'), { split: 'train' });
    expect(dataset.items.map(({ name, targets }) => [name, targets.map(({ target }) => target)])).toEqual([
      ['demo-a_MRI_brain', ['brain tumor', 'edema']],
      ['demo-b_MRI_brain', ['brain tumor', 'edema']],
    ]);
    expect(await built.grey('-a_')).toEqual(rows.flatMap((row) => [...row].map((digit) => Number(digit) * 20)));
    const about = JSON.parse(await readFile(join(built.folder, 'dataset.json'), 'utf8'));
    expect(about).toMatchObject({
      ...{ name: 'demo', title: 'A demonstration', licence: 'none', size: 4 },
      annotation: { MRI_brain: { exhaustive: ['brain tumor', 'edema'], partial: [] } },
      subjects: { train: { 'demo-a_MRI_brain': 'images/a', 'demo-b_MRI_brain': 'images/b' }, test: {} },
      counts: { images: { train: 2, test: 0 }, masks: { 'brain tumor': 2, edema: 2 } },
    });
    expect((await readdir(built.folder)).sort()).toEqual([
      '.build',
      'build.jsonl',
      'dataset.json',
      'train',
      'train_mask',
    ]);
  });

  it('pads to a square without moving a pixel', async () => {
    const files = {
      'images/a.png': await digitsPng(['11', '22', '33', '44']),
      'masks/a.png': await digitsPng(['10', '00', '00', '02']),
    };
    const built = await buildTree(PAIRS, files, 4);
    expect(built.images[0].inner).toEqual({ left: 1, top: 0, width: 2, height: 4 });
    expect(await built.mask('brain tumor')).toEqual(['0100', '0000', '0000', '0000']);
    expect(await built.mask('edema')).toEqual(['0000', '0000', '0000', '0010']);
    expect(await built.grey()).toEqual([0, 1, 1, 0, 0, 2, 2, 0, 0, 3, 3, 0, 0, 4, 4, 0]);
  });

  it('unions, differences, intersections, sides, and what lies outside of its holder', async () => {
    const yaml = `${PAIRS}    derive:
      brain lesion: {union: [brain tumor, edema]}
      tumor core: {difference: [brain lesion, edema]}
      white matter: {intersection: [brain lesion, edema]}
      left hippocampus: {left: brain tumor}
      right hippocampus: {right: brain tumor}
    targets: {edema: {inside: brain tumor, write: true}, white matter: {write: false}}
`;
    const labels = await digitsPng(['1101', '1001', '0220', '0000']);
    const built = await buildTree(yaml, { 'images/a.png': image, 'masks/a.png': labels }, 4);
    expect(await built.mask('brain lesion')).toEqual(['1101', '1001', '0110', '0000']);
    expect(await built.mask('tumor core')).toEqual(['1101', '1001', '0000', '0000']);
    // the patient's left is on the right of the picture
    expect(await built.mask('left hippocampus')).toEqual(['0001', '0001', '0000', '0000']);
    expect(await built.mask('right hippocampus')).toEqual(['1100', '1000', '0000', '0000']);
    const [{ masks, notes }] = built.images;
    expect(masks.map(({ target, from }) => [target, from])).toEqual([
      ['brain tumor', 'mask'],
      ['edema', 'mask'],
      ['brain lesion', 'union'],
      ['tumor core', 'difference'],
      ['left hippocampus', 'left'],
      ['right hippocampus', 'right'],
    ]);
    expect(notes).toEqual(['2 of 2 pixels of edema lie outside of brain tumor']);
    const joined = await buildTree(
      yaml,
      { 'images/a.png': image, 'masks/a.png': await digitsPng(['1111', '0000', '0000', '0000']) },
      4,
    );
    expect(joined.images[0].unknown).toEqual(['left hippocampus', 'right hippocampus']);
    expect(joined.images[0].notes[0]).toContain('a part of 4 voxels lies on both sides of the middle');
  });

  it('tells absent from unknown', async () => {
    const yaml = PAIRS.replace(
      'annotation: exhaustive',
      'annotation: partial\ntargets: {brain tumor: {annotation: exhaustive}, edema: {least: 2}}',
    );
    const files = {
      ...{ 'images/a.png': image, 'masks/a.png': mask },
      ...{ 'images/b.png': image, 'masks/b.png': await digitsPng(['0000', '0000', '0000', '0000']) },
    };
    const built = await buildTree(yaml, files, 4);
    expect(built.images.map(({ absent, unknown, notes }) => ({ absent, unknown, notes }))).toEqual([
      { absent: [], unknown: ['edema'], notes: ['edema of 1 pixels is under the least of 2'] },
      { absent: ['brain tumor'], unknown: ['edema'], notes: [] },
    ]);
    expect(JSON.parse(await readFile(join(built.folder, 'dataset.json'), 'utf8')).annotation).toEqual({
      MRI_brain: { exhaustive: ['brain tumor'], partial: ['edema'] },
    });
  });
});

describe('splits', () => {
  const many = async (): Promise<Record<string, Uint8Array>> =>
    Object.fromEntries(
      Array.from({ length: 24 }, (_, i) => [
        [`images/p${i % 12}_${i}.png`, image],
        [`masks/p${i % 12}_${i}.png`, mask],
      ]).flat() as [string, Uint8Array][],
    );
  const subjects = PAIRS.replaceAll('{id}', '{subject}_{n:digits}').replace('split: train\n', 'split: {test: 0.3}\n');

  it('keep a subject on one side, the same each time and when others are added', async () => {
    const all = await many();
    const side = async (files: Record<string, Uint8Array>): Promise<Record<string, string>> =>
      Object.fromEntries((await buildTree(subjects, files, 4)).images.map(({ subject, split }) => [subject, split]));
    const whole = await side(all);
    const few = await side(Object.fromEntries(Object.entries(all).filter(([name]) => /p[0-5]_/.test(name))));
    expect(new Set(Object.values(whole))).toEqual(new Set(['train', 'test']));
    for (const [subject, split] of Object.entries(few)) expect([subject, whole[subject]]).toEqual([subject, split]);
  });

  it('official: from the path, and from a list; a subject on both sides is refused', async () => {
    const yaml = PAIRS.replace('images/{id}.png', "'{part}/images/{id}.png'").replace(
      'masks/{id}',
      '{part}/masks/{id}',
    );
    const split = 'split: {capture: part, train: [training], test: ["test*"], leave: [other]}\n';
    const files = Object.fromEntries(
      ['training', 'testing', 'other'].flatMap((part) => [
        [`${part}/images/a.png`, image],
        [`${part}/masks/a.png`, mask],
      ]),
    );
    const built = await buildTree(yaml.replace('split: train\n', split), files, 4);
    expect(built.images.map(({ image: name }) => name)).toEqual([
      'test/demo-testing-a_MRI_brain.png',
      'train/demo-training-a_MRI_brain.png',
    ]);
    expect(built.records[0]).toMatchObject({ kind: 'dropped', reason: 'its split is left out' });
    const unknown = yaml.replace('split: train\n', 'split: {capture: part, train: [training], test: [testing]}\n');
    await expect(buildTree(unknown, files, 4)).rejects.toThrow(
      'parts[0].split: "other" of {part} is in none of train, test and leave',
    );
    const both = yaml.replace('split: train\n', `${split}subject: '{id}'\n`);
    await expect(buildTree(both, files, 4)).rejects.toThrow(
      'parts[0].split: subject a is on both sides: testing/images/a.png is test, training/images/a.png is train',
    );
    const listed = subjects.replace('split: {test: 0.3}', 'split: {list: official.txt}');
    const sides = await buildTree(
      listed,
      { ...(await many()), 'official.txt': 'p3\np7\n' as unknown as Uint8Array },
      4,
    );
    const test = sides.images.filter((one) => one.split === 'test').map(({ subject }) => subject);
    expect(new Set(test)).toEqual(new Set(['p3', 'p7']));
  });
});

describe('what is refused', () => {
  const nifti = (size: [number, number, number], origin = 0): Buffer =>
    Buffer.concat(
      encodeNifti({
        ...{ size, spacing: [1, 1, 1], origin: [origin, 0, 0], identifiers: {}, channels: 1 as const },
        direction: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
        data: new Int16Array(size[0] * size[1] * size[2]).fill(1),
      }),
    );
  const volumes = PAIRS.replaceAll('.png', '.nii');

  it.each([
    [
      'patterns that match nothing',
      PAIRS.replace('images/{id}', 'image/{id}'),
      'parts[0].images: "image/{id}.png" matches nothing in',
    ],
    [
      'masks that match nothing',
      PAIRS.replace('masks/{id}', 'mask/{id}'),
      'parts[0].masks[0].file: "mask/{id}.png" matches nothing in',
    ],
    [
      'two images of one name',
      PAIRS.replace('split: train', 'split: train\nid: same'),
      'images/b.png and images/a.png would be named "demo-same"',
    ],
    [
      'a wrong checksum',
      PAIRS.replace('split: train', `split: train\nchecksums: {images/a.png: ${'0'.repeat(64)}}`),
      "checksums.images/a.png: the file's SHA-256 is",
    ],
    [
      'a capture that is no site',
      PAIRS.replace('site: brain', "site: '{id}'"),
      'parts[0].site: images/a.png: Unknown site "a"',
    ],
  ])('before anything is written: %s', async (_, yaml, message) => {
    const files = { 'images/a.png': image, 'images/b.png': image, 'masks/a.png': mask, 'masks/b.png': mask };
    await expect(buildTree(yaml, files, 4)).rejects.toThrow(message);
  });

  it('labels that are not in the map, by file and value', async () => {
    const files = {
      'images/a.png': image,
      'masks/a.png': await digitsPng(['0007', '0000', '0000', '0000']),
      'images/b.png': image,
      'masks/b.png': mask,
    };
    const built = await buildTree(PAIRS, files, 4);
    expect(built.summary.failures).toEqual([
      'images/a.png: masks/a.png: label "7" is not in parts[0].masks[0].labels; there are: 1, 2',
    ]);
    expect(built.images.map(({ subject }) => subject)).toEqual(['images/b']);
    await expect(buildTree(PAIRS, files, 4, { strict: true })).rejects.toThrow(
      'demo: images/a.png: masks/a.png: label "7"',
    );
  });

  it.each([
    [
      'another size',
      PAIRS,
      'a.png',
      async () => [image, await digitsPng(['01', '00'])],
      'masks/a.png: it has 2 x 2 pixels, its image 4 x 4',
    ],
    [
      'another number of slices',
      volumes,
      'a.nii',
      async () => [nifti([4, 4, 3]), nifti([4, 4, 2])],
      'masks/a.nii: it has 4 x 4 x 2 voxels, its image 4 x 4 x 3',
    ],
    [
      'another place',
      volumes,
      'a.nii',
      async () => [nifti([4, 4, 3]), nifti([4, 4, 3], 1)],
      'masks/a.nii: it lies 1.00 voxels from its image along axis 0',
    ],
    [
      'a truncated volume',
      volumes,
      'a.nii',
      async () => [nifti([4, 4, 3]).subarray(0, 400), nifti([4, 4, 3])],
      'images/a.nii is not a usable NIfTI file: it has 400 bytes, 448 are needed (truncated?)',
    ],
    [
      'a truncated mask',
      PAIRS,
      'a.png',
      async () => [image, mask.subarray(0, 60)],
      'images/a.png: cannot read masks/a.png: its PNG header is damaged or truncated',
    ],
    [
      'a coloured label map',
      PAIRS,
      'a.png',
      async () => [
        image,
        await png(
          Array.from({ length: 48 }, (_, i) => i),
          4,
          4,
          3,
        ),
      ],
      'masks/a.png: it is coloured (pixel 0: 0, 1, 2); the reader colour, or channel, is for such masks',
    ],
  ])('an image and a mask of %s', async (_, yaml, name, make, message) => {
    const [picture, labels] = await make();
    const built = await buildTree(yaml, { [`images/${name}`]: picture, [`masks/${name}`]: labels }, 4);
    expect(built.summary.failures).toHaveLength(1);
    expect(built.summary.failures[0]).toContain(message);
    expect(await readdir(built.folder)).not.toContain('train');
  });

  it('a folder that no build made, and one that cannot be written or read', async () => {
    const root = await temporaryFolder();
    await writeTree(root, {
      'source/images/a.png': image,
      'source/masks/a.png': mask,
      'r.yaml': PAIRS,
      'out/demo/mine.txt': 'mine',
    });
    const options = { source: join(root, 'source'), size: 4, workers: 1 };
    const recipe = join(root, 'r.yaml');
    await expect(buildSet(recipe, { ...options, out: join(root, 'out') })).rejects.toThrow(
      `${join(root, 'out/demo')} holds files that no build made; choose another --out`,
    );
    expect(await readdir(join(root, 'out/demo'))).toEqual(['mine.txt']);
    await expect(buildSet(recipe, { ...options, out: '/proc/nowhere' })).rejects.toThrow(
      'cannot write to /proc/nowhere/demo: ',
    );
    await expect(buildSet(recipe, { ...options, out: join(root, 'r.yaml') })).rejects.toThrow('cannot write to ');
    await expect(buildSet(recipe, { ...options, out: join(root, 'o'), source: join(root, 'nothing') })).rejects.toThrow(
      `cannot read the source folder ${join(root, 'nothing')}: no such file or folder`,
    );
  });

  it('images without a mask are left out, taken as empty, or refused', async () => {
    const files = { 'images/a.png': image, 'images/b.png': image, 'masks/a.png': mask };
    const dropped = await buildTree(PAIRS, files, 4);
    expect(dropped.records[1]).toMatchObject({
      kind: 'dropped',
      source: { image: 'images/b.png' },
      reason: 'no mask matches "masks/b.png"',
    });
    const empty = await buildTree(PAIRS.replace('reader: labels', 'missing: empty, reader: labels'), files, 4);
    expect(empty.images[1]).toMatchObject({ absent: ['brain tumor', 'edema'], masks: [] });
    const refused = await buildTree(PAIRS.replace('reader: labels', 'missing: refuse, reader: labels'), files, 4);
    expect(refused.summary.failures).toEqual(['images/b.png: no mask matches "masks/b.png"']);
  });

  it('counts that are not as expected are told, and refused when strict', async () => {
    const yaml = PAIRS.replace('split: train', 'split: train\nexpect: {images: 5}');
    const files = { 'images/a.png': image, 'masks/a.png': mask };
    expect((await buildTree(yaml, files, 4)).summary.notes).toEqual([
      'expect.images: the complete source has 5, here are 1',
    ]);
    await expect(buildTree(yaml, files, 4, { strict: true })).rejects.toThrow(
      'demo: expect.images: the complete source has 5, here are 1',
    );
  });
});

describe('the command line', () => {
  it('builds, says what it did, and fails where an image failed', async () => {
    const root = await temporaryFolder();
    await writeTree(root, {
      's/images/a.png': image,
      's/masks/a.png': mask,
      's/images/b.png': image,
      's/masks/b.png': new Uint8Array(3),
      'r.yaml': PAIRS,
    });
    const call = [
      'data',
      'build',
      join(root, 'r.yaml'),
      '--source',
      join(root, 's'),
      '--out',
      join(root, 'out'),
      '--size',
      '256',
      '--workers',
      '1',
    ];
    const { status, stdout, stderr } = await callCli(call);
    expect(status).toBe(1);
    expect(stdout).toBe(
      'demo: 1 training and 0 test images with 2 masks of 2 targets, from 2 files (0 built before); left out: 0 files, 0 slices without masks; failed: 1\n',
    );
    expect(stderr).toContain('demo: failed: images/b.png: cannot read masks/b.png: it is of an unknown format');
    const again = await callCli([...call, '--json']);
    expect(JSON.parse(again.stdout)[0]).toMatchObject({ set: 'demo', files: 2, reused: 1 });
    const strict = await callCli([...call, '--strict']);
    expect([strict.status, strict.stdout, strict.stderr]).toEqual([
      ...[1, '', expect.stringMatching(/^biomedparse: .*masks\/b\.png/)],
    ]);
    expect(await callCli(['data', 'build', 'nothing', '--source', root, '--out', root])).toMatchObject({ status: 2 });
    expect((await callCli([...call, '--size', '100'])).stderr).toContain('Allowed choices are 256, 1024');
  });
});

describe('going on', () => {
  const SLICES = 6;
  const FILES = 12;
  const yaml = PAIRS.replaceAll('.png', '.nii').replace('split: train', 'split: {test: 0.3}');
  async function sourceOf(root: string): Promise<void> {
    const random = createRandom(5);
    const grid: Omit<Volume, 'data'> = {
      ...{ size: [64, 64, SLICES], spacing: [1, 1, 2], origin: [0, 0, 0], identifiers: {}, channels: 1 },
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    };
    for (let i = 0; i < FILES; i++) {
      const noise = Int16Array.from({ length: 64 * 64 * SLICES }, () => random.integer(1000));
      const labels = Uint8Array.from({ length: 64 * 64 * SLICES }, (_, at) => (at % 64 < 20 + i ? 1 : 2));
      await writeTree(root, {
        [`images/v${i}.nii`]: Buffer.concat(encodeNifti({ ...grid, data: noise })),
        [`masks/v${i}.nii`]: Buffer.concat(encodeNifti({ ...grid, data: labels })),
      });
    }
  }

  it('gives the same bytes again, with more workers, and after a change of the recipe and back', async () => {
    const root = await temporaryFolder();
    await sourceOf(join(root, 's'));
    const recipe = join(root, 'r.yaml');
    const build = async (text: string, workers: number) => {
      await writeFile(recipe, text);
      return buildSet(recipe, { source: join(root, 's'), out: join(root, 'out'), size: 64, workers });
    };
    const first = await build(yaml, 1);
    const before = await hashes(join(root, 'out'));
    expect([first.images.train + first.images.test, first.reused]).toEqual([FILES * SLICES, 0]);
    expect((await build(yaml, 1)).reused).toBe(FILES);
    expect(await hashes(join(root, 'out'))).toEqual(before);
    await rm(join(root, 'out/demo/train'), { recursive: true });
    const mended = await build(yaml, 2);
    expect(mended.reused).toBeLessThan(FILES);
    expect(await hashes(join(root, 'out'))).toEqual(before);
    const changed = await build(yaml.replace('2: edema', '2: null'), 2);
    expect(changed.masks).toEqual({ 'brain tumor': FILES * SLICES });
    expect(Object.keys(await hashes(join(root, 'out'))).some((name) => name.includes('edema'))).toBe(false);
    await build(yaml, 2);
    expect(await hashes(join(root, 'out'))).toEqual(before);
  });

  it('gives the same bytes after being killed at any moments', async () => {
    const root = await temporaryFolder();
    await sourceOf(join(root, 's'));
    const recipe = join(root, 'r.yaml');
    await writeFile(recipe, yaml);
    const program = join(import.meta.dirname, '../dist/cli/main.js');
    const start = (out: string) =>
      spawn(
        process.execPath,
        [
          program,
          'data',
          'build',
          recipe,
          '--source',
          join(root, 's'),
          '--out',
          join(root, out),
          '--size',
          '256',
          '--workers',
          '2',
        ],
        { stdio: 'ignore' },
      );
    const ended = (child: ReturnType<typeof start>): Promise<number | null> =>
      new Promise((done) => child.on('exit', (code) => done(code)));
    expect(await ended(start('whole'))).toBe(0);
    const random = createRandom(9);
    await mkdir(join(root, 'killed'));
    const written = (): number =>
      readdirSync(join(root, 'killed'), { recursive: true }).filter((name) => String(name).endsWith('.png')).length;
    // not by the clock: after some more files each time, however fast the machine is
    let kills = 0;
    for (let i = 0; i < 6; i++) {
      const wanted = written() + 1 + random.integer(FILES * SLICES);
      const child = start('killed');
      const end = ended(child);
      const timer = setInterval(() => written() >= wanted && child.kill('SIGKILL'), 5);
      if ((await end) === null) kills++;
      clearInterval(timer);
    }
    expect(kills).toBeGreaterThan(0);
    const last = await buildSet(recipe, { source: join(root, 's'), out: join(root, 'killed'), size: 256, workers: 2 });
    expect(last.reused).toBeGreaterThan(0);
    const same = async (folder: string): Promise<Record<string, string>> => hashes(join(root, folder));
    expect(await same('killed')).toEqual(await same('whole'));
  });
});
