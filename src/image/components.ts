/** Connected parts of a mask. Two pixels are connected where they touch, corners included (8-connectivity). */
import type { Box, Mask } from './types.ts';

/** One connected part. */
export interface Component {
  /** Its number in the label map, from 1. */
  readonly label: number;
  readonly areaPx: number;
  /** Smallest box round it. */
  readonly box: Box;
}

export interface Components {
  /** `[height, width]`: 0 outside, else the part's number. */
  readonly labels: Uint32Array;
  /** The largest first; of equals the upper, then the left one. */
  readonly parts: readonly Component[];
}

/** The connected parts of a mask with at least `leastPx` pixels (flood fill, linear in the number of pixels). */
export function components(mask: Mask, leastPx = 1): Components {
  const { data, width, height } = mask;
  const labels = new Uint32Array(data.length);
  const found: { readonly first: number; readonly areaPx: number; readonly box: Box }[] = [];
  const stack: number[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || labels[start] !== 0) continue;
    const label = found.length + 1;
    let areaPx = 0;
    let [left, top, right, bottom] = [width, height, 0, 0];
    labels[start] = label;
    stack.push(start);
    while (stack.length > 0) {
      const at = stack.pop() as number;
      const x = at % width;
      const y = (at - x) / width;
      areaPx++;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (data[next] === 0 || labels[next] !== 0) continue;
          labels[next] = label;
          stack.push(next);
        }
      }
    }
    found.push({ first: label, areaPx, box: [left, top, right, bottom] });
  }
  const kept = found.filter(({ areaPx }) => areaPx >= leastPx).sort((a, b) => b.areaPx - a.areaPx || a.first - b.first);
  const renumbered = new Uint32Array(found.length + 1);
  for (const [i, { first }] of kept.entries()) renumbered[first] = i + 1;
  for (let i = 0; i < labels.length; i++) labels[i] = renumbered[labels[i]];
  return { labels, parts: kept.map(({ areaPx, box }, i) => ({ label: i + 1, areaPx, box })) };
}

/** One part of a label map as a mask of the whole image. */
export function labelMask(labels: ArrayLike<number>, label: number, width: number, height: number): Mask {
  const data = new Uint8Array(labels.length);
  for (let i = 0; i < data.length; i++) if (labels[i] === label) data[i] = 1;
  return { data, width, height };
}
