import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { fitViews, type ViewSample, viewAccuracy } from './fit-views.ts';

/** Clouds of features round a centre per kind. */
function clouds(n: number, seed: number): ViewSample[] {
  const random = createRandom(seed);
  const kinds = [
    { modality: 'CT', site: 'chest', centre: [4, 0, 100] },
    { modality: 'CT', site: 'abdomen', centre: [0, 4, 100] },
    { modality: 'OCT', site: 'retinal', centre: [0, 0, 180] },
  ];
  return Array.from({ length: n }, (_, i) => {
    const { centre, ...kind } = kinds[i % 3];
    return { ...kind, features: Float32Array.from(centre, (value) => value + random.normal()) };
  });
}

describe('kinds of image, fitted', () => {
  test('tells new images apart as well as the clouds allow', () => {
    const classifier = fitViews(clouds(90, 1));
    expect(classifier.views.map(({ modality, site }) => `${site} ${modality}`)).toEqual([
      'abdomen CT',
      'chest CT',
      'retinal OCT',
    ]);
    const { modality, view } = viewAccuracy(classifier, clouds(300, 2));
    expect(modality).toBe(1);
    expect(view).toBeGreaterThan(0.97);
  });

  test('the same samples give the same classifier; one kind alone is always guessed', () => {
    expect(fitViews(clouds(30, 3))).toEqual(fitViews(clouds(30, 3)));
    const one = clouds(30, 4).filter(({ modality }) => modality === 'OCT');
    expect(viewAccuracy(fitViews(one), one)).toEqual({ modality: 1, view: 1 });
  });
});
