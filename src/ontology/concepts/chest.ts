/**
 * Concepts of lungs, ribs and breast. Sources: see head.ts.
 */
import { both, type ConceptEntry, type ConceptGroup } from './types.ts';

const ribWords = ['sixth', 'seventh', 'eighth', 'ninth', 'tenth', 'eleventh', 'twelfth'];
const ribs: readonly ConceptEntry[] = ribWords.map((ordinal, i) => ({
  name: `rib ${i + 6}`,
  kind: 'other organ',
  parent: 'rib',
  sides: both(),
  sidedNames: [`${ordinal} rib`],
  views: ['CT chest|abdomen'],
}));

/** Published of lungs and their lobes. */
const lungViews = ['CT chest|lung', 'X-Ray chest|lung'];

export const chestConcepts: readonly ConceptGroup[] = [
  {
    regions: ['chest'],
    entries: [
      {
        kind: 'lung',
        name: 'lung',
        published: 'lung',
        snomed: '39607008',
        sidedSnomed: { left: '44029006', right: '3341006' },
        names: ['lungs', 'both lungs', 'lung fields', 'left and right lung', 'pulmonary parenchyma'],
        sides: both('X-Ray chest'),
        trained: ['X-Ray chest', 'CT chest|lung'],
        views: lungViews,
      },
      {
        kind: 'lung',
        name: 'lower lung lobe',
        published: 'lower lung lobe',
        parent: 'lung',
        targets: ['lung lower lobe', 'lower lung lobe'],
        sides: both('CT abdomen'),
        sidedNames: ['lower lung lobe', 'lower lobe of the lung', 'lower lobe'],
        views: lungViews,
      },
      {
        kind: 'lung',
        name: 'upper lung lobe',
        published: 'upper lung lobe',
        parent: 'lung',
        names: ['lung upper lobe'],
        sides: both(),
        sidedNames: ['upper lobe of the lung', 'upper lobe'],
        views: lungViews,
      },
      {
        kind: 'lung',
        name: 'middle lung lobe',
        published: 'middle lung lobe',
        parent: 'lung',
        names: ['lung middle lobe'],
        sides: { right: [] },
        sidedNames: ['middle lobe of the lung', 'middle lobe'],
        views: lungViews,
      },
      {
        kind: 'lesion',
        name: 'lung nodule',
        published: 'lung nodule',
        names: ['pulmonary nodule', 'nodule in the lung'],
        loose: ['nodule'],
        trained: ['CT lung'],
        views: lungViews,
      },
      {
        kind: 'tumor',
        name: 'lung tumor',
        published: 'lung tumor',
        parent: 'tumor',
        snomed: '126713003',
        names: ['lung cancer', 'pulmonary tumor', 'lung mass'],
        views: ['CT lung|chest'],
      },
      {
        kind: 'infection',
        name: 'lung consolidation',
        parent: 'lung opacity',
        names: ['pulmonary consolidation', 'airspace consolidation', 'consolidation'],
        loose: ['consolidation'],
        trained: ['X-Ray chest'],
        views: ['CT chest|lung'],
      },
      {
        kind: 'infection',
        name: 'lung opacity',
        published: 'lung opacity',
        names: ['pulmonary opacity'],
        views: ['X-Ray chest|lung'],
      },
      {
        kind: 'infection',
        name: 'ground glass opacity',
        parent: 'lung opacity',
        names: ['ground-glass opacity', 'GGO', 'ground glass opacities'],
        trained: ['X-Ray chest'],
        views: ['CT chest|lung'],
      },
      {
        kind: 'infection',
        name: 'COVID-19 infection',
        published: 'COVID-19 infection',
        snomed: '840539006',
        names: ['COVID-19', 'COVID pneumonia', 'COVID-19 lung infection'],
        loose: ['infection'],
        trained: ['X-Ray chest'],
        views: lungViews,
      },
      {
        kind: 'infection',
        name: 'viral pneumonia',
        published: 'viral pneumonia',
        snomed: '75570004',
        views: ['X-Ray chest|lung'],
      },
      {
        kind: 'other abnormality',
        name: 'pneumothorax',
        published: 'pneumothorax',
        snomed: '36118008',
        names: ['collapsed lung'],
        trained: ['X-Ray chest'],
        views: ['X-Ray lung'],
      },
      {
        kind: 'fluid disturbance',
        name: 'pleural effusion',
        published: 'pleural effusion',
        snomed: '60046008',
        names: ['fluid in the pleural space', 'effusion'],
        loose: ['effusion'],
        trained: ['X-Ray chest'],
        views: ['CT chest|lung'],
      },
      {
        kind: 'other abnormality',
        name: 'pulmonary embolism',
        published: 'pulmonary embolism',
        snomed: '59282003',
        names: ['lung embolism'],
        views: ['CT chest|lung'],
      },
    ],
  },
  {
    regions: ['chest', 'abdomen', 'spine', 'breast'],
    entries: [
      {
        kind: 'other organ',
        name: 'costal cartilages',
        names: ['rib cartilages', 'costal cartilage'],
        trained: ['CT abdomen'],
        views: ['CT chest'],
      },
      ...ribs,
      {
        kind: 'other organ',
        name: 'rib',
        names: ['ribs'],
        targets: [],
        sides: both(),
        views: ['CT chest|abdomen', 'X-Ray chest'],
      },
    ],
  },
  {
    regions: ['limb', 'chest', 'abdomen', 'breast'],
    entries: [
      {
        kind: 'other organ',
        name: 'humerus',
        snomed: '85050009',
        sides: both(),
        sidedNames: ['upper arm bone'],
        views: ['CT chest|abdomen'],
      },
    ],
  },
  {
    regions: ['breast'],
    entries: [
      {
        kind: 'tumor',
        name: 'breast tumor',
        published: 'breast tumor',
        parent: 'tumor',
        snomed: '126926005',
        names: ['tumor of the breast', 'breast lesion'],
        loose: ['tumor', 'breast mass'],
        trained: ['ultrasound breast', 'MRI breast'],
      },
      {
        kind: 'tumor',
        name: 'breast mass',
        parent: 'tumor',
        names: ['mass in the breast', 'mammographic mass'],
        loose: ['breast tumor', 'mass'],
        trained: ['X-Ray breast'],
      },
    ],
  },
];
