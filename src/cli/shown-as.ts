/** What the images of a call are, as far as its options or prompts say it: for the checks of them. */
import type { Terms } from '../ontology/index.ts';
import { imageContext } from '../parse/image-context.ts';
import type { EncodeOptions } from '../parse/segment.ts';

/** Modality and site, each left out where nobody says it; refuses (`usage`) unknown names. */
export function shownAs(
  prompts: readonly string[],
  { modality, site }: Pick<EncodeOptions, 'modality' | 'site'>,
  terms: Terms | undefined,
): Pick<EncodeOptions, 'modality' | 'site'> {
  const given = Object.entries({ modality, site, terms }).filter(([, value]) => value !== undefined);
  const context = imageContext(undefined, prompts, Object.fromEntries(given));
  return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== null));
}
