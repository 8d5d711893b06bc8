/**
 * Grey levels turned round, as by a MONOCHROME1 image that was written without its mark. The air round a section or a fan is
 * black, so that white corners are telling. Not decided for radiographs, whose corners may be either.
 */
import type { Image } from '../types.ts';
import type { Warning } from './warning.ts';

const DARK_CORNERS = new Set(['CT', 'MRI', 'ultrasound', 'OCT']);
/** Corners are squares of this share of the shorter side. */
const SIDE = 1 / 16;
/** Level, of 255, above which a corner is white. */
const WHITE = 200;

/** Mean level of the four corners of an 8-bit image, ascending. */
function cornerLevels({ data, width, height, channels }: Image): number[] {
  const side = Math.max(1, Math.floor(Math.min(width, height) * SIDE));
  const used = Math.min(channels, 3);
  const mean = (left: number, top: number): number => {
    let sum = 0;
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) {
        for (let c = 0; c < used; c++) sum += data[(y * width + x) * channels + c];
      }
    }
    return sum / (side * side * used);
  };
  const corners = [mean(0, 0), mean(width - side, 0), mean(0, height - side), mean(width - side, height - side)];
  return corners.sort((a, b) => a - b);
}

/** Mean level of the whole. */
function meanLevel({ data, channels }: Image): number {
  let [sum, n] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (channels === 4 && i % 4 === 3) continue;
    sum += data[i];
    n++;
  }
  return sum / n;
}

/** Warns of a section with at least three white corners, brighter than the whole; `modality` is a family (CT, MRI …). */
export function checkInversion(image: Image, modality: string): Warning[] {
  if (!DARK_CORNERS.has(modality)) return [];
  const corner = cornerLevels(image)[1];
  if (corner <= WHITE || corner <= meanLevel(image)) return [];
  return [
    {
      code: 'looks-inverted',
      reason: `its corners are white and brighter than the rest, and round ${modality} there is black: the grey levels look turned round`,
      proposal: 'turn the grey levels round; in DICOM, PhotometricInterpretation MONOCHROME1 says that white is low',
    },
  ];
}
