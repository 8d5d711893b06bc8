import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../src/cli/run.ts';
import { decideByRules, knownContext } from '../src/curate/rules.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biomedparse-harmonise-'));
});

async function call(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await run(['data', 'harmonise', ...argv], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    terminal: false,
    loadModel: () => Promise.reject(new Error('no model is needed')),
    signal: new AbortController().signal,
  });
  return { status, out: out.join(''), err: err.join('') };
}

async function names(text: string): Promise<string> {
  const path = join(folder, 'names.txt');
  await writeFile(path, text);
  return path;
}

describe('data harmonise', () => {
  test('single names as JSON', async () => {
    const path = await names('RV_blood\r\n\nkidney_left\n3\npostcava\n');
    const { status, out, err } = await call('--labels', path, '--modality', 'CT', '--site', 'abdomen', '--json');
    expect([status, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toEqual([
      {
        label: 'RV_blood',
        concept: 'right heart ventricle',
        published: 'right heart ventricle',
        confidence: 0.825,
        by: 'rules',
      },
      { label: 'kidney_left', concept: 'left kidney', published: 'left kidney', confidence: 0.97, by: 'rules' },
      { label: '3', concept: null, published: null, confidence: 0, by: 'open' },
      { label: 'postcava', concept: 'inferior vena cava', published: 'postcava', confidence: 1, by: 'rules' },
    ]);
  });

  test('a folder: a table, and a file of decisions', async () => {
    await mkdir(join(folder, 'data/one/train'), { recursive: true });
    await mkdir(join(folder, 'data/one/test_mask'), { recursive: true });
    await writeFile(join(folder, 'data/one/test_mask/a_MRI_heart_RV+blood.png'), '');
    await writeFile(join(folder, 'data/one/test_mask/a_MRI_heart_xyz.png'), '');
    const decisions = join(folder, 'decisions.jsonl');
    const { status, out } = await call(join(folder, 'data'), '--decisions', decisions);
    expect(status).toBe(0);
    expect(out).toMatch(/one +RV blood +right heart ventricle/);
    expect(out).toContain(`1 of 2 mapped, 1 open; decisions are in ${decisions}`);
    expect((await readFile(decisions, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  test.each<[string, (folder: string) => Promise<string[]>, number, RegExp]>([
    ['nothing to do', async () => [], 2, /nothing to harmonise; needed: a folder/],
    ['both', async () => [folder, '--labels', 'x'], 2, /exclude each other/],
    ['a modality of a folder', async () => [folder, '--modality', 'CT'], 2, /go with --labels/],
    ['sets of names', async () => ['--labels', 'x', '--sets', 'a'], 2, /--sets goes with a folder/],
    [
      'an unknown modality',
      async () => ['--labels', 'x', '--modality', 'PET'],
      2,
      /Unknown modality "PET"; allowed: CT/,
    ],
    ['an unknown site', async () => ['--labels', 'x', '--site', 'knee'], 2, /Unknown site "knee"; allowed: /],
    ['no such file', async (at) => ['--labels', join(at, 'none')], 1, /cannot read .*none: no such file/],
    ['no names', async () => ['--labels', await names('\n \n')], 1, /no label in it; one name a line/],
    [
      'a long name',
      async () => ['--labels', await names(`a\n${'x'.repeat(201)}`)],
      1,
      /line 2: a label of 201 characters/,
    ],
    ['no data', async (at) => [at], 1, /no data set in it/],
    [
      'an address alone',
      async () => ['--labels', 'x', '--llm-url', 'http://x'],
      2,
      /--llm-url and --llm-model go together/,
    ],
    [
      'no address',
      async () => ['--labels', await names('x'), '--llm-url', 'x', '--llm-model', 'y'],
      2,
      /--llm-url "x" is no address; allowed: http/,
    ],
    [
      'a price without an address',
      async () => ['--labels', await names('x'), '--llm-price', '1,2'],
      2,
      /--llm-price and --llm-cache go with --llm-url/,
    ],
    ['no price', async () => ['--labels', 'x', '--llm-price', '1'], 2, /allowed: two numbers in,out/],
    ['unknown options', async () => ['--label'], 2, /unknown option '--label'.*allowed: --labels/],
  ])('%s is refused in one line', async (_, argv, status, message) => {
    const found = await call(...(await argv(folder)));
    expect(found.status).toBe(status);
    expect(found.out).toBe('');
    expect(found.err).toMatch(message);
    expect(found.err.trim().split('\n')).toHaveLength(1);
  });

  test('a language model is sent names and the description of their set, of a folder too', async () => {
    await mkdir(join(folder, 'patients/one/train_mask'), { recursive: true });
    await mkdir(join(folder, 'patients/one/test'), { recursive: true });
    await writeFile(join(folder, 'patients/one/train_mask/JaneDoe_MRI_heart_xyz.png'), 'pixels');
    const about = { notes: 'a set of hearts', subjects: { train: { JaneDoe_MRI_heart: 'Jane Doe, born 1970' } } };
    await writeFile(join(folder, 'patients/one/dataset.json'), JSON.stringify(about));
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => bodies.push(part.toString()));
      request.on('end', () => response.writeHead(401).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const decisions = join(folder, 'decisions.jsonl');
      const cache = join(folder, 'cache');
      const model = ['--llm-url', url, '--llm-model', 'tester', '--llm-cache', cache];
      const { status, err } = await call(join(folder, 'patients'), '--decisions', decisions, ...model);
      expect(status).toBe(1); // the endpoint refused; what the rules say is written all the same
      expect(err).toMatch(/HTTP 401; 1 labels stay open/);
      expect(await readFile(decisions, 'utf8')).toContain('"xyz"');
    } finally {
      server.close();
    }
    const sent = bodies.join('');
    const { messages } = JSON.parse(sent) as { messages: { content: string }[] };
    expect(JSON.parse(messages[1].content)).toEqual({
      ...{ set: 'one', description: 'a set of hearts', modality: 'MRI', site: 'heart' },
      labels: ['xyz'],
    });
    expect(sent).not.toMatch(/Jane|1970|patients|pixels|train/);
  });

  test('the group without a command, and an unknown command', async () => {
    const err: string[] = [];
    const io = {
      out: () => undefined,
      err: (text: string) => err.push(text),
      terminal: false,
      loadModel: () => Promise.reject(new Error('no model is needed')),
      signal: new AbortController().signal,
    };
    expect([await run(['data'], io), await run(['data', 'harmonize'], io)]).toEqual([2, 2]);
    expect(err[0]).toMatch(/no command of data given; allowed: .*\bharmonise\b.*; see biomedparse data --help/);
    expect(err[1]).toMatch(/unknown command 'harmonize'.*; allowed: .*\bharmonise\b/);
  });
});

describeShared('data', 'the target names of the reference data', () => {
  test('are all mapped by rules, none to another object', async () => {
    const decisions = join(folder, 'decisions.jsonl');
    const { out } = await call(sharedPath('data'), '--decisions', decisions, '--json');
    const found = JSON.parse(out) as { label: string; concept: string | null; confidence: number; set: string }[];
    expect(found.length).toBeGreaterThan(200);
    expect(found.filter(({ concept }) => concept === null).length / found.length).toBeLessThanOrEqual(0.1);
    // names that differ from their concept's, each read by hand
    const renamed = new Set(
      found.filter(({ label, concept }) => label !== concept).map(({ label, concept }) => `${label} > ${concept}`),
    );
    expect([...renamed].sort()).toEqual([
      'benign tumor > benign breast tumor',
      'cell nucleus > cell nuclei',
      'heart myocardium > myocardium',
      'left lung lower lobe > left lower lung lobe',
      'malignant tumor > malignant breast tumor',
      'prostate gland > prostatic glands',
      'right lung lower lobe > right lower lung lobe',
      'tumor core > brain tumor core',
    ]);
  });
});

/** Kinds of image of the published sets whose target names do not say them. */
const PUBLISHED_KINDS: Readonly<Record<string, string>> = {
  BreastUS: 'ultrasound|breast',
  'LIDC-IDRI': 'CT|chest',
  LGG: 'MRI|brain',
  'MSD/Task01_BrainTumour': 'MRI|brain',
  'MSD/Task03_Liver': 'CT|liver',
  'MSD/Task06_Lung': 'CT|lung',
  'MSD/Task07_Pancreas': 'CT|pancreas',
  'MSD/Task08_HepaticVessel': 'CT|liver',
  'MSD/Task10_Colon': 'CT|colon',
  'OCT-CME': 'OCT|retinal',
  kits23: 'CT|kidney',
};

describeShared('reference/published_per_dataset.csv', "the published sets' target names", () => {
  test('are mapped to published objects, but for the lesions of the skin, which are none', async () => {
    const text = await readFile(sharedPath('reference/published_per_dataset.csv'), 'utf8');
    const open: string[] = [];
    for (const line of text.trim().split('\n').slice(1)) {
      const [set, target] = line.split(',');
      const [modality = null, site = null] = PUBLISHED_KINDS[set]?.split('|') ?? [];
      const { concept } = decideByRules(target.replaceAll('+', ' '), knownContext(set, modality, site));
      if (concept?.published == null) open.push(`${set} ${target}`);
    }
    expect(open).toEqual(['ISIC lesion', 'UWaterlooSkinCancer lesion']);
  });
});
