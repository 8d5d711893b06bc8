/** NOTICE.md names every package that is installed for use, with the licence that the package states. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const { dependencies, files } = JSON.parse(read('package.json'));
const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, { readonly license?: string; readonly dev?: boolean }>>;
};
const rows = read('NOTICE.md')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));
const used = Object.entries(packages)
  .filter(([path, { dev }]) => path !== '' && dev !== true)
  .map(([path, { license = '' }]) => {
    return { name: path.slice(path.lastIndexOf('node_modules/') + 13), licence: license.replace(/^\((.*)\)$/, '$1') };
  });

test('the notice is part of the package', () => {
  expect(files).toContain('NOTICE.md');
  expect(used.length).toBeGreaterThan(Object.keys(dependencies).length);
});

test.each(used)('$name is named under $licence', ({ name, licence }) => {
  const direct = rows.find((cells) => cells.length === 4 && cells[0] === name);
  if (name in dependencies) {
    const stated = licence.startsWith('SEE LICENSE') ? 'its own' : licence;
    expect(direct?.[2].split(/[;,]/)[0]).toBe(stated);
    return;
  }
  const matches = (listed: string): boolean =>
    listed === name || (listed.endsWith('*') && name.startsWith(listed.slice(0, -1)));
  const under = rows.filter((cells) => cells.length === 2 && cells[1].split(', ').some(matches)).map(([own]) => own);
  expect(under).toContain(licence);
});
