import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTextFile } from './text-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-text-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('createTextFile', () => {
  it('writes all pieces in their order, more than it holds', async () => {
    const path = join(folder, 'a.txt');
    const file = await createTextFile(path);
    const pieces = Array.from({ length: 40 }, (_, i) => `${i}µ`.repeat(20_000));
    for (const piece of pieces) await file.write(piece);
    await file.end();
    await file.close();
    expect(readFileSync(path, 'utf8') === pieces.join('')).toBe(true);
  });

  it('refuses a folder that is not there', async () => {
    await expect(createTextFile(join(folder, 'no', 'a.txt'))).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/cannot write .*a\.txt: no such file or folder/),
    });
  });
});
