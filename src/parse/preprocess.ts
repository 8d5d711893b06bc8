/**
 * Published preprocessing that depends on the kind of image (BiomedParse v1, inference_utils/processing_utils.py).
 * Refuses, with a `usage` error, image types that were not published.
 */
import { findImageType, imageTypes } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';

/** The window of an image type in Hounsfield units; undefined where percentiles are used, as for everything but CT. */
export function publishedWindow(imageType: string): readonly [number, number] | undefined {
  const type = findImageType(imageType);
  if (type !== undefined) return type.window;
  const allowed = imageTypes.map((one) => one.name).join(', ');
  throw new BiomedParseError(
    'usage',
    `No preprocessing is published for image type "${imageType}"; allowed: ${allowed}`,
    {
      imageType,
    },
  );
}
