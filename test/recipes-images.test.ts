/**
 * Shipped recipes of pictures and arrays: a small source in the scheme of each, with its folders, file types and label values, and every mask
 * of what is built by value.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recipeFile } from '../src/curate/recipe/registry.ts';
import { dicomFile, greyImage } from './helpers/dicom.ts';
import { bitmap, doubles, metaImage, picture, type Signs } from './helpers/pictures.ts';
import { describeShared, sharedPath } from './helpers/shared.ts';
import { type Built, buildTree, temporaryFolder, writeTree } from './helpers/sources.ts';
import { lidcXml } from './helpers/xml-outlines.ts';

type File = Uint8Array | string | Promise<Uint8Array>;

interface Case {
  readonly recipe: string;
  readonly size?: number;
  readonly files: Readonly<Record<string, File>>;
  /** By image: rows of each mask, and what is absent and unknown. */
  readonly images: Readonly<Record<string, Triples>>;
  /** Images that are left out, with the reason. */
  readonly dropped?: Readonly<Record<string, string>>;
  /** Samples of pictures, which tell channels and colours. */
  readonly pixels?: Readonly<Record<string, readonly number[]>>;
}

interface Triples {
  readonly masks: Readonly<Record<string, readonly string[]>>;
  readonly absent?: readonly string[];
  readonly unknown?: readonly string[];
}

const PHOTO = ['0123', '4567', '8901', '2345'];
const BLACK_WHITE: Signs = { 0: 0, 1: 255 };
const WHITE: Signs = { 0: [0, 0, 0], 1: [255, 255, 255] };
const EMPTY = ['0000', '0000', '0000', '0000'];
const A = ['0110', '0110', '0000', '0000'];
const B = ['0000', '0000', '0110', '0010'];
const AB = ['0110', '0110', '0110', '0010'];
const LUNGS = ['0000', '1001', '1001', '0000'];
/** The patient's left is on the right of the picture. */
const BOTH_LUNGS = {
  lung: LUNGS,
  'left lung': ['0000', '0001', '0001', '0000'],
  'right lung': ['0000', '1000', '1000', '0000'],
};
/** REFUGE: 0 is the cup, 128 the rest of the disc, 255 what is neither. */
const DISC_CUP: Signs = { ' ': 255, r: 128, c: 0 };
const RIM = [' rr ', ' rc ', ' rr ', '    '];
const twice = (rows: readonly string[]): string[] =>
  rows.flatMap((row) => Array(2).fill([...row].map((s) => s + s).join('')));

const png = (rows: readonly string[], signs?: Signs): File => picture('png', rows, signs);
const jpeg = (rows: readonly string[], signs?: Signs): File => picture('jpeg', rows, signs);
const mask = (rows: readonly string[]): File => png(rows, BLACK_WHITE);

const radiography = (recipe: string, folder: string, name: string, image: string): Case => ({
  recipe,
  size: 8,
  files: {
    [`COVID-19_Radiography_Dataset/${folder}/images/${name}.png`]: png(twice(PHOTO)),
    [`COVID-19_Radiography_Dataset/${folder}/masks/${name}.png`]: png(LUNGS, WHITE),
    'COVID-19_Radiography_Dataset/README.md.txt': 'masks are smaller than films',
  },
  images: {
    [image]: { masks: Object.fromEntries(Object.entries(BOTH_LUNGS).map(([target, rows]) => [target, twice(rows)])) },
  },
});

const covid = (path: string): string => `Infection Segmentation Data/Infection Segmentation Data/${path}`;
const oct = (path: string): string => `2021-training-data-ZA/2021-training-data-ZA/${path}`;
const polypgen = (path: string): string => `PolypGen2021_MultiCenterData_v3/${path}`;

/** A slice of a CT series. */
const slice = (z: number): Uint8Array =>
  dicomFile(
    greyImage(
      8,
      8,
      Array.from({ length: 64 }, (_, i) => i * 4),
      {
        ...{ SOPInstanceUID: `1.2.3.${z}`, SeriesInstanceUID: '1.2.3', StudyInstanceUID: '1.2', Modality: 'CT' },
        ...{ ImagePositionPatient: [0, 0, z * 3], ImageOrientationPatient: [1, 0, 0, 0, 1, 0], PixelSpacing: [1, 1] },
      },
    ),
  );

const CASES: readonly Case[] = [
  {
    recipe: 'breastus',
    files: {
      'Dataset_BUSI_with_GT/benign/benign (1).png': png(PHOTO),
      'Dataset_BUSI_with_GT/benign/benign (1)_mask.png': mask(A),
      'Dataset_BUSI_with_GT/benign/benign (1)_mask_1.png': mask(B),
      'Dataset_BUSI_with_GT/malignant/malignant (12).png': png(PHOTO),
      'Dataset_BUSI_with_GT/malignant/malignant (12)_mask.png': mask(B),
      'Dataset_BUSI_with_GT/normal/normal (3).png': png(PHOTO),
      'Dataset_BUSI_with_GT/normal/normal (3)_mask.png': mask(EMPTY),
    },
    images: {
      'test/BreastUS-benign-1_ultrasound_breast': {
        masks: { 'benign tumor': AB, tumor: AB },
        absent: ['malignant tumor'],
      },
      'train/BreastUS-malignant-12_ultrasound_breast': {
        masks: { 'malignant tumor': B, tumor: B },
        absent: ['benign tumor'],
      },
      'train/BreastUS-normal-3_ultrasound_breast': { masks: {}, absent: ['benign tumor', 'tumor', 'malignant tumor'] },
    },
  },
  {
    recipe: 'covid-qu-ex',
    files: {
      [covid('Train/COVID-19/images/covid_1.png')]: png(PHOTO),
      [covid('Train/COVID-19/lung masks/covid_1.png')]: mask(LUNGS),
      [covid('Train/COVID-19/infection masks/covid_1.png')]: mask(B),
      [covid('Test/Non-COVID/images/non_COVID (7).png')]: png(PHOTO),
      [covid('Test/Non-COVID/lung masks/non_COVID (7).png')]: mask(LUNGS),
      [covid('Val/Normal/images/Normal (5).png')]: png(PHOTO),
      [covid('Val/Normal/lung masks/Normal (5).png')]: mask(LUNGS),
    },
    images: {
      'train/COVID-QU-Ex-Train-COVID-19-covid-1_X-Ray_chest': { masks: { ...BOTH_LUNGS, 'COVID-19 infection': B } },
      'test/COVID-QU-Ex-Test-Non-COVID-non-COVID-7_X-Ray_chest': { masks: BOTH_LUNGS, absent: ['COVID-19 infection'] },
    },
    dropped: { [covid('Val/Normal/images/Normal (5).png')]: 'its split is left out' },
  },
  {
    recipe: 'cxr-masks-and-labels',
    files: {
      'Lung Segmentation/CXR_png/CHNCXR_0001_0.png': png(PHOTO),
      'Lung Segmentation/masks/CHNCXR_0001_0_mask.png': mask(LUNGS),
      'Lung Segmentation/CXR_png/CHNCXR_0025_0.png': png(PHOTO),
      'Lung Segmentation/CXR_png/MCUCXR_0104_1.png': png(PHOTO),
      'Lung Segmentation/masks/MCUCXR_0104_1.png': mask(LUNGS),
      'Lung Segmentation/ClinicalReadings/CHNCXR_0001_0.txt': 'normal',
    },
    images: {
      'train/CXR-Masks-and-Labels-CHNCXR-0001-0_X-Ray_chest': { masks: BOTH_LUNGS },
      'train/CXR-Masks-and-Labels-MCUCXR-0104-1_X-Ray_chest': { masks: BOTH_LUNGS },
    },
    dropped: {
      'Lung Segmentation/CXR_png/CHNCXR_0025_0.png': 'no mask matches "Lung Segmentation/masks/CHNCXR_0025_0_mask.png"',
    },
  },
  {
    recipe: 'drive',
    files: {
      'training/images/21_training.tif': picture('tiff', PHOTO),
      'training/1st_manual/21_manual1.gif': picture('gif', A, BLACK_WHITE),
      'training/mask/21_training_mask.gif': picture('gif', AB, BLACK_WHITE),
      'test/images/01_test.tif': picture('tiff', PHOTO),
      'test/1st_manual/01_manual1.gif': picture('gif', B, BLACK_WHITE),
    },
    images: {
      'train/DRIVE-training-21_fundus_retinal': { masks: { 'retinal vessel': A } },
      'test/DRIVE-test-01_fundus_retinal': { masks: { 'retinal vessel': B } },
    },
  },
  {
    recipe: 'fh-ps-aop',
    files: {
      'image_mha/00001.mha': metaImage([2, 2, 3], [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]),
      'label_mha/00001.mha': metaImage([2, 2], [0, 1, 2, 2]),
    },
    size: 2,
    images: {
      'train/FH-PS-AOP-00001_ultrasound_transperineal': {
        masks: { 'pubic symphysis': ['01', '00'], 'fetal head': ['00', '11'] },
      },
    },
    pixels: { 'train/FH-PS-AOP-00001_ultrasound_transperineal': [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24] },
  },
  {
    recipe: 'g1020',
    files: {
      'Images/image_0.jpg': jpeg(PHOTO),
      'Images/image_0.json': '{}',
      'Masks/image_0.png': png(['0110', '0120', '0110', '0000'], { 0: 0, 1: 1, 2: 2 }),
      'Images/image_1.jpg': jpeg(PHOTO),
      'Masks/image_1.png': png(A, { 0: 0, 1: 1 }),
    },
    images: {
      'train/G1020-0_fundus_retinal': {
        masks: { 'optic disc': ['0110', '0110', '0110', '0000'], 'optic cup': ['0000', '0010', '0000', '0000'] },
      },
      'test/G1020-1_fundus_retinal': { masks: { 'optic disc': A }, unknown: ['optic cup'] },
    },
  },
  {
    recipe: 'glas',
    files: {
      'Grade.csv': 'name,patient ID\n',
      ...Object.fromEntries(
        ['train_1', 'testA_1', 'testB_20'].flatMap((name) => [
          [`${name}.bmp`, bitmap(PHOTO)],
          [`${name}_anno.bmp`, bitmap(['0110', '0110', '0000', '2200'], { 0: 0, 1: 1, 2: 2 })],
        ]),
      ),
    },
    images: {
      'train/GlaS-train-1_pathology_colon': { masks: { 'glandular structure': ['0110', '0110', '0000', '1100'] } },
      'test/GlaS-testA-1_pathology_colon': { masks: { 'glandular structure': ['0110', '0110', '0000', '1100'] } },
      'test/GlaS-testB-20_pathology_colon': { masks: { 'glandular structure': ['0110', '0110', '0000', '1100'] } },
    },
  },
  {
    recipe: 'isic',
    files: {
      'ISIC2018_Task1-2_Training_Input/ATTRIBUTION.txt': 'who took the pictures',
      ...Object.fromEntries(
        [
          ['Training', '0000000'],
          ['Validation', '0012255'],
          ['Test', '0012169'],
        ].flatMap(([part, number]) => [
          [`ISIC2018_Task1-2_${part}_Input/ISIC_${number}.jpg`, jpeg(PHOTO)],
          [`ISIC2018_Task1_${part}_GroundTruth/ISIC_${number}_segmentation.png`, mask(A)],
        ]),
      ),
    },
    images: {
      'train/ISIC-Training-0000000_dermoscopy_skin': { masks: { 'skin lesion': A } },
      'test/ISIC-Test-0012169_dermoscopy_skin': { masks: { 'skin lesion': A } },
    },
    dropped: { 'ISIC2018_Task1-2_Validation_Input/ISIC_0012255.jpg': 'its split is left out' },
  },
  {
    recipe: 'lgg',
    files: {
      'kaggle_3m/data.csv': 'Patient\n',
      'kaggle_3m/TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_1.tif': picture('tiff', ['ab', 'cd'], {
        ...{ a: [9, 1, 8], b: [9, 2, 8], c: [9, 3, 8], d: [9, 255, 8] },
      }),
      'kaggle_3m/TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_1_mask.tif': picture('tiff', ['01', '00'], BLACK_WHITE),
      'kaggle_3m/TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_2.tif': picture('tiff', ['00', '01'], WHITE),
      'kaggle_3m/TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_2_mask.tif': picture('tiff', ['00', '00'], BLACK_WHITE),
    },
    size: 2,
    images: {
      'train/LGG-TCGA-CS-4941-19960909-1_MRI-FLAIR_brain': {
        masks: { 'lower-grade glioma': ['01', '00'], tumor: ['01', '00'] },
      },
      'train/LGG-TCGA-CS-4941-19960909-2_MRI-FLAIR_brain': { masks: {}, absent: ['lower-grade glioma', 'tumor'] },
    },
    pixels: { 'train/LGG-TCGA-CS-4941-19960909-1_MRI-FLAIR_brain': [1, 2, 3, 255] },
  },
  {
    recipe: 'lidc-idri',
    size: 8,
    files: {
      ...Object.fromEntries(
        [0, 1, 2].map((z) => [`LIDC-IDRI/LIDC-IDRI-0001/01-01-2000-30178/3000566-03192/1-0${z}.dcm`, slice(z)]),
      ),
      'LIDC-IDRI/LIDC-IDRI-0001/01-01-2000-30178/3000566-03192/069.xml': lidcXml([
        [
          ['1.2.3.1', 1, 6],
          ['1.2.3.2', 1, 6],
        ],
        [['1.2.3.1', 2, 7]],
      ]),
    },
    images: {
      'train/LIDC-IDRI-LIDC-IDRI-0001-01-01-2000-30178-3000566-03192-s1_CT_lung': {
        masks: {
          'lung nodule': [...Array(3).fill('00000000'), ...Array(3).fill('00011100'), ...Array(2).fill('00000000')],
        },
      },
    },
    dropped: { 'LIDC-IDRI/LIDC-IDRI-0001/01-01-2000-30178/3000566-03192': 'slices without masks' },
  },
  {
    recipe: 'neopolyp',
    size: 8,
    files: {
      'train/train/0081835cf877e004e8bfb905b78a9139.jpeg': jpeg(twice(PHOTO)),
      // smoothed, as the lossy masks of the source are
      'train_gt/train_gt/0081835cf877e004e8bfb905b78a9139.jpeg': jpeg(twice(['0rr0', '0rr0', '00gg', '0000']), {
        ...{ 0: [20, 10, 15], r: [230, 30, 12], g: [40, 190, 25] },
      }),
      'train/train/009c019a32871953d2f0e4d4d5d0e4d4.jpeg': jpeg(twice(PHOTO)),
      'train_gt/train_gt/009c019a32871953d2f0e4d4d5d0e4d4.jpeg': jpeg(twice(['0000', '0gg0', '0000', '0000']), {
        ...{ 0: [0, 0, 0], g: [0, 255, 0] },
      }),
    },
    images: {
      'train/NeoPolyp-0081835cf877e004e8bfb905b78a9139_endoscope_colon': {
        masks: {
          'neoplastic polyp': twice(['0110', '0110', '0000', '0000']),
          'non-neoplastic polyp': twice(['0000', '0000', '0011', '0000']),
          polyp: twice(['0110', '0110', '0011', '0000']),
        },
      },
      'train/NeoPolyp-009c019a32871953d2f0e4d4d5d0e4d4_endoscope_colon': {
        masks: {
          'non-neoplastic polyp': twice(['0000', '0110', '0000', '0000']),
          polyp: twice(['0000', '0110', '0000', '0000']),
        },
        absent: ['neoplastic polyp'],
      },
    },
  },
  {
    recipe: 'oct-cme',
    files: {
      [oct('511DME/images/511DME.jpeg')]: jpeg(PHOTO),
      [oct('511DME/masks/511DME-mask.png')]: png(A, WHITE),
      [oct('815DME_F/images/815DME_F.jpeg')]: jpeg(PHOTO),
      [oct('815DME_F/masks/815DME_F.png')]: png(A, WHITE),
      [oct('815DME_F/masks/MASK-DME511.png')]: png(B, WHITE),
    },
    images: { 'train/OCT-CME-511DME_OCT_retinal': { masks: { edema: A } } },
  },
  {
    recipe: 'pannuke',
    size: 2,
    files: Object.fromEntries(
      [1, 2, 3].flatMap((fold) => {
        const items = fold === 1 ? 2 : 1;
        const masks = new Array(items * 24).fill(0);
        // pixel 0 a neoplastic nucleus, pixel 3 a connective one, the others background; layers run fastest
        for (const [at, number] of [
          [0, 4],
          [3 * 6 + 2, 9],
          [6 + 5, 1],
          [2 * 6 + 5, 1],
        ])
          masks[at] = number;
        return [
          [
            `Fold ${fold}/images/fold${fold}/images.npy`,
            doubles(
              [items, 2, 2, 3],
              masks.slice(0, items * 12).map((_, i) => i * 10),
            ),
          ],
          [`Fold ${fold}/masks/fold${fold}/masks.npy`, doubles([items, 2, 2, 6], masks)],
        ];
      }),
    ),
    images: Object.fromEntries(
      [
        ['train', '1-t0'],
        ['train', '1-t1'],
        ['train', '2'],
        ['test', '3'],
      ].map(([split, name]): [string, Triples] => [
        `${split}/PanNuke-${name}_pathology_mixed`,
        name === '1-t1'
          ? {
              masks: {},
              absent: [
                'neoplastic cells',
                'inflammatory cells',
                'connective tissue cells',
                'dead cells',
                'epithelial cells',
              ],
            }
          : {
              masks: { 'neoplastic cells': ['10', '00'], 'connective tissue cells': ['00', '01'] },
              absent: ['inflammatory cells', 'dead cells', 'epithelial cells'],
            },
      ]),
    ),
    pixels: { 'train/PanNuke-2_pathology_mixed': [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110] },
  },
  {
    recipe: 'polypgen',
    size: 8,
    files: {
      [polypgen('data_C1/images_C1/100H0050.jpg')]: jpeg(twice(PHOTO)),
      [polypgen('data_C1/masks_C1/100H0050_mask.jpg')]: jpeg(twice(A), WHITE),
      [polypgen('data_C1/bbox_C1/100H0050_mask.txt')]: 'polyp 1 0 3 2',
      [polypgen('data_C3/images_C3/C3_EndoCV2021_00489].jpg')]: jpeg(twice(PHOTO)),
      [polypgen('data_C3/masks_C3/C3_EndoCV2021_00489_mask.jpg')]: jpeg(twice(A), BLACK_WHITE),
      [polypgen('data_C6/images_C6/EndoCV2021_C6_0100001.jpg')]: jpeg(twice(PHOTO)),
      [polypgen('data_C6/masks_C6/EndoCV2021_C6_0100001_mask.jpg')]: jpeg(twice(EMPTY), BLACK_WHITE),
      [polypgen('sequenceData/positive/seq1/images_seq1/a.jpg')]: jpeg(PHOTO),
    },
    images: {
      'train/PolypGen-1-100H0050_endoscope_colon': { masks: { polyp: twice(A) } },
      'train/PolypGen-6-EndoCV2021-C6-0100001_endoscope_colon': { masks: {}, absent: ['polyp'] },
    },
    dropped: {
      [polypgen('data_C3/images_C3/C3_EndoCV2021_00489].jpg')]:
        `no mask matches "${polypgen('data_C3/masks_C3/C3_EndoCV2021_00489]_mask.jpg')}"`,
    },
  },
  {
    recipe: 'qata-cov19',
    files: {
      'QaTa-COV19-v2/Train Set/Images/covid_1.png': png(PHOTO),
      'QaTa-COV19-v2/Train Set/Ground-truths/mask_covid_1.png': mask(A),
      'QaTa-COV19-v2/Test Set/Images/sub-S09340_ses-E17849_run-1_bp-chest_vp-ap_dx.png': png(PHOTO),
      'QaTa-COV19-v2/Test Set/Ground-truths/mask_sub-S09340_ses-E17849_run-1_bp-chest_vp-ap_dx.png': mask(B),
    },
    images: {
      'train/QaTa-COV19-Train-covid-1_X-Ray_chest': { masks: { 'COVID-19 infection': A } },
      'test/QaTa-COV19-Test-sub-S09340-ses-E17849-run-1-bp-chest-vp-ap-dx_X-Ray_chest': {
        masks: { 'COVID-19 infection': B },
      },
    },
  },
  radiography('radiography-covid', 'COVID', 'COVID-1', 'train/Radiography-COVID-COVID-1_X-Ray_chest'),
  radiography(
    'radiography-lung-opacity',
    'Lung_Opacity',
    'Lung_Opacity-1',
    'train/Radiography-Lung-Opacity-Lung-Opacity-1_X-Ray_chest',
  ),
  radiography('radiography-normal', 'Normal', 'Normal-1', 'train/Radiography-Normal-Normal-1_X-Ray_chest'),
  radiography(
    'radiography-viral-pneumonia',
    'Viral Pneumonia',
    'Viral Pneumonia-1',
    'train/Radiography-Viral-Pneumonia-Viral-Pneumonia-1_X-Ray_chest',
  ),
  {
    recipe: 'refuge',
    files: {
      'Training400/Glaucoma/g0001.jpg': jpeg(PHOTO),
      'Annotation-Training400/Disc_Cup_Masks/Glaucoma/g0001.bmp': bitmap(RIM, DISC_CUP),
      'Training400/Non-Glaucoma/n0001.jpg': jpeg(PHOTO),
      'Annotation-Training400/Disc_Cup_Masks/Non-Glaucoma/n0001.bmp': bitmap(RIM, DISC_CUP),
      'Test400/T0001.jpg': jpeg(PHOTO),
      'REFUGE-Test-GT/Disc_Cup_Masks/G/T0001.bmp': bitmap(RIM, DISC_CUP),
      'Test400/T0002.jpg': jpeg(PHOTO),
      'REFUGE-Test-GT/Disc_Cup_Masks/T0002.bmp': bitmap(RIM, DISC_CUP),
    },
    images: Object.fromEntries(
      ['train/REFUGE-Glaucoma-g0001', 'train/REFUGE-Non-Glaucoma-n0001', 'test/REFUGE-T0001', 'test/REFUGE-T0002'].map(
        (name) => [
          `${name}_fundus_retinal`,
          { masks: { 'optic disc': ['0110', '0110', '0110', '0000'], 'optic cup': ['0000', '0010', '0000', '0000'] } },
        ],
      ),
    ),
  },
  {
    recipe: 'uwaterlooskincancer',
    files: {
      'Skin Image Data Set-1/skin_data/melanoma/dermquest/D12_orig.jpg': jpeg(PHOTO),
      'Skin Image Data Set-1/skin_data/melanoma/dermquest/D12_contour.png': mask(A),
      'Skin Image Data Set-2/skin_data/notmelanoma/dermis/33_orig.jpg': jpeg(PHOTO),
      'Skin Image Data Set-2/skin_data/notmelanoma/dermis/33_contour.png': mask(B),
    },
    images: {
      'train/UWaterlooSkinCancer-1-melanoma-dermquest-D12_dermoscopy_skin': {
        masks: { 'skin lesion': A, melanoma: A },
      },
      'train/UWaterlooSkinCancer-2-notmelanoma-dermis-33_dermoscopy_skin': {
        masks: { 'skin lesion': B },
        absent: ['melanoma'],
      },
    },
  },
];

/** Triples of all images of a build, in the form of the cases. */
async function triplesOf(built: Built): Promise<Record<string, Triples>> {
  const found: Record<string, Triples> = {};
  for (const { image, masks, absent, unknown } of built.images) {
    const stem = image.replace(/\.png$/, '');
    const rows: Record<string, string[]> = {};
    for (const { target, file } of masks) {
      expect(file).toBe(`${stem.replace('/', '_mask/')}_${target.replaceAll(' ', '+')}.png`);
      rows[target] = await built.mask(target, image);
    }
    found[stem] = { masks: rows, absent, unknown };
  }
  return found;
}

const shipped = async (recipe: string): Promise<string> => readFile(await recipeFile(recipe), 'utf8');

describe('shipped recipes of pictures and arrays', () => {
  it.each(CASES.map((one) => [one.recipe, one] as const))('%s', async (recipe, {
    files,
    size = 4,
    images,
    dropped,
    pixels,
  }) => {
    const tree: Record<string, string | Uint8Array> = {};
    for (const [name, data] of Object.entries(files)) tree[name] = await data;
    const built = await buildTree(await shipped(recipe), tree, size);
    expect(built.summary.failures).toEqual([]);
    const wanted = Object.entries(images).map(([name, one]) => [name, { absent: [], unknown: [], ...one }]);
    expect(await triplesOf(built)).toEqual(Object.fromEntries(wanted));
    const left = built.records.flatMap((record) =>
      record.kind === 'dropped' ? [[record.source.image, record.reason]] : [],
    );
    expect(Object.fromEntries(left)).toEqual(dropped ?? {});
    for (const [name, values] of Object.entries(pixels ?? {})) expect(await built.grey(name)).toEqual(values);
  });

  it('slices as colours: other files are refused', async () => {
    const label = metaImage([2, 2], [0, 1, 2, 2]);
    const built = await buildTree(
      await shipped('fh-ps-aop'),
      { 'image_mha/1.mha': metaImage([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), 'label_mha/1.mha': label },
      2,
    );
    expect(built.summary.failures).toEqual([
      'image_mha/1.mha has 2 slices of 1 channels; axes cyx are for 3 or 4 grey slices',
    ]);
  });
});

describeShared('samples/CT_lung_nodule.dcm', 'shipped recipes on real files', () => {
  it('LIDC-IDRI: outlines of two readers on a real slice', async () => {
    const source = await temporaryFolder();
    const folder = 'LIDC-IDRI/LIDC-IDRI-0140/01-01-2000-1/1-1';
    await mkdir(join(source, folder), { recursive: true });
    await copyFile(sharedPath('samples/CT_lung_nodule.dcm'), join(source, folder, '1-001.dcm'));
    const uid = '1.3.6.1.4.1.14519.5.2.1.6279.6001.267813284158813583580047180823';
    await writeTree(source, { [`${folder}/140.xml`]: lidcXml([[[uid, 100, 130]], [[uid, 110, 150]]]) });
    const built = await buildTree(await shipped('lidc-idri'), source, 512);
    expect(built.summary.failures).toEqual([]);
    expect(built.images).toMatchObject([
      {
        ...{ modality: 'CT', site: 'lung', subject: 'LIDC-IDRI-0140', size: [512, 512] },
        masks: [{ target: 'lung nodule', labels: ['nodule'], box: [111, 111, 130, 130], area: 361, sourceArea: 361 }],
      },
    ]);
  });
});
