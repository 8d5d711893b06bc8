/**
 * The published Beta parameters of the rejection test: how probable a mask of a target is, and how red, green and blue the
 * image is inside it, per image type. Facts published with BiomedParse v1 (microsoft/BiomedParse at eba6de5,
 * inference_utils/target_dist.json), rounded to six digits and laid out anew: per target a, b of the probability, then of
 * grey, or of red, green and blue.
 */

type GreyRow = readonly [target: string, a: number, b: number, greyA: number, greyB: number];
type ColourRow = readonly [
  target: string,
  a: number,
  b: number,
  redA: number,
  redB: number,
  greenA: number,
  greenB: number,
  blueA: number,
  blueB: number,
];

/** Rows of targets by image type. */
export const publishedRows: Readonly<Record<string, readonly (GreyRow | ColourRow)[]>> = {
  'CT-Abdomen': [
    ['postcava', 244.8, 5.31427, 7.18368, 5.16881],
    ['aorta', 570.526, 8.97528, 3.3715, 1.49712],
    ['right kidney', 831.857, 14.9919, 4.97027, 3.05039],
    ['kidney', 824.729, 17.7407, 5.13429, 3.1883],
    ['left kidney', 765.927, 14.3145, 5.0845, 3.20619],
    ['duodenum', 121.5, 5.06168, 13.6088, 15.314],
    ['pancreas', 182.854, 6.90398, 17.4896, 14.9248],
    ['liver (non abdomen window)', 481.569, 8.41392, 6.04756, 6.86712],
    ['liver', 497.886, 8.79209, 20.5528, 16.3127],
    ['spleen', 496.78, 8.49822, 14.5943, 10.7136],
    ['stomach', 137.756, 3.92816, 5.97884, 10.2388],
    ['gallbladder', 109.57, 3.47659, 32.3508, 41.1135],
    ['left adrenal gland', 121.601, 4.26668, 17.0174, 18.4853],
    ['adrenal gland', 182.427, 7.81319, 18.9744, 20.5996],
    ['right adrenal gland', 158.216, 5.73695, 17.1709, 19.0945],
    ['bladder', 172.668, 4.68851, 42.5698, 56.4512],
    ['esophagus', 253.861, 6.88608, 13.2521, 15.4372],
  ],
  'CT-Chest': [
    ['nodule', 115.147, 3.0044, 5.27534, 7.89925],
    ['COVID-19 infection', 226.938, 10.6622, 11.7432, 23.7738],
    ['tumor', 81.3915, 3.03634, 9.79968, 19.2487],
  ],
  'MRI-Abdomen': [
    ['aorta', 840.982, 13.6996, 2.97986, 1.19766],
    ['postcava', 151.389, 4.70046, 3.06581, 2.07472],
    ['right kidney', 613.402, 11.2826, 4.63815, 2.29677],
    ['duodenum', 88.5185, 5.25137, 9.35091, 8.85977],
    ['kidney', 831.576, 18.7391, 5.71587, 2.62055],
    ['left kidney', 255.474, 5.57379, 6.08192, 2.93038],
    ['liver', 491.193, 9.29463, 10.138, 6.28829],
    ['pancreas', 136.23, 5.67674, 19.6314, 11.5282],
    ['gallbladder', 75.1877, 2.87117, 14.5008, 20.6969],
    ['stomach', 89.1638, 4.46122, 10.2668, 16.9434],
    ['spleen', 413.926, 7.99962, 7.26709, 5.14971],
    ['left adrenal gland', 86.4411, 4.82681, 17.1539, 14.858],
    ['adrenal gland', 303.964, 16.7299, 19.5007, 17.0259],
    ['right adrenal gland', 172.368, 8.05038, 15.2575, 13.4311],
    ['esophagus', 193.135, 7.63973, 12.2403, 16.813],
  ],
  'MRI-Cardiac': [
    ['left heart ventricle', 964.907, 17.2118, 5.88029, 4.10096],
    ['myocardium', 448.339, 17.5918, 5.20851, 15.9107],
    ['right heart ventricle', 359.889, 9.39215, 5.92408, 5.55467],
  ],
  'MRI-FLAIR-Brain': [
    ['edema', 69.4159, 5.56892, 13.4003, 4.96527],
    ['tumor core', 154.269, 8.08925, 14.9083, 4.82009],
    ['whole tumor', 485.487, 16.0118, 25.7432, 8.63644],
  ],
  'MRI-T1-Gd-Brain': [
    ['enhancing tumor', 175.644, 7.53934, 17.8647, 5.36433],
    ['non-enhancing tumor', 37.6626, 3.84545, 6.56801, 8.44629],
    ['tumor core', 180.882, 6.61044, 9.70295, 5.30263],
  ],
  Pathology: [
    ['connective tissue cells', 46.7117, 4.99713, 9.9425, 15.7008, 4.32845, 18.4262, 9.7981, 11.9204],
    ['inflammatory cells', 39.6003, 3.1848, 6.28742, 20.5384, 2.95217, 25.2645, 6.5596, 12.0047],
    ['neoplastic cells', 82.2937, 8.2243, 9.5923, 14.8189, 4.94863, 19.7852, 10.7291, 12.9343],
    ['epithelial cells', 91.7518, 9.57754, 13.4698, 27.306, 4.69693, 25.2541, 11.0776, 13.4876],
  ],
  'X-Ray-Chest': [
    ['left lung', 529.167, 7.46504, 8.22028, 11.6296],
    ['lung', 465.781, 7.14712, 8.78131, 12.3355],
    ['right lung', 567.613, 7.53243, 8.06731, 11.2298],
  ],
  'Ultrasound-Cardiac': [
    ['left heart atrium', 1188.69, 24.2348, 5.18833, 13.7056],
    ['left heart ventricle', 2787.33, 58.2972, 15.2816, 56.9547],
  ],
  Endoscopy: [
    ['neoplastic polyp', 392.899, 5.46789, 7.47773, 1.65226, 7.27042, 6.34752, 4.39024, 6.54366],
    ['polyp', 163.784, 3.48516, 7.0366, 1.90889, 6.99281, 6.75663, 5.18576, 8.97743],
    ['non-neoplastic polyp', 214.92, 4.36083, 7.30336, 1.97898, 10.5465, 9.00971, 6.91788, 10.4046],
  ],
  Fundus: [
    ['optic cup', 1482.96, 35.7811, 52.1032, 1.50801, 10.0235, 3.16419, 3.39456, 2.43919],
    ['optic disc', 626.914, 20.95, 18.2785, 1.82614, 16.4228, 11.1713, 4.89378, 6.9873],
  ],
  Dermoscopy: [
    ['lesion', 134.435, 4.74368, 5.18054, 2.35275, 3.80938, 6.36879, 2.38881, 6.6554],
    ['melanoma', 454.178, 9.64662, 4.02214, 7.87014, 4.8711, 18.9372, 3.1079, 13.6041],
  ],
  OCT: [['edema', 260.115, 7.37932, 4.16216, 17.4374, 12.6581, 81.3717, 1.76338, 4.42731]],
};
