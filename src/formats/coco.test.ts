import { describe, expect, it } from 'vitest';
import { measure } from '../image/measure.ts';
import { createRandom } from '../util/random.ts';
import { cocoBox, labelRunLengths, type RunLengths, runLengths } from './coco.ts';

/** The mask that run lengths stand for, after the format's description. */
function decode({ size: [height, width], counts }: RunLengths): Uint8Array {
  const data = new Uint8Array(height * width);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    for (let n = 0; n < count; n++, at++) data[(at % height) * width + Math.floor(at / height)] = i % 2;
  }
  expect(at).toBe(height * width);
  return data;
}

describe('COCO', () => {
  it('run lengths go down the columns and start with the outside', () => {
    const data = Uint8Array.from([1, 0, 0, 1, 1, 0]); // 3 wide, 2 high
    expect(runLengths({ data, width: 3, height: 2 })).toEqual({ size: [2, 3], counts: [0, 2, 1, 1, 2] });
  });
  it('run lengths give the mask back', () => {
    const random = createRandom(1);
    for (let n = 0; n < 50; n++) {
      const [width, height] = [1 + random.integer(20), 1 + random.integer(20)];
      const share = random.next();
      const data = Uint8Array.from({ length: width * height }, () => (random.next() < share ? 1 : 0));
      expect(decode(runLengths({ data, width, height }))).toEqual(data);
    }
  });
  it('boxes are left, top, width, height', () => {
    expect(cocoBox([2, 3, 7, 4])).toEqual([2, 3, 5, 1]);
  });
});

it('run lengths of a label are those of its mask', () => {
  const [width, height] = [7, 5];
  const random = createRandom(3);
  for (let i = 0; i < 50; i++) {
    const labels = Uint32Array.from({ length: width * height }, () => random.integer(3));
    const data = Uint8Array.from(labels, (label) => (label === 2 ? 1 : 0));
    const mask = { data, width, height };
    const box = measure(mask).box;
    if (box !== null) expect(labelRunLengths(labels, 2, box, width, height)).toEqual(runLengths(mask));
  }
});
