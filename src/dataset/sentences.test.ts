import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { box, writeSplit } from '../../test/helpers/dataset.ts';
import { openDataset } from './layout.ts';
import { readSentences } from './sentences.ts';
import { loadImages } from './store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-sentences-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const mask_file = 'a_CT_abdomen_liver.png';

test('sentences of a mask reach the store', async () => {
  const masks = { liver: box(0, 0, 2, 2), spleen: box(2, 2, 4, 4) };
  await writeSplit(root, 'one', 'train', [{ name: 'a_CT_abdomen', width: 8, height: 8, masks }]);
  const sentences = [{ sent: 'the liver' }, { sent: '肝脏', language: 'zh' }, { sent: 'liver in CT', language: 'en' }];
  writeFileSync(join(root, 'one/train.json'), JSON.stringify({ annotations: [{ mask_file, sentences }] }));
  const store = await loadImages(await openDataset(root, { split: 'train' }));
  const [image] = store.images;
  expect(image.masks.map(({ sentences: own = [] }) => own.map((i) => store.sentences?.[i]))).toEqual([
    ['the liver', 'liver in CT'],
    [],
  ]);
});

describe('a file of sentences', () => {
  test.each([
    ['{', /not valid JSON/],
    ['[]', /no list `annotations`/],
    ['{"annotations":[{}]}', /annotations\[0\] has no mask_file/],
    ['{"annotations":[{"mask_file":"a","sentences":[{"raw":"x"}]}]}', /annotations\[0\]\.sentences is no list/],
  ])('%s is refused', async (text, message) => {
    const path = join(root, 'train.json');
    writeFileSync(path, text);
    await expect(readSentences(path)).rejects.toThrow(message);
  });

  test('need not be there', async () => {
    expect(await readSentences(join(root, 'train.json'))).toEqual(new Map());
  });
});
