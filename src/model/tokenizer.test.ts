import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readCase } from '../../test/helpers/golden.ts';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { clipTokenizerJson, createTokenizer, trainTokenizer, type VocabularyTokenizer } from './tokenizer.ts';
import { toByteCharacters } from './tokenizer-bytes.ts';

const clipFile = 'reference/clip/bpe_simple_vocab_16e6.txt.gz';
const readClip = () => clipTokenizerJson(gunzipSync(readFileSync(sharedPath(clipFile))).toString('utf8'));

describeShared(clipFile, "CLIP's tokenizer", () => {
  let json: ReturnType<typeof readClip>;
  let tokenizer: VocabularyTokenizer;
  beforeAll(() => {
    json = readClip();
    tokenizer = createTokenizer(json, { contextLength: 77 });
  });

  test('has the published numbers', () => {
    expect([tokenizer.vocabulary, tokenizer.start, tokenizer.end]).toEqual([49408, 49406, 49407]);
    expect(json.model.vocab['a</w>']).toBe(320);
    expect(tokenizer.encode('a photo of a cat')).toEqual([49406, 320, 1125, 539, 320, 2368, 49407]);
  });

  describeShared('golden', 'on the golden prompts', () => {
    test.each([
      'full-golden',
      'tiny-1prompt',
      'tiny-3prompts',
      'tiny-nonsquare',
      'tiny-stroke-text',
    ])('%s', async (name) => {
      const { prompts, ids } = await readCase(sharedPath('golden'), name);
      expect(prompts.length).toBeGreaterThan(0);
      expect(prompts.map((prompt) => tokenizer.encode(prompt))).toEqual(ids);
    });
  });

  test('makes lower case, collapses white space, splits digits and punctuation', () => {
    expect(tokenizer.encode('  LEFT \n\t Lung  ')).toEqual(tokenizer.encode('left lung'));
    expect(tokenizer.encode('Chest-19')).toHaveLength(2 + ['chest', '-', '1', '9'].length);
    expect(tokenizer.encode('')).toEqual([49406, 49407]);
  });

  test('cuts long texts, the end kept', () => {
    const ids = tokenizer.encode('liver '.repeat(200));
    expect(ids).toHaveLength(77);
    expect([ids[0], ids[76]]).toEqual([49406, 49407]);
  });
});

test("another list of merges is not taken for CLIP's", () => {
  expect(() => clipTokenizerJson('#version\na b\n')).toThrow(/48894 lines of two symbols/);
});

describe('the trained tokenizer', () => {
  const corpus = [
    'left lung',
    'right lung',
    'the left kidney in abdomen CT',
    'lung nodule in chest X-Ray',
    'left lung',
  ];
  const json = trainTokenizer(corpus, 320);
  const tokenizer = createTokenizer(json, { contextLength: 64 });
  /** The text that ids stand for, as byte characters. */
  const tokens = new Map(Object.entries(json.model.vocab).map(([token, id]) => [id, token]));
  const spell = (ids: readonly number[]) => ids.map((id) => tokens.get(id)).join('');

  test('is the same each time, within its size, and learns frequent words', () => {
    expect(trainTokenizer(corpus, 320)).toEqual(json);
    expect(tokenizer.vocabulary).toBeLessThanOrEqual(320);
    expect([tokenizer.start, tokenizer.end]).toEqual([0, 1]);
    expect(tokenizer.encode('left lung')).toHaveLength(4);
    expect(tokenizer.encode('Left\u00a0 LUNG')).toEqual(tokenizer.encode('left lung'));
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \n\t\u3000 '],
    ['another script', '左肺 лёгкое الرئة'],
    ['emoji and joiners', '🫁👩‍⚕️ ️'],
    ['a lone surrogate', 'a\ud800b'],
    ['control characters', 'a\u0000b\u0007'],
    ['its own special tokens', '<|start|> <|end|>'],
    ['combining marks', 'e\u0301 \u0301'],
    ['punctuation', `"'s''ll ... !!! --- §±²`],
    ['digits', 'COVID-19 1234567890'],
    ['markup', '</w> Ġ <s> [PAD] {"a":1}'],
  ])('knows every byte of %s', (_, text) => {
    const ids = tokenizer.encode(text);
    expect([ids[0], ids[ids.length - 1]]).toEqual([0, 1]);
    const inner = ids.slice(1, -1);
    expect(inner.every((id) => Number.isInteger(id) && id >= 2 && id < tokenizer.vocabulary)).toBe(true);
    const normal = text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
    if (ids.length < 64) expect(spell(inner)).toBe(toByteCharacters(normal === '' ? '' : ` ${normal}`));
  });

  test('cuts long texts, the end kept', () => {
    const ids = tokenizer.encode('x'.repeat(10_000));
    expect(ids).toHaveLength(64);
    expect(ids[63]).toBe(1);
  });

  test('different texts have different ids', () => {
    const texts = ['left lung', 'right lung', 'left  lungs', 'lung left', 'left-lung', 'léft lung'];
    expect(new Set(texts.map((text) => tokenizer.encode(text).join())).size).toBe(texts.length);
  });

  test('refuses a vocabulary without room for the bytes, a short context, and what is no tokenizer', () => {
    expect(() => trainTokenizer(corpus, 257)).toThrow(/at least 258 entries, not 257/);
    expect(() => createTokenizer(json, { contextLength: 2 })).toThrow(/at least 3, not 2/);
    expect(() => createTokenizer({ model: { type: 'WordPiece' } }, { contextLength: 9 })).toThrow(
      /tokenizer\.json: not a byte-pair tokenizer/,
    );
    expect(() => createTokenizer({ ...json, post_processor: null }, { contextLength: 9 })).toThrow(
      /names no start and end token/,
    );
    expect(() => createTokenizer(null, { contextLength: 9 })).toThrow(/not a byte-pair/);
  });
});
