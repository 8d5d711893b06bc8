import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchPath, parsePattern, patternExpression } from './pattern.ts';
import { parseRecipe } from './recipe.ts';
import { recipeFile, shippedRecipes } from './registry.ts';
import { recipeReader } from './schema.ts';

const LINES = [
  'name: demo',
  'title: A demonstration',
  'licence: none',
  'modality: MRI',
  'site: brain',
  'annotation: exhaustive',
  'parts:',
  "  - images: '{subject}/{visit:digits}.png'",
  '    masks:',
  "      - file: '{subject}/{visit}_mask.png'",
  '        reader: labels',
  '        labels:',
  '          1: brain tumor',
  '          2: null',
];
const GOOD = LINES.join('\n');

/** The refusal of a recipe with some text replaced. */
function refusal(from: string, to: string): string {
  expect(GOOD).toContain(from);
  try {
    parseRecipe(GOOD.replace(from, to), 'my.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('recipes', () => {
  it('fill in what is left out', () => {
    const { parts, hash } = parseRecipe(GOOD, 'my.yaml');
    const [part] = parts;
    expect(part).toMatchObject({ modality: 'MRI', site: 'brain', subject: '{subject}', sequence: null, window: null });
    expect(part.split).toEqual({ by: 'subject', test: 0.2, seed: 0 });
    expect(part.slices).toEqual({ plane: 'native', step: 1, least: 1, empty: 0, pixels: 'square' });
    expect([...(part.masks[0].labels ?? [])]).toEqual([
      ['1', 'brain tumor'],
      ['2', null],
    ]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('take other names of modalities and sites, and what a part says for itself', () => {
    const text = `${GOOD.replace('MRI', 'CT scan').replace('site: brain', 'site: thorax')}\n    site: heart\n    split: test\n`;
    const [{ modality, site, split }] = parseRecipe(text, 'my.yaml').parts;
    expect([modality, site, split]).toEqual(['CT', 'heart', 'test']);
  });

  it.each([
    ['title: A demonstration', 'titel: A', 'my.yaml:2:1: unknown field "titel"; allowed: name, title, checked,'],
    ['licence: none\n', '', 'my.yaml:1:1: the field "licence" is missing'],
    ['name: demo', 'name: my demo', 'my.yaml:1:7: name: "my demo" is not allowed; allowed: letters, digits and . + -'],
    ['modality: MRI', 'modality: X', 'my.yaml:4:11: modality: Unknown modality "X"; allowed: CT, MRI,'],
    ['site: brain', 'site: nowhere', 'my.yaml:5:7: site: Unknown site "nowhere"; allowed: abdomen,'],
    [
      'annotation: exhaustive',
      'annotation: some',
      'my.yaml:6:13: annotation: "some" is not allowed; allowed: exhaustive, partial',
    ],
    ['annotation: exhaustive\n', '', 'my.yaml:7:5: parts[0]: annotation is missing, here and in the recipe itself'],
    [
      'reader: labels',
      'reader: label',
      'my.yaml:11:17: parts[0].masks[0].reader: "label" is not allowed; allowed: labels, binary,',
    ],
    ['        reader: labels', '        readers: labels', 'my.yaml:11:9: parts[0].masks[0]: unknown field "readers"'],
    ['1: brain tumor', '1: brain*tumor', 'my.yaml:13:14: parts[0].masks[0].labels.1: "brain*tumor" is not allowed'],
    [
      '1: brain tumor',
      'one: brain tumor',
      'my.yaml:13:16: parts[0].masks[0].labels.one: labels of labels are whole numbers',
    ],
    ['          2: null', '          1: edema', 'my.yaml:14:11: not valid YAML: Map keys must be unique'],
    ['title: A demonstration', 'title: *name', 'my.yaml:2:8: aliases (*name) are not allowed here'],
    [
      "'{subject}/{visit}_mask.png'",
      "'../{visit}.png'",
      'my.yaml:10:15: parts[0].masks[0].file: "../{visit}.png" must lead from the source folder downwards',
    ],
    [
      "'{subject}/{visit}_mask.png'",
      "'{subject/{visit}.png'",
      'my.yaml:10:15: parts[0].masks[0].file: "{subject/{visit}.png" has a brace that is not closed',
    ],
    [
      'licence: none',
      "licence: none\nsubject: '{patient}'",
      'my.yaml:4:10: subject: {patient} is named by no pattern; there are: subject, visit, file, path',
    ],
    [
      'licence: none',
      'licence: none\nsplit: {test: 2}',
      'my.yaml:4:15: split.test: "2" is not allowed; allowed: a number from 0 to 1',
    ],
    [
      'licence: none',
      'licence: none\nsplit: {capture: set, test: [b]}',
      'my.yaml:4:18: split.capture: no pattern names {set}',
    ],
    [
      'licence: none',
      'licence: none\nsplit: {test: 0.2, list: a.txt}',
      'my.yaml:4:8: split: allowed: test (a share of the subjects, with seed), capture',
    ],
    [
      'licence: none',
      'licence: none\nwindow: {low: 3}',
      'my.yaml:4:9: window: allowed: low and high, level and width, or percentiles',
    ],
    [
      'licence: none',
      'licence: none\ntargets: {liver: {least: 4}}',
      'my.yaml:4:18: targets.liver: "liver" is made by no mask; there are: brain tumor',
    ],
    [
      'reader: labels',
      'reader: labels\n        target: edema',
      'my.yaml:10:9: parts[0].masks[0]: exactly one of labels and target is needed',
    ],
    ['reader: labels', 'reader: binary', 'my.yaml:10:9: parts[0].masks[0]: the reader binary with labels needs label'],
    ['reader: labels', 'reader: rle-csv', 'my.yaml:10:9: parts[0].masks[0]: the reader rle-csv needs columns'],
    [
      '    masks:',
      '    derive: {whole: {union: [brain tumor, edema]}}\n    masks:',
      'my.yaml:9:21: parts[0].derive.whole: "edema" is made by no mask and no derivation before; there are: brain tumor',
    ],
    [
      '    masks:',
      '    derive: {whole: {union: [brain tumor], left: edema}}\n    masks:',
      'my.yaml:9:21: parts[0].derive.whole: exactly one of union,',
    ],
    [
      '    masks:',
      '    derive: {brain tumor: {union: [brain tumor]}}\n    masks:',
      'my.yaml:9:27: parts[0].derive.brain tumor: a mask or a derivation before makes "brain tumor" already',
    ],
    ['    masks:', '    orientation: LRS\n    masks:', 'my.yaml:9:18: parts[0].orientation: "LRS" names an axis twice'],
    [
      '    masks:',
      '    where: {centre: [a]}\n    masks:',
      'my.yaml:9:21: parts[0].where.centre: no pattern names {centre}',
    ],
  ])('%s -> %s is refused with its place', (from, to, message) => {
    expect(refusal(from, to)).toContain(message);
  });

  it('are refused when they are no map, too long or too deep', () => {
    expect(() => parseRecipe('- a', 'my.yaml')).toThrow('my.yaml:1:1: fields are needed, not a list');
    expect(() => parseRecipe(`a: ${'['.repeat(40)}${']'.repeat(40)}`, 'my.yaml')).toThrow('nested more than 32 deep');
    expect(() => parseRecipe(' '.repeat(1_000_001), 'my.yaml')).toThrow('my.yaml has 1000001 characters');
  });
});

describe('the schema', () => {
  it('is published as it is read (vitest -u writes it anew)', async () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'A recipe',
      ...recipeReader.schema,
    };
    await expect(`${JSON.stringify(schema, null, 1)}\n`).toMatchFileSnapshot('../../../recipes/recipe.schema.json');
  });

  it('is documented field by field, and its examples are recipes', async () => {
    const page = await readFile(new URL('../../../docs/recipes.md', import.meta.url), 'utf8');
    const names = new Set<string>();
    const look = (schema: unknown): void => {
      if (Array.isArray(schema)) for (const one of schema) look(one);
      else if (typeof schema === 'object' && schema !== null) {
        const { properties = {}, enum: words = [], ...rest } = schema as { properties?: object; enum?: string[] };
        for (const name of [...Object.keys(properties), ...words]) names.add(name);
        look([...Object.values(properties), ...Object.values(rest)]);
      }
    };
    look(recipeReader.schema);
    expect(names.size).toBeGreaterThan(80);
    const written = (name: string): boolean => new RegExp(`[\`{ ,(]${name}[\`}: ,)]`).test(page);
    expect([...names].filter((name) => !written(name))).toEqual([]);
    const examples = [...page.matchAll(/```yaml\n(name: .*?)```/gs)].map(([, text]) => text);
    expect(examples.map((text, i) => parseRecipe(text, `example ${i}`).name)).toEqual(['ACDC', 'my-polyps']);
  });
});

describe('patterns', () => {
  const match = (pattern: string, path: string): unknown => matchPath(patternExpression(parsePattern(pattern)), path);
  it.each([
    ['{a}/{b}.png', 'x/y.png', { a: 'x', b: 'y' }],
    ['{a}/{a}_{n:digits}.png', 'x/x_12.png', { a: 'x', n: '12' }],
    ['{a}/{a}.png', 'x/y.png', null],
    ['**/{v:2CH|4CH}_*.mhd', 'p/q/4CH_ED.mhd', { v: '4CH' }],
    ['**/{v:2CH|4CH}_*.mhd', '4CH_ED.mhd', { v: '4CH' }],
    ['{v:2CH|4CH}.mhd', '3CH.mhd', null],
    ['a?.png', 'ab.png', {}],
    ['a.png', 'aXpng', null],
    ['{a}.png', 'x/y.png', null],
  ])('%s on %s', (pattern, path, expected) => expect(match(pattern, path)).toEqual(expected));
});

describe('shipped recipes', () => {
  it('are found by name and by path, and no other', async () => {
    const names = await shippedRecipes();
    expect(names).toContain('acdc');
    expect(await recipeFile('ACDC')).toBe(resolve(await recipeFile('recipes/acdc.yaml')));
    await expect(recipeFile('nothing')).rejects.toThrow(
      'no recipe nothing: there is no such file, and the shipped ones are',
    );
  });

  it('are all valid, say what they were checked against, and cite', async () => {
    const { readRecipe } = await import('./recipe.ts');
    const files = await readdir(new URL('../../../recipes/', import.meta.url));
    expect(files.filter((file) => !file.endsWith('.yaml'))).toEqual(['recipe.schema.json']);
    for (const name of await shippedRecipes()) {
      const { checked, facts = [], licence } = await readRecipe(await recipeFile(name));
      expect([name, checked !== undefined, facts.length > 0, licence !== '']).toEqual([name, true, true, true]);
    }
  });
});
