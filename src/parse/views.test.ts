import { describe, expect, test } from 'vitest';
import {
  checkViewClassifier,
  createViewMean,
  guessViews,
  likelyModality,
  PLAUSIBLE,
  plausibility,
  type ViewGuess,
} from './views.ts';

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

describe('the mean of guesses', () => {
  const guess = (chest: number) => [
    { modality: 'CT', site: 'chest', probability: chest },
    { modality: 'MRI', site: 'brain', probability: 1 - chest },
  ];

  test('is the mean of each kind of image, most probable first', () => {
    const mean = createViewMean();
    for (const chest of [1, 0.25, 0]) mean.add(guess(chest));
    const [first, second] = mean.guesses() ?? [];
    expect([first.site, second.site]).toEqual(['brain', 'chest']);
    expect(first.probability).toBeCloseTo(1.75 / 3, 12);
    expect(second.probability).toBeCloseTo(1.25 / 3, 12);
  });

  test('is none of nothing', () => {
    const mean = createViewMean();
    expect(mean.guesses()).toBeNull();
    mean.add(null);
    expect(mean.guesses()).toBeNull();
  });
});

describe('the modality that guesses agree on', () => {
  const guess = (modality: string, site: string, probability: number): ViewGuess => ({ modality, site, probability });

  test('adds up its sites', () => {
    expect(likelyModality([guess('CT', 'abdomen', 0.6), guess('CT', 'chest', 0.35), guess('MRI', 'spine', 0.05)])).toBe(
      'CT',
    );
  });

  test('is none where it is unsure, and of nothing', () => {
    expect(likelyModality([guess('CT', 'abdomen', 0.6), guess('MRI', 'spine', 0.4)])).toBeNull();
    expect(likelyModality([])).toBeNull();
    expect(likelyModality(null)).toBeNull();
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
    return plausibility(guesses, { name, modality: null, site: null }, known);
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

  test('leans on what the prompt says of the image, and is not talked out of a certain guess', () => {
    const said = (name: string, modality: string | null, site: string | null, probability = 0.1) => {
      const rest = guesses
        .slice(0, 2)
        .map((guess) => ({ ...guess, probability: (guess.probability * (1 - probability)) / 0.9 }));
      return plausibility([...rest, { ...guesses[2], probability }], { name, modality, site }, unknown);
    };
    expect(said('optic disc', 'fundus', 'retinal').possible).toBeCloseTo(40 / 40.9, 12);
    expect(said('optic disc', 'fundus', null).possible).toBeCloseTo(2 / 2.9, 12);
    expect(said('left lung', 'fundus', 'retinal')).toMatchObject({ looksLike: 'retinal fundus' });
    expect(said('left lung', 'fundus', 'retinal').possible).toBeCloseTo(0.6 / 40.9, 12);
    expect(said('optic disc', 'fundus', 'retinal', 1e-6).possible).toBeLessThan(0.001);
    expect(said('optic disc', 'OCT', 'fetal').possible).toBeCloseTo(0.1, 12);
  });

  test('is open where no guess agrees with what is known, and where nothing was guessed or understood', () => {
    expect(of('optic disc', { modality: 'OCT', site: null })).toEqual(PLAUSIBLE);
    expect(of('wooden chair')).toEqual(PLAUSIBLE);
    expect(plausibility(guesses, null, unknown)).toEqual(PLAUSIBLE);
    expect(plausibility(null, { name: 'optic disc', modality: null, site: null }, unknown)).toEqual(PLAUSIBLE);
  });
});
