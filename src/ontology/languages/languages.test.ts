/** Other languages: whole dictionaries without double meanings, and texts that resolve like their English ones. */
import { describe, expect, it, test } from 'vitest';
import { concepts, isTrained, resolve } from '../index.ts';
import { languages } from './index.ts';
import { translate } from './translate.ts';
import type { Language } from './types.ts';

describe.each(languages.map((language) => [language.name, language] as const))('%s', (_, language) => {
  it('names every concept that the model knows, and only concepts that there are', () => {
    const names = new Set(concepts.map(({ name }) => name));
    for (const name of Object.keys(language.terms)) expect(names.has(name), name).toBe(true);
    for (const concept of concepts.filter(isTrained)) {
      const ofSide = concept.side !== null && concept.name === `${concept.side} ${concept.parent}`;
      const name = ofSide ? (concept.parent as string) : concept.name;
      expect(language.terms[name]?.length ?? 0, name).toBeGreaterThan(0);
    }
  });

  it('has no name for two things', () => {
    const all = [...Object.values(language.terms), ...Object.values(language.words)].flat();
    expect(all.filter((name, i) => all.indexOf(name) !== i)).toEqual([]);
  });

  it('resolves every name to its concept, which reaches the model by its preferred term', () => {
    for (const [name, own] of Object.entries(language.terms)) {
      for (const text of own) {
        const found = resolve(text);
        expect([text, found.concept?.name, found.prompt, found.language]).toEqual([text, name, name, language.code]);
      }
    }
  });
});

describe('Chinese', () => {
  test.each([
    ['左肾', 'left kidney', 'left kidney'],
    ['肿瘤边界', 'tumor boundary', 'tumor'],
    ['免疫细胞', 'immune cells', 'inflammatory cells'],
    ['右侧锁骨', 'right clavicle', 'right clavicle'],
    ['左肾上腺', 'left adrenal gland', 'left adrenal gland'],
    ['左第六肋骨', 'left rib 6', 'left rib 6'],
  ])('%s is %s', (text, english, prompt) => {
    const found = resolve(text);
    expect(found.concept?.name).toBe(resolve(english).concept?.name);
    expect([found.language, found.prompt, found.concept?.name]).toEqual(['zh', prompt, prompt]);
  });

  it('tells of the image too', () => {
    expect(resolve('腹部CT中的左肾')).toMatchObject({ prompt: 'left kidney', site: 'abdomen', modality: 'CT' });
    expect(resolve('乳腺超声中的肿瘤')).toMatchObject({
      prompt: 'breast tumor',
      site: 'breast',
      modality: 'ultrasound',
    });
  });

  it('that is not known reaches the model as it is', () => {
    expect(resolve('甲状腺')).toMatchObject({ concept: null, prompt: '甲状腺' });
  });
});

describe('a language with blanks', () => {
  const german: Language = {
    code: 'de',
    name: 'German',
    spaced: true,
    terms: { liver: ['Leber'], 'left kidney': ['linke Niere'], kidney: ['Niere'] },
    words: { in: ['in der'] },
  };
  it('is translated by whole words, the longest first', () => {
    expect(translate('Linke Niere in der CT', german)).toBe('left kidney in CT');
    expect(translate('Leberfleck', german)).toBeUndefined();
  });
});
