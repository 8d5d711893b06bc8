/**
 * Single objects in a mask: its connected parts, or, where objects touch, those parts cut where they are narrow (watershed of the
 * distance to their edge, see image/instances.ts). Which of the two is the ontology's to say: it knows what lies crowded.
 */
import { type Component, type Components, components } from '../image/components.ts';
import { instances } from '../image/instances.ts';
import type { Mask } from '../image/types.ts';
import type { Concept } from '../ontology/index.ts';

/** How a mask can be taken apart. */
export type Separation = 'components' | 'watershed';

/** A 10,000th of the image: about 2.5 x 2.5 pixels of a 256 pixel square. */
const LEAST_SHARE = 1e-4;
const LEAST_PX = 4;

/** Pixels of the smallest part that is reported of an image of that size unless a call says otherwise. */
export function leastPixels(width: number, height: number): number {
  return Math.max(LEAST_PX, Math.round(LEAST_SHARE * width * height));
}

/** How masks of a concept are taken apart; of none: by connected parts. */
export function separationOfConcept(concept: Pick<Concept, 'crowded'> | undefined): Separation {
  return concept?.crowded === true ? 'watershed' : 'components';
}

/** The parts of a mask that lie in the labelled instances, without what was filled to cut them; their labels stay as they are. */
function cutParts(mask: Mask, leastPx: number): Components {
  const { data, width } = mask;
  const { labels: cut, count } = instances(mask);
  const labels = new Uint32Array(data.length);
  const areas = new Uint32Array(count + 1);
  const boxes = Array.from({ length: count + 1 }, () => [width, mask.height, 0, 0]);
  for (let i = 0; i < data.length; i++) {
    const label = data[i] === 0 ? 0 : cut[i];
    if (label === 0) continue;
    labels[i] = label;
    areas[label]++;
    const x = i % width;
    const y = (i - x) / width;
    const box = boxes[label];
    if (x < box[0]) box[0] = x;
    if (y < box[1]) box[1] = y;
    if (x >= box[2]) box[2] = x + 1;
    box[3] = y + 1;
  }
  const parts = boxes.flatMap(([left, top, right, bottom], label): Component[] =>
    areas[label] < leastPx ? [] : [{ label, areaPx: areas[label], box: [left, top, right, bottom] }],
  );
  return { labels, parts };
}

/** The single objects of a mask with at least `leastPx` pixels (from 1): their numbers in a label map `[height, width]`, sizes and boxes. */
export function takeApart(mask: Mask, separation: Separation, leastPx: number): Components {
  return separation === 'watershed' ? cutParts(mask, leastPx) : components(mask, leastPx);
}
