import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { createRandom } from '../util/random.ts';
import {
  drawPrompt,
  impossibleTargets,
  isGreyModality,
  knownTargets,
  knownViews,
  mayShow,
  mirrorAllowed,
  mirrorTarget,
  modalities,
  modalityFamily,
  modalityWords,
  paraphrases,
  promptCorpus,
  publishedPrompt,
  sideOf,
  siteWords,
  specificNames,
  turnAllowed,
  viewPhrases,
} from './index.ts';

describe('sides', () => {
  test.each([
    ['left lung', 'right lung'],
    ['right rib 9', 'left rib 9'],
    ['left lung lower lobe', 'right lung lower lobe'],
    ['liver', 'liver'],
    ['left heart ventricle', 'left heart ventricle'],
    ['right heart atrium', 'right heart atrium'],
  ])('the mirror image of %s is %s', (target, mirrored) => {
    expect(mirrorTarget(target)).toBe(mirrored);
    expect(mirrorTarget(mirrored)).toBe(target);
  });

  test('are taken off a name', () => {
    expect(sideOf('left hip bone')).toEqual({ side: 'left', base: 'hip bone' });
    expect(sideOf('left heart atrium')).toEqual({ side: undefined, base: 'left heart atrium' });
    expect(sideOf('leftover')).toEqual({ side: undefined, base: 'leftover' });
  });

  test.each<[string, string, string[], boolean]>([
    ['X-Ray', 'chest', ['left lung'], false],
    ['CT', 'abdomen', ['liver'], false],
    ['MRI', 'heart', ['left heart ventricle'], false],
    ['ultrasound', 'heart', ['left heart ventricle'], false],
    ['CT', 'lung', ['lung'], false],
    ['CT', 'lung', ['lung nodule'], true],
    ['MRI-T1', 'brain', ['hippocampus'], true],
    ['X-Ray', 'breast', ['breast mass'], true],
    ['endoscope', 'colon', ['polyp'], true],
  ])('%s of the %s with %j may be mirrored: %s', (modality, site, targets, allowed) => {
    expect(mirrorAllowed(modality, site, targets)).toBe(allowed);
  });

  test('only what has no upright position is turned freely', () => {
    expect(turnAllowed('pathology', 'colon') && turnAllowed('dermoscopy', 'skin')).toBe(true);
    expect(turnAllowed('endoscope', 'colon')).toBe(true);
    for (const [modality, site] of [
      ['endoscope', 'larynx'],
      ['X-Ray', 'chest'],
      ['CT', 'colon'],
      ['OCT', 'retinal'],
    ]) {
      expect(turnAllowed(modality, site), `${modality} ${site}`).toBe(false);
    }
  });
});

describe('what an image can show', () => {
  test('nine modalities, sequences of MRI in one', () => {
    expect([...modalities].sort()).toEqual(
      ['CT', 'MRI', 'OCT', 'X-Ray', 'dermoscopy', 'endoscope', 'fundus', 'pathology', 'ultrasound'].sort(),
    );
    expect(modalityFamily('MRI-T1-Gd')).toBe('MRI');
    expect(modalityFamily('CT')).toBe('CT');
    expect(modalities.filter(isGreyModality).sort()).toEqual(['CT', 'MRI', 'OCT', 'X-Ray', 'ultrasound'].sort());
    expect(isGreyModality('MRI-FLAIR')).toBe(true);
  });

  test.each<[string, string, string, boolean]>([
    ['polyp', 'endoscope', 'colon', true],
    ['polyp', 'dermoscopy', 'skin', false],
    ['polyp', 'X-Ray', 'chest', false],
    ['polyp', 'CT', 'abdomen', true], // colonography
    ['gastrointestinal cancer', 'CT', 'chest', true], // of the esophagus
    ['left kidney', 'CT', 'abdomen', true],
    ['left kidney', 'MRI-T1', 'brain', false],
    ['lung', 'CT', 'abdomen', true], // lung bases
    ['optic disc', 'X-Ray', 'chest', false],
    ['left kidney', 'CT', 'chest', true],
    ['left kidney', 'X-Ray', 'chest', false], // one shade with what is round it
    ['spinal cord', 'X-Ray', 'chest', false],
    ['spinal cord', 'CT', 'chest', true],
    ['aorta', 'X-Ray', 'chest', true],
    ['bone', 'CT', 'head', true],
    ['malignant tumor', 'fundus', 'retinal', true], // nothing certain is known
    ['unheard of', 'CT', 'abdomen', true],
    ['liver', 'thermography', 'abdomen', true],
  ])('%s in %s of the %s: %s', (target, modality, site, expected) => {
    expect(mayShow(target, modality, site)).toBe(expected);
  });

  test('every known kind of image can show something, and surely not something else', () => {
    for (const { modality, site } of knownViews) {
      const impossible = impossibleTargets(modality, site);
      expect(impossible.length, `${modality} ${site}`).toBeGreaterThan(5);
      expect(impossible.length, `${modality} ${site}`).toBeLessThan(knownTargets.length - 5);
    }
    expect(impossibleTargets('thermography', 'abdomen')).toEqual([]);
  });
});

describe('names', () => {
  test('the own one comes first, none twice, sided ones keep their side', () => {
    for (const target of [...knownTargets, 'left kidney', 'right clavicle']) {
      const names = paraphrases(target);
      expect(names[0]).toBe(target);
      expect(new Set(names).size).toBe(names.length);
    }
    const names = paraphrases('left clavicle');
    expect(names).toEqual(expect.arrayContaining(['left collarbone', 'clavicle, left side', 'collarbone, left side']));
    expect(names.every((name) => /\bleft\b/.test(name) && !/\bright\b/.test(name))).toBe(true);
  });

  test('British spellings are made', () => {
    expect(paraphrases('liver tumor')).toContain('liver tumour');
    expect(paraphrases('gray matter')).toContain('grey matter');
  });

  test('vague ones are not used of absent objects', () => {
    expect(paraphrases('brain tumor')).toContain('tumor');
    for (const name of ['tumor', 'tumour', 'whole tumor']) expect(specificNames('brain tumor')).not.toContain(name);
    expect(specificNames('brain tumor')).toContain('tumor of the brain');
    // a target's own name is always there, even a vague one
    expect(specificNames('polyp')[0]).toBe('polyp');
  });
});

describe('prompts', () => {
  test('the published form', () => {
    expect(publishedPrompt('left lung', 'X-Ray', 'chest')).toBe('left lung in chest X-Ray');
  });

  test('words for images are never missing', () => {
    expect(modalityWords('MRI-T9')).toEqual(modalityWords('MRI'));
    expect(modalityWords('thermography')).toEqual(['thermography']);
    expect(siteWords('elbow')).toEqual(['elbow']);
    expect(viewPhrases('X-Ray', 'chest')).toEqual(
      expect.arrayContaining(['chest X-Ray', 'CXR', 'thoracic radiograph']),
    );
    expect(viewPhrases('thermography', 'elbow')).toEqual(['elbow thermography']);
  });

  test('contain a name of the target, in the shares that are said', () => {
    const random = createRandom(3);
    const prompts = Array.from({ length: 2000 }, () => drawPrompt(random, 'left lung', 'X-Ray', 'chest'));
    const names = [...paraphrases('left lung')];
    expect(prompts.every((prompt) => names.some((name) => prompt.includes(name)))).toBe(true);
    expect(prompts.every((prompt) => prompt.includes('left') && !prompt.includes('right'))).toBe(true);
    const share = (test: (prompt: string) => boolean) => prompts.filter(test).length / prompts.length;
    expect(share((prompt) => names.includes(prompt))).toBeCloseTo(0.35, 1);
    expect(share((prompt) => prompt === 'left lung')).toBeCloseTo(0.21, 1);
    expect(new Set(prompts).size).toBeGreaterThan(200);
  });

  test('for an absent object use specific names only', () => {
    const random = createRandom(4);
    const specific = specificNames('brain tumor');
    for (let i = 0; i < 300; i++) {
      const prompt = drawPrompt(random, 'brain tumor', 'MRI-T1', 'brain', true);
      expect(
        specific.some((name) => prompt.includes(name)),
        prompt,
      ).toBe(true);
    }
  });

  test('the corpus is the same each time and holds every known name', () => {
    const corpus = promptCorpus();
    expect(promptCorpus()).toEqual(corpus);
    const texts = new Set(corpus);
    for (const target of knownTargets) expect(texts.has(target), target).toBe(true);
    expect(corpus.every((text) => text.trim() === text && text.length > 0)).toBe(true);
  });
});

describeShared('data', 'the data sets', () => {
  test('ask for known targets in known kinds of image that may show them', () => {
    const root = sharedPath('data');
    const problems = new Set<string>();
    const sets = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of sets) {
      for (const file of readdirSync(join(root, name, 'train_mask'))) {
        const [modality, site, last] = file
          .replace(/\.png$/, '')
          .split('_')
          .slice(-3);
        const target = last.replaceAll('+', ' ');
        if (!knownTargets.includes(target) && !knownTargets.includes(sideOf(target).base)) problems.add(target);
        if (!knownViews.some((view) => view.modality === modalityFamily(modality) && view.site === site)) {
          problems.add(`${modality} ${site}`);
        }
        if (!mayShow(target, modality, site)) problems.add(`${target} in ${site} ${modality}`);
      }
    }
    expect(sets.length).toBeGreaterThan(50);
    expect([...problems]).toEqual([]);
  });
});
