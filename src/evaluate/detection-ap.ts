/**
 * Average precision of detections at an overlap of one half (AP50), in the manner of COCO (Lin et al., Microsoft COCO, 2014;
 * cocoapi `COCOeval`): detections are matched image by image, the surest first, each to the truth not yet taken that it overlaps
 * most; precision is made to fall with recall and averaged over 101 recalls 0, 0.01, ... 1.
 *
 * Other than COCO: detections of one score enter together, so that masks without scores have one figure whatever their order,
 * and an image may have any number of them (COCO counts 100). Boxes are left, top, right, bottom, right and bottom exclusive.
 */
import type { Box } from '../image/types.ts';

/** One detection: its box and how sure it is. */
export interface ScoredBox {
  readonly box: Box;
  readonly score: number;
}

/** A detection that was compared with the truth. */
export interface Match {
  readonly score: number;
  /** Whether it is an object of the truth. */
  readonly hit: boolean;
}

const LEAST_OVERLAP = 0.5;
const RECALLS = 101;

/** Intersection over union of two boxes, 0..1. */
export function boxIou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** The detections of one image against its objects: a hit overlaps an object that no surer one has taken by at least one half. */
export function matchBoxes(found: readonly ScoredBox[], truths: readonly Box[]): Match[] {
  const taken = new Set<number>();
  return [...found]
    .sort((a, b) => b.score - a.score)
    .map(({ box, score }) => {
      let best = -1;
      let overlap = LEAST_OVERLAP;
      for (const [i, truth] of truths.entries()) {
        const iou = taken.has(i) ? 0 : boxIou(box, truth);
        if (iou < overlap || (iou === overlap && best >= 0)) continue;
        [best, overlap] = [i, iou];
      }
      if (best >= 0) taken.add(best);
      return { score, hit: best >= 0 };
    });
}

/** Average precision, 0..1, of the matched detections of all images, which hold `objects` objects; null where they hold none. */
export function detectionAp(matches: readonly Match[], objects: number): number | null {
  if (objects === 0) return null;
  const sorted = [...matches].sort((a, b) => b.score - a.score);
  const points: { readonly recall: number; precision: number }[] = [];
  let hits = 0;
  for (const [i, { score, hit }] of sorted.entries()) {
    if (hit) hits++;
    if (sorted[i + 1]?.score !== score) points.push({ recall: hits / objects, precision: hits / (i + 1) });
  }
  for (let i = points.length - 2; i >= 0; i--) {
    points[i].precision = Math.max(points[i].precision, points[i + 1].precision);
  }
  let [sum, at] = [0, 0];
  for (let i = 0; i < RECALLS; i++) {
    while (at < points.length && points[at].recall < i / (RECALLS - 1)) at++;
    sum += points[at]?.precision ?? 0;
  }
  return sum / RECALLS;
}
