/**
 * Where in the body a target can lie and what an image can show, both drawn generously. Their only use is to know what
 * is surely NOT in an image, or not to be told in it: a target is absent when none of its regions can be in view. Targets that can occur anywhere
 * (bone, nerve, malignant tumor …), unknown targets and unknown kinds of image are never called absent.
 */
import { type Concept, conceptOfTarget, concepts } from './concepts/index.ts';
import type { Region } from './concepts/types.ts';
import { sideOf } from './laterality.ts';

const isSideOfParent = ({ side, name, parent }: Concept): boolean => name === `${side} ${parent}`;

/** Every target that data sets or the published list name, sides left out. */
export const knownTargets: readonly string[] = concepts.flatMap((concept) =>
  isSideOfParent(concept) ? [] : concept.targets,
);

/** The left and right ones of known targets. */
export const sidedTargets: readonly string[] = concepts.flatMap((concept) =>
  isSideOfParent(concept) ? concept.targets : [],
);

const trunk: readonly Region[] = [
  'chest',
  'heart',
  'breast',
  'abdomen',
  'gut',
  'mucosa',
  'pelvis',
  'spine',
  'limb',
  'neck',
  'larynx',
  'fetus',
];
/** Polyps are seen by light, and in sections of the abdomen if need be, but in no image of the chest. */
const notInChest: readonly Region[] = ['mucosa', 'pelvis', 'fetus'];
const upperTrunk = trunk.filter((region) => !notInChest.includes(region));
/** Organs of the belly are seen in sections of the chest; in a radiograph of it they are one shade with what is round them. */
const softBelly: readonly Region[] = ['abdomen', 'gut'];
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
    chest: upperTrunk.filter((region) => !softBelly.includes(region)),
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
    colon: ['gut', 'mucosa', 'pelvis'],
    gastrointestinal: ['gut', 'mucosa', 'larynx', 'neck', 'abdomen'],
    larynx: ['larynx', 'neck', 'head', 'teeth', 'chest'],
  },
  fundus: { retinal: ['eye'] },
  OCT: { retinal: ['eye'] },
  dermoscopy: { skin: ['skin'] },
  pathology: {
    blood: ['blood'],
    cells: tissue,
    colon: [...tissue, 'gut', 'mucosa', 'abdomen'],
    breast: [...tissue, 'breast'],
    kidney: [...tissue, 'abdomen'],
    prostate: [...tissue, 'pelvis'],
    mixed: [
      ...tissue,
      'gut',
      'mucosa',
      'abdomen',
      'breast',
      'pelvis',
      'chest',
      'brain',
      'skin',
      'larynx',
      'head',
      'neck',
    ],
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

/** True where the concept can be in such an image, or nothing certain is known. */
export function mayShowConcept(
  { regions, hiddenInRadiographs }: Pick<Concept, 'regions' | 'hiddenInRadiographs'>,
  modality: string,
  site: string,
): boolean {
  const family = modalityFamily(modality);
  if (family === 'X-Ray' && hiddenInRadiographs) return false;
  const view = views[family]?.[site];
  return regions === null || view === undefined || regions.some((region) => view.includes(region));
}

/** True where the target can be in such an image, or nothing certain is known. */
export function mayShow(target: string, modality: string, site: string): boolean {
  const concept = conceptOfTarget(target) ?? conceptOfTarget(sideOf(target).base);
  return concept === undefined || mayShowConcept(concept, modality, site);
}

/** Known targets that no image of this kind can show, in the table's order. */
export function impossibleTargets(modality: string, site: string): string[] {
  return knownTargets.filter((target) => !mayShow(target, modality, site));
}
