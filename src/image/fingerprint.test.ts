import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { findDuplicates, fingerprint } from './fingerprint.ts';
import type { Image } from './types.ts';

const SIDE = 128;

/** Discs of many sizes; another seed is another picture. */
function picture(seed: number): Uint8Array {
  const random = createRandom(seed);
  const data = new Uint8Array(SIDE * SIDE).fill(90);
  for (let disc = 0; disc < 40; disc++) {
    const [x, y, r, v] = [random.integer(SIDE), random.integer(SIDE), 4 + random.integer(16), random.integer(256)];
    for (let j = 0; j < SIDE; j++)
      for (let i = 0; i < SIDE; i++) if ((i - x) ** 2 + (j - y) ** 2 < r * r) data[j * SIDE + i] = v;
  }
  return data;
}

const raw = () => sharp(picture(1), { raw: { width: SIDE, height: SIDE, channels: 1 } });

async function image(source: Sharp): Promise<Image> {
  const { data, info } = await source.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 1 };
}

describe('copies of a picture are found', () => {
  test.each<[string, boolean, () => Sharp | Promise<Sharp>]>([
    ['left-right flip', true, () => raw().flop()],
    ['up-down flip', true, () => raw().flip()],
    ['half size', false, () => raw().resize(SIDE / 2)],
    ['double size', false, () => raw().resize(SIDE * 2)],
    ['JPEG 30', false, async () => sharp(await raw().jpeg({ quality: 30 }).toBuffer())],
  ])('%s', async (_, mirrored, copy) => {
    const prints = [fingerprint(await image(raw())), fingerprint(await image(await copy()))];
    expect(findDuplicates(prints)).toMatchObject([{ first: 0, second: 1, mirrored }]);
  });

  test('gamma', async () => {
    const source = await image(raw());
    const data = Uint8Array.from(source.data, (value) => Math.round(255 * (value / 255) ** 0.7));
    expect(findDuplicates([fingerprint(source), fingerprint({ ...source, data })])).toHaveLength(1);
  });
});

test('other pictures and flat ones are no copies', () => {
  const flat = new Uint8Array(SIDE * SIDE).fill(90);
  const prints = [picture(1), picture(2), picture(3), flat, flat].map((data) =>
    fingerprint({ data, width: SIDE, height: SIDE, channels: 1 }),
  );
  expect(findDuplicates(prints)).toEqual([]);
});

test('pairs of no interest are left out', () => {
  const print = fingerprint({ data: picture(1), width: SIDE, height: SIDE, channels: 1 });
  expect(findDuplicates([print, print], () => true)).toEqual([]);
});
