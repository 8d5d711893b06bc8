import { describe, expect, test } from 'vitest';
import { resolve } from '../ontology/index.ts';
import { describeResolution } from './concept.ts';

const noteOf = (text: string, modality?: string): string | null =>
  describeResolution(text, resolve(text), modality === undefined ? {} : { known: { modality, site: null } }).note;

describe('the note on what the default model was not trained on', () => {
  test('a known object in another modality: where it is known', () => {
    expect(noteOf('spinal cord in abdomen CT')).toBe(
      '"spinal cord in abdomen CT" asks for spinal cord in CT, which the default model was not trained on; it knows spinal cord in spine MRI',
    );
    expect(describeResolution('spinal cord in abdomen CT', resolve('spinal cord in abdomen CT')).concept?.trained).toBe(
      true,
    );
  });

  test('what is known of the image counts before the words', () => {
    expect(noteOf('liver')).toBeNull();
    expect(noteOf('liver', 'MRI')).toMatch(/^"liver" asks for liver in MRI, .* it knows liver in abdomen CT$/);
    expect(noteOf('spinal cord in abdomen CT', 'MRI-T2')).toBeNull();
  });

  test('where nobody says the modality, what the image looks like', () => {
    const guessing = (text: string, guess: string | null): string | null =>
      describeResolution(text, resolve(text), { guessed: () => guess }).note;
    expect(guessing('spinal cord', 'CT')).toBe(
      '"spinal cord" asks for spinal cord in what looks like CT, which the default model was not trained on; it knows spinal cord in spine MRI',
    );
    expect(guessing('spinal cord', null)).toBeNull();
    expect(guessing('spinal cord', 'MRI')).toBeNull();
    expect(guessing('liver in abdomen CT', 'MRI')).toBeNull();
  });

  test('none where it was trained, under any name, in any sequence', () => {
    for (const text of ['left kidney in abdomen CT', 'kidney in abdominal MRI-T2', 'LV in cardiac MRI', '肿瘤']) {
      expect(noteOf(text), text).toBeNull();
    }
  });

  test('an unknown object: what is near', () => {
    expect(noteOf('uterus in pelvis MRI')).toMatch(
      /is outside what the default model was trained on; nearest known terms: /,
    );
    expect(noteOf(`flux ${'capacitor '.repeat(20)}`)).toMatch(/^"flux capacitor [^"]{40,}\.\.\." is outside/);
  });
});
