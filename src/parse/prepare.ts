/**
 * An image as the network is shown it: opened, through a window, in 8-bit grey or RGB at its own size, with what is worth a warning.
 * Refused: what formats/image.ts refuses; images in memory whose data do not fit their size (`input`); a window beside
 * published preprocessing, which chooses its own (`usage`).
 */
import { openImage, openRaster } from '../formats/image.ts';
import type { Warning } from '../image/checks/warning.ts';
import { type Image8, toGreyOrRgb8 } from '../image/rgb.ts';
import type { Image } from '../image/types.ts';
import type { Window } from '../image/window.ts';
import { findImageType } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { imageWarnings } from './check-image.ts';
import { type ImageContext, imageContext, modalityOfCode } from './image-context.ts';
import { publishedWindow } from './preprocess.ts';
import type { EncodeOptions } from './segment.ts';

function checkImage(image: Image): Image {
  const { data, width, height, channels } = image;
  if (!(width >= 1 && height >= 1) || ![1, 3, 4].includes(channels) || data.length !== width * height * channels) {
    throw new BiomedParseError(
      'input',
      `An image of ${width} x ${height} x ${channels} must hold ${width * height * channels} samples in 1, 3 or 4 channels, got ${data.length}`,
      { width, height, channels },
    );
  }
  return image;
}

/** The window to open an image with. Published preprocessing leaves aside what a file proposes. */
function chooseWindow({ window, preprocess, imageType }: EncodeOptions): Window | 'published' | undefined {
  if (preprocess === undefined) return window;
  if (window !== undefined) {
    throw new BiomedParseError(
      'usage',
      'a window cannot be given with published preprocessing, which chooses it by the image type (the window of a CT, else percentiles)',
    );
  }
  const range = imageType === undefined ? undefined : publishedWindow(imageType);
  return range === undefined ? 'published' : { low: range[0], high: range[1] };
}

/** An image as the network is shown it. */
export interface PreparedImage {
  readonly image: Image8;
  /** What kind of image it is, as far as it is said by the caller or the file's header. */
  readonly known: ImageContext;
  /** Looks at every pixel, which those who put slices or tiles together have no use for. */
  findWarnings(): readonly Warning[];
}

/** Opens and prepares an image, from a path or in memory. */
export async function prepareImage(source: Image | string, options: EncodeOptions): Promise<PreparedImage> {
  const { frame, imageType = '', window = null, said } = options;
  const chosen = chooseWindow(options);
  const { image: raster, facts } =
    typeof source === 'string'
      ? await openImage(source, {
          ...(chosen === undefined ? {} : { window: chosen }),
          ...(frame === undefined ? {} : { frame }),
        })
      : openRaster(checkImage(source), chosen);
  // Colour of more than 8 bits passes windows by: it is shown between percentiles, or in the published window.
  const range = typeof chosen === 'object' && window === null ? ([chosen.low, chosen.high] as const) : undefined;
  const image = toGreyOrRgb8(raster, range);
  const type = findImageType(imageType);
  const { modality, site } = imageContext(undefined, [], options);
  const told = { modality: modality ?? type?.modality ?? null, site: site ?? (type?.site || null) };
  const known = { ...told, modality: told.modality ?? modalityOfCode(facts.modality) };
  const asked = { modality: told.modality ?? said?.modality ?? null, site: told.site ?? said?.site ?? null };
  return { image, known, findWarnings: () => imageWarnings(image, facts, asked, window, options.pixelSpacing) };
}
