/**
 * Short names that data sets give to objects, each in the images where it is usual. The same letters mean other things
 * elsewhere ("ED" is edema in a brain tumour set, end-diastole in a heart set), so none counts without its kind of image.
 * Sources: the label files of BraTS, ACDC, M&Ms, CAMUS, BTCV, AMOS, FLARE, IDRiD, REFUGE, the MSD and PanNuke as their documentation lists them.
 */

/** Short names, in lower case and without signs (blanks do not count), of images of a modality (`*`: any) at some sites. */
export interface Abbreviations {
  readonly modality: string;
  readonly sites: readonly string[];
  /** The ontology's words for each; `l` and `r` before or after a short name are not listed again. */
  readonly names: Readonly<Record<string, string>>;
}

export const abbreviations: readonly Abbreviations[] = [
  {
    modality: '*',
    sites: ['heart'],
    names: {
      ao: 'aorta',
      lvbp: 'left heart ventricle',
      lvc: 'left heart ventricle',
      'lv endo': 'left heart ventricle',
      lvm: 'myocardium',
      'lv myo': 'myocardium',
      myo: 'myocardium',
      pa: 'pulmonary artery',
      rvbp: 'right heart ventricle',
      rvc: 'right heart ventricle',
      'rv endo': 'right heart ventricle',
    },
  },
  {
    modality: 'MRI',
    sites: ['brain', 'head'],
    names: {
      ed: 'peritumoral edema',
      et: 'enhancing tumor',
      gm: 'gray matter',
      ncr: 'necrotic tumor core',
      net: 'non-enhancing tumor',
      'ncr net': 'non-enhancing tumor',
      tc: 'tumor core',
      wm: 'white matter',
      wt: 'brain tumor',
    },
  },
  {
    modality: '*',
    sites: ['abdomen', 'pelvis'],
    names: {
      aor: 'aorta',
      bla: 'urinary bladder',
      duo: 'duodenum',
      eso: 'esophagus',
      gb: 'gallbladder',
      gall: 'gallbladder',
      lag: 'left adrenal gland',
      liv: 'liver',
      lad: 'left adrenal gland',
      lk: 'left kidney',
      lka: 'left kidney',
      pan: 'pancreas',
      rad: 'right adrenal gland',
      rag: 'right adrenal gland',
      rk: 'right kidney',
      rka: 'right kidney',
      sb: 'small bowel',
      spl: 'spleen',
      sto: 'stomach',
    },
  },
  {
    modality: '*',
    sites: ['chest', 'lung'],
    names: {
      covid: 'COVID-19 infection',
      lll: 'left lower lung lobe',
      lul: 'left upper lung lobe',
      rll: 'right lower lung lobe',
      rml: 'right middle lung lobe',
      rul: 'right upper lung lobe',
    },
  },
  {
    modality: 'fundus',
    sites: ['retinal'],
    names: { ex: 'hard exudates', oc: 'optic cup', od: 'optic disc' },
  },
  {
    modality: 'OCT',
    sites: ['retinal'],
    names: { edema: 'cystoid macular edema', oedema: 'cystoid macular edema' },
  },
  {
    modality: 'MRI',
    sites: ['prostate', 'pelvis'],
    names: { cg: 'prostate central gland', pz: 'prostate peripheral zone', tz: 'transition zone', wg: 'prostate' },
  },
  {
    modality: 'ultrasound',
    sites: ['transperineal', 'fetal'],
    names: { fh: 'fetal head', ps: 'pubic symphysis', sp: 'pubic symphysis' },
  },
  { modality: 'pathology', sites: ['blood'], names: { wbc: 'white blood cell' } },
];

/** Words that are cut short inside longer names, wherever they stand. */
export const shortWords: Readonly<Record<string, string>> = {
  ant: 'anterior',
  art: 'artery',
  autochthon: 'autochthonous back muscle',
  blad: 'bladder',
  clavicula: 'clavicle',
  duod: 'duodenum',
  eso: 'esophagus',
  hip: 'hip bone',
  inf: 'inferior',
  myo: 'myocardium',
  oes: 'esophagus',
  panc: 'pancreas',
  post: 'posterior',
  pulm: 'pulmonary',
  sup: 'superior',
  symph: 'symphysis',
  tum: 'tumor',
  vent: 'ventricle',
  vert: 'vertebra',
};

/** Adjectives that stand alone in a label, with the nouns that complete them where such images have one. */
export const completions: readonly { readonly label: RegExp; readonly modality: string; readonly noun: string }[] = [
  { label: /^(neoplastic|inflammatory|epithelial)$/, modality: 'pathology', noun: 'cells' },
  { label: /^connective$/, modality: 'pathology', noun: 'tissue cells' },
  { label: /^connective tissue$/, modality: 'pathology', noun: 'cells' },
  { label: /^(non )?neoplastic$/, modality: 'endoscope', noun: 'polyp' },
  { label: /^(benign|malignant)$/, modality: 'ultrasound', noun: 'tumor' },
  { label: /^(non )?enhancing$/, modality: 'MRI', noun: 'tumor' },
];
