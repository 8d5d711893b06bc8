/** How an answer is drawn and named in an overlay's legend: prompt, presence and probability, or that it was not found. */
import type { OverlayLayer } from '../image/overlay.ts';
import type { Segmentation } from '../parse/segment.ts';

/** What an answer is called that has no text, as only regions were given. */
export const REGION_NAME = 'region';

/** The layer of one answer. */
export function overlayLayer(found: Segmentation): OverlayLayer {
  const { mask, present, presence, probability } = found;
  const text = found.text || REGION_NAME;
  return present ? { mask, label: text, presence, probability } : { mask, label: `${text}: not found`, presence };
}
