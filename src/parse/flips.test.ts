import { expect, test } from 'vitest';
import { resolve } from '../ontology/index.ts';
import type { Decoded } from '../runtime/network.ts';
import { averageMirrored, mirrorPrompt, mirrorRows } from './flips.ts';

const asked = (text: string, known = {}): string | null =>
  mirrorPrompt(resolve(text), { modality: null, site: null, ...known });

test('the mirror image is asked for the other side', () => {
  expect(asked('left kidney in transverse ultrasound', { modality: 'ultrasound', site: 'kidney' })).toBe(
    'right kidney in transverse ultrasound',
  );
  expect(asked('optic disc in retinal fundus')).toBe('optic disc in retinal fundus');
  expect(asked('polyp')).toBe('polyp');
});

test('it is not asked where the sides of the body differ in looks, nor for what nobody knows', () => {
  expect(asked('left lung in chest X-Ray')).toBeNull();
  expect(asked('spleen in abdomen CT')).toBeNull();
  expect(asked('left heart ventricle in heart MRI')).toBeNull();
  expect(asked('wooden chair')).toBeNull();
  // a side that cannot be exchanged, as no word says it
  expect(asked('kidney_left', { modality: 'ultrasound', site: 'kidney' })).toBeNull();
  expect(asked('kidney (L)', { modality: 'ultrasound', site: 'kidney' })).toBeNull();
  // an ultrasound of the kidney may be mirrored, a CT of the abdomen may not
  expect(asked('kidney', { modality: 'CT', site: 'abdomen' })).toBeNull();
});

test('rows are turned one by one', () => {
  expect(mirrorRows(Float32Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Float32Array.of(3, 2, 1, 6, 5, 4));
  expect(mirrorRows(Uint8Array.of(0, 1), 2)).toEqual(Uint8Array.of(1, 0));
});

test('answers are averaged at the same place, of the prompts that were asked twice', () => {
  const decoded = (logits: number[], existence: number[] | null): Decoded => ({
    logits: Float32Array.from(logits),
    ...{ height: 1, width: 2, queries: new Int32Array(logits.length / 2) },
    existence: existence === null ? null : Float32Array.from(existence),
  });
  const found = averageMirrored(decoded([1, 2, 3, 4], [1, 2]), decoded([10, 20], [4]), [1]);
  expect(found.logits).toEqual(Float32Array.of(1, 2, (3 + 20) / 2, (4 + 10) / 2));
  expect(found.existence).toEqual(Float32Array.of(1, 3));
  expect(averageMirrored(decoded([1, 2], null), decoded([0, 0], null), [0]).existence).toBeNull();
});
