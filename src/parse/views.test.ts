import { describe, expect, test } from 'vitest';
import { checkViewClassifier, guessViews } from './views.ts';

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
