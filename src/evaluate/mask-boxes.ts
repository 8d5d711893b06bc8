/**
 * The single objects of a mask as boxes, taken apart as `detect` takes apart its answers: by watershed what the ontology calls
 * crowded, else by connected parts; parts smaller than `detect` reports are left out.
 */
import { components } from '../image/components.ts';
import { instances } from '../image/instances.ts';
import type { Box, Mask } from '../image/types.ts';
import { conceptOfTarget } from '../ontology/index.ts';
import { leastPixels, type Separation } from '../parse/detect.ts';

/** How masks of a data set's target are taken apart. */
export function separationOfTarget(target: string): Separation {
  return conceptOfTarget(target)?.crowded === true ? 'watershed' : 'components';
}

/** Boxes of the objects in a mask of a data set's target, in the order of their labels. */
export function maskBoxes(mask: Mask, target: string): Box[] {
  const { data, width, height } = mask;
  const { labels } = separationOfTarget(target) === 'watershed' ? instances(mask) : components(mask);
  const found = new Map<number, { areaPx: number; box: Box }>();
  for (let i = 0; i < labels.length; i++) {
    if (data[i] === 0 || labels[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    const one = found.get(labels[i]) ?? { areaPx: 0, box: [x, y, x + 1, y + 1] };
    const [left, top, right] = one.box;
    found.set(labels[i], {
      areaPx: one.areaPx + 1,
      box: [Math.min(left, x), top, Math.max(right, x + 1), y + 1],
    });
  }
  const least = leastPixels(width, height);
  return [...found].sort(([a], [b]) => a - b).flatMap(([, { areaPx, box }]) => (areaPx >= least ? [box] : []));
}
