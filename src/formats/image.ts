/**
 * One image from a file of any kind: ordinary images (raster.ts) and DICOM images of one frame.
 * A DICOM image comes out as a person would see it, in 8 bits: see dicom/display.ts for the choice of the window.
 * Refused: DICOM objects without pixels, and files of several frames.
 */
import type { Image } from '../image/types.ts';
import { applyWindow, type Window } from '../image/window.ts';
import { readFileChecked } from '../util/files.ts';
import { isDicom, refuseDicom } from './dicom/dataset.ts';
import { displayFrame } from './dicom/display.ts';
import { openDicom } from './dicom/image.ts';
import { RASTER_FORMATS, readRaster } from './raster.ts';

/** The image formats that can be read, as errors name them. */
export const IMAGE_FORMATS = `${RASTER_FORMATS}, DICOM`;

/** Grey of more than 8 bits through a window; what is 8-bit or coloured comes back as it is. */
export function windowed(image: Image, window: Window | undefined): Image {
  if (window === undefined || image.data instanceof Uint8Array || image.channels !== 1) return image;
  return { ...image, data: applyWindow(image.data, window) };
}

/** Reads an image; `window` says which intensities become black and white where a file has more than 8 bits. */
export async function readImage(path: string, window?: Window): Promise<Image> {
  const bytes = await readFileChecked(path);
  if (!isDicom(bytes)) return windowed(await readRaster(bytes, path, IMAGE_FORMATS), window);
  const image = openDicom(bytes, path);
  const { frames } = image.format;
  if (frames > 1) refuseDicom(path, `it holds ${frames} frames; one image per file is allowed`);
  return displayFrame(await image.frame(0), image.identifiers.modality, window);
}
