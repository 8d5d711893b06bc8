import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSafetensors } from '../src/formats/safetensors.ts';
import { elementCount } from '../src/formats/tensor.ts';
import { publishedConfig } from '../src/model/config.ts';
import { countParts, describeModel } from '../src/parse/describe.ts';
import { defaultModelDirectory } from '../src/parse/load.ts';
import { callCli } from './helpers/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-describe-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('counts as many operations as the published table', () => {
  const { backbone, ...rest } = countParts(publishedConfig);
  // shared/reference: 1493.5 and 795.6 GFLOP at 1024 x 1024
  expect(backbone.all).toBeGreaterThan(1493.5 * 0.99);
  expect(backbone.all).toBeLessThan(1493.5 * 1.01);
  expect(rest['pixel decoder'].all).toBeGreaterThan(795.6 * 0.99);
  expect(rest['pixel decoder'].all).toBeLessThan(795.6 * 1.01);
  // fewer than published: the text without padding, the masks of the decoder at the size of their level
  expect(rest['text encoder'].all).toBeLessThan(6);
  expect(rest.decoder.all).toBeLessThan(158.4);
});

it('says what the precision int8 computes in 8-bit integers', () => {
  const work = countParts(publishedConfig);
  // all but depthwise convolutions, gates and the stem; all but attention's own products
  expect(work.backbone.int8 / work.backbone.all).toBeGreaterThan(0.97);
  expect(work['pixel decoder'].int8 / work['pixel decoder'].all).toBeGreaterThan(0.98);
  expect(work['text encoder'].int8).toBe(0);
  expect(work.decoder.int8).toBeGreaterThan(60);
  expect(work.decoder.int8).toBeLessThan(work.decoder.all);
});

it('describes the shipped model', async () => {
  const model = await describeModel(defaultModelDirectory);
  const settings = JSON.parse(readFileSync(join(defaultModelDirectory, 'config.json'), 'utf8'));
  expect(model.settings).toMatchObject(settings);
  const { tensors } = await readSafetensors(join(defaultModelDirectory, 'model.safetensors'));
  expect(model.parameters).toBe([...tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0));
  expect(model.parts.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameters);
  expect(model.tokenizer.tokens).toBe(settings.text.vocabulary);
  expect(model.provenance).toBeNull();
});

async function info(...argv: string[]) {
  return callCli(['info', ...argv]);
}

it('prints JSON', async () => {
  const { status, stdout } = await info('--json');
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(Object.keys(report)).toEqual(['model', 'architecture', 'parts', 'types', 'tokenizer', 'provenance']);
  expect(report.parts.map(({ part }: { part: string }) => part)).toEqual([
    'backbone',
    'pixel decoder',
    'text encoder',
    'decoder',
  ]);
});

it('refuses folders that are no models', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  expect(await info(join(folder, 'none'))).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^biomedparse: No model folder [^\n]*\n$/),
  });
  expect(await info(empty)).toMatchObject({ status: 1, stderr: expect.stringContaining('config.json: no such file') });
  for (const name of ['config.json', 'tokenizer.json']) {
    writeFileSync(join(empty, name), readFileSync(join(defaultModelDirectory, name)));
  }
  writeFileSync(join(empty, 'model.safetensors'), 'no');
  expect(await info(empty)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('not a usable safetensors file'),
  });
});
