/**
 * Shipped recipes of volumes: a small source in the scheme of the real one (its folders, names, label values and file types), built, and every
 * image, split, subject, mask, derived target and absence compared by value. Slices are 4 x 4 pixels; a label is a hexadecimal digit.
 */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { recipeFile } from '../src/curate/recipe/registry.ts';
import { encodeNifti } from '../src/formats/nifti.ts';
import type { Grid, Volume } from '../src/image/volume.ts';
import { buildTree } from './helpers/sources.ts';

interface Case {
  /** Files of the source by path; those that end with `.gz` are packed. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Targets, each with the labels of the source that make it. */
  readonly targets: Readonly<Record<string, string>>;
  /** Targets of which a missing mask says nothing. */
  readonly partial?: readonly string[];
  /** Targets that the ontology has no concept of. */
  readonly unnamed?: readonly string[];
  /** All images that must be made, without ending: subject, and labels of the slice. */
  readonly images: Readonly<Record<string, readonly [subject: string, labels: string]>>;
  /** What becomes 0 and 255, of images that have this word in their name; null: nothing is changed. */
  readonly windows: Readonly<Record<string, readonly [low: number, high: number] | null>>;
}

const SIDE = 4;
const EMPTY = '0000 0000 0000 0000';
const LPS: Grid['direction'] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function volumeOf(data: Int16Array | Uint8Array): Volume {
  const size = [SIDE, SIDE, data.length / SIDE / SIDE] as const;
  return { size, spacing: [1, 1, 3], origin: [0, 0, 0], direction: LPS, data, channels: 1, identifiers: {} };
}

/** Slices whose left half has a low value and whose right half a high one. */
const picture = (slices: number, low: number, high: number): Volume =>
  volumeOf(Int16Array.from({ length: slices * SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? low : high)));

/** Slices of labels, as they are displayed. */
const labels = (...slices: string[]): Volume =>
  volumeOf(Uint8Array.from([...slices.join('').replaceAll(' ', '')], (digit) => Number.parseInt(digit, 16)));

const nii = (volume: Volume): Uint8Array => Buffer.concat(encodeNifti(volume));
const ct = (slices: number): Uint8Array => nii(picture(slices, -1000, 1000));
const mr = (slices: number): Uint8Array => nii(picture(slices, 100, 200));
const ultrasound = (slices: number): Uint8Array => nii(volumeOf(Uint8Array.from(picture(slices, 0, 255).data)));
const gt = (...slices: string[]): Uint8Array => nii(labels(...slices));

/** A file of four dimensions. */
function frames(...volumes: Volume[]): Uint8Array {
  const [header] = encodeNifti(volumes[0]);
  const bytes = Buffer.from(header);
  bytes.writeInt16LE(4, 40);
  bytes.writeInt16LE(volumes.length, 48);
  return Buffer.concat([bytes, ...volumes.map((volume) => encodeNifti(volume)[1])]);
}

/** Image and mask in the layout of the Medical Segmentation Decathlon, with what its archives hold besides. */
function decathlon(task: string, stem: string, cases: Readonly<Record<string, readonly [Uint8Array, Uint8Array]>>) {
  const files: Record<string, string | Uint8Array> = {
    [`${task}/dataset.json`]: '{}',
    [`${task}/imagesTs/${stem}_999.nii.gz`]: ct(1),
  };
  for (const [id, [image, label]] of Object.entries(cases)) {
    files[`${task}/imagesTr/${stem}_${id}.nii.gz`] = image;
    files[`${task}/labelsTr/${stem}_${id}.nii.gz`] = label;
    files[`${task}/imagesTr/._${stem}_${id}.nii.gz`] = 'of another system';
    files[`${task}/labelsTr/._${stem}_${id}.nii.gz`] = 'of another system';
  }
  return files;
}

/** Header and samples of a MetaImage in two files. */
function mhd(path: string, volume: Volume): Record<string, string | Uint8Array> {
  const samples = Buffer.from(volume.data.buffer as ArrayBuffer);
  const header = {
    ...{ ObjectType: 'Image', NDims: 3, BinaryData: 'True', BinaryDataByteOrderMSB: 'False', CompressedData: 'False' },
    ...{ TransformMatrix: '1 0 0 0 1 0 0 0 1', Offset: '0 0 0', AnatomicalOrientation: 'RAI', ElementSpacing: '1 1 3' },
    DimSize: volume.size.join(' '),
    ElementType: volume.data instanceof Int16Array ? 'MET_SHORT' : 'MET_CHAR',
    ElementDataFile: `${path.slice(path.lastIndexOf('/') + 1)}.raw`,
  };
  const lines = Object.entries(header).map(([name, value]) => `${name} = ${value}\n`);
  return { [`${path}.mhd`]: lines.join(''), [`${path}.raw`]: samples };
}

/** The same voxels as KiTS stores them: slices first from the head down, then rows, then columns. */
function slicesFirst(volume: Volume): Uint8Array {
  const [width, height, slices] = volume.size;
  const data = volume.data.slice();
  for (let i = 0; i < data.length; i++) {
    const [z, y, x] = [i % slices, Math.floor(i / slices) % height, Math.floor(i / slices / height)];
    data[i] = volume.data[(z * height + y) * width + x];
  }
  const direction: Grid['direction'] = [[0, 0, -1], LPS[1], LPS[0]];
  return nii({ ...volume, size: [slices, height, width], spacing: [3, 1, 1], direction, data });
}

/** Labels 1 to 15, one pixel each. */
const ORGANS = '1234 5678 9abc def0';
const BRAIN = '0111 0122 0133 0000';
const CHANNELS = [100, 300, 500, 700].map((low) => picture(2, low, low + 100));
const TUMOR = '0011 0121 0111 0000';
const SPOT = '0000 0110 0100 0000';
const BONE = '0000 0000 0010 0011';
const ABDOMEN = { '': [-150, 250] } as const;
const GREY = { '': [100, 200] } as const;
const AMOS = {
  ...{
    spleen: '1',
    'right kidney': '2',
    'left kidney': '3',
    gallbladder: '4',
    esophagus: '5',
    liver: '6',
    stomach: '7',
  },
  ...{ aorta: '8', postcava: '9', pancreas: 'a', 'right adrenal gland': 'b', 'left adrenal gland': 'c', duodenum: 'd' },
  ...{ bladder: 'e', kidney: '23', 'adrenal gland': 'bc' },
};
const AMOS_FILES = {
  'amos22/imagesTr/amos_0004.nii.gz': ct(2),
  'amos22/labelsTr/amos_0004.nii.gz': gt(ORGANS, EMPTY),
  'amos22/imagesTr/amos_0507.nii.gz': mr(1),
  'amos22/labelsTr/amos_0507.nii.gz': gt('0066 0066 0200 0000'),
  'amos22/imagesVa/amos_0008.nii.gz': ct(1),
  'amos22/labelsVa/amos_0008.nii.gz': gt('0066 0006 00ff 0000'),
  'amos22/imagesVa/amos_0600.nii.gz': mr(1),
  'amos22/labelsVa/amos_0600.nii.gz': gt(ORGANS),
  'amos22/imagesTs/amos_0002.nii.gz': ct(1),
  'amos22/dataset.json': '{}',
};
const CINE = [EMPTY, '1122 3322 0000 0000', EMPTY, '0012 0032 0000 0000'];
const cine = (...slices: string[]): Record<'_sa' | '_sa_gt', Uint8Array> => ({
  _sa: frames(...slices.map(() => picture(1, 100, 200))),
  _sa_gt: frames(...slices.map((slice) => labels(slice))),
});
const patient = (
  folder: string,
  name: string,
  files: Readonly<Record<string, Uint8Array>>,
): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([end, data]) => [`${folder}/${name}/${name}${end}.nii.gz`, data]));

const CASES: Readonly<Record<string, Case>> = {
  'msd-task01-braintumour': {
    files: decathlon('Task01_BrainTumour', 'BRATS', {
      '001': [frames(...CHANNELS), gt(EMPTY, BRAIN)],
      '004': [frames(...CHANNELS), gt('1000 0000 0000 0000', EMPTY)],
    }),
    targets: {
      ...{ edema: '1', 'non-enhancing tumor': '2', 'enhancing tumor': '3' },
      ...{ 'tumor core': '23', 'whole tumor': '123' },
    },
    images: Object.fromEntries(
      ['FLAIR', 'T1', 'T1-Gd', 'T2'].flatMap((sequence, i) => [
        [`train/MSD-Task01-BrainTumour-001-${sequence}-t${i}-s1_MRI-${sequence}_brain`, ['001', BRAIN]],
        [`test/MSD-Task01-BrainTumour-004-${sequence}-t${i}-s0_MRI-${sequence}_brain`, ['004', '1000 0000 0000 0000']],
      ]),
    ),
    windows: { FLAIR_: [100, 200], T1_: [300, 400], Gd_: [500, 600], T2_: [700, 800] },
  },
  'msd-task02-heart': {
    files: decathlon('Task02_Heart', 'la', { '003': [mr(2), gt(SPOT, EMPTY)], '004': [mr(2), gt(EMPTY, BONE)] }),
    targets: { 'left heart atrium': '1' },
    images: {
      'test/MSD-Task02-Heart-003-s0_MRI_heart': ['003', SPOT],
      'train/MSD-Task02-Heart-004-s1_MRI_heart': ['004', BONE],
    },
    windows: GREY,
  },
  'msd-task03-liver': {
    files: decathlon('Task03_Liver', 'liver', { 0: [ct(2), gt(EMPTY, TUMOR)], 12: [ct(1), gt(SPOT)] }),
    targets: { liver: '12', tumor: '2' },
    images: {
      'train/MSD-Task03-Liver-0-s1_CT_liver': ['0', TUMOR],
      'test/MSD-Task03-Liver-12-s0_CT_liver': ['12', SPOT],
    },
    windows: { '': [-25, 230] },
  },
  'msd-task04-hippocampus': {
    files: decathlon('Task04_Hippocampus', 'hippocampus', {
      '001': [mr(2), gt(TUMOR, SPOT)],
      '004': [mr(1), gt(TUMOR)],
    }),
    targets: { 'anterior hippocampus': '1', 'posterior hippocampus': '2' },
    images: {
      'train/MSD-Task04-Hippocampus-001-T1-s0_MRI-T1_brain': ['001', TUMOR],
      'train/MSD-Task04-Hippocampus-001-T1-s1_MRI-T1_brain': ['001', SPOT],
      'test/MSD-Task04-Hippocampus-004-T1-s0_MRI-T1_brain': ['004', TUMOR],
    },
    windows: GREY,
  },
  'msd-task05-prostate': {
    files: decathlon('Task05_Prostate', 'prostate', {
      '00': [frames(...CHANNELS.slice(0, 2)), gt(TUMOR, EMPTY)],
      '01': [frames(...CHANNELS.slice(0, 2)), gt(EMPTY, SPOT)],
    }),
    targets: { 'prostate peripheral zone': '1', 'prostate transitional zone': '2' },
    images: {
      'test/MSD-Task05-Prostate-00-T2-t0-s0_MRI-T2_prostate': ['00', TUMOR],
      'test/MSD-Task05-Prostate-00-ADC-t1-s0_MRI-ADC_prostate': ['00', TUMOR],
      'train/MSD-Task05-Prostate-01-T2-t0-s1_MRI-T2_prostate': ['01', SPOT],
      'train/MSD-Task05-Prostate-01-ADC-t1-s1_MRI-ADC_prostate': ['01', SPOT],
    },
    windows: { T2_: [100, 200], ADC_: [300, 400] },
  },
  'msd-task06-lung': {
    files: decathlon('Task06_Lung', 'lung', { '001': [ct(1), gt(SPOT)], '003': [ct(2), gt(EMPTY, BONE)] }),
    targets: { tumor: '1' },
    images: {
      'test/MSD-Task06-Lung-001-s0_CT_lung': ['001', SPOT],
      'train/MSD-Task06-Lung-003-s1_CT_lung': ['003', BONE],
    },
    windows: { '': [-1000, 1000] },
  },
  'msd-task07-pancreas': {
    files: decathlon('Task07_Pancreas', 'pancreas', { '001': [ct(2), gt(EMPTY, TUMOR)], '012': [ct(1), gt(SPOT)] }),
    targets: { pancreas: '12', tumor: '2' },
    images: {
      'train/MSD-Task07-Pancreas-001-s1_CT_pancreas': ['001', TUMOR],
      'test/MSD-Task07-Pancreas-012-s0_CT_pancreas': ['012', SPOT],
    },
    windows: { '': [-100, 200] },
  },
  'msd-task08-hepaticvessel': {
    files: decathlon('Task08_HepaticVessel', 'hepaticvessel', {
      '001': [ct(1), gt(SPOT)],
      '002': [ct(2), gt(TUMOR, EMPTY)],
    }),
    targets: { vessel: '1', tumor: '2' },
    images: {
      'test/MSD-Task08-HepaticVessel-001-s0_CT_liver': ['001', SPOT],
      'train/MSD-Task08-HepaticVessel-002-s0_CT_liver': ['002', TUMOR],
    },
    windows: { '': [-25, 230] },
  },
  'msd-task09-spleen': {
    files: decathlon('Task09_Spleen', 'spleen', { 2: [ct(1), gt(SPOT)], 3: [ct(2), gt(EMPTY, BONE)] }),
    targets: { spleen: '1' },
    images: {
      'train/MSD-Task09-Spleen-2-s0_CT_abdomen': ['2', SPOT],
      'test/MSD-Task09-Spleen-3-s1_CT_abdomen': ['3', BONE],
    },
    windows: ABDOMEN,
  },
  'msd-task10-colon': {
    files: decathlon('Task10_Colon', 'colon', { '001': [ct(1), gt(SPOT)], '007': [ct(2), gt(EMPTY, BONE)] }),
    targets: { tumor: '1' },
    images: {
      'train/MSD-Task10-Colon-001-s0_CT_colon': ['001', SPOT],
      'test/MSD-Task10-Colon-007-s1_CT_colon': ['007', BONE],
    },
    windows: { '': [-68, 187] },
  },
  btcv: {
    files: {
      'RawData/Training/img/img0001.nii.gz': ct(2),
      'RawData/Training/label/label0001.nii.gz': gt(EMPTY, '1234 5678 9abc d000'),
      'RawData/Training/img/img0022.nii.gz': ct(1),
      'RawData/Training/label/label0022.nii.gz': gt('0066 0066 0006 3000'),
      'RawData/Testing/img/img0061.nii.gz': ct(1),
    },
    targets: {
      ...{ spleen: '1', 'right kidney': '2', 'left kidney': '3', gallbladder: '4', esophagus: '5', liver: '6' },
      ...{ stomach: '7', aorta: '8', 'inferior vena cava': '9', 'portal vein and splenic vein': 'a', pancreas: 'b' },
      ...{ 'right adrenal gland': 'c', 'left adrenal gland': 'd', kidney: '23', 'adrenal gland': 'cd' },
    },
    images: {
      'train/BTCV-0001-s1_CT_abdomen': ['0001', '1234 5678 9abc d000'],
      'test/BTCV-0022-s0_CT_abdomen': ['0022', '0066 0066 0006 3000'],
    },
    windows: ABDOMEN,
  },
  'btcv-cervix': {
    files: {
      'RawData/Training/img/0507688-Image.nii.gz': ct(2),
      'RawData/Training/label/0507688-Mask.nii.gz': gt('1234 0000 0000 0000', '1100 0000 0000 0000'),
      'RawData/Training/img/0759564-Image.nii.gz': ct(2),
      'RawData/Training/label/0759564-Mask.nii.gz': gt('2200 0000 0000 0000', EMPTY),
      'RawData/Testing/img/1258230-Image.nii.gz': ct(1),
    },
    targets: { bladder: '1', uterus: '2', rectum: '3', 'small bowel': '4' },
    partial: ['bladder', 'rectum', 'small bowel'],
    unnamed: ['rectum'],
    images: {
      'test/BTCV-Cervix-0507688-s0_CT_pelvis': ['0507688', '1234 0000 0000 0000'],
      'test/BTCV-Cervix-0507688-s1_CT_pelvis': ['0507688', '1100 0000 0000 0000'],
      'train/BTCV-Cervix-0759564-s0_CT_pelvis': ['0759564', '2200 0000 0000 0000'],
    },
    windows: { '': [-55, 200] },
  },
  'amos22-ct': {
    files: AMOS_FILES,
    targets: AMOS,
    images: {
      'train/amos22-CT-Tr-0004-s0_CT_abdomen': ['0004', ORGANS],
      'test/amos22-CT-Va-0008-s0_CT_abdomen': ['0008', '0066 0006 00ff 0000'],
    },
    windows: ABDOMEN,
  },
  'amos22-mri': {
    files: AMOS_FILES,
    targets: AMOS,
    images: {
      'train/amos22-MRI-Tr-0507-s0_MRI_abdomen': ['0507', '0066 0066 0200 0000'],
      'test/amos22-MRI-Va-0600-s0_MRI_abdomen': ['0600', ORGANS],
    },
    windows: GREY,
  },
  kits23: {
    files: {
      'dataset/case_00000/imaging.nii.gz': slicesFirst(picture(2, -1000, 1000)),
      'dataset/case_00000/segmentation.nii.gz': slicesFirst(labels('1100 1200 1300 0000', '1111 0000 0000 0000')),
      'dataset/case_00000/instances/kidney_instance-1_annotation-1.nii.gz': slicesFirst(labels(SPOT, SPOT)),
      'dataset/case_00004/imaging.nii.gz': slicesFirst(picture(3, -1000, 1000)),
      'dataset/case_00004/segmentation.nii.gz': slicesFirst(labels(EMPTY, EMPTY, '0022 0011 0000 0000')),
      'dataset/kits23.json': '[]',
    },
    targets: { kidney: '123', 'kidney tumor': '2', tumor: '2', 'kidney cyst': '3' },
    images: {
      'train/kits23-00000-s0_CT_abdomen': ['00000', '1100 1200 1300 0000'],
      'train/kits23-00000-s1_CT_abdomen': ['00000', '1111 0000 0000 0000'],
      'test/kits23-00004-s2_CT_abdomen': ['00004', '0022 0011 0000 0000'],
    },
    windows: ABDOMEN,
  },
  promise12: {
    files: {
      ...mhd('training_data/Case00', picture(2, 100, 200)),
      ...mhd('training_data/Case00_segmentation', labels(EMPTY, SPOT)),
      ...mhd('training_data/Case08', picture(1, 100, 200)),
      ...mhd('training_data/Case08_segmentation', labels(BONE)),
      ...mhd('test_data/Case00', picture(1, 100, 200)),
    },
    targets: { prostate: '1' },
    images: {
      'train/PROMISE12-00-s1_MRI-T2_prostate': ['00', SPOT],
      'test/PROMISE12-08-s0_MRI-T2_prostate': ['08', BONE],
    },
    windows: GREY,
  },
  mms: {
    files: {
      ...patient('OpenDataset/Training/Labeled', 'A0S9V9', cine(...CINE)),
      // these have mask files without any label in them
      ...patient('OpenDataset/Training/Unlabeled', 'B3F0V9', cine(EMPTY, EMPTY)),
      ...patient('OpenDataset/Validation', 'A4B9O6', cine(...CINE)),
      ...patient('OpenDataset/Testing', 'A1D0Q7', cine('0330 0330 0000 0000', EMPTY)),
      'OpenDataset/211230_M&Ms_Dataset_information_diagnosis_opendataset.csv': 'External code,ED,ES\n',
    },
    targets: { 'left heart ventricle': '1', myocardium: '2', 'right heart ventricle': '3' },
    images: {
      'train/MMs-A0S9V9-t1-s0_MRI_heart': ['A0S9V9', CINE[1]],
      'train/MMs-A0S9V9-t3-s0_MRI_heart': ['A0S9V9', CINE[3]],
      'test/MMs-A1D0Q7-t0-s0_MRI_heart': ['A1D0Q7', '0330 0330 0000 0000'],
    },
    windows: GREY,
  },
  camus: {
    files: {
      ...patient('database_nifti', 'patient0001', {
        _2CH_half_sequence: ultrasound(2),
        _2CH_half_sequence_gt: gt('0110 1221 0330 0000', '0110 0220 0000 0000'),
        _2CH_ED: ultrasound(1),
        _2CH_ED_gt: gt('0110 1221 0330 0000'),
        _4CH_half_sequence: ultrasound(1),
        _4CH_half_sequence_gt: gt('0010 0020 0030 0000'),
      }),
      ...patient('database_nifti', 'patient0002', {
        _4CH_half_sequence: ultrasound(1),
        _4CH_half_sequence_gt: gt('1100 2200 3300 0000'),
      }),
      'database_nifti/patient0001/Info_2CH.cfg': 'ED: 1\nES: 2\n',
      'database_split/subgroup_training.txt': 'patient0001\n',
      'database_split/subgroup_testing.txt': 'patient0002\n',
    },
    targets: { 'left heart ventricle': '1', myocardium: '2', 'left heart atrium': '3' },
    images: {
      'train/CAMUS-patient0001-2CH-s0_ultrasound_heart': ['patient0001', '0110 1221 0330 0000'],
      'train/CAMUS-patient0001-2CH-s1_ultrasound_heart': ['patient0001', '0110 0220 0000 0000'],
      'train/CAMUS-patient0001-4CH-s0_ultrasound_heart': ['patient0001', '0010 0020 0030 0000'],
      'test/CAMUS-patient0002-4CH-s0_ultrasound_heart': ['patient0002', '1100 2200 3300 0000'],
    },
    windows: { '': null },
  },
  'covid-19-ct': {
    files: {
      'ct_scans/coronacases_org_001.nii': ct(2),
      'lung_mask/coronacases_001.nii': gt('2201 2201 0000 0000', '0001 0000 0000 0000'),
      'infection_mask/coronacases_001.nii': gt('0101 0000 0000 0000', EMPTY),
      'lung_and_infection_mask/coronacases_001.nii': gt('2303 2201 0000 0000', '0001 0000 0000 0000'),
      'ct_scans/radiopaedia_org_covid-19-pneumonia-10_85902_1-dcm.nii': nii(picture(1, 0, 255)),
      'lung_mask/radiopaedia_10_85902_1.nii': gt('2000 2000 0000 0000'),
      'infection_mask/radiopaedia_10_85902_1.nii': gt('1000 0000 0000 0000'),
      'ct_scans/radiopaedia_org_covid-19-pneumonia-10_85902_3-dcm.nii': nii(picture(1, 0, 255)),
      'lung_mask/radiopaedia_10_85902_3.nii': gt('0000 0001 0000 0000'),
      'infection_mask/radiopaedia_10_85902_3.nii': gt(EMPTY),
      'metadata.csv': 'ct_scan,lung_mask,infection_mask,lung_and_infection_mask\n',
    },
    // lungs and infection are files of their own: b and c are infected pixels of the left and the right lung
    targets: { 'left lung': '1b', 'right lung': '2c', lung: '12bc', 'COVID-19 infection': 'bc' },
    images: {
      'train/COVID-19-CT-coronacases-001-s0_CT_lung': ['coronacases-001', '2c0b 2201 0000 0000'],
      'train/COVID-19-CT-coronacases-001-s1_CT_lung': ['coronacases-001', '0001 0000 0000 0000'],
      'test/COVID-19-CT-radiopaedia-10-85902-1-s0_CT_lung': ['radiopaedia-10', 'c000 2000 0000 0000'],
      'test/COVID-19-CT-radiopaedia-10-85902-3-s0_CT_lung': ['radiopaedia-10', '0000 0001 0000 0000'],
    },
    windows: { coronacases: [-1000, 1000], radiopaedia: [0, 255] },
  },
};

describe('shipped recipes on small sources in their own scheme', () => {
  it.each(Object.entries(CASES))('%s', async (name, {
    files,
    targets,
    partial = [],
    unnamed = [],
    images,
    windows,
  }) => {
    const packed = Object.entries(files).map(([path, data]) => [path, path.endsWith('.gz') ? gzipSync(data) : data]);
    const built = await buildTree(await readFile(await recipeFile(name), 'utf8'), Object.fromEntries(packed), SIDE);
    expect(built.summary.failures).toEqual([]);

    const mask = (slice: string, of: string): string =>
      slice.replace(/[0-9a-f]/g, (digit) => (of.includes(digit) ? '1' : '0'));
    const found = await Promise.all(
      built.images.map(async ({ image, subject, masks, absent, unknown }) => {
        const rows = masks.map(async ({ target }) => [target, (await built.mask(target, image)).join(' ')]);
        const data = {
          subject,
          masks: Object.fromEntries(await Promise.all(rows)),
          absent: absent.toSorted(),
          unknown: unknown.toSorted(),
        };
        return [image.replace(/\.png$/, ''), data];
      }),
    );
    const wanted = Object.entries(images).map(([image, [subject, slice]]) => {
      const masks = Object.entries(targets).map(([target, of]) => [target, mask(slice, of)]);
      const missing = masks.flatMap(([target, rows]) => (rows === EMPTY ? [target] : [])).toSorted();
      const [absent, unknown] = [false, true].map((is) => missing.filter((target) => partial.includes(target) === is));
      return [
        image,
        { subject, masks: Object.fromEntries(masks.filter(([, rows]) => rows !== EMPTY)), absent, unknown },
      ];
    });
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));

    for (const { image, window, masks } of built.images) {
      const own = Object.entries(windows).filter(([word]) => image.includes(word));
      expect(
        own.map(([, range]) => range),
        image,
      ).toEqual([window === null ? null : [window.low, window.high]]);
      expect(await built.grey(image)).toEqual(
        Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? 0 : 255)),
      );
      for (const { target, concept } of masks) expect(concept === null, target).toBe(unnamed.includes(target));
    }
  });
});
