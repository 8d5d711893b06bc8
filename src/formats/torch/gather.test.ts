import { describe, expect, it } from 'vitest';
import { createRandom } from '../../util/random.ts';
import { gather, isContiguous, isOrdered } from './gather.ts';

/** Bytes in parts of random lengths, all in the same memory. */
async function* inParts(bytes: Uint8Array, random: () => number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(7);
  for (let at = 0; at < bytes.length; ) {
    const part = bytes.subarray(at, at + 1 + Math.floor(random() * memory.length));
    memory.set(part);
    yield memory.subarray(0, part.length);
    at += part.length;
  }
}

describe('gather', () => {
  it.each([
    ['contiguous', [2, 3], [3, 1]],
    ['transposed', [3, 2], [1, 3]],
    ['with gaps', [2, 2, 2], [40, 9, 3]],
    ['turned about', [2, 3, 4], [1, 8, 2]],
    ['repeating a row', [3, 2], [0, 5]],
    ['repeating an element', [2, 2, 3], [4, 0, 0]],
    ['of one element', [1, 1], [7, 9]],
  ])('a view %s, whatever the parts', async (_, shape, strides) => {
    const random = createRandom(1);
    for (const width of [1, 2, 4, 8]) {
      const storage = Uint8Array.from({ length: 80 * width }, (_, i) => (i * 7) % 256);
      const out = new Uint8Array(shape.reduce((n, side) => n * side, width));
      await gather(inParts(storage, random.next), width, shape, strides, out);
      for (let to = 0; to < out.length / width; to++) {
        let [rest, from] = [to, 0];
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          from += (rest % shape[axis]) * strides[axis];
          rest = Math.floor(rest / shape[axis]);
        }
        const element = storage.subarray(from * width, (from + 1) * width);
        expect(out.subarray(to * width, (to + 1) * width), `element ${to} of ${width} bytes`).toEqual(element);
      }
    }
  });
});

describe('isOrdered', () => {
  it('is false where a view goes back to what it has passed', () => {
    expect([isOrdered([3, 2], [1, 3]), isOrdered([3, 3], [0, 1]), isOrdered([], []), isOrdered([1], [5])]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([isOrdered([3, 3], [1, 1]), isOrdered([4, 2], [3, 4]), isOrdered([2, 5], [3, 1])]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('isContiguous', () => {
  it('is about C order, axes of size 1 aside', () => {
    expect([isContiguous([2, 3], [3, 1]), isContiguous([1, 3], [9, 1]), isContiguous([3, 2], [1, 3])]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
