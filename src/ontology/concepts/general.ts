/**
 * Concepts that can occur in images of many kinds, or whose words do not say where; among them those that only gather
 * others ("tumor"). Sources: see head.ts.
 */
import type { ConceptGroup } from './types.ts';

const organ = { kind: 'other organ' } as const;
const brainTumorPart = { kind: 'tumor', parent: 'brain tumor' } as const;
const breastTumor = { kind: 'tumor', parent: 'breast tumor', trained: ['ultrasound breast', 'MRI breast'] } as const;

export const generalConcepts: readonly ConceptGroup[] = [
  {
    regions: null,
    entries: [
      { ...organ, name: 'air cavity', names: ['air cavities'], trained: ['MRI head'] },
      { ...organ, name: 'soft tissue', names: ['soft tissues'], trained: ['MRI head'] },
      { ...organ, name: 'bone', snomed: '272673000', names: ['bones'], trained: ['MRI head'] },
      {
        kind: 'tumor',
        name: 'bone metastasis',
        parent: 'tumor',
        names: ['bone metastases', 'skeletal metastasis', 'metastatic bone lesion'],
        trained: ['CT bone'],
      },
      {
        kind: 'vessel',
        name: 'blood vessel',
        snomed: '59820001',
        names: ['vessel', 'blood vessels'],
        loose: ['blood vessels', 'vessel', 'artery or vein'],
        trained: ['ultrasound limb'],
      },
      {
        ...organ,
        name: 'nerve',
        snomed: '3057000',
        names: ['peripheral nerve'],
        loose: ['nerves'],
        trained: ['ultrasound limb'],
      },
      {
        ...breastTumor,
        name: 'malignant breast tumor',
        published: 'malignant breast tumor',
        targets: ['malignant tumor'],
        names: ['breast cancer', 'malignant breast mass'],
        loose: ['malignant lesion'],
      },
      {
        ...breastTumor,
        name: 'benign breast tumor',
        published: 'benign breast tumor',
        targets: ['benign tumor'],
        names: ['benign breast mass'],
        loose: ['benign lesion'],
      },
      {
        ...brainTumorPart,
        name: 'brain tumor core',
        published: 'brain tumor core',
        targets: ['tumor core'],
        names: ['core of the brain tumor'],
        loose: ['core of the tumor'],
        trained: ['MRI brain'],
      },
      {
        ...brainTumorPart,
        name: 'enhancing tumor',
        published: 'enhancing tumor',
        names: ['contrast-enhancing tumor', 'enhancing brain tumor'],
        loose: ['enhancing part of the tumor'],
        trained: ['MRI brain'],
      },
      {
        ...brainTumorPart,
        name: 'necrotic tumor core',
        parent: 'brain tumor core',
        loose: ['tumor necrosis', 'necrotic core', 'necrotic part of the tumor'],
        trained: ['MRI brain'],
      },
      {
        kind: 'fluid disturbance',
        name: 'peritumoral edema',
        published: 'brain tumor edema',
        loose: ['edema around the tumor', 'tumor edema', 'edema'],
        trained: ['MRI brain'],
      },
      { kind: 'device', name: 'tubing', names: ['tubes'], trained: ['X-Ray chest'] },
      { kind: 'device', name: 'monitoring probes', names: ['monitoring leads', 'ECG leads'], trained: ['X-Ray chest'] },
      {
        ...brainTumorPart,
        name: 'non-enhancing tumor',
        published: 'non-enhancing tumor',
        names: ['non-enhancing brain tumor', 'non-contrast-enhancing tumor'],
        views: ['MRI brain'],
      },
      {
        kind: 'histology structure',
        name: 'breast cancer cells',
        crowded: true,
        published: 'breast cancer cells',
        parent: 'neoplastic cells',
        views: ['pathology breast'],
      },
      {
        kind: 'histology structure',
        name: 'benign breast cancer cells',
        crowded: true,
        published: 'benign breast cancer cells',
        parent: 'breast cancer cells',
        views: ['pathology breast'],
      },
      {
        kind: 'histology structure',
        name: 'malignant breast cancer cells',
        crowded: true,
        published: 'malignant breast cancer cells',
        parent: 'breast cancer cells',
        views: ['pathology breast'],
      },
      { kind: 'tumor', name: 'tumor', names: ['tumors', 'neoplasm'], targets: [] },
      { kind: 'lesion', name: 'lesion', names: ['lesions'], targets: [] },
    ],
  },
];
