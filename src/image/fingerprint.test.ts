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

const full = { mirrored: false, turned: false, inverted: false, cropped: false };

/** The picture with its grey levels mapped. */
async function toned(map: (value: number) => number): Promise<Image> {
  const source = await image(raw());
  const data = Uint8Array.from(source.data, (value) => Math.max(0, Math.min(255, Math.round(map(value)))));
  return { ...source, data };
}

describe('copies of a picture are found', () => {
  test.each<[string, object, () => Promise<Image>]>([
    ['left-right flip', { ...full, mirrored: true }, () => image(raw().flop())],
    ['up-down flip', { ...full, mirrored: true }, () => image(raw().flip())],
    ['quarter turn', { ...full, mirrored: true, turned: true }, () => image(raw().rotate(90))],
    ['half size', full, () => image(raw().resize(SIDE / 2))],
    ['double size', full, () => image(raw().resize(SIDE * 2))],
    ['JPEG 30', full, async () => image(sharp(await raw().jpeg({ quality: 30 }).toBuffer()))],
    ['gamma', full, () => toned((value) => 255 * (value / 255) ** 0.7)],
    ['darker', full, () => toned((value) => value / 2)],
    ['brighter', full, () => toned((value) => 1.3 * value + 25)],
    ['another window', full, () => toned((value) => 2 * (value - 60))],
    ['a hard window', full, () => toned((value) => 4 * (value - 90))],
    [
      'a crop',
      { ...full, cropped: true },
      () => image(raw().extract({ left: 4, top: 7, width: SIDE - 10, height: SIDE - 12 })),
    ],
    ['inverted', { ...full, inverted: true }, () => toned((value) => 255 - value)],
  ])('%s', async (_, how, copy) => {
    const prints = [fingerprint(await image(raw())), fingerprint(await copy())];
    expect(await findDuplicates(prints)).toMatchObject([{ first: 0, second: 1, ...how }]);
  });
});

/** Discs, many of them white, on noisy ground; `moved` are the same discs, each a pixel away at most, under other noise. */
function speckled(seed: number, moved = false): Image {
  const [random, other] = [createRandom(seed), createRandom(1000 + seed + (moved ? 1 : 0))];
  const values = new Float64Array(SIDE * SIDE).fill(90);
  for (let disc = 0; disc < 40; disc++) {
    const [x, y, r] = [random.integer(SIDE), random.integer(SIDE), 4 + random.integer(16)];
    const value = Math.min(255, random.integer(400));
    const [dx, dy] = moved ? [other.integer(3) - 1, other.integer(2)] : [0, 0];
    for (let j = 0; j < SIDE; j++) {
      for (let i = 0; i < SIDE; i++) if ((i - x - dx) ** 2 + (j - y - dy) ** 2 < r * r) values[j * SIDE + i] = value;
    }
  }
  const data = Uint8Array.from(values, (value) => {
    return Math.max(0, Math.min(255, Math.round(value + (value === 255 ? 0 : other.uniform(-30, 30)))));
  });
  return { data, width: SIDE, height: SIDE, channels: 1 };
}

test.each([
  4, 5, 7,
])('a hard window that takes most edges away is told from a picture that is only alike (%i)', async (seed) => {
  const source = speckled(seed);
  const data = source.data.map((value) => Math.max(0, Math.min(255, 16 * (value - 82)))) as Uint8Array;
  const copies = [source, { ...source, data }].map(fingerprint);
  const [found, ...more] = await findDuplicates(copies);
  expect(found).toMatchObject({ ...full, first: 0, second: 1 });
  expect(found.alike).toBeLessThan(0.915);
  expect(more).toEqual([]);
  expect(await findDuplicates([source, speckled(seed, true)].map(fingerprint))).toEqual([]);
});

test('other pictures and flat ones are no copies', async () => {
  const flat = new Uint8Array(SIDE * SIDE).fill(90);
  const prints = [picture(1), picture(2), picture(3), flat, flat].map((data) =>
    fingerprint({ data, width: SIDE, height: SIDE, channels: 1 }),
  );
  expect(await findDuplicates(prints)).toEqual([]);
});

test('pairs of no interest are left out, and comparing can be ended', async () => {
  const print = fingerprint({ data: picture(1), width: SIDE, height: SIDE, channels: 1 });
  expect(await findDuplicates([print, print], { skip: () => true })).toEqual([]);
  const progress: [number, number][] = [];
  await findDuplicates([print, print], { onProgress: (...state) => progress.push(state) });
  expect(progress.at(-1)).toEqual([2, 2]);
  const many = new Array(3000).fill(print);
  const ended = findDuplicates(many, { skip: () => true, signal: AbortSignal.abort() });
  await expect(ended).rejects.toThrow(/abort/i);
});
