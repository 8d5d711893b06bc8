import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { box, writeSplit, writeText } from '../../test/helpers/dataset.ts';
import { absentSiblings } from './annotation.ts';
import { openDataset } from './layout.ts';

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-absence-'));
  const masks = { liver: box(0, 0, 2, 2), spleen: box(0, 0, 2, 2), tumor: box(0, 0, 1, 1) };
  await writeSplit(root, 'one', 'train', [
    { name: 'a_CT_abdomen', width: 4, height: 4, masks },
    { name: 'b_CT_abdomen', width: 4, height: 4 },
  ]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What is called absent in the image without a mask. */
async function absent(): Promise<string[]> {
  const { sets, items } = await openDataset(root, { split: 'train' });
  return absentSiblings(sets[0], items[1], []);
}
const declare = (annotation: unknown) => writeText(join(root, 'one/dataset.json'), JSON.stringify({ annotation }));

describe('what a missing mask means', () => {
  test('is absence where a set says nothing', async () => {
    expect(await absent()).toEqual(['liver', 'spleen', 'tumor']);
  });

  test.each<[unknown, string[]]>([
    ['exhaustive', ['liver', 'spleen', 'tumor']],
    ['partial', []],
    [{ CT_abdomen: { exhaustive: ['liver', 'tumor'], partial: ['spleen'] } }, ['liver', 'tumor']],
    [{ CT_chest: { exhaustive: ['liver'] } }, []],
  ])('is declared by the set: %j', async (annotation, expected) => {
    await declare(annotation);
    expect(await absent()).toEqual(expected);
  });

  test.each([
    7,
    ['liver'],
    { CT_abdomen: 'all' },
    { CT_abdomen: { exhaustive: [1] } },
  ])('%j is refused', async (value) => {
    await declare(value);
    await expect(absent()).rejects.toThrow(/dataset\.json: annotation.* is .*; allowed: "exhaustive", "partial"/);
  });

  test('is unknown where the build of the image says so', async () => {
    const line = { kind: 'image', image: 'train/b_CT_abdomen.png', unknown: ['tumor'], masks: [] };
    await writeText(join(root, 'one/build.jsonl'), `{"kind":"dropped"}\n${JSON.stringify(line)}\n`);
    expect(await absent()).toEqual(['liver', 'spleen']);
    await writeText(join(root, 'one/build.jsonl'), '{"kind":"dropped"}\n{\n');
    await expect(absent()).rejects.toThrow(/build\.jsonl, line 2: not valid JSON/);
  });
});
