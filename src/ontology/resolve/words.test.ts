/** Words as they are compared, and how alike they are written. */
import { describe, expect, it, test } from 'vitest';
import { editDistance, likeness, trigramLikeness } from './spelling.ts';
import { normalWord, saysNo, tokenise } from './tokens.ts';

describe('words', () => {
  test.each([
    ['Tumours', 'tumor'],
    ['oedema', 'edema'],
    ['haemorrhages', 'hemorrhage'],
    ['vertebrae', 'vertebra'],
    ['opacities', 'opacity'],
    ['renal', 'kidney'],
    ['metastases', 'metastasis'],
    ['discs', 'disc'],
    ['disk', 'disc'],
  ])('%s is compared as %s', (word, normal) => {
    expect(normalWord(word)).toBe(normal);
  });

  it('are cut at case, digits and signs; articles fall away, places are marked', () => {
    const tokens = tokenise("The patient's kidneyLeft in CT, COVID-19/covid19 (L1)");
    expect(tokens.map(({ text }) => text)).toEqual(['kidney', 'left', 'ct', 'covid', '19', 'covid', '19', 'l1']);
    expect(tokens.map(({ place }) => place)).toEqual([false, false, true, true, true, true, true, true]);
    expect(tokenise('l kidney')[0].text).toBe('left');
    expect(tokenise('L')[0].text).toBe('l'); // a letter alone is no side
  });

  it('that say no', () => {
    for (const text of ['no tumor', 'not_a_tumor', "isn't there", 'free of disease', 'rule out a fracture']) {
      expect(saysNo(text), text).toBe(true);
    }
    for (const text of ['nodule', 'node', 'knot', 'non-neoplastic polyp', 'notochord'])
      expect(saysNo(text), text).toBe(false);
  });
});

describe('spelling', () => {
  it('counts letters left out, put in, changed and swapped', () => {
    expect(editDistance('liver', 'liver')).toBe(0);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kidny', 'kidney')).toBe(1);
    expect(editDistance('pancraes', 'pancreas')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
  it('is trusted in long words only, and never where numbers differ', () => {
    expect(likeness('kidny', 'kidney')).toBeCloseTo(5 / 6, 10);
    expect([likeness('lang', 'lung'), likeness('river', 'liver'), likeness('12345', '12346')]).toEqual([0, 0, 0]);
  });
  it('is compared by triples of letters', () => {
    expect(trigramLikeness('liver', 'liver')).toBe(1);
    expect(trigramLikeness('liver', 'xyz')).toBe(0);
    expect(trigramLikeness('hepatic', 'hepatitis')).toBeGreaterThan(0.4);
  });
});
