/** Texts to concepts: words, order, spelling, sides, negation, images, other languages; and what has to stay unresolved. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import { conceptOfTarget, concepts, nearestTrained, resolve } from '../index.ts';

const nameOf = (text: string, options = {}): string | null => resolve(text, options).concept?.name ?? null;

describe('a text resolves', () => {
  it('to concept, site, modality and side', () => {
    const found = resolve('the left renal parenchyma in abdominal CT');
    expect(found.concept?.name).toBe('left kidney');
    expect(found).toMatchObject({ side: 'left', site: 'abdomen', modality: 'CT', language: 'en', reason: null });
    expect(found.confidence).toBeGreaterThan(0.9);
    expect(found.nearMisses[0]?.name).toBe('kidney');
    expect(found.prompt).toBe('the left renal parenchyma in abdominal CT'); // English reaches the model as it is
  });

  test.each([
    ['kidney, left side', 'left kidney'],
    ['Kidney (L)', 'left kidney'],
    ['kidneyLeft', 'left kidney'],
    ['lung_lower_lobe_left', 'left lower lung lobe'],
    ['collarbone left', 'left clavicle'],
    ["patient's right lung", 'right lung'],
    ['left and right kidney', 'kidney'],
    ['bilateral lungs', 'lung'],
    ['oesophagus', 'esophagus'],
    ['peritumoural oedema', 'peritumoral edema'],
    ['grey matter', 'gray matter'],
    ['vertebrae_L1', 'L1 vertebra'],
    ['immune cells', 'inflammatory cells'],
    ['tumor boundary', 'tumor'],
    ['nuclei', 'cell nuclei'],
    ['nonenhancing tumor', 'non-enhancing tumor'],
    ['segment the left lung in this chest X-ray', 'left lung'],
    ['bladder', 'urinary bladder'],
    ['prostate gland', 'prostate'],
    ['COVID19', 'COVID-19 infection'],
    ['skin mole', 'skin lesion'],
    ['liver in PET', 'liver'],
  ])('%s is %s', (text, name) => {
    expect(nameOf(text)).toBe(name);
  });

  test.each([
    ['left kidny', 'left kidney'],
    ['plural effusion', 'pleural effusion'],
    ['pancraes', 'pancreas'],
    ['gallblader', 'gallbladder'],
  ])('%s with a slip of the pen is %s, under 0.9', (text, name) => {
    const { concept, confidence } = resolve(text);
    expect(concept?.name).toBe(name);
    expect(confidence).toBeLessThan(0.9);
  });

  test.each([
    ['IVC', 'inferior vena cava'],
    ['ivc', 'inferior vena cava'],
    ['WBC', 'white blood cell'],
    ['LV', 'left heart ventricle'],
    ['RV_blood', 'right heart ventricle'],
    ['LA', 'left heart atrium'],
    ['la', null],
    ['lv', null],
    ['MS lesion', 'multiple sclerosis lesion'],
    ['GGO', 'ground glass opacity'],
  ])('the abbreviation %s is %s', (text, name) => {
    expect(nameOf(text)).toBe(name);
  });

  test.each<[string, { modality?: string; site?: string }, string | null]>([
    ['tumor', { modality: 'ultrasound', site: 'breast' }, 'breast tumor'],
    ['tumor', { modality: 'CT', site: 'kidney' }, 'kidney tumor'],
    ['tumor', { modality: 'MRI-FLAIR', site: 'brain' }, 'brain tumor'],
    ['tumor', { modality: 'CT', site: 'abdomen' }, 'tumor'], // several are possible
    ['edema', { modality: 'MRI', site: 'brain' }, 'peritumoral edema'],
    ['edema', { modality: 'OCT' }, 'retinal fluid'],
    ['edema', {}, null],
    ['lesion', { modality: 'Dermoscopy' }, 'skin lesion'],
    ['vessels', { modality: 'fundus', site: 'eye' }, 'retinal vessel'],
    ['nodule', { modality: 'computed tomography', site: 'thoracic' }, 'lung nodule'],
    ['prostate gland', { modality: 'pathology', site: 'prostate' }, 'prostatic glands'],
    ['mass', { modality: 'mammography' }, null],
  ])('%s in %j is %s', (text, options, name) => {
    if (options.modality === 'mammography') expect(() => resolve(text, options)).toThrow('Unknown modality');
    else expect(nameOf(text, options)).toBe(name);
  });

  test.each([
    ['tumor in brain MRI', 'MRI', 'brain'],
    ['left clavicle on CXR', 'X-Ray', 'chest'],
    ['mass in a mammogram', 'X-Ray', 'breast'],
    ['US liver', 'ultrasound', null],
    ['glomeruli in kidney histology', 'pathology', 'kidney'],
    ['polyp, colonoscopy', 'endoscope', 'colon'],
    ['hippocampus on T1-weighted MRI', 'MRI-T1', null],
    ['white blood cell in blood smear', 'pathology', 'blood'],
  ])('%s: modality %s, site %s', (text, modality, site) => {
    expect(resolve(text)).toMatchObject({ modality, site });
  });
});

describe('nothing is made up for', () => {
  test.each([
    'no tumor',
    'without pleural effusion',
    'tumor is not present',
    'tumor-free liver',
    'everything except the liver',
    '没有肿瘤',
  ])('"%s": it says no', (text) => {
    expect(resolve(text)).toMatchObject({ concept: null, confidence: 0, reason: 'negated' });
  });

  test.each([
    'liver and kidney',
    'thyroid gland in ultrasound',
    'kidney transplant',
    'right atrial appendage',
    'T1 vertebra',
    'left middle lung lobe',
    'ventricle',
    'hello world',
    'us',
    'the',
    '',
    '??',
    '%%% \u0000',
  ])('"%s"', (text) => {
    const { concept, confidence, prompt } = resolve(text);
    expect([concept, confidence, prompt]).toEqual([null, 0, text]);
  });

  it('a side that is missing, which is a near miss', () => {
    expect(resolve('ventricle').nearMisses.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['brain ventricle', 'left heart ventricle', 'right heart ventricle']),
    );
  });

  it('a very long text, in good time', () => {
    const before = process.cpuUsage(); // not the clock: the machine may be busy
    expect(resolve('liver kidney spleen '.repeat(5000)).concept).toBeNull();
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });

  it('an unknown modality or site among the options, or what is no text', () => {
    expect(() => resolve('liver', { modality: 'thermography' })).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/"thermography"; allowed: CT, MRI/) }),
    );
    expect(() => resolve('liver', { site: 'elbow' })).toThrow(/Unknown site "elbow"; allowed: abdomen/);
    expect(() => resolve(5 as unknown as string)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('every name of every concept', () => {
  it('resolves to it', () => {
    for (const { name, synonyms } of concepts) {
      for (const text of [name, ...synonyms]) {
        const { concept, confidence } = resolve(text);
        expect([text, concept?.name, confidence >= 0.9]).toEqual([text, name, true]);
      }
    }
  });
});

describe('the trained concepts nearest to an untrained one', () => {
  const near = (name: string): string[] =>
    nearestTrained(conceptOfTarget(name) as (typeof concepts)[number], concepts, 3).map((one) => one.name);
  it('are its parts and kinds first', () => {
    expect(near('clavicle').slice(0, 2)).toEqual(['left clavicle', 'right clavicle']);
    expect(near('lower-grade glioma')[0]).toBe('glioma');
    expect(near('uterus')).not.toContain('liver');
  });
});

describeShared('data', 'target names of the data sets', () => {
  it('resolve to their concepts, alone with modality and site, and in the published form', () => {
    const root = sharedPath('data');
    const asked = new Set<string>();
    for (const entry of readdirSync(root, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      for (const file of readdirSync(join(root, entry.name, 'train_mask'))) {
        asked.add(
          file
            .replace(/\.png$/, '')
            .split('_')
            .slice(-3)
            .join('_'),
        );
      }
    }
    expect(asked.size).toBeGreaterThan(150);
    for (const one of asked) {
      const [modality, site, last] = one.split('_');
      const target = last.replaceAll('+', ' ');
      const { name } = conceptOfTarget(target) as (typeof concepts)[number];
      expect(nameOf(target, { modality, site }), one).toBe(name);
      const found = resolve(`${target} in ${site} ${modality}`);
      expect([found.concept?.name, found.site, found.modality], one).toEqual([name, site, modality]);
    }
  });
});
