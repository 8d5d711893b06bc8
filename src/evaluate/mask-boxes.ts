/** The single objects in a mask of a data set's target as boxes, taken apart as `detect` takes apart its answers. */
import type { Box, Mask } from '../image/types.ts';
import { conceptOfTarget } from '../ontology/index.ts';
import { leastPixels, separationOfConcept, takeApart } from '../parse/separation.ts';

/** Boxes of the objects in a mask of a target; those smaller than `detect` reports are left out. */
export function maskBoxes(mask: Mask, target: string): Box[] {
  const separation = separationOfConcept(conceptOfTarget(target));
  return takeApart(mask, separation, leastPixels(mask.width, mask.height)).parts.map(({ box }) => box);
}
