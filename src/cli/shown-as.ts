/** What the images of a call are: as its options say it, which counts as known, and as its prompts say it, for the checks of images. */
import type { Terms } from '../ontology/index.ts';
import { imageContext } from '../parse/image-context.ts';
import type { EncodeOptions } from '../parse/segment.ts';

/** Options of `encode`, those left out that nobody gives; refuses (`usage`) unknown names. */
export function shownAs(
  prompts: readonly string[],
  { modality, site }: Pick<EncodeOptions, 'modality' | 'site'>,
  terms: Terms | undefined,
): Pick<EncodeOptions, 'modality' | 'site' | 'said'> {
  const given = { ...(modality === undefined ? {} : { modality }), ...(site === undefined ? {} : { site }) };
  imageContext(undefined, [], given); // unknown names are refused before any work
  return { ...given, said: imageContext(undefined, prompts, terms === undefined ? {} : { terms }) };
}
