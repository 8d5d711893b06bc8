import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Line, readLines } from './lines.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-lines-'));

async function linesOf(content: string | Uint8Array): Promise<Line[]> {
  const path = join(folder, 'some.txt');
  writeFileSync(path, content);
  const lines: Line[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

test('lines end at line feeds alone, with or without one at the end', async () => {
  const texts = async (content: string) => (await linesOf(content)).map(({ text }) => text);
  expect(await texts('')).toEqual([]);
  expect(await texts('a\n\nb')).toEqual(['a', '', 'b']);
  expect(await texts('a\u2028b\r\nc\n')).toEqual(['a\u2028b\r', 'c']);
});

test('places are of bytes, also behind a character that was cut', async () => {
  const cut = Buffer.concat([Buffer.from('ä').subarray(0, 1), Buffer.from('\nüb\n')]);
  expect((await linesOf(cut)).map(({ start, length }) => [start, length])).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test('lines longer than a piece of the file stay whole', async () => {
  const long = 'x'.repeat(200_000);
  const lines = await linesOf(`${long}\n${long}y\n`);
  expect(lines.map(({ text }) => text === long || text === `${long}y`)).toEqual([true, true]);
  expect(lines[1]).toMatchObject({ start: 200_001, length: 200_001 });
});

test('the reader may stop early, and a missing file is the system error', async () => {
  for await (const { text } of readLines(join(folder, 'some.txt'))) {
    expect(text[0]).toBe('x');
    break;
  }
  await expect(readLines(join(folder, 'none.txt')).next()).rejects.toMatchObject({ code: 'ENOENT' });
});
