import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callCli } from './helpers/cli.ts';
import { box, writeSplit, writeText } from './helpers/dataset.ts';

const EVIL = '<script>alert("1")</script>';
let folder: string;
let root: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-pages-'));
  root = join(folder, 'data');
  const masks = { liver: box(0, 0, 4, 4) };
  const size = { width: 8, height: 8 };
  await writeSplit(root, 'one', 'train', [
    { name: 'p1-z1_CT_abdomen', ...size, masks },
    { name: 'p1-z2_CT_abdomen', ...size, masks: { ...masks, spleen: box(4, 4, 8, 6) } },
  ]);
  await writeSplit(root, 'one', 'test', [{ name: 'p2-z1_CT_abdomen', ...size }]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What of a page a browser would load or run. */
function active(page: string): string[] {
  return (
    page.match(/<(script|link|iframe|object|embed)\b|\bon\w+=|(src|href)="(?!data:image\/png;base64,)[^"]*"/gi) ?? []
  );
}

const decision = (label: string, status: string, concept: string | null, confidence: number) => ({
  ...{ label, set: 'one', modality: 'CT', site: 'abdomen', concept, published: null, confidence },
  ...{ by: EVIL, status, evidence: EVIL, alternatives: [{ concept: 'spleen', confidence: 0.5 }] },
});

describe('data review', () => {
  let file: string;
  let page: string;
  beforeEach(() => {
    [file, page] = [join(folder, 'decisions.jsonl'), join(folder, 'review.html')];
    const lines = [
      decision('liver', 'accepted', 'liver', 1),
      decision('spleen', 'proposed', 'spleen', 0.9),
      decision(EVIL, 'open', null, 0),
    ];
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });

  test('shows open decisions first, and changes nothing', async () => {
    const before = readFileSync(file, 'utf8');
    const { status, stdout } = await callCli(['data', 'review', file, '--html', page, '--data', root]);
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...['status', 'open', 'proposed', 'accepted', '', '1', ''],
    ]);
    expect(stdout).toMatch(/1 accepted, 1 proposed, 1 open; the page is /);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('writes a page with examples in which nothing runs', async () => {
    await callCli(['data', 'review', file, '--html', page, '--data', root]);
    const text = readFileSync(page, 'utf8');
    expect(active(text)).toEqual([]);
    expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(text.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
    expect(text).toContain('alt="spleen: p1-z2_CT_abdomen (train)"');
  });

  test.each([
    [['--data', 'x'], 2, /--data goes with --html/],
    [[], 1, /no such file, or no decision in it/],
  ])('%j is refused', async (argv, status, message) => {
    writeFileSync(file, '');
    const found = await callCli(['data', 'review', file, ...argv]);
    expect([found.status, found.stderr]).toEqual([status, expect.stringMatching(message)]);
  });
});

describe('data card', () => {
  test('is a page per set with counts, licence, examples and what was left out', async () => {
    const annotation = { CT_abdomen: { exhaustive: ['liver'], partial: ['spleen'] } };
    await writeText(join(root, 'one/dataset.json'), JSON.stringify({ licence: `CC0 ${EVIL}`, annotation }));
    const lines = [
      { kind: 'dropped', source: 'a', reason: 'no mask', slices: 3 },
      { kind: 'dropped', source: 'b', reason: 'no mask' },
      { kind: 'failed', source: 'c', error: EVIL },
    ];
    await writeText(join(root, 'one/build.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    const out = join(folder, 'cards');
    const { status, stdout } = await callCli(['data', 'card', root, '--out', out]);
    expect([status, stdout, readdirSync(out)]).toEqual([0, `${join(out, 'one.html')}\n`, ['one.html']]);
    const text = readFileSync(join(out, 'one.html'), 'utf8');
    expect(active(text)).toEqual([]);
    expect(text).toContain('<td>licence</td><td>CC0 &lt;script&gt;');
    expect(text).toContain('<tr><td>train</td><td>2</td><td>1</td><td>3</td><td>0</td></tr>');
    expect(text).toContain('<td>liver</td><td>liver</td><td>2</td><td>0</td><td>25 % (25 % to 25 %)</td>');
    expect(text).toContain('<td>CT_abdomen</td><td>liver</td><td>spleen</td>');
    expect(text).toContain('<td>no mask</td><td>4</td>');
    expect(text).toContain('<td>could not be read: &lt;script&gt;');
    expect(text.match(/<img /g)).toHaveLength(3);
  });

  test('is the same of shards', async () => {
    const subjects = { train: { 'p1-z1_CT_abdomen': 'A', 'p1-z2_CT_abdomen': 'B' } };
    await writeText(join(root, 'one/dataset.json'), JSON.stringify({ title: 'One', licence: 'CC0', subjects }));
    await writeText(join(root, 'one/build.jsonl'), JSON.stringify({ kind: 'dropped', source: 'a', reason: 'no mask' }));
    const shards = join(folder, 'shards');
    expect((await callCli(['data', 'export', root, '--out', shards, '--shards', '2'])).status).toBe(0);
    const page = async (from: string, out: string): Promise<string> => {
      const { status } = await callCli(['data', 'card', from, '--out', join(folder, out)]);
      expect(status).toBe(0);
      return readFileSync(join(folder, out, 'one.html'), 'utf8');
    };
    const text = await page(root, 'of-folder');
    expect(await page(shards, 'of-shards')).toBe(text);
    expect(text).toContain('<tr><td>train</td><td>2</td><td>2</td>');
    expect(text).toContain('<td>no mask</td><td>1</td>');
    expect(text.match(/<img /g)).toHaveLength(3);
  });

  test('refuses unknown sets', async () => {
    const unknown = await callCli(['data', 'card', root, '--out', join(folder, 'x'), '--sets', 'two']);
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringMatching(/no data set two/)]);
  });
});
