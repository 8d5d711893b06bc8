import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askForWords } from './ask.ts';
import { poolOf, type TargetOfView } from './words.ts';

const kidney: TargetOfView = { set: 'secret-set', target: 'left kidney', modality: 'CT', site: 'abdomen' };
const unknown: TargetOfView = { ...kidney, target: 'class 7' };

let server: Server;
let folder: string;
let bodies: string[];
let answer: (id: string) => unknown;
let status: number;

beforeEach(async () => {
  [bodies, status] = [[], 200];
  folder = await mkdtemp(join(tmpdir(), 'biomedparse-words-'));
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      bodies.push(body);
      const { objects } = JSON.parse(JSON.parse(body).messages[1].content) as { objects: { id: string }[] };
      const content = JSON.stringify({ objects: objects.map(({ id }) => answer(id)) });
      response.statusCode = status;
      response.end(JSON.stringify({ choices: [{ message: { content } }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const asked = (targets: readonly TargetOfView[], lines: string[] = []) =>
  askForWords(
    {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      ...{ model: 'tester', cache: join(folder, 'cache'), firstDelay: 1, log: (line) => lines.push(line) },
    },
    targets,
  );

test('what a model says is proposed, and dropped where it means something else', async () => {
  const texts = ['left kidney, portal venous phase CT of the abdomen', 'the left renal organ', 'the right kidney', ''];
  answer = (id) => ({
    id,
    descriptions: [...texts.map((text) => ({ text, style: 'lay' })), { text: 'left kidney!', style: 'poem' }, 7],
  });
  const { more, failures } = await asked([kidney, unknown]);
  expect(failures).toBe(0);
  const pool = poolOf(kidney, more);
  const by = 'language model tester';
  const model = [...pool.kept, ...pool.dropped].filter((one) => one.by === by).map(({ text }) => text);
  expect(model.sort()).toEqual([...texts].filter((text) => text !== '').sort());
  expect(pool.dropped).toContainEqual({
    ...{ text: 'the right kidney', style: 'lay', language: 'en', by, reason: 'another concept' },
  });
});

test('only names of the ontology are sent, once for all sets, and answers are paid for once', async () => {
  answer = (id) => ({ id, descriptions: [{ text: 'kidney, left side, in CT of the abdomen', style: 'lay' }] });
  await asked([kidney, { ...kidney, set: 'other-set' }, unknown]);
  expect(bodies).toHaveLength(1);
  const { objects } = JSON.parse(JSON.parse(bodies[0]).messages[1].content);
  expect(objects).toEqual([{ id: 'left kidney | abdomen CT', name: 'left kidney', modality: 'CT', site: 'abdomen' }]);
  expect(bodies[0]).not.toMatch(/secret-set|other-set|class 7/);
  const { more } = await asked([kidney]);
  expect(bodies).toHaveLength(1);
  expect(poolOf(kidney, more).kept.map(({ text }) => text)).toContain('kidney, left side, in CT of the abdomen');
});

test('an endpoint that fails leaves the descriptions by rules', async () => {
  answer = (id) => ({ id });
  status = 401;
  const lines: string[] = [];
  const { more, failures } = await asked([kidney], lines);
  expect([failures, poolOf(kidney, more).kept.length > 5]).toEqual([1, true]);
  expect(lines.join('\n')).toMatch(/refused the request: HTTP 401.*1 objects stay with the descriptions by rules/);
});
