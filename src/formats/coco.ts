/**
 * COCO object detection as plain data (the data format of cocodataset.org): boxes are left, top, width, height in pixels, masks
 * are uncompressed run lengths in columns, top to bottom, starting with the pixels outside.
 */
import type { Box, Mask } from '../image/types.ts';

export interface RunLengths {
  /** Height, width. */
  readonly size: readonly [number, number];
  readonly counts: readonly number[];
}

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly [number, number, number, number];
  readonly area: number;
  readonly iscrowd: 0;
  readonly score: number;
  readonly segmentation: RunLengths;
}

export interface CocoDocument {
  readonly info: { readonly description: string };
  readonly images: readonly {
    readonly id: number;
    readonly file_name: string;
    readonly width: number;
    readonly height: number;
  }[];
  readonly categories: readonly { readonly id: number; readonly name: string; readonly supercategory: string }[];
  readonly annotations: readonly CocoAnnotation[];
}

/** A mask as run lengths. */
export function runLengths({ data, width, height }: Mask): RunLengths {
  const counts: number[] = [];
  let value = 0;
  let count = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const here = data[y * width + x] === 0 ? 0 : 1;
      if (here !== value) {
        counts.push(count);
        [value, count] = [here, 0];
      }
      count++;
    }
  }
  counts.push(count);
  return { size: [height, width], counts };
}

/** Run lengths of the pixels with one label in a label map `[height, width]`, all of which lie in `box`; as long as the box, not the map. */
export function labelRunLengths(
  labels: Uint32Array,
  label: number,
  [left, top, right, bottom]: Box,
  width: number,
  height: number,
): RunLengths {
  const counts: number[] = [];
  let value = 0;
  /** Pixels, column by column, up to which runs are counted. */
  let done = 0;
  const turn = (at: number): void => {
    counts.push(at - done);
    done = at;
    value = 1 - value;
  };
  for (let x = left; x < right; x++) {
    for (let y = top; y < bottom; y++) {
      if ((labels[y * width + x] === label ? 1 : 0) !== value) turn(x * height + y);
    }
    // a run at the end of a column goes on only where the next one is looked at from its top
    const end = x * height + bottom;
    if (value === 1 && end < width * height && (bottom < height || top > 0 || x + 1 === right)) turn(end);
  }
  counts.push(width * height - done);
  return { size: [height, width], counts };
}

/** A box (right and bottom exclusive) as COCO has it. */
export function cocoBox([left, top, right, bottom]: Box): [number, number, number, number] {
  return [left, top, right - left, bottom - top];
}
