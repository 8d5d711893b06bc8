/**
 * One image from a file of any kind: ordinary images (raster.ts) and DICOM images, of several frames one.
 * A DICOM image comes out as a person would see it, in 8 bits: see dicom/display.ts for the choice of the window.
 * Refused: DICOM objects without pixels, a frame that is not there, and files of several frames without a choice.
 */
import type { Image } from '../image/types.ts';
import type { Vector } from '../image/volume.ts';
import { applyWindow, valueRange, type Window } from '../image/window.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import { isDicom } from './dicom/dataset.ts';
import { displayFrame } from './dicom/display.ts';
import { openDicom } from './dicom/image.ts';
import { RASTER_FORMATS, readRaster } from './raster.ts';
import { chooseFrame } from './volume-bytes.ts';

/** The image formats that can be read, as errors name them. */
export const IMAGE_FORMATS = `${RASTER_FORMATS}, DICOM`;

export interface OpenOptions {
  /**
   * Intensities that become black and white where a file has more than 8 bits; `published` leaves aside what the file proposes:
   * the abdominal window of a DICOM CT, percentiles of all else.
   */
  readonly window?: Window | 'published';
  /** Which frame of a DICOM file with several, from 0. */
  readonly frame?: number;
}

/** What a file says of its image beside the pixels that are shown. */
export interface ImageFacts {
  /** DICOM's modality code; null where the file has none. */
  readonly modality: string | null;
  /** Lowest and highest original value of grey samples; null where these are what is shown. */
  readonly range: readonly [number, number] | null;
  /** Unit LPS vectors in which columns and rows count up. */
  readonly orientation: readonly [Vector, Vector] | null;
  /** DICOM's letters for the same, of radiographs; empty where the file has none. */
  readonly patientOrientation: readonly string[];
  /** The header says that text is part of the pixels. */
  readonly burntIn: boolean;
}

/** An image as it is shown, with what its file says of it. */
export interface OpenedImage {
  readonly image: Image;
  readonly facts: ImageFacts;
}

/** Grey of more than 8 bits through a window; what is 8-bit or coloured comes back as it is. */
export function windowed(image: Image, window: Window | undefined): Image {
  if (window === undefined || image.data instanceof Uint8Array || image.channels !== 1) return image;
  return { ...image, data: applyWindow(image.data, window) };
}

/** An image in memory, or of a file without a header of its own, through a window. */
export function openRaster(image: Image, window: OpenOptions['window']): OpenedImage {
  const range = image.data instanceof Uint8Array || image.channels !== 1 ? null : valueRange(image.data);
  const facts = { modality: null, range, orientation: null, patientOrientation: [], burntIn: false };
  return { image: windowed(image, window === 'published' ? undefined : window), facts };
}

/** Opens an image file. */
export async function openImage(path: string, { window, frame }: OpenOptions = {}): Promise<OpenedImage> {
  const bytes = await readFileChecked(path);
  if (!isDicom(bytes)) {
    if (frame !== undefined) {
      throw new BiomedParseError('usage', `${path} has no frames to choose from: it is no DICOM file`, { path });
    }
    return openRaster(await readRaster(bytes, path, IMAGE_FORMATS), window);
  }
  const dicom = openDicom(bytes, path);
  const chosen = chooseFrame(dicom.format.frames, frame, path);
  const decoded = await dicom.frame(chosen);
  const { modality } = dicom.identifiers;
  return {
    image: displayFrame(decoded, modality, window),
    facts: {
      modality: modality ?? null,
      range: decoded.channels === 1 ? valueRange(decoded.data, decoded.padding) : null,
      orientation: dicom.place(chosen).orientation,
      patientOrientation: dicom.patientOrientation,
      burntIn: dicom.burntIn,
    },
  };
}

/** Reads an image; `window` says which intensities become black and white where a file has more than 8 bits. */
export async function readImage(path: string, window?: Window): Promise<Image> {
  return (await openImage(path, window === undefined ? {} : { window })).image;
}
