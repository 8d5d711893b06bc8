import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { box, writeSplit, writeText } from '../../test/helpers/dataset.ts';
import { openDataset } from './layout.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-layout-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const small = { width: 4, height: 4 };
const inside = box(0, 0, 2, 2);

async function writeTree(): Promise<void> {
  await writeSplit(root, 'b-set', 'train', [
    { name: 'two_2_MRI-T1_brain', ...small, masks: { 'brain tumor': inside, 'tumor core': inside } },
    { name: 'one_CT_abdomen', ...small },
  ]);
  await writeSplit(root, 'b-set', 'test', [{ name: 'three_CT_abdomen', ...small, masks: { liver: inside } }]);
  await writeSplit(root, 'a-set', 'train', [{ name: 'x_X-Ray_chest', ...small, masks: { 'left lung': inside } }]);
  await writeText(
    join(root, 'b-set', 'dataset.json'),
    JSON.stringify({ licence: 'CC BY 4.0', notes: ['two scans', 'masks by hand'] }),
  );
  await mkdir(join(root, 'no-set'));
}

describe('a data folder', () => {
  test('is read in order of names, blanks for plus signs', async () => {
    await writeTree();
    const { sets, items } = await openDataset(root, { split: 'train' });
    expect(items.map(({ set, name }) => `${set}/${name}`)).toEqual([
      'a-set/x_X-Ray_chest',
      'b-set/one_CT_abdomen',
      'b-set/two_2_MRI-T1_brain',
    ]);
    expect(items[2]).toMatchObject({ modality: 'MRI-T1', site: 'brain' });
    expect(items[2].file).toBe(join(root, 'b-set', 'train', 'two_2_MRI-T1_brain.png'));
    expect(items[2].targets).toEqual([
      { target: 'brain tumor', maskFile: join(root, 'b-set', 'train_mask', 'two_2_MRI-T1_brain_brain+tumor.png') },
      { target: 'tumor core', maskFile: join(root, 'b-set', 'train_mask', 'two_2_MRI-T1_brain_tumor+core.png') },
    ]);
    expect(sets.map(({ name }) => name)).toEqual(['a-set', 'b-set']);
    expect(sets[1]).toMatchObject({ licence: 'CC BY 4.0', notes: 'two scans; masks by hand' });
    expect(sets[0].licence).toBe('');
  });

  test('knows the targets of both splits, by kind of image', async () => {
    await writeTree();
    const { sets, items } = await openDataset(root, { split: 'train', sets: ['b-set'] });
    expect(sets[0].targets).toEqual({ 'MRI-T1_brain': ['brain tumor', 'tumor core'], CT_abdomen: ['liver'] });
    expect(items[0]).toMatchObject({ name: 'one_CT_abdomen', targets: [] });
    const other = await openDataset(root, { split: 'test' });
    expect(other.items.map(({ name }) => name)).toEqual(['three_CT_abdomen']);
  });

  test.each<[string, (set: string) => Promise<unknown>, RegExp]>([
    [
      'an image of too few parts',
      (set) => writeText(join(set, 'train', 'x_CT.png'), ''),
      /x_CT\.png: an image must be named NAME_MODALITY_SITE/,
    ],
    [
      'a file that is no image',
      (set) => writeText(join(set, 'train', 'x_CT_abdomen.gif'), ''),
      /x_CT_abdomen\.gif: an image must be/,
    ],
    [
      'a mask of too few parts',
      (set) => writeText(join(set, 'train_mask', 'CT_abdomen_liver.png'), ''),
      /CT_abdomen_liver\.png: a mask must be named NAME_MODALITY_SITE_TARGET/,
    ],
    [
      'a mask that is no PNG',
      (set) => writeText(join(set, 'train_mask', 'x_CT_abdomen_liver.jpg'), ''),
      /liver\.jpg: a mask must be/,
    ],
    [
      'a mask without an image',
      (set) => writeText(join(set, 'train_mask', 'gone_CT_abdomen_liver.png'), ''),
      /gone_CT_abdomen_liver\.png: its image is not in/,
    ],
    [
      'two images of a name',
      (set) => writeText(join(set, 'train', 'one_CT_abdomen.webp'), ''),
      /two images are named one_CT_abdomen/,
    ],
    [
      'a damaged dataset.json',
      (set) => writeText(join(set, 'dataset.json'), '{'),
      /dataset\.json is not valid JSON \(/,
    ],
  ])('refuses %s', async (_, spoil, message) => {
    await writeTree();
    await spoil(join(root, 'b-set'));
    await expect(openDataset(root, { split: 'train' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(message),
    });
    // the other set is not touched by it
    expect((await openDataset(root, { split: 'train', sets: ['a-set'] })).items).toHaveLength(1);
  });

  test('refuses folders and sets that are not there, naming what is', async () => {
    const gone = join(root, 'gone');
    await expect(openDataset(gone, { split: 'test' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`${gone}: no such folder`),
    });
    await expect(openDataset(root, { split: 'test' })).rejects.toThrow(/no data set in it/);
    await writeTree();
    await expect(openDataset(root, { split: 'test', sets: ['c-set', 'a-set'] })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/no data set c-set in .*; there are a-set, b-set$/),
    });
    await expect(openDataset(root, { split: 'test', sets: ['a-set'] })).rejects.toThrow(
      /no images in the test split of a-set/,
    );
  });
});
