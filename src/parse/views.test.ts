import { describe, expect, test } from 'vitest';
import { conceptNamed } from '../ontology/index.ts';
import { checkViewClassifier, guessViews, PLAUSIBLE, plausibility } from './views.ts';

const classifier = {
  views: [
    { modality: 'CT', site: 'chest' },
    { modality: 'MRI', site: 'brain' },
  ],
  mean: [1, 2, 3],
  scale: [1, 2, 1],
  weights: [
    [1, 0, 0],
    [0, 1, 0],
  ],
  bias: [0, 0.5],
};

describe('guesses of kinds of image', () => {
  test('are probabilities, most probable first', () => {
    const [first, second] = guessViews(classifier, Float32Array.of(1, 6, 0)); // scores 0 and 2.5
    expect([first.modality, first.site]).toEqual(['MRI', 'brain']);
    expect(first.probability).toBeCloseTo(1 / (1 + Math.exp(-2.5)), 12);
    expect(first.probability + second.probability).toBeCloseTo(1, 12);
  });

  test.each([
    [null, ''],
    [{ ...classifier, views: [{ modality: 'CT' }] }, 'views'],
    [{ ...classifier, mean: [1, 2] }, 'mean'],
    [{ ...classifier, scale: [1, 0, 1] }, 'scale'],
    [{ ...classifier, weights: [[1, 0, 0]] }, 'weights'],
    [{ ...classifier, bias: ['a', 0] }, 'bias'],
  ])('a wrong file is refused by field', (value, field) => {
    expect(() => checkViewClassifier(value, 3, 'views.json')).toThrow(`views.json: field "${field}" must be`);
    expect(checkViewClassifier(classifier, 3, 'views.json')).toBe(classifier);
  });
});

describe('what an image may show', () => {
  const guesses = [
    { modality: 'X-Ray', site: 'chest', probability: 0.6 },
    { modality: 'endoscope', site: 'colon', probability: 0.3 },
    { modality: 'fundus', site: 'retinal', probability: 0.1 },
  ];
  const unknown = { modality: null, site: null };
  const of = (name: string, known: { modality: string | null; site: string | null } = unknown) => {
    const concept = conceptNamed(name);
    if (concept === undefined) throw new Error(`no concept ${name}`);
    return plausibility(guesses, concept, known);
  };

  test('is as probable as the kinds of image that can show it', () => {
    expect(of('left lung').possible).toBeCloseTo(0.6, 12);
    expect(of('optic disc').possible).toBeCloseTo(0.1, 12);
    expect(of('optic disc')).toMatchObject({ looksLike: 'chest X-Ray' });
    expect(of('tumor')).toEqual(PLAUSIBLE); // can be anywhere
  });

  test('is told by what is known of the image before any guess', () => {
    expect(of('optic disc', { modality: 'fundus', site: null })).toEqual(PLAUSIBLE);
    expect(of('optic disc', { modality: null, site: 'retinal' })).toEqual(PLAUSIBLE);
    expect(of('optic disc', { modality: 'X-Ray', site: 'chest' })).toEqual({ possible: 0, looksLike: 'chest X-Ray' });
  });

  test('is open where no guess agrees with what is known', () => {
    expect(of('optic disc', { modality: 'OCT', site: null })).toEqual(PLAUSIBLE);
  });
});
