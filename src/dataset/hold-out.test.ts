import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { box, writeSplit } from '../../test/helpers/dataset.ts';
import { type Dataset, holdOut, openDataset } from './index.ts';

let root: string;
let dataset: Dataset;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-hold-out-'));
  const images = Array.from({ length: 40 }, (_, i) => ({
    ...{ width: 4, height: 4, masks: { liver: box(0, 0, 2, 2) } },
    name: `p${i >> 1}-z00${i & 1}_CT_abdomen`,
  }));
  await writeSplit(root, 'made-up', 'train', images);
  dataset = await openDataset(root, { split: 'train' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = ({ items }: Dataset): string[] => items.map(({ name }) => name);

describe('holding out', () => {
  test('divides by subject, always the same, and the parts make the whole', async () => {
    const held = names(await holdOut(dataset, 0.3, 'held out'));
    const rest = names(await holdOut(dataset, 0.3, 'rest'));
    expect([...held, ...rest].sort()).toEqual(names(dataset).sort());
    const subject = (name: string) => name.split('-')[0];
    expect(held.filter((name) => rest.some((other) => subject(other) === subject(name)))).toEqual([]);
    expect(held.length).toBeGreaterThan(2);
    expect(held.length).toBeLessThan(24);
    expect(names(await holdOut(dataset, 0.3, 'held out'))).toEqual(held);
  });

  test('a smaller share lies in a larger one', async () => {
    const small = names(await holdOut(dataset, 0.2, 'held out'));
    const large = names(await holdOut(dataset, 0.5, 'held out'));
    expect(small.every((name) => large.includes(name))).toBe(true);
  });

  test('refuses a share that leaves nothing', async () => {
    await expect(holdOut(dataset, 0, 'held out')).rejects.toThrow(/no image is left where the share held out is 0/);
    await expect(holdOut(dataset, 1, 'rest')).rejects.toThrow(/between 0 and 1/);
  });
});
