import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder, readFileChecked, writeFileAtomic } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('writeFileAtomic', () => {
  it('writes text, bytes and parts, replaces what was there and leaves nothing else', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, 'old and long');
    await writeFileAtomic(path, Uint8Array.of(104, 105));
    expect(readFileSync(path, 'utf8')).toBe('hi');
    await writeFileAtomic(path, [Uint8Array.of(104), Uint8Array.of(111)]);
    expect(readFileSync(path, 'utf8')).toBe('ho');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('refuses a missing folder and a folder in the way, keeping what is there', async () => {
    await expect(writeFileAtomic(join(folder, 'no', 'a'), 'x')).rejects.toMatchObject({
      code: 'io',
      message: `cannot write ${join(folder, 'no', 'a')}: no such file or folder`,
    });
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'inside'), '');
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(folder).sort()).toEqual(['a.txt', 'taken']);
  });

  it('refuses a folder whose path leads through a file', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, 'x');
    await expect(writeFileAtomic(join(file, 'a'), 'x')).rejects.toMatchObject({ code: 'io' });
    expect(readFileSync(file, 'utf8')).toBe('x');
  });
});

describe('readFileChecked', () => {
  it('reads bytes', async () => {
    writeFileSync(join(folder, 'b'), 'abc');
    expect((await readFileChecked(join(folder, 'b'))).toString()).toBe('abc');
  });

  it('names a missing file, a folder and a path through a file', async () => {
    const missing = join(folder, 'missing.png');
    await expect(readFileChecked(missing)).rejects.toMatchObject({
      code: 'input',
      message: `cannot read ${missing}: no such file`,
    });
    await expect(readFileChecked(folder)).rejects.toThrow('it is a folder, not a file');
    await expect(readFileChecked(join(folder, 'b', 'c'))).rejects.toThrow('not a folder');
  });
});

describe('makeFolder', () => {
  it('makes what is missing and names the first folder made', async () => {
    const top = join(folder, 'new');
    expect(await makeFolder(join(top, 'a', 'b'))).toBe(top);
    expect(readdirSync(join(top, 'a'))).toEqual(['b']);
    expect(await makeFolder(join(top, 'a', 'b'))).toBeUndefined();
    expect(await makeFolder(join(top, 'c'))).toBe(join(top, 'c'));
  });

  it('refuses a file in the way, as the folder or on the way to it', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(folder, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(process.platform === 'linux')('ends where no folder can be made', async () => {
    await expect(makeFolder('/proc/biomedparse/a')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
