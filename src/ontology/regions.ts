/**
 * Where in the body a target can lie and what an image can show, both drawn generously. Their only use is to know what
 * is surely NOT in an image: a target is absent when none of its regions can be in view. Targets that can occur anywhere
 * (bone, nerve, malignant tumor …), unknown targets and unknown kinds of image are never called absent.
 */
import { sideOf } from './laterality.ts';

export type Region =
  | 'brain'
  | 'head'
  | 'eye'
  | 'teeth'
  | 'neck'
  | 'larynx'
  | 'chest'
  | 'heart'
  | 'breast'
  | 'abdomen'
  | 'gut'
  | 'pelvis'
  | 'fetus'
  | 'spine'
  | 'limb'
  | 'skin'
  | 'tissue'
  | 'blood';

/** Targets by the regions that they share; a sided target ("left kidney") is listed without its side. */
const targetGroups: readonly (readonly [readonly Region[], readonly string[]])[] = [
  [
    ['brain'],
    [
      'brain tumor',
      'glioma',
      'lower-grade glioma',
      'meningioma',
      'pituitary tumor',
      'brain ventricle',
      'basal ganglia',
      'brainstem',
      'cerebellum',
      'hippocampus',
      'anterior hippocampus',
      'posterior hippocampus',
      'amygdala',
      'intraparenchymal hemorrhage',
      'intraventricular hemorrhage',
      'subarachnoid hemorrhage',
      'subdural hemorrhage',
      'epidural hemorrhage',
    ],
  ],
  [
    ['brain', 'spine'],
    ['gray matter', 'white matter', 'cerebrospinal fluid', 'multiple sclerosis lesion'],
  ],
  [['head', 'neck'], ['nasopharyngeal carcinoma']],
  [
    ['eye'],
    [
      'optic disc',
      'optic cup',
      'retinal vessel',
      'hard exudates',
      'inner retina',
      'neurosensory retina',
      'outer nuclear layer',
      'retinal pigment epithelium and photoreceptor layer',
      'retinal fluid',
      'subretinal fluid',
      'intraretinal fluid',
      'foveal avascular zone',
      'cystoid macular edema',
    ],
  ],
  [['teeth', 'head'], ['dental caries']],
  [
    ['larynx', 'neck'],
    ['vocal folds', 'glottal space', 'laryngeal lesion'],
  ],
  [['gut', 'larynx', 'limb'], ['surgical instrument']],
  [['larynx', 'neck', 'head', 'chest'], ['endotracheal tube']],
  [
    ['larynx', 'neck', 'head', 'chest', 'abdomen', 'gut'],
    ['nasogastric tube', 'esophagus'],
  ],
  [
    ['chest', 'neck', 'heart'],
    ['central venous line', 'clavicle'],
  ],
  [
    ['chest', 'neck', 'larynx'],
    ['trachea', 'airways'],
  ],
  [['neck', 'head', 'chest', 'limb'], ['common carotid artery']],
  [
    ['heart', 'chest'],
    [
      'heart',
      'left heart ventricle',
      'right heart ventricle',
      'left heart atrium',
      'right heart atrium',
      'myocardium',
      'heart myocardium',
      'myocardial infarction',
      'mitral valve',
      'aortic valve',
      'pulmonary artery',
      'superior vena cava',
      'cardiomediastinum',
    ],
  ],
  [
    ['heart', 'chest', 'abdomen', 'spine'],
    ['aorta', 'inferior vena cava'],
  ],
  [
    ['chest'],
    [
      'lung',
      'lung lower lobe',
      'lower lung lobe',
      'upper lung lobe',
      'middle lung lobe',
      'lung nodule',
      'lung tumor',
      'lung consolidation',
      'lung opacity',
      'ground glass opacity',
      'COVID-19 infection',
      'viral pneumonia',
      'pneumothorax',
      'pleural effusion',
      'pulmonary embolism',
    ],
  ],
  [
    ['chest', 'abdomen', 'spine', 'breast'],
    ['costal cartilages', ...[6, 7, 8, 9, 10, 11, 12].map((n) => `rib ${n}`)],
  ],
  [['limb', 'chest', 'abdomen', 'breast'], ['humerus']],
  [['breast'], ['breast tumor', 'breast mass']],
  [
    ['abdomen'],
    [
      'liver',
      'spleen',
      'stomach',
      'kidney',
      'kidney stone',
      'kidney tumor',
      'kidney cyst',
      'pancreas',
      'pancreatic tumor',
      'gallbladder',
      'duodenum',
      'adrenal gland',
      'hepatic vessel',
      'portal vein and splenic vein',
      'liver tumor',
      'malignant liver tumor',
      'benign liver tumor',
    ],
  ],
  [
    ['abdomen', 'pelvis', 'gut'],
    ['small bowel', 'large bowel', 'colon', 'colon tumor'],
  ],
  [
    ['gut', 'abdomen'],
    [
      'polyp',
      'neoplastic polyp',
      'non-neoplastic polyp',
      'gastrointestinal polyp',
      'suspicious gastrointestinal lesion',
      'gastrointestinal cancer',
      'high-grade dysplasia',
      'Barrett esophagus',
    ],
  ],
  [
    ['pelvis'],
    [
      'urinary bladder',
      'prostate',
      'prostate central gland',
      'prostate peripheral zone',
      'prostate tumor',
      'prostate gland',
      'uterus',
      'pubic symphysis',
      'hip bone',
      'gluteus maximus',
      'gluteus medius',
      'gluteus minimus',
    ],
  ],
  [['pelvis', 'limb'], ['femur']],
  [['pelvis', 'abdomen', 'fetus'], ['ovarian tumor']],
  [['fetus'], ['fetal head']],
  [
    ['spine', 'abdomen', 'pelvis', 'chest', 'neck'],
    [
      'iliopsoas',
      'autochthonous back muscle',
      'sacrum',
      ...['T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5', 'S1'].map((level) => `${level} vertebra`),
    ],
  ],
  [
    ['spine', 'abdomen', 'pelvis', 'chest', 'neck', 'head', 'heart', 'fetus', 'teeth'],
    ['vertebra', 'spinal cord', 'spinal cord gray matter'],
  ],
  [['skin'], ['skin lesion', 'melanoma']],
  [
    ['tissue'],
    ['glandular structure', 'glomerulus', 'connective tissue cells', 'epithelial cells', 'neoplastic cells'],
  ],
  [
    ['tissue', 'blood'],
    [
      'cell nuclei',
      'cell nucleus',
      'cytoplasm',
      'inflammatory cells',
      'white blood cell',
      'neutrophil',
      'lymphocyte',
      'monocyte',
      'basophil',
      'eosinophil',
    ],
  ],
];

/** Targets that can occur in images of every kind, or whose words do not say where. */
const anywhereTargets: readonly string[] = [
  'air cavity',
  'soft tissue',
  'bone',
  'bone metastasis',
  'blood vessel',
  'nerve',
  'malignant tumor',
  'benign tumor',
  'tumor core',
  'enhancing tumor',
  'necrotic tumor core',
  'peritumoral edema',
  'tubing',
  'monitoring probes',
];

const regionsOfTarget = new Map(targetGroups.flatMap(([regions, names]) => names.map((name) => [name, regions])));

/** Every target that the table knows, sides left out. */
export const knownTargets: readonly string[] = [...regionsOfTarget.keys(), ...anywhereTargets];

const trunk: readonly Region[] = [
  'chest',
  'heart',
  'breast',
  'abdomen',
  'gut',
  'pelvis',
  'spine',
  'limb',
  'neck',
  'larynx',
  'fetus',
];
const upperTrunk = trunk.filter((region) => region !== 'pelvis' && region !== 'fetus');
const headAndNeck: readonly Region[] = ['brain', 'head', 'eye', 'teeth', 'neck', 'larynx', 'spine'];
const tissue: readonly Region[] = ['tissue', 'blood'];

/** What may be in view, by the site alone, in CT and MRI (the widest views). */
const sectionViews: Readonly<Record<string, readonly Region[]>> = {
  brain: headAndNeck,
  head: headAndNeck,
  nasopharynx: headAndNeck,
  chest: upperTrunk,
  lung: upperTrunk,
  heart: upperTrunk,
  breast: upperTrunk,
  abdomen: trunk,
  liver: trunk,
  kidney: trunk,
  pancreas: trunk,
  colon: trunk,
  pelvis: trunk,
  bone: [...trunk, ...headAndNeck],
  prostate: ['pelvis', 'abdomen', 'gut', 'spine', 'limb'],
  spine: [...trunk, 'brain', 'head'],
};

/** What may be in view, by modality and site. */
const views: Readonly<Record<string, Readonly<Record<string, readonly Region[]>>>> = {
  CT: sectionViews,
  MRI: sectionViews,
  'X-Ray': {
    chest: upperTrunk,
    breast: ['breast', 'chest'],
    teeth: ['teeth', 'head', 'neck', 'spine', 'larynx'],
  },
  ultrasound: {
    breast: ['breast', 'chest'],
    fetal: ['fetus', 'pelvis', 'abdomen', 'brain', 'head', 'heart', 'spine', 'limb', 'eye'],
    limb: ['limb', 'neck', 'chest', 'head'],
    neck: ['neck', 'limb', 'head', 'larynx', 'chest'],
    liver: ['abdomen', 'heart', 'chest', 'gut', 'spine'],
    ovary: ['pelvis', 'abdomen', 'fetus', 'gut'],
  },
  endoscope: {
    colon: ['gut', 'pelvis'],
    gastrointestinal: ['gut', 'larynx', 'neck', 'abdomen'],
    larynx: ['larynx', 'neck', 'head', 'teeth', 'chest'],
  },
  fundus: { retinal: ['eye'] },
  OCT: { retinal: ['eye'] },
  dermoscopy: { skin: ['skin'] },
  pathology: {
    blood: ['blood'],
    cells: tissue,
    colon: [...tissue, 'gut', 'abdomen'],
    breast: [...tissue, 'breast'],
    kidney: [...tissue, 'abdomen'],
    prostate: [...tissue, 'pelvis'],
    mixed: [...tissue, 'gut', 'abdomen', 'breast', 'pelvis', 'chest', 'brain', 'skin', 'larynx', 'head', 'neck'],
  },
};

/** The modality without its sequence: MRI-T1-Gd is MRI. */
export function modalityFamily(modality: string): string {
  return modality.startsWith('MRI') ? 'MRI' : modality;
}

/** The nine modalities, as file names of data sets have them. */
export const modalities: readonly string[] = Object.keys(views);

const greyModalities = new Set(['CT', 'MRI', 'X-Ray', 'ultrasound', 'OCT']);

/** Whether such images have no colour, so that a tint in a file is an artefact. */
export function isGreyModality(modality: string): boolean {
  return greyModalities.has(modalityFamily(modality));
}

/** Every kind of image that the table knows. */
export const knownViews: readonly { readonly modality: string; readonly site: string }[] = Object.entries(
  views,
).flatMap(([modality, sites]) => Object.keys(sites).map((site) => ({ modality, site })));

/** True where the target can be in such an image, or nothing certain is known. */
export function mayShow(target: string, modality: string, site: string): boolean {
  const regions = regionsOfTarget.get(target) ?? regionsOfTarget.get(sideOf(target).base);
  const view = views[modalityFamily(modality)]?.[site];
  if (regions === undefined || view === undefined) return true;
  return regions.some((region) => view.includes(region));
}

/** Known targets that no image of this kind can show, in the table's order. */
export function impossibleTargets(modality: string, site: string): string[] {
  return knownTargets.filter((target) => !mayShow(target, modality, site));
}
