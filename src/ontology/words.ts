/** Words for modalities and sites as people write them; the first of each list is the published spelling. */
import { modalityFamily } from './regions.ts';

const modalityTable: Readonly<Record<string, readonly string[]>> = {
  CT: ['CT', 'computed tomography', 'CT scan', 'CT slice'],
  MRI: ['MRI', 'magnetic resonance imaging', 'MR image', 'MRI scan', 'MR'],
  'MRI-T1': ['MRI-T1', 'T1-weighted MRI', 'T1 MRI', 'MRI', 'MR image'],
  'MRI-T1w': ['MRI-T1w', 'T1-weighted MRI', 'T1 MRI', 'MRI', 'MR image'],
  'MRI-T1-Gd': [
    'MRI-T1-Gd',
    'contrast-enhanced T1 MRI',
    'T1 MRI with gadolinium',
    'post-contrast T1-weighted MRI',
    'MRI',
  ],
  'MRI-T2': ['MRI-T2', 'T2-weighted MRI', 'T2 MRI', 'MRI', 'MR image'],
  'MRI-T2w': ['MRI-T2w', 'T2-weighted MRI', 'T2 MRI', 'MRI', 'MR image'],
  'MRI-T2ax': ['MRI-T2ax', 'axial T2-weighted MRI', 'T2 MRI', 'MRI'],
  'MRI-T2star': ['MRI-T2star', 'T2*-weighted MRI', 'T2 star MRI', 'MRI'],
  'MRI-FLAIR': ['MRI-FLAIR', 'FLAIR MRI', 'FLAIR', 'MRI', 'MR image'],
  'X-Ray': ['X-Ray', 'radiograph', 'x-ray image', 'plain film', 'XR'],
  ultrasound: ['ultrasound', 'ultrasound image', 'sonogram', 'US', 'sonography'],
  endoscope: ['endoscope', 'endoscopy', 'endoscopic image', 'endoscopy frame'],
  fundus: ['fundus', 'fundus photograph', 'fundus photo', 'fundus image'],
  OCT: ['OCT', 'optical coherence tomography', 'OCT scan', 'OCT B-scan'],
  dermoscopy: ['dermoscopy', 'dermoscopic image', 'dermatoscopy', 'dermoscopy image'],
  pathology: ['pathology', 'histology', 'histopathology', 'microscopy image', 'pathology slide', 'H&E image'],
};

const siteTable: Readonly<Record<string, readonly string[]>> = {
  abdomen: ['abdomen', 'abdominal', 'belly'],
  'adrenal gland': ['adrenal gland', 'adrenal'],
  'bile-duct': ['bile-duct', 'bile duct', 'biliary'],
  bladder: ['bladder', 'vesical'],
  blood: ['blood', 'blood smear', 'peripheral blood'],
  bone: ['bone', 'skeletal'],
  brain: ['brain', 'head', 'cerebral'],
  breast: ['breast', 'mammary'],
  cells: ['cells', 'cell'],
  cervix: ['cervix', 'uterine cervix'],
  chest: ['chest', 'thoracic', 'thorax'],
  colon: ['colon', 'colonic', 'bowel'],
  esophagus: ['esophagus', 'esophageal'],
  fetal: ['fetal', 'foetal', 'obstetric', 'prenatal'],
  gastrointestinal: ['gastrointestinal', 'GI', 'digestive tract'],
  head: ['head', 'brain'],
  'head-neck': ['head-neck', 'head and neck'],
  heart: ['heart', 'cardiac'],
  kidney: ['kidney', 'renal'],
  larynx: ['larynx', 'laryngeal', 'throat'],
  limb: ['limb', 'peripheral', 'extremity'],
  liver: ['liver', 'hepatic'],
  lung: ['lung', 'pulmonary'],
  mixed: ['mixed', 'tissue'],
  nasopharynx: ['nasopharynx', 'nasopharyngeal'],
  neck: ['neck', 'cervical'],
  ovary: ['ovary', 'ovarian', 'pelvic'],
  pancreas: ['pancreas', 'pancreatic'],
  pelvis: ['pelvis', 'pelvic'],
  prostate: ['prostate', 'prostatic', 'pelvic'],
  retinal: ['retinal', 'eye', 'retina'],
  skin: ['skin', 'cutaneous'],
  spine: ['spine', 'spinal'],
  stomach: ['stomach', 'gastric'],
  teeth: ['teeth', 'dental', 'panoramic dental'],
  testis: ['testis', 'testicular'],
  thyroid: ['thyroid', 'thyroid gland'],
  transperineal: ['transperineal', 'perineal'],
  uterus: ['uterus', 'uterine'],
};

/** Whole phrases for site and modality together that no template would make. */
const viewTable: Readonly<Record<string, readonly string[]>> = {
  'X-Ray|chest': ['chest X-ray', 'CXR', 'chest radiograph', 'chest film'],
  'X-Ray|breast': ['mammogram', 'mammography'],
  'X-Ray|teeth': ['panoramic radiograph', 'dental X-ray', 'orthopantomogram'],
  'endoscope|colon': ['colonoscopy', 'colonoscopy image'],
  'endoscope|larynx': ['laryngoscopy', 'laryngoscopic image'],
  'endoscope|gastrointestinal': ['GI endoscopy', 'gastroscopy'],
  'ultrasound|liver': ['liver ultrasound', 'abdominal ultrasound'],
  'ultrasound|fetal': ['fetal ultrasound', 'obstetric ultrasound'],
  'pathology|blood': ['blood smear', 'blood film'],
  'pathology|cells': ['microscopy image', 'fluorescence microscopy', 'cell image'],
  'MRI|heart': ['cardiac MRI', 'cardiac MR', 'CMR'],
  'CT|heart': ['cardiac CT'],
  'CT|brain': ['head CT', 'brain CT'],
  'fundus|retinal': ['color fundus photograph', 'colour fundus photograph', 'eye fundus'],
  'OCT|retinal': ['retinal OCT', 'macular OCT'],
};

/** Every site that has words; the published ones are among them or among their words. */
export const sites: readonly string[] = Object.keys(siteTable);

/** Modalities and sequences that have words. */
export const modalityNames: readonly string[] = Object.keys(modalityTable);

/** Phrases that name a modality and a site at once ("CXR"), by `modality|site`. */
export const viewNames: Readonly<Record<string, readonly string[]>> = viewTable;

/** Words for a modality; an unknown one stands for itself. */
export function modalityWords(modality: string): readonly string[] {
  return modalityTable[modality] ?? modalityTable[modalityFamily(modality)] ?? [modality];
}

/** Words for a site, noun and adjective; an unknown one stands for itself. */
export function siteWords(site: string): readonly string[] {
  return siteTable[site] ?? [site];
}

/** Phrases for site and modality together ("chest radiograph", "mammogram"); never empty. */
export function viewPhrases(modality: string, site: string): readonly string[] {
  const special = viewTable[`${modality}|${site}`] ?? viewTable[`${modalityFamily(modality)}|${site}`] ?? [];
  const [noun, adjective = noun] = siteWords(site);
  const [published, ...others] = modalityWords(modality);
  return [`${noun} ${published}`, ...others.map((word) => `${adjective} ${word}`), ...special];
}
