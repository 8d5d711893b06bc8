import { describe, expect, test } from 'vitest';
import { cleanLabel, labelWords } from './label.ts';
import { decideByRules, knownContext } from './rules.ts';

const decide = (label: string, kind: string, set: string | null = null) => {
  const [modality, site] = kind.split('|');
  const { concept, confidence, ...rest } = decideByRules(label, knownContext(set, modality || null, site || null));
  return { ...rest, name: concept?.name ?? null, published: concept?.published ?? null, confidence };
};

describe('labels', () => {
  test.each([
    ['02_liver.nii.gz', 'liver'],
    ['label_3: spleen', 'spleen'],
    ['liver_mask', 'liver'],
    ['seg-liver', 'liver'],
    ['Esophagus (E)', 'Esophagus'],
    ['L5', 'L5'],
    ['7', '7'],
  ])('%s is cleaned to %s', (label, clean) => expect(cleanLabel(label)).toBe(clean));

  test.each([
    ['kidneyLeft', ['kidney', 'left']],
    ['RVBlood', ['rv', 'blood']],
    ['adrenal_gland-left', ['adrenal', 'gland', 'left']],
  ])('%s has the words %j', (label, words) => expect(labelWords(label)).toEqual(words));
});

describe('rules', () => {
  // sure: the words mean it whatever the image
  test.each([
    ['RV_blood', 'MRI|heart', 'right heart ventricle'],
    ['kidney_left', 'CT|abdomen', 'left kidney'],
    ['KidneyRight', 'CT|abdomen', 'right kidney'],
    ['l.kidney', 'CT|abdomen', 'left kidney'],
    ['inferior_vena_cava', 'CT|abdomen', 'inferior vena cava'],
    ['Oesophagus', 'CT|abdomen', 'esophagus'],
    ['12_gallbladder.nii.gz', 'CT|abdomen', 'gallbladder'],
    ['non_enhancing_tumor', 'MRI|brain', 'non-enhancing tumor'],
  ])('%s of %s is surely %s', (label, kind, name) => {
    const found = decide(label, kind);
    expect(found.name).toBe(name);
    expect(found.confidence).toBeGreaterThanOrEqual(0.9);
  });

  // the image, the set's name, or a mended word decides
  test.each([
    ['LK', 'CT|abdomen', 'left kidney'],
    ['lkidney', 'CT|abdomen', 'left kidney'],
    ['kidny', 'CT|abdomen', 'kidney'],
    ['liver2', 'CT|abdomen', 'liver'],
    ['hip_left', 'CT|abdomen', 'left hip bone'],
    ['LV_Myo', 'MRI|heart', 'myocardium'],
    ['LVendo', 'ultrasound|heart', 'left heart ventricle'],
    ['ED', 'MRI|brain', 'peritumoral edema'],
    ['edema', 'OCT|retinal', 'cystoid macular edema'],
    ['Neoplastic', 'pathology|breast', 'neoplastic cells'],
    ['cup', 'fundus|retinal', 'optic cup'],
    ['tumor', 'CT|kidney', 'kidney tumor'],
    ['vessel', 'CT|liver', 'hepatic vessel'],
    ['liver_lesion', 'CT|abdomen', 'liver tumor'],
    ['left_hippocampus', 'MRI|brain', 'hippocampus'],
  ])('%s of %s is probably %s', (label, kind, name) => {
    const found = decide(label, kind);
    expect(found.name).toBe(name);
    expect(found.confidence).toBeGreaterThanOrEqual(0.6);
    expect(found.confidence).toBeLessThan(0.9);
    expect(found.evidence).not.toBe('');
  });

  test("a set's name tells the place of a tumor", () => {
    expect(decide('tumor', 'CT|', 'Task06_Lung')).toMatchObject({ name: 'lung tumor', confidence: 0.8 });
    expect(decide('tumor', 'CT|', null)).toMatchObject({ name: 'tumor', published: null });
  });

  test('the only kind of lesion that the ontology knows there is not taken for every lesion', () => {
    expect(decide('lesion', 'MRI|brain').name).toBe('lesion');
  });

  test.each([
    ['3', 'CT|abdomen', /number/],
    ['label_3', 'CT|abdomen', /number/],
    ['background', 'CT|abdomen', /no object/],
    ['not_liver', 'CT|abdomen', /not there/],
    ['liver_segment_2', 'CT|liver', /segment/],
    ['prostate/uterus', 'CT|abdomen', /several objects: prostate, uterus/],
    ['renal_vein', 'CT|abdomen', /no rule/],
    ['left_ventricle', 'MRI|brain', /no rule/], // the heart's cannot be there
    ['infarct', 'MRI|brain', /no rule/],
    ['brain', 'MRI|brain', /no rule/],
    ['cancer', 'CT|abdomen', /several concepts/],
    ['', 'CT|abdomen', /number/],
  ])('%s of %s is open', (label, kind, why) => {
    const found = decide(label, kind);
    expect(found).toMatchObject({ name: null, confidence: 0 });
    expect(found.evidence).toMatch(why);
  });

  test('an open label says what it may be', () => {
    expect(decide('cancer', 'CT|abdomen').alternatives.map(({ concept }) => concept)).toContain('pancreatic tumor');
  });

  test('kinds of image that the ontology does not know are no error', () => {
    expect(decide('liver', 'PET|knee')).toMatchObject({ name: 'liver', confidence: 1 });
  });
});
