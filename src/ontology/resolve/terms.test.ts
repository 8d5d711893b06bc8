/** The user's own terms: what they add, and every refusal with file and field. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { concepts, loadTerms, resolve } from '../index.ts';
import { parseTerms } from './terms.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'biomedparse-terms-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load(value: unknown) {
  const path = join(folder, 'terms.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return loadTerms(path);
}

describe('terms', () => {
  it('give a known concept more names, which reach the model as the preferred term', async () => {
    const terms = await load({ terms: [{ name: 'left kidney', synonyms: ['LK', 'Niere links'] }] });
    for (const text of ['LK', 'Niere links', 'niere links in CT']) {
      const found = resolve(text, { terms });
      expect([found.concept?.name, found.prompt]).toEqual(['left kidney', 'left kidney']);
    }
    expect(resolve('LK').concept).toBeNull();
    expect(resolve('left kidney', { terms }).prompt).toBe('left kidney');
    expect(terms.concepts).toHaveLength(concepts.length);
  });

  it('are new concepts where the ontology has none, unknown to the model', async () => {
    const terms = await load({
      terms: [
        { name: 'thymus', synonyms: ['thymic gland'], metaObject: 'other organ', modalities: ['CT'], sites: ['chest'] },
        { name: 'thymoma', metaObject: 'tumor', parent: 'thymus', snomed: '444231005' },
      ],
    });
    const found = resolve('thymic gland in chest CT', { terms });
    expect(found.concept).toMatchObject({
      name: 'thymus',
      category: 'organ',
      views: [{ modality: 'CT', site: 'chest' }],
      trainedViews: [],
    });
    expect(resolve('thymoma', { terms }).concept).toMatchObject({ parent: 'thymus', snomed: '444231005' });
  });
});

describe("a name of one's own", () => {
  it('keeps the side that is asked for', async () => {
    const terms = await load({ terms: [{ name: 'kidney', synonyms: ['ren'] }] });
    const found = resolve('left ren', { terms });
    expect([found.concept?.name, found.side, found.prompt]).toEqual(['left kidney', 'left', 'left kidney']);
    expect(resolve('ren', { terms }).prompt).toBe('kidney');
  });

  it('may be spelled with other capitals than the ontology has', async () => {
    const terms = await load({ terms: [{ name: 'Liver', synonyms: ['hepar'] }] });
    expect(terms.concepts).toHaveLength(concepts.length);
    expect(resolve('hepar', { terms }).prompt).toBe('liver');
    expect(resolve('liver', { terms }).concept?.name).toBe('liver');
  });
});

describe('a file of terms is refused', () => {
  const term = (more: object) => ({ terms: [{ name: 'thymus', ...more }] });
  test.each<[string, unknown, RegExp]>([
    ['that is no object', [], /field "terms" must be a list of at most 10000 terms, got \[\]/],
    ['without terms', {}, /field "terms" must be a list .*got nothing/],
    ['with a term that is no object', { terms: [5] }, /field "terms\[0\]" must be an object with name, synonyms/],
    ['without a name', { terms: [{}] }, /field "terms\[0\]\.name" must be a text of 1 to 200 characters, got nothing/],
    ['with an empty name', { terms: [{ name: ' ' }] }, /"terms\[0\]\.name"/],
    [
      'with an unknown field',
      term({ colour: 'red' }),
      /"terms\[0\]\.colour" must be left out; allowed fields are name/,
    ],
    ['with synonyms that are no list', term({ synonyms: 'x' }), /"terms\[0\]\.synonyms" must be a list/],
    ['with a synonym that is no text', term({ synonyms: ['a', 7] }), /"terms\[0\]\.synonyms\[1\]" must be a text/],
    ['with too many synonyms', term({ synonyms: Array(101).fill('a') }), /a list of at most 100 texts/],
    [
      'with an unknown meta-object',
      term({ metaObject: 'gland' }),
      /"terms\[0\]\.metaObject" must be one of liver, lung/,
    ],
    [
      'with an unknown modality',
      term({ modalities: ['PET'] }),
      /"terms\[0\]\.modalities\[0\]" must be one of CT, MRI.*got "PET"/,
    ],
    ['with an unknown site', term({ sites: ['elbow'] }), /"terms\[0\]\.sites\[0\]" must be one of abdomen/],
    ['with a code that is none', term({ snomed: 'T-1' }), /"terms\[0\]\.snomed" must be a text of 6 to 18 digits/],
    [
      'with a parent that is not there',
      term({ parent: 'aura' }),
      /"terms\[0\]\.parent" must be the name of a known term/,
    ],
    [
      'with a name that is taken',
      term({ synonyms: ['Liver'] }),
      /"terms\[0\]\.synonyms\[0\]" must be a name that is free; it already means "liver"/,
    ],
    [
      'with a new name that is another term',
      { terms: [{ name: 'renal parenchyma' }] },
      /"terms\[0\]\.name" must be a name that is free; it already means "kidney"/,
    ],
    ['with a term under itself', term({ parent: 'thymus' }), /"terms\[0\]\.parent" must be a term that is not under/],
    [
      'with terms under one another',
      {
        terms: [
          { name: 'a', parent: 'b' },
          { name: 'b', parent: 'a' },
        ],
      },
      /"terms\[0\]\.parent" must be a term that is not under this one, got "b"/,
    ],
    [
      'with more than synonyms for a known term',
      { terms: [{ name: 'liver', snomed: '10200004' }] },
      /"terms\[0\]\.snomed" must be left out: "liver" is known/,
    ],
    ['with too many terms', { terms: Array(10_001).fill({ name: 'a' }) }, /a list of at most 10000 terms/],
  ])('%s', (_, value, message) => {
    expect(() => parseTerms(value, 'my.json')).toThrow(
      expect.objectContaining({ code: 'input', message: expect.stringMatching(message) }),
    );
    expect(() => parseTerms(value, 'my.json')).toThrow(/^my\.json: field/);
  });

  it('that is missing, no JSON, or too large', async () => {
    await expect(loadTerms(join(folder, 'none.json'))).rejects.toThrow(/cannot read .*none\.json: no such file/);
    await expect(load('{"terms": [')).rejects.toThrow(/terms\.json is not valid JSON/);
    await expect(load(' '.repeat(2 ** 20 + 1))).rejects.toThrow(/has 1048577 bytes; at most 1048576 are allowed/);
  });
});
