import { describe, expect, test } from 'vitest';
import { conceptNamed, resolve } from '../../ontology/index.ts';
import { misreading } from './check.ts';
import { layNames } from './lay.ts';
import { poolOf, sentencesOf, type TargetOfView } from './words.ts';

const kidney: TargetOfView = { set: 'one', target: 'left kidney', modality: 'CT', site: 'abdomen' };

test.each(Object.entries(layNames))('%s is also called %s', (name, lay) => {
  expect(resolve(`the ${lay}`).concept?.name).toBe(name);
});

describe('a description', () => {
  const concept = conceptNamed('left kidney')!;
  test.each([
    ['left kidney in abdominal CT', undefined],
    ['腹部CT中的左肾', undefined],
    ['right kidney in abdominal CT', 'another concept'],
    ['kidney in abdominal CT', 'another concept'],
    ['no left kidney', 'negated'],
    ['something else entirely', 'unknown'],
  ])('%s: %s', (text, reason) => {
    expect(misreading(text, concept, 'CT', 'abdomen')).toBe(reason);
  });
});

describe('the sentences of a mask', () => {
  test('are the published form and one of each style, all of the same meaning', () => {
    const sentences = sentencesOf(poolOf(kidney), 'a_CT_abdomen_left+kidney.png');
    expect(sentences.map(({ style }) => style)).toEqual(['published', 'clinical', 'lay', 'abbreviated', 'translated']);
    expect(sentences[0].text).toBe('left kidney in abdomen CT');
    for (const { text } of sentences) expect(resolve(text).concept?.name, text).toBe('left kidney');
  });

  test('name the sequence of an MRI', () => {
    const pool = poolOf({ set: 'one', target: 'glioma', modality: 'MRI-T1-Gd', site: 'brain' });
    const found = sentencesOf(pool, 'x').find(({ style }) => style === 'sequence');
    expect(found?.text).toMatch(/^glioma on (contrast-enhanced T1 MRI|T1 MRI with gadolinium) of the brain$/);
  });

  test('are the same for the same mask, and differ between masks', () => {
    const pool = poolOf(kidney);
    const files = Array.from({ length: 20 }, (_, i) => `p${i}_CT_abdomen_left+kidney.png`);
    const texts = files.map((file) => sentencesOf(pool, file).map(({ text }) => text));
    expect(files.map((file) => sentencesOf(pool, file).map(({ text }) => text))).toEqual(texts);
    expect(new Set(texts.map((list) => list.join())).size).toBeGreaterThan(10);
  });

  test('are the published form alone where nothing certain is known of the target', () => {
    const pool = poolOf({ ...kidney, target: 'class 7' });
    expect(pool.concept).toBe(null);
    expect(sentencesOf(pool, 'x').map(({ text }) => text)).toEqual(['class 7 in abdomen CT']);
  });

  test('have nothing of what a model says that means something else', () => {
    const more = ['the left kidney as a radiologist sees it', 'right kidney', 'no left kidney'].map((text) => ({
      ...{ text, style: 'clinical' as const, language: 'en', by: 'language model m' },
    }));
    const { dropped } = poolOf(kidney, () => more);
    const byModel = dropped.filter(({ by }) => by !== 'rules').map(({ text, reason }) => [text, reason]);
    expect(byModel).toContainEqual(['right kidney', 'another concept']);
    expect(byModel).toContainEqual(['no left kidney', 'negated']);
  });
});
