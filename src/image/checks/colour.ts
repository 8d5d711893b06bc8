/** Colour where a modality has none, and none where it has. */
import { isGreyModality } from '../../ontology/index.ts';
import type { Image } from '../types.ts';
import { plain, type Warning } from './warning.ts';

/** Difference of the colour samples from which a pixel is seen as coloured, of 255. */
const COLOURED = 24;
/** Share of coloured pixels from which an image has colour: less is a mark or the noise of JPEG. */
const SHARE = 0.01;
/** Doppler colours ultrasound. */
const EITHER = new Set(['ultrasound']);

/** Share of pixels of an 8-bit image that are coloured, 0..1. */
export function colouredShare({ data, width, height, channels }: Image): number {
  if (channels === 1) return 0;
  let coloured = 0;
  for (let i = 0; i < data.length; i += channels) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > COLOURED) coloured++;
  }
  return coloured / (width * height);
}

/** Warns of an 8-bit image whose colours do not go with its modality. */
export function checkColour(image: Image, modality: string): Warning[] {
  if (EITHER.has(modality)) return [];
  const share = colouredShare(image);
  const grey = isGreyModality(modality);
  if (grey && share > SHARE) {
    return [
      {
        code: 'unexpected-colour',
        reason: `${plain(100 * share, 1)} % of the pixels are coloured, and ${modality} has no colours: it may be a photograph, or a fused or annotated image`,
        proposal: 'give the grey original, or name the modality that it is',
      },
    ];
  }
  if (!grey && share === 0) {
    return [
      {
        code: 'unexpected-grey',
        reason: `no pixel is coloured, and ${modality} is in colour unless it is fluorescence or was converted`,
        proposal: 'give the coloured original, or name the modality that it is',
      },
    ];
  }
  return [];
}
