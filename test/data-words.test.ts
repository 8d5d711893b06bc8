import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callCli } from './helpers/cli.ts';
import { box, writeSplit } from './helpers/dataset.ts';

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'biomedparse-words-'));
  const masks = { 'left kidney': box(0, 0, 4, 4), 'class 7': box(4, 4, 8, 8) };
  await writeSplit(root, 'one', 'train', [
    { name: 'a_CT_abdomen', width: 8, height: 6, masks },
    { name: 'b_CT_abdomen', width: 8, height: 8 },
  ]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Written {
  readonly images: readonly object[];
  readonly annotations: readonly {
    readonly mask_file: string;
    readonly sentences: readonly { readonly sent: string }[];
    readonly [field: string]: unknown;
  }[];
}
const file = () => join(root, 'one/train.json');
const written = (): Written => JSON.parse(readFileSync(file(), 'utf8'));

describe('data words', () => {
  test('writes sentences in the published form', async () => {
    const { status, stdout } = await callCli(['data', 'words', root]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Of no certain meaning, published form alone: class 7 \(one\)/);
    expect(stdout).toMatch(/6 sentences for 2 masks in 1 files\n$/);
    const { images, annotations } = written();
    expect(images).toEqual([{ id: 0, file_name: 'a_CT_abdomen.png', width: 8, height: 6 }]);
    expect(
      annotations.map(({ mask_file, file_name, split, image_id }) => [mask_file, file_name, split, image_id]),
    ).toEqual([
      ['a_CT_abdomen_class+7.png', 'a_CT_abdomen.png', 'train', 0],
      ['a_CT_abdomen_left+kidney.png', 'a_CT_abdomen.png', 'train', 0],
    ]);
    expect(annotations[1].sentences[0].sent).toBe('left kidney in abdomen CT');
    expect(annotations[1].sentences).toHaveLength(5);
  });

  test('refuses shards, and changes nothing in them', async () => {
    const shards = join(root, 'shards');
    await callCli(['data', 'export', root, '--out', shards, '--shards', '2']);
    const before = readdirSync(shards);
    const found = await callCli(['data', 'words', shards]);
    expect([found.status, found.stderr]).toEqual([
      2,
      expect.stringMatching(/shards holds shards; .*run data words there, then data export --shards again/),
    ]);
    expect(readdirSync(shards)).toEqual(before);
  });

  test('gives the same bytes again, and keeps what people wrote', async () => {
    await callCli(['data', 'words', root]);
    const first = readFileSync(file(), 'utf8');
    await callCli(['data', 'words', root]);
    expect(readFileSync(file(), 'utf8')).toBe(first);
    const changed = written();
    const own = { ...changed.annotations[1], reader: 'A', sentences: [{ sent: 'my left kidney' }] };
    const gone = { mask_file: 'gone_CT_abdomen_liver.png', sentences: [] };
    writeFileSync(file(), JSON.stringify({ ...changed, note: 'mine', annotations: [own, gone] }));
    await callCli(['data', 'words', root]);
    const { annotations, ...rest } = written();
    expect(rest).toMatchObject({ note: 'mine' });
    expect(annotations[1]).toMatchObject({ reader: 'A' });
    expect(annotations[1].sentences.map(({ sent }) => sent).slice(0, 2)).toEqual([
      'my left kidney',
      'left kidney in abdomen CT',
    ]);
    expect(annotations[2]).toEqual(gone);
  });

  test('refuses a file of sentences that it cannot read, and leaves it', async () => {
    writeFileSync(file(), '{"annotations":[{}]}');
    const { status, stderr } = await callCli(['data', 'words', root]);
    expect([status, stderr]).toEqual([1, `biomedparse: ${file()}: annotations[0] has no mask_file\n`]);
    expect(readFileSync(file(), 'utf8')).toBe('{"annotations":[{}]}');
  });
});
