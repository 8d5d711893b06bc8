/** Concepts that reach from the throat into the chest: tubes and lines, airways, gullet, collarbones. Sources: see head.ts. */
import { both, type ConceptGroup } from './types.ts';

const device = { kind: 'device', trained: ['X-Ray chest'] } as const;

export const neckConcepts: readonly ConceptGroup[] = [
  {
    regions: ['gut', 'larynx', 'limb'],
    entries: [
      {
        kind: 'device',
        name: 'surgical instrument',
        names: ['surgical tool', 'surgical instruments', 'instrument'],
        loose: ['instrument'],
        trained: ['endoscope larynx'],
        views: ['endoscope colon|gastrointestinal'],
      },
    ],
  },
  {
    regions: ['larynx', 'neck', 'head', 'chest'],
    entries: [
      {
        kind: 'device',
        name: 'endotracheal tube',
        names: ['ET tube', 'breathing tube', 'intubation tube', 'ETT'],
        trained: ['endoscope larynx', 'X-Ray chest'],
      },
    ],
  },
  {
    regions: ['larynx', 'neck', 'head', 'chest', 'abdomen', 'gut'],
    entries: [
      { ...device, name: 'nasogastric tube', names: ['NG tube', 'feeding tube', 'gastric tube'] },
      {
        kind: 'other organ',
        name: 'esophagus',
        published: 'esophagus',
        snomed: '32849002',
        names: ['gullet', 'food pipe'],
        views: ['CT abdomen|chest', 'MRI abdomen'],
      },
    ],
  },
  {
    regions: ['chest', 'neck', 'heart'],
    entries: [
      { ...device, name: 'central venous line', names: ['central venous catheter', 'central line', 'CVC'] },
      {
        kind: 'other organ',
        name: 'clavicle',
        snomed: '51299004',
        sides: both('X-Ray chest'),
        sidedNames: ['collarbone', 'collar bone'],
        views: ['X-Ray chest'],
      },
    ],
  },
  {
    regions: ['chest', 'neck', 'larynx'],
    entries: [
      {
        kind: 'other organ',
        name: 'trachea',
        parent: 'airways',
        snomed: '44567001',
        names: ['windpipe'],
        trained: ['CT chest'],
      },
      {
        kind: 'other organ',
        name: 'airways',
        names: ['trachea and bronchi', 'central airways'],
        loose: ['airway'],
        trained: ['X-Ray chest'],
      },
    ],
  },
  {
    regions: ['neck', 'head', 'chest', 'limb'],
    entries: [
      {
        kind: 'vessel',
        name: 'common carotid artery',
        hiddenInRadiographs: true,
        parent: 'blood vessel',
        snomed: '32062004',
        names: ['carotid artery', 'carotid', 'CCA'],
        trained: ['ultrasound neck'],
      },
    ],
  },
];
