/** Concepts of pelvis, spine, muscles and skin, and of the unborn. Sources: see head.ts. */
import { both, type ConceptEntry, type ConceptGroup } from './types.ts';

const organ = { kind: 'other organ' } as const;
const prostateViews = ['MRI prostate|pelvis', 'CT pelvis'];

function muscle(name: string, sidedNames: readonly string[] = [`${name} muscle`]): ConceptEntry {
  return { ...organ, name, hiddenInRadiographs: true, sidedNames, sides: both('CT abdomen'), views: ['CT pelvis'] };
}

/** Thoracic, lumbar and sacral vertebrae that the training data name, with SNOMED CT identifiers. */
const vertebrae: readonly ConceptEntry[] = (
  [
    ['T', 'thoracic', 11, '12989004', ['MRI spine']],
    ['T', 'thoracic', 12, '23215003', ['CT abdomen', 'MRI spine']],
    ['L', 'lumbar', 1, '66794005', ['CT abdomen', 'MRI spine']],
    ['L', 'lumbar', 2, '14293000', ['CT abdomen', 'MRI spine']],
    ['L', 'lumbar', 3, '36470004', ['CT abdomen', 'MRI spine']],
    ['L', 'lumbar', 4, '11994002', ['CT abdomen', 'MRI spine']],
    ['L', 'lumbar', 5, '49668003', ['CT abdomen', 'MRI spine']],
    ['S', 'sacral', 1, undefined, ['CT abdomen']],
  ] as const
).map(([letter, region, number, snomed, trained]) => {
  const level = `${letter}${number}`;
  return {
    ...organ,
    name: `${level} vertebra`,
    parent: 'vertebra',
    names: [level, `vertebra ${level}`, `${level} vertebral body`, `${region} vertebra ${number}`],
    trained,
    ...(snomed === undefined ? {} : { snomed }),
  };
});

export const trunkConcepts: readonly ConceptGroup[] = [
  {
    regions: ['pelvis'],
    entries: [
      {
        ...organ,
        name: 'urinary bladder',
        published: 'bladder',
        snomed: '89837001',
        loose: ['bladder'],
        trained: ['CT abdomen'],
        views: ['CT pelvis'],
      },
      {
        ...organ,
        name: 'prostate',
        published: 'prostate',
        names: ['prostate gland'],
        snomed: '41216001',
        trained: ['CT abdomen'],
        views: prostateViews,
      },
      {
        ...organ,
        name: 'prostate central gland',
        published: 'prostate transitional zone',
        parent: 'prostate',
        names: ['central gland of the prostate', 'inner gland of the prostate', 'prostate transition zone'],
        loose: ['transition zone', 'transitional zone'],
        trained: ['MRI prostate'],
      },
      {
        ...organ,
        name: 'prostate peripheral zone',
        published: 'prostate peripheral zone',
        parent: 'prostate',
        loose: ['peripheral zone'],
        views: ['MRI prostate'],
      },
      {
        kind: 'tumor',
        name: 'prostate tumor',
        parent: 'tumor',
        snomed: '126906006',
        names: ['prostate cancer', 'tumor of the prostate', 'prostatic tumor', 'prostate lesion'],
        trained: ['MRI prostate', 'pathology prostate'],
      },
      {
        kind: 'histology structure',
        name: 'prostatic glands',
        crowded: true,
        targets: ['prostate gland'],
        names: ['glands of the prostate'],
        loose: ['prostate gland'],
        views: ['pathology prostate'],
      },
      { ...organ, name: 'uterus', published: 'uterus', snomed: '35039007', names: ['womb'], views: ['CT pelvis'] },
      {
        ...organ,
        name: 'pubic symphysis',
        published: 'public symphysis',
        names: ['symphysis pubis'],
        views: ['ultrasound transperineal'],
      },
      {
        ...organ,
        name: 'hip bone',
        sides: both('CT abdomen'),
        sidedNames: ['pelvic bone', 'innominate bone'],
        views: ['CT pelvis'],
      },
      muscle('gluteus maximus'),
      muscle('gluteus medius'),
      muscle('gluteus minimus'),
    ],
  },
  {
    regions: ['pelvis', 'limb'],
    entries: [
      {
        ...organ,
        name: 'femur',
        snomed: '71341001',
        sides: both('CT abdomen'),
        sidedNames: ['thigh bone', 'femoral bone'],
        views: ['CT pelvis'],
      },
    ],
  },
  {
    regions: ['pelvis', 'abdomen', 'fetus'],
    entries: [
      {
        kind: 'tumor',
        name: 'ovarian tumor',
        parent: 'tumor',
        names: ['tumor of the ovary', 'ovarian mass', 'adnexal mass'],
        trained: ['ultrasound ovary'],
      },
    ],
  },
  {
    regions: ['fetus'],
    entries: [
      {
        ...organ,
        name: 'fetal head',
        published: 'fetal head',
        names: ['head of the fetus', 'fetal skull', "baby's head"],
        loose: ['head'],
        trained: ['ultrasound fetal'],
        views: ['ultrasound transperineal'],
      },
    ],
  },
  {
    regions: ['spine', 'abdomen', 'pelvis', 'chest', 'neck'],
    entries: [
      { ...muscle('iliopsoas', ['iliopsoas muscle', 'psoas muscle']), snomed: '68455001' },
      muscle('autochthonous back muscle', ['erector spinae', 'deep back muscle']),
      { ...organ, name: 'sacrum', snomed: '54735007', names: ['sacral bone'], trained: ['CT abdomen'] },
      ...vertebrae,
    ],
  },
  {
    regions: ['spine', 'abdomen', 'pelvis', 'chest', 'neck', 'head', 'heart', 'fetus', 'teeth'],
    entries: [
      {
        ...organ,
        name: 'vertebra',
        snomed: '51282000',
        names: ['vertebrae', 'vertebral bodies', 'spine bones'],
        trained: ['MRI spine'],
        views: ['CT abdomen|chest|spine'],
      },
      {
        ...organ,
        name: 'spinal cord',
        hiddenInRadiographs: true,
        snomed: '2748008',
        names: ['medulla spinalis'],
        loose: ['cord'],
        trained: ['MRI spine'],
        views: ['CT abdomen|chest|spine'],
      },
      {
        ...organ,
        name: 'spinal cord gray matter',
        hiddenInRadiographs: true,
        parent: 'spinal cord',
        names: ['gray matter of the spinal cord', 'cord gray matter'],
        trained: ['MRI spine'],
      },
    ],
  },
  {
    regions: ['skin'],
    entries: [
      {
        kind: 'lesion',
        name: 'skin lesion',
        parent: 'lesion',
        snomed: '95324001',
        names: ['lesion of the skin', 'skin mole', 'cutaneous lesion', 'pigmented lesion'],
        loose: ['lesion', 'mole'],
        trained: ['dermoscopy skin'],
      },
      {
        kind: 'lesion',
        name: 'melanoma',
        published: 'melanoma',
        parent: 'skin lesion',
        snomed: '372244006',
        names: ['malignant melanoma', 'melanoma of the skin'],
        trained: ['dermoscopy skin'],
      },
    ],
  },
];
