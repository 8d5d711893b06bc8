/** How an answer is drawn and named in an overlay's legend: prompt, presence and probability, or that it was not found. */
import type { OverlayLayer } from '../image/overlay.ts';
import type { Segmentation } from '../parse/segment.ts';

/** The layer of one answer. */
export function overlayLayer(found: Segmentation): OverlayLayer {
  const { mask, text, present, presence, probability } = found;
  return present ? { mask, label: text, presence, probability } : { mask, label: `${text}: not found`, presence };
}
