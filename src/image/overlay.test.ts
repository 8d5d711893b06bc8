import { describe, expect, it } from 'vitest';
import { overlay } from './overlay.ts';
import type { Image, Mask } from './types.ts';

function grey(width: number, height: number, value = 100): Image {
  return { data: new Uint8Array(width * height).fill(value), width, height, channels: 1 };
}

function rectangle(width: number, height: number, box: readonly [number, number, number, number]): Mask {
  const data = new Uint8Array(width * height);
  for (let y = box[1]; y < box[3]; y++) data.fill(1, y * width + box[0], y * width + box[2]);
  return { data, width, height };
}

const pixel = (image: Image, x: number, y: number): number[] => {
  const at = (y * image.width + x) * 3;
  return [...image.data.slice(at, at + 3)];
};

describe('overlay', () => {
  it('draws fill and contour, leaves the rest and puts a legend below', () => {
    const mask = rectangle(400, 200, [100, 50, 200, 150]);
    const picture = overlay(grey(400, 200), [{ mask, label: 'liver 0.90' }]);
    expect([picture.width, picture.channels]).toEqual([400, 3]);
    expect(picture.height).toBeGreaterThan(220);
    expect(pixel(picture, 10, 10)).toEqual([100, 100, 100]);
    expect(pixel(picture, 100, 100)).toEqual([0, 225, 255]);
    expect(pixel(picture, 150, 100)).toEqual([70, 138, 147]);
    // The swatch has the contour's colour.
    expect(pixel(picture, 6, 206)).toEqual([0, 225, 255]);
    expect(picture.data).toHaveLength(picture.width * picture.height * 3);
  });

  it('gives every mask its own colour and an empty one a hollow swatch', () => {
    const layers = [
      { mask: rectangle(400, 100, [0, 0, 50, 50]), label: 'a' },
      { mask: rectangle(400, 100, [200, 0, 250, 50]), label: 'b' },
      { mask: rectangle(400, 100, [0, 0, 0, 0]), label: 'c: not found' },
    ];
    const picture = overlay(grey(400, 100), layers);
    expect(pixel(picture, 25, 49)).toEqual([0, 225, 255]);
    expect(pixel(picture, 225, 49)).toEqual([255, 205, 0]);
    expect(pixel(picture, 7, 129)).toEqual([24, 24, 28]);
  });

  it('enlarges small images by a whole factor and keeps narrow ones in the middle', () => {
    const picture = overlay(grey(100, 40, 9), []);
    expect(picture.width).toBe(400);
    expect(pixel(picture, 399, 159)).toEqual([9, 9, 9]);
    expect(pixel(picture, 399, 160)).not.toEqual([9, 9, 9]);
    const narrow = overlay(grey(10, 3000, 9), []);
    expect(narrow.width).toBe(384);
    expect(pixel(narrow, 192, 100)).toEqual([9, 9, 9]);
    expect(pixel(narrow, 10, 100)).toEqual([0, 0, 0]);
  });

  it('grows with long labels, scores and the name of the model', () => {
    const mask = rectangle(400, 50, [0, 0, 1, 1]);
    const short = overlay(grey(400, 50), [{ mask, label: 'x' }]);
    const long = overlay(grey(400, 50), [{ mask, label: 'word '.repeat(200), probability: 0.5, presence: 1 }]);
    const named = overlay(grey(400, 50), [{ mask, label: 'x' }], { model: 'default' });
    expect(long.height - short.height).toBe(22);
    expect(named.height - short.height).toBe(11);
  });

  it('does not touch the image it is given and refuses masks of another size', () => {
    const image: Image = { data: new Uint8Array(300).fill(50), width: 10, height: 10, channels: 3 };
    overlay(image, [{ mask: rectangle(10, 10, [0, 0, 10, 10]), label: 'x' }]);
    expect(image.data.every((value) => value === 50)).toBe(true);
    expect(() => overlay(image, [{ mask: rectangle(10, 9, [0, 0, 1, 1]), label: 'lung' }])).toThrow(
      'The mask "lung" is 10 x 9, its image 10 x 10',
    );
  });
});
