import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { box, writeSplit, writeText } from '../../test/helpers/dataset.ts';
import { openDataset } from './layout.ts';

const root = mkdtempSync(join(tmpdir(), 'biomedparse-manifest-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an image has the distances of its own pixels, where the source has its own', async () => {
  const image = { width: 8, height: 8, masks: { lung: box(0, 0, 4, 4) } };
  const names = ['a', 'b', 'c', 'd'].map((name) => `${name}_CT_chest`);
  await writeSplit(
    root,
    'one',
    'test',
    names.map((name) => ({ ...image, name })),
  );
  const line = { kind: 'image', size: [16, 8], inner: { left: 0, top: 2, width: 8, height: 4 } };
  // twice as coarse as the source; not known; damaged; not in the manifest
  const spacings: unknown[] = [[0.75, 0.5, 3], null, ['wide', 1, 1]];
  const lines = spacings.map((spacing, i) => JSON.stringify({ ...line, image: `test/${names[i]}.png`, spacing }));
  await writeText(join(root, 'one/build.jsonl'), lines.join('\n'));
  const { items } = await openDataset(root, { split: 'test' });
  expect(items.map(({ spacing }) => spacing)).toEqual([[1.5, 1], undefined, undefined, undefined]);
});
