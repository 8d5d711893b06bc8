/**
 * Names that mean the same object as a target's own name. Only equivalences that hold in every image of the target's
 * sets are listed. American and British spellings are made by rule; sided targets take the synonyms of their base.
 */
import { sideOf } from './laterality.ts';

const vertebraNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (
    [
      ['T', 'thoracic', ['T11', 'T12']],
      ['L', 'lumbar', ['L1', 'L2', 'L3', 'L4', 'L5']],
      ['S', 'sacral', ['S1']],
    ] as const
  ).flatMap(([letter, region, levels]) =>
    levels.map((level) => [
      `${level} vertebra`,
      [level, `vertebra ${level}`, `${level} vertebral body`, `${region} vertebra ${level.slice(letter.length)}`],
    ]),
  ),
);

const ordinals = ['sixth', 'seventh', 'eighth', 'ninth', 'tenth', 'eleventh', 'twelfth'];
const ribNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  ordinals.map((ordinal, i) => [`rib ${i + 6}`, [`${ordinal} rib`]]),
);

const synonymTable: Readonly<Record<string, readonly string[]>> = {
  ...vertebraNames,
  // brain
  'brain tumor': ['whole brain tumor', 'tumor of the brain', 'intracranial tumor', 'tumor', 'whole tumor'],
  'tumor core': ['brain tumor core', 'core of the tumor', 'core of the brain tumor'],
  'enhancing tumor': ['contrast-enhancing tumor', 'enhancing part of the tumor', 'enhancing brain tumor'],
  'necrotic tumor core': ['tumor necrosis', 'necrotic core', 'necrotic part of the tumor'],
  'peritumoral edema': ['brain tumor edema', 'edema around the tumor', 'tumor edema', 'edema'],
  'pituitary tumor': ['pituitary adenoma', 'tumor of the pituitary gland'],
  'brain ventricle': ['brain ventricles', 'cerebral ventricles', 'ventricles of the brain', 'ventricular system'],
  'gray matter': ['gray substance'],
  'white matter': ['white substance'],
  'cerebrospinal fluid': ['CSF', 'liquor'],
  'basal ganglia': ['basal nuclei'],
  brainstem: ['brain stem'],
  hippocampus: ['hippocampi', 'hippocampal formation'],
  'anterior hippocampus': ['hippocampal head', 'head of the hippocampus', 'anterior part of the hippocampus'],
  'posterior hippocampus': ['hippocampal body and tail', 'posterior part of the hippocampus'],
  amygdala: ['amygdalae', 'amygdaloid body'],
  'multiple sclerosis lesion': ['MS lesion', 'MS plaque', 'multiple sclerosis plaque', 'demyelinating lesion'],
  'intraparenchymal hemorrhage': ['intracerebral hemorrhage', 'parenchymal bleeding', 'intraparenchymal bleed', 'IPH'],
  'intraventricular hemorrhage': ['intraventricular bleeding', 'ventricular hemorrhage', 'IVH'],
  'subarachnoid hemorrhage': ['subarachnoid bleeding', 'SAH'],
  'subdural hemorrhage': ['subdural hematoma', 'SDH'],
  'epidural hemorrhage': ['epidural hematoma', 'extradural hematoma', 'EDH'],
  // eye
  'optic disc': ['optic disk', 'optic nerve head', 'disc', 'optic papilla'],
  'optic cup': ['cup of the optic disc', 'cup', 'optic nerve cup'],
  'retinal vessel': [
    'retinal vessels',
    'retinal blood vessels',
    'blood vessels of the retina',
    'vessels',
    'vasculature',
  ],
  'hard exudates': ['hard exudate', 'exudates', 'retinal exudates'],
  'retinal fluid': ['edema', 'macular edema', 'fluid', 'retinal edema', 'fluid in the retina', 'cystoid macular edema'],
  'subretinal fluid': ['SRF', 'fluid under the retina', 'edema', 'fluid'],
  'intraretinal fluid': ['IRF', 'intraretinal cysts', 'fluid inside the retina'],
  'foveal avascular zone': ['FAZ', 'avascular zone of the fovea'],
  'neurosensory retina': ['neural retina', 'sensory retina', 'retina'],
  'outer nuclear layer': ['ONL', 'outer nuclear layer of the retina'],
  'inner retina': ['inner retinal layers'],
  'retinal pigment epithelium and photoreceptor layer': ['RPE and photoreceptors', 'photoreceptors and RPE'],
  // head, neck, chest
  'dental caries': ['caries', 'tooth decay', 'carious lesion', 'cavities'],
  'vocal folds': ['vocal cords', 'vocal fold', 'vocal cord'],
  'glottal space': ['glottis', 'glottal opening', 'rima glottidis', 'glottal area'],
  'laryngeal lesion': ['lesion of the larynx', 'larynx lesion', 'pathology of the vocal folds'],
  'endotracheal tube': ['ET tube', 'breathing tube', 'intubation tube', 'ETT'],
  'surgical instrument': ['surgical tool', 'instrument', 'surgical instruments'],
  'nasopharyngeal carcinoma': ['nasopharynx tumor', 'NPC', 'nasopharyngeal cancer'],
  'nasogastric tube': ['NG tube', 'feeding tube', 'gastric tube'],
  'central venous line': ['central venous catheter', 'central line', 'CVC'],
  trachea: ['windpipe'],
  airways: ['trachea and bronchi', 'airway', 'central airways'],
  'common carotid artery': ['carotid artery', 'carotid', 'CCA'],
  lung: ['lungs', 'both lungs', 'lung fields', 'left and right lung', 'pulmonary parenchyma'],
  'lung nodule': ['pulmonary nodule', 'nodule', 'nodule in the lung'],
  'lung consolidation': ['consolidation', 'pulmonary consolidation', 'airspace consolidation'],
  'ground glass opacity': ['ground-glass opacity', 'GGO', 'ground glass opacities'],
  'COVID-19 infection': ['COVID-19', 'COVID pneumonia', 'COVID-19 lung infection', 'infection'],
  'pleural effusion': ['effusion', 'fluid in the pleural space'],
  // heart
  'left heart ventricle': ['left ventricle', 'LV', 'left ventricle of the heart', 'left ventricular cavity'],
  'right heart ventricle': ['right ventricle', 'RV', 'right ventricle of the heart', 'right ventricular cavity'],
  'left heart atrium': ['left atrium', 'LA', 'left atrium of the heart'],
  'right heart atrium': ['right atrium', 'RA', 'right atrium of the heart'],
  myocardium: ['heart myocardium', 'heart muscle', 'cardiac muscle', 'left ventricular myocardium', 'LV myocardium'],
  'heart myocardium': ['myocardium', 'heart muscle', 'cardiac muscle', 'left ventricular myocardium', 'LV myocardium'],
  'myocardial infarction': ['infarct', 'myocardial infarct', 'infarcted myocardium', 'myocardial scar'],
  heart: ['cardiac silhouette', 'heart shadow', 'heart contour'],
  cardiomediastinum: ['cardiomediastinal silhouette', 'heart and mediastinum', 'mediastinum with the heart'],
  'pulmonary artery': ['pulmonary trunk', 'pulmonary arteries', 'arteria pulmonalis'],
  'superior vena cava': ['SVC', 'upper vena cava'],
  'inferior vena cava': ['IVC', 'postcava', 'lower vena cava'],
  'mitral valve': ['bicuspid valve of the left heart', 'mitral leaflets'],
  // breast
  'breast tumor': ['tumor of the breast', 'breast lesion', 'tumor', 'breast mass'],
  'breast mass': ['mass in the breast', 'breast tumor', 'mammographic mass', 'mass'],
  'malignant tumor': ['malignant breast tumor', 'breast cancer', 'malignant breast mass', 'malignant lesion'],
  'benign tumor': ['benign breast tumor', 'benign breast mass', 'benign lesion'],
  // abdomen and pelvis
  liver: ['hepatic parenchyma', 'liver parenchyma'],
  'liver tumor': ['hepatic tumor', 'tumor of the liver', 'liver mass', 'liver lesion', 'tumor'],
  'malignant liver tumor': ['liver cancer', 'malignant liver mass', 'malignant hepatic tumor'],
  'benign liver tumor': ['benign liver mass', 'benign hepatic tumor', 'benign liver lesion'],
  'hepatic vessel': ['hepatic vessels', 'liver vessels', 'blood vessels of the liver'],
  'portal vein and splenic vein': ['portal and splenic vein', 'portal venous system'],
  kidney: ['kidneys', 'both kidneys', 'renal parenchyma'],
  'kidney tumor': ['renal tumor', 'tumor of the kidney', 'renal mass', 'kidney cancer'],
  'kidney stone': ['renal calculus', 'renal stone', 'nephrolith', 'stone in the kidney'],
  'kidney cyst': ['renal cyst'],
  'pancreatic tumor': ['pancreas tumor', 'tumor of the pancreas', 'pancreatic mass', 'pancreatic cancer'],
  gallbladder: ['gall bladder'],
  'large bowel': ['large intestine', 'colon'],
  colon: ['large bowel', 'large intestine'],
  'small bowel': ['small intestine', 'small bowel loops'],
  'urinary bladder': ['bladder'],
  'prostate central gland': [
    'central gland of the prostate',
    'inner gland of the prostate',
    'prostate transitional zone',
  ],
  'prostate gland': ['glands of the prostate', 'prostatic glands'],
  'prostate tumor': ['prostate cancer', 'tumor of the prostate', 'prostatic tumor', 'prostate lesion'],
  'ovarian tumor': ['tumor of the ovary', 'ovarian mass', 'adnexal mass'],
  'costal cartilages': ['rib cartilages', 'costal cartilage'],
  'fetal head': ['head of the fetus', 'foetal head', 'fetal skull', 'head'],
  // gut
  polyp: ['colon polyp', 'colorectal polyp', 'polyps', 'colonic polyp'],
  'neoplastic polyp': ['neoplastic colon polyp', 'adenomatous polyp', 'neoplastic colorectal polyp'],
  'non-neoplastic polyp': ['non-neoplastic colon polyp', 'hyperplastic polyp', 'non-neoplastic colorectal polyp'],
  'gastrointestinal polyp': ['polyp', 'GI polyp'],
  'gastrointestinal cancer': ['GI cancer', 'cancer'],
  'Barrett esophagus': ["Barrett's esophagus", 'Barrett mucosa', 'Barrett epithelium'],
  'high-grade dysplasia': ['HGD', 'high grade dysplasia'],
  'suspicious gastrointestinal lesion': ['suspicious lesion', 'suspected lesion'],
  // bones, muscles, nerves
  vertebra: ['vertebrae', 'vertebral bodies', 'spine bones'],
  'spinal cord': ['medulla spinalis', 'cord'],
  'spinal cord gray matter': ['gray matter of the spinal cord', 'cord gray matter'],
  sacrum: ['sacral bone'],
  'bone metastasis': ['bone metastases', 'skeletal metastasis', 'metastatic bone lesion'],
  nerve: ['nerves', 'peripheral nerve'],
  'blood vessel': ['blood vessels', 'vessel', 'artery or vein'],
  // skin and cells
  'skin lesion': ['lesion of the skin', 'lesion', 'skin mole', 'cutaneous lesion', 'pigmented lesion'],
  melanoma: ['malignant melanoma', 'melanoma of the skin'],
  'cell nuclei': ['nuclei', 'cell nucleus', 'nuclei of the cells', 'nucleus'],
  'cell nucleus': ['nucleus', 'nucleus of the cell', 'nuclei', 'cell nuclei'],
  cytoplasm: ['cell cytoplasm', 'cytoplasm of the cell'],
  'white blood cell': ['leukocyte', 'WBC', 'white blood cells', 'leukocytes'],
  neutrophil: ['neutrophil granulocyte', 'neutrophils'],
  eosinophil: ['eosinophil granulocyte', 'eosinophils'],
  basophil: ['basophil granulocyte', 'basophils'],
  lymphocyte: ['lymphocytes'],
  monocyte: ['monocytes'],
  'glandular structure': ['glands', 'gland', 'colon glands', 'colon glandular structure', 'glandular structures'],
  glomerulus: ['glomeruli', 'renal glomerulus', 'kidney glomeruli'],
  'connective tissue cells': ['connective cells', 'stromal cells'],
  'inflammatory cells': ['immune cells', 'inflammatory cell nuclei'],
  'epithelial cells': ['epithelial cell nuclei', 'epithelium cells'],
};

/** Other names of the base of a sided target; singular, since they follow "left" and "right". */
const sidedTable: Readonly<Record<string, readonly string[]>> = {
  ...ribNames,
  clavicle: ['collarbone', 'collar bone'],
  'hip bone': ['pelvic bone', 'innominate bone'],
  femur: ['thigh bone', 'femoral bone'],
  humerus: ['upper arm bone'],
  iliopsoas: ['iliopsoas muscle', 'psoas muscle'],
  'autochthonous back muscle': ['erector spinae', 'deep back muscle'],
  'gluteus maximus': ['gluteus maximus muscle'],
  'gluteus medius': ['gluteus medius muscle'],
  'gluteus minimus': ['gluteus minimus muscle'],
  'adrenal gland': ['suprarenal gland', 'adrenal'],
  'lung lower lobe': ['lower lung lobe', 'lower lobe of the lung', 'lower lobe'],
};

const spellings: readonly (readonly [RegExp, string])[] = [
  [/tumor/g, 'tumour'],
  [/\bedema/g, 'oedema'],
  [/hemorrhage/g, 'haemorrhage'],
  [/hematoma/g, 'haematoma'],
  [/\bgray\b/g, 'grey'],
  [/esophagus/g, 'oesophagus'],
  [/leukocyte/g, 'leucocyte'],
];

/** The name in British spelling, where that differs. */
function british(name: string): string {
  return spellings.reduce((text, [american, other]) => text.replace(american, other), name);
}

/** All names of a target: its own first, then synonyms, laterality forms and British spellings; no duplicates. */
export function paraphrases(target: string): readonly string[] {
  const known = cache.get(target);
  if (known !== undefined) return known;
  const { side, base } = sideOf(target);
  const names = [target, ...(synonymTable[target] ?? [])];
  if (side !== undefined) {
    const bases = [base, ...(sidedTable[base] ?? [])];
    for (const name of bases) names.push(`${side} ${name}`, `${name}, ${side} side`, `${side}-sided ${name}`);
    names.push(`${base} on the ${side} side`, `${base} ${side}`, `patient's ${side} ${base}`);
  }
  const all = [...new Set([...names, ...names.map(british)])];
  cache.set(target, all);
  return all;
}

const cache = new Map<string, readonly string[]>();

/** Names that say what is meant only in an image that has the target: another image may hold another such object. */
const vague = new Set(
  [
    'tumor|whole tumor|tumor edema|edema around the tumor|tumor necrosis|necrotic core|necrotic part of the tumor|edema|fluid',
    'core of the tumor|enhancing part of the tumor|lesion|malignant lesion|benign lesion|suspicious lesion|suspected lesion|mass',
    'nodule|cancer|polyp|polyps|infection|consolidation|effusion|infarct|exudates|cup|disc|retina|vessel|vessels|vasculature',
    'head|cord|instrument|instruments|cavities|nuclei|nucleus|cell nucleus|cell nuclei|gland|glands|bladder|lower lobe|nerves',
    'blood vessels|artery or vein|airway|macular edema|colon|large bowel',
  ].flatMap((line) => line.split('|')),
);

/** The names that may be asked of an image without the target; the target's own name is always among them. */
export function specificNames(target: string): readonly string[] {
  const names = paraphrases(target);
  return names.filter((name) => name === target || !(vague.has(name) || vague.has(american(name))));
}

/** The name in American spelling, as the vague ones are listed. */
function american(name: string): string {
  return name.replace(/tumour/g, 'tumor').replace(/\boedema/g, 'edema');
}
