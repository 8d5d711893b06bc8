/**
 * Image types as the published inference names them ("CT-Abdomen"): which modality and site they are, which targets
 * "everything" asks of them, and which window of Hounsfield units a CT is shown in.
 * Source: BiomedParse v1 (microsoft/BiomedParse, utilities/constants.py and inference_utils/processing_utils.py).
 */
import { modalityFamily } from './regions.ts';

export interface ImageType {
  readonly name: string;
  /** As a prompt has them; the site is empty where the type is of any site. */
  readonly modality: string;
  readonly site: string;
  /** Targets that "everything" asks for; none where nothing was published. */
  readonly targets: readonly string[];
  /** Hounsfield units shown as 0 and 255. */
  readonly window?: readonly [number, number];
}

const abdomen = ['aorta', 'postcava', 'right kidney', 'left kidney', 'duodenum', 'pancreas', 'liver', 'spleen'];
const abdominalTargets = [
  ...abdomen,
  ...['stomach', 'gallbladder', 'left adrenal gland', 'right adrenal gland', 'esophagus'],
];

const type = (
  name: string,
  modality: string,
  site: string,
  targets: readonly string[],
  window?: readonly [number, number],
): ImageType => (window === undefined ? { name, modality, site, targets } : { name, modality, site, targets, window });

/** All image types, those that "everything" knows first. */
export const imageTypes: readonly ImageType[] = [
  type('CT-Abdomen', 'CT', 'abdomen', abdominalTargets, [-150, 250]),
  type('CT-Chest', 'CT', 'chest', ['nodule', 'COVID-19 infection', 'tumor'], [-1000, 1000]),
  type('CT-Liver', 'CT', 'liver', ['vessel', 'tumor'], [-25, 230]),
  type('MRI-Abdomen', 'MRI', 'abdomen', abdominalTargets),
  type('MRI-Cardiac', 'MRI', 'cardiac', ['left heart ventricle', 'myocardium', 'right heart ventricle']),
  type('MRI-FLAIR-Brain', 'MRI-FLAIR', 'brain', ['edema', 'tumor core']),
  type('MRI-T1-Gd-Brain', 'MRI-T1-Gd', 'brain', ['enhancing tumor', 'non-enhancing tumor']),
  type('Pathology', 'pathology', '', [
    'connective tissue cells',
    'inflammatory cells',
    'neoplastic cells',
    'epithelial cells',
  ]),
  type('X-Ray-Chest', 'X-Ray', 'chest', ['left lung', 'right lung']),
  type('Ultrasound-Cardiac', 'ultrasound', 'cardiac', ['left heart atrium', 'left heart ventricle']),
  type('Endoscopy', 'endoscope', '', ['neoplastic polyp', 'non-neoplastic polyp']),
  type('Fundus', 'fundus', '', ['optic cup', 'optic disc']),
  type('Dermoscopy', 'dermoscopy', '', ['lesion']),
  type('OCT', 'OCT', '', ['edema']),
  type('CT-Lung', 'CT', 'lung', [], [-1000, 1000]),
  type('CT-Pelvis', 'CT', 'pelvis', [], [-55, 200]),
  type('CT-Colon', 'CT', 'colon', [], [-68, 187]),
  type('CT-Pancreas', 'CT', 'pancreas', [], [-100, 200]),
];

/** The published type of a name, letter case aside. */
export function findImageType(name: string): ImageType | undefined {
  return imageTypes.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

/** Other spellings of sites in file names and prompts. */
const sites: Readonly<Record<string, string>> = { heart: 'cardiac', lung: 'chest', head: 'brain' };

/** The image type of a modality and site: the published name where there is one, else "MODALITY-site" as they are given. */
export function imageTypeName(modality: string, site: string): string {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  const place = site.toLowerCase();
  const known = imageTypes.find(
    (one) =>
      one.targets.length > 0 &&
      (same(one.modality, modality) || (!one.modality.includes('-') && same(one.modality, modalityFamily(modality)))) &&
      (one.site === '' || one.site === place || one.site === sites[place]),
  );
  return known?.name ?? `${modality}-${site}`;
}

/** A target of an image type as a prompt in the published form. */
export function typePrompt(target: string, { modality, site }: ImageType): string {
  return site === '' ? `${target} in ${modality}` : `${target} in ${site} ${modality}`;
}
