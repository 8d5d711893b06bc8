/** The rooms of src/ stand in one-way order; see helpers/imports.ts for the rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkArchitecture, findCycles, packageOf, readImports } from './helpers/imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sources(...entries: [string, string][]): Map<string, string> {
  return new Map(entries);
}

describe('the sources', () => {
  const paths = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => `src/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
  // Tests may look anywhere in src: they are no part of what is shipped.
  const files = new Map(
    paths.filter((path) => !path.endsWith('.test.ts')).map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );

  it('are found', () => {
    expect(files.size).toBeGreaterThan(20);
  });

  it('keep the order of the rooms, have no cycles, and enter heavy packages by one door', () => {
    expect(checkArchitecture(files)).toEqual([]);
  });
});

describe('the checker', () => {
  it('accepts imports to the left, within a room, and of types backwards', () => {
    const files = sources(
      ['src/util/errors.ts', "import type { Image } from '../image/types.ts'; export const a = 1;"],
      ['src/image/types.ts', 'export interface Image { data: Uint8Array }'],
      ['src/image/resize.ts', "import { a } from '../util/errors.ts'; import sharpless from './types.ts';"],
      ['src/formats/png.ts', "import sharp from 'sharp'; import { readFile } from 'node:fs/promises';"],
      ['src/index.ts', "export * from './formats/png.ts'; export { a } from './util/errors.ts';"],
    );
    expect(checkArchitecture(files)).toEqual([]);
  });

  it('refuses a backward import', () => {
    const files = sources(
      ['src/util/errors.ts', "import { resize } from '../image/resize.ts';"],
      ['src/image/resize.ts', 'export const resize = 1;'],
    );
    expect(checkArchitecture(files)).toEqual([
      'src/util/errors.ts: util imports backwards from image (src/image/resize.ts)',
    ]);
  });

  it.each([
    ['a re-export', "export { resize } from '../image/resize.ts';"],
    ['a star re-export', "export * from '../image/resize.ts';"],
    ['a dynamic import', "export const late = () => import('../image/resize.ts');"],
    ['an import for its effects', "import '../image/resize.ts';"],
    ['a value beside a type', "import { type Image, resize } from '../image/resize.ts';"],
  ])('sees %s', (_, text) => {
    const files = sources(['src/util/errors.ts', text], ['src/image/resize.ts', 'export const resize = 1;']);
    expect(checkArchitecture(files)).toHaveLength(1);
  });

  it('is not fooled by comments and strings', () => {
    const files = sources([
      'src/util/errors.ts',
      "// import { a } from '../cli/main.ts'\nexport const text = \"import x from 'sharp'\";",
    ]);
    expect(checkArchitecture(files)).toEqual([]);
  });

  it('refuses a cycle between files of one room, and names it', () => {
    const files = sources(
      ['src/graph/a.ts', "import { b } from './b.ts'; export const a = 1;"],
      ['src/graph/b.ts', "import { c } from './deep/c.ts'; export const b = 1;"],
      ['src/graph/deep/c.ts', "import { a } from '../a.ts'; export const c = 1;"],
    );
    expect(checkArchitecture(files)).toEqual([
      'cycle: src/graph/a.ts -> src/graph/b.ts -> src/graph/deep/c.ts -> src/graph/a.ts',
    ]);
  });

  it('refuses a heavy package outside its door', () => {
    const text =
      "import sharp from 'sharp'; import { Command } from 'commander'; import type { Tensor } from 'onnxruntime-node';";
    expect(checkArchitecture(sources(['src/parse/parse.ts', text]))).toEqual([
      'src/parse/parse.ts: only formats may import sharp',
      'src/parse/parse.ts: only cli may import commander',
      'src/parse/parse.ts: only runtime may import onnxruntime-node',
    ]);
  });

  it('refuses a room that is not in the order, a missing file, and an import of the package face', () => {
    const files = sources(
      ['src/misc/a.ts', 'export const a = 1;'],
      ['src/cli/b.ts', "import { gone } from './gone.ts'; import { all } from '../index.ts';"],
      ['src/index.ts', 'export const all = 1;'],
    );
    const problems = checkArchitecture(files);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toContain('src/misc/a.ts: misc is not one of the rooms');
    expect(problems[1]).toBe('src/cli/b.ts: imports ./gone.ts, which is no source file');
    expect(problems[2]).toBe('src/cli/b.ts: imports src/index.ts, which stands above all rooms');
  });
});

describe('its parts', () => {
  it('read what an import leaves behind when the code runs', () => {
    const text =
      "import type { A } from './a.ts';\nexport type { B } from './b.ts';\nlet c: import('./c.ts').C;\nimport d from './d.ts';";
    expect(readImports('x.ts', text)).toEqual([
      { specifier: './a.ts', typeOnly: true },
      { specifier: './b.ts', typeOnly: true },
      { specifier: './c.ts', typeOnly: true },
      { specifier: './d.ts', typeOnly: false },
    ]);
  });

  it('name the package of a deep import', () => {
    expect(packageOf('sharp/lib/index.js')).toBe('sharp');
    expect(packageOf('@bufbuild/protobuf/wire')).toBe('@bufbuild/protobuf');
  });

  it('find a file that imports itself, and no cycle in a diamond', () => {
    expect(findCycles(new Map([['a', ['a']]]))).toEqual([['a', 'a']]);
    const diamond = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []],
    ]);
    expect(findCycles(diamond)).toEqual([]);
  });
});
