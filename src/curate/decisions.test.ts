import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readDecisions, writeDecisions } from './decisions.ts';
import { harmonise } from './harmonise.ts';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'biomedparse-decisions-')), 'decisions.jsonl');
});

const source = (label: string, set: string | null = 'a') => ({ label, set, modality: 'CT', site: 'abdomen' });

async function run(labels: readonly string[]) {
  const earlier = await readDecisions(path);
  const { decisions, merged } = await harmonise(
    labels.map((label) => source(label)),
    earlier,
  );
  await writeDecisions(path, merged, earlier);
  return decisions;
}

describe('the file of decisions', () => {
  test('records who decided what and why, and is the same again', async () => {
    await run(['liver', '3']);
    const text = await readFile(path, 'utf8');
    const [open, liver] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(liver).toEqual({
      ...source('liver'),
      concept: 'liver',
      published: 'liver',
      confidence: 1,
      by: 'rules',
      status: 'proposed',
      evidence: 'the label itself',
      alternatives: [],
    });
    expect(open).toMatchObject({ label: '3', concept: null, by: 'open', status: 'open', confidence: 0 });
    await run(['liver', '3']);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('accepted lines are kept byte for byte, and answer in place of the rules', async () => {
    const accepted =
      '{ "label":"liver", "set":"a","modality":"CT","site":"abdomen", "concept":"spleen","confidence":1,"status":"accepted", "by":"Ann"}';
    await writeFile(path, `${accepted}\n`);
    const [liver] = await run(['liver', 'kidney']);
    expect(liver).toMatchObject({ concept: 'spleen', published: 'spleen', by: 'Ann' });
    expect((await readFile(path, 'utf8')).split('\n')).toContain(accepted);
    await run(['liver']);
    expect((await readFile(path, 'utf8')).split('\n')).toContain(accepted);
  });

  test('an accepted "none" stays none', async () => {
    await writeFile(
      path,
      '{"label":"liver","set":"a","modality":"CT","site":"abdomen","concept":null,"confidence":1,"status":"accepted"}\n',
    );
    expect((await run(['liver']))[0]).toMatchObject({ concept: null, status: 'accepted', by: 'person' });
  });

  test('decisions that a run did not ask for stay', async () => {
    await run(['liver', 'spleen']);
    await run(['kidney']);
    expect([...(await readDecisions(path)).decisions.values()].map(({ label }) => label)).toEqual([
      'kidney',
      'liver',
      'spleen',
    ]);
  });

  test.each([
    ['liver', /line 1: not valid JSON/],
    ['[1]', /line 1: each line is one JSON object/],
    ['{"status":"open"}', /line 1: label is missing/],
    ['{"label":"x","status":"maybe","confidence":0}', /status "maybe"; allowed: accepted, proposed, open/],
    ['{"label":"x","status":"accepted","concept":"warp core","confidence":1}', /"warp core" is not in the ontology/],
    [
      '{"label":"x","status":"accepted","concept":"liver","confidence":2}',
      /confidence 2; allowed: a number from 0 to 1/,
    ],
    [
      '{"label":"x","status":"open","confidence":0}\n\n{"label":"x","status":"open","confidence":0}',
      /line 3: "x" is decided twice/,
    ],
  ])('%s is refused', async (text, message) => {
    await writeFile(path, text);
    await expect(readDecisions(path)).rejects.toMatchObject({ code: 'input', message: expect.stringMatching(message) });
  });

  test('a folder in its place is refused', async () => {
    await expect(readDecisions(join(path, '..'))).rejects.toMatchObject({ code: 'input' });
  });
});
