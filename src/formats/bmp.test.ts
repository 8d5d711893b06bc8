import { describe, expect, it } from 'vitest';
import { decodeBmp } from './bmp.ts';

/** A bitmap of 3 x 2 pixels; `rows` of a negative height run from above. */
function bitmap(bits: number, palette: readonly number[], rows: readonly number[][], height: number): Buffer {
  const head = Buffer.alloc(54);
  const stride = Math.ceil((3 * bits) / 32) * 4;
  const start = 54 + palette.length;
  head.write('BM');
  head.writeUInt32LE(start, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(3, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(palette.length / 4, 46);
  const lines = rows.map((row) => Buffer.concat([Buffer.from(row), Buffer.alloc(stride - row.length)]));
  return Buffer.concat([head, Buffer.from(palette), ...lines]);
}

const GREY = [0, 0, 0, 0, 128, 128, 128, 0, 255, 255, 255, 0];
const COLOURED = [0, 0, 255, 0, 0, 255, 0, 0];

describe('bitmaps', () => {
  it.each([
    [
      '8 bits, grey palette, from below',
      bitmap(
        8,
        GREY,
        [
          [0, 1, 2],
          [2, 1, 0],
        ],
        2,
      ),
      1,
      [255, 128, 0, 0, 128, 255],
    ],
    [
      '8 bits, from above',
      bitmap(
        8,
        GREY,
        [
          [0, 1, 2],
          [2, 1, 0],
        ],
        -2,
      ),
      1,
      [0, 128, 255, 255, 128, 0],
    ],
    [
      '1 bit, coloured',
      bitmap(1, COLOURED, [[0b01000000], [0b10100000]], -2),
      3,
      [255, 0, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 255, 0, 0, 0, 255, 0],
    ],
    [
      '4 bits',
      bitmap(
        4,
        GREY,
        [
          [0x01, 0x20],
          [0x21, 0x00],
        ],
        -2,
      ),
      1,
      [0, 128, 255, 255, 128, 0],
    ],
    [
      '24 bits',
      bitmap(
        24,
        [],
        [
          [3, 2, 1, 6, 5, 4, 9, 8, 7],
          [12, 11, 10, 15, 14, 13, 18, 17, 16],
        ],
        -2,
      ),
      3,
      Array.from({ length: 18 }, (_, i) => i + 1),
    ],
  ])('%s', (_, bytes, channels, data) => {
    const image = decodeBmp(bytes, 'a.bmp');
    expect({ ...image, data: [...image.data] }).toEqual({ width: 3, height: 2, channels, data });
  });

  it.each([
    [
      'truncated',
      bitmap(8, GREY, [[0, 1, 2]], 2),
      'cannot read a.bmp: it is a BMP, truncated: it has 70 bytes, 74 are needed',
    ],
    [
      'a colour that is not there',
      bitmap(
        8,
        GREY,
        [
          [0, 1, 7],
          [0, 0, 0],
        ],
        -2,
      ),
      'pixel 2, 0 has no colour in its palette',
    ],
    ['16 bits', bitmap(16, [], [[], []], 2), 'of 16 bits; allowed: 1, 4, 8, 24, 32'],
    [
      'a palette in the pixels',
      bitmap(
        8,
        [],
        [
          [0, 0, 0],
          [0, 0, 0],
        ],
        2,
      ),
      'its palette lies in its pixels',
    ],
    ['a huge size', bitmap(8, GREY, [], 2 ** 30), `of 3 x ${2 ** 30} pixels`],
    ['no more than a name', Buffer.from('BM'), 'damaged or truncated'],
  ])('%s is refused', (_, bytes, message) => expect(() => decodeBmp(bytes, 'a.bmp')).toThrow(message));
});
