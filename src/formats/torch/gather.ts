/** The values of a strided view in C order, and the byte order of the machine that wrote them. */
import { elementCount } from '../tensor.ts';

/** Whether a view's elements lie one after another in C order; axes of size 1 may have any stride. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] as number;
  }
  return true;
}

/** Axes by falling stride, those of size 1 left out: in this order the elements of a view lie one after another. */
const byStride = (shape: readonly number[], strides: readonly number[]): number[] =>
  [...shape.keys()].filter((axis) => shape[axis] !== 1).sort((a, b) => strides[b] - strides[a]);

/** Whether a view passes through its storage in one direction; repeating one place (stride 0) is allowed. */
export function isOrdered(shape: readonly number[], strides: readonly number[]): boolean {
  let reach = 0;
  for (const axis of byStride(shape, strides).reverse()) {
    if (strides[axis] < reach) return false;
    reach += (shape[axis] - 1) * strides[axis];
  }
  return true;
}

/**
 * Copies an ordered view into `out`, in C order, from parts of the bytes that begin at its first element; `width` bytes an
 * element, strides in elements. However far apart its elements lie, only one part is in memory.
 */
export async function gather(
  parts: AsyncIterable<Uint8Array>,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
  out: Uint8Array,
): Promise<void> {
  const axes = byStride(shape, strides).reverse();
  const steps = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const index = new Array<number>(shape.length).fill(0);
  const element = new Uint8Array(width);
  let [from, to, left] = [0, 0, elementCount(shape)];
  // the next element in the order of the storage: the axis of the smallest stride counts fastest
  const advance = (): void => {
    left--;
    for (const axis of axes) {
      from += strides[axis];
      to += steps[axis];
      if (++index[axis] < shape[axis]) return;
      from -= strides[axis] * shape[axis];
      to -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  };
  let [begin, filled] = [0, 0];
  for await (const part of parts) {
    while (left > 0) {
      // an element may lie across the border of two parts
      const at = from * width + filled - begin;
      if (at >= part.length) break;
      element[filled++] = part[at];
      if (filled < width) continue;
      filled = 0;
      for (const place = from; left > 0 && from === place; advance()) {
        for (let i = 0; i < width; i++) out[to * width + i] = element[i];
      }
    }
    begin += part.length;
  }
}

/** Turns big-endian elements into little-endian ones, in place. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
