/** Unusual image files through `segment`, on the fake network that finds bright pixels: each comes out right, or is refused with a reason. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { readMask } from '../src/formats/raster.ts';
import { fakeModel } from './fake-model.ts';
import { callCli } from './helpers/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-edge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
let calls = 0;

async function segment(file: string, ...rest: string[]) {
  const out = path(`out-${calls++}`);
  const argv = ['segment', file, '-p', 'bright', '--out', out, '--json', ...rest];
  return callCli(argv, { loadModel: async () => fakeModel({}).model });
}

/** Samples `[64, 96, channels]`: `bright` in the left third, `dark` elsewhere. */
function third<T extends Uint8Array | Uint16Array | Float32Array>(
  make: (n: number) => T,
  bright: readonly number[],
  dark: readonly number[],
): T {
  const samples = make(64 * 96 * bright.length);
  for (let i = 0; i < 64 * 96; i++) samples.set(i % 96 < 32 ? bright : dark, i * bright.length);
  return samples;
}

const raw = (data: Uint8Array | Uint16Array | Float32Array, channels: 1 | 2 | 3 | 4): Sharp =>
  sharp(data, { raw: { width: 96, height: 64, channels } });
const u8 = (n: number) => new Uint8Array(n);
const u16 = (n: number) => new Uint16Array(n);
const grey8 = (): Sharp => raw(third(u8, [250], [10]), 1);
const rgb8 = (): Sharp => raw(third(u8, [250, 250, 250], [10, 10, 10]), 3);

const readable: [string, string, () => Promise<Uint8Array>][] = [
  ['8-bit grey PNG', 'a.png', () => grey8().toColourspace('b-w').png().toBuffer()],
  ['interlaced PNG', 'b.png', () => rgb8().png({ progressive: true }).toBuffer()],
  ['palette PNG', 'c.png', () => rgb8().png({ palette: true }).toBuffer()],
  [
    '1-bit PNG',
    'd.png',
    () =>
      raw(third(u8, [255], [0]), 1)
        .toColourspace('b-w')
        .png({ palette: true, colours: 2 })
        .toBuffer(),
  ],
  [
    '16-bit grey PNG',
    'e.png',
    () =>
      raw(third(u16, [40_000], [300]), 1)
        .toColourspace('grey16')
        .png()
        .toBuffer(),
  ],
  [
    '16-bit RGB PNG',
    'f.png',
    () =>
      raw(third(u16, [40_000, 40_000, 40_000], [300, 300, 300]), 3)
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
  ],
  [
    '16-bit grey TIFF',
    'g.tif',
    () =>
      raw(third(u16, [2000], [30]), 1)
        .toColourspace('grey16')
        .tiff({ compression: 'lzw' })
        .toBuffer(),
  ],
  [
    '16-bit RGB TIFF, compressed',
    'h.tif',
    () =>
      raw(third(u16, [2000, 2000, 2000], [30, 30, 30]), 3)
        .toColourspace('rgb16')
        .tiff({ compression: 'deflate', predictor: 'horizontal' })
        .toBuffer(),
  ],
  ['tiled TIFF', 'i.tif', () => rgb8().tiff({ tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer()],
  // what alpha hides is shown all the same, as the network was trained
  [
    'RGBA PNG',
    'j.png',
    () =>
      raw(third(u8, [250, 250, 250, 0], [10, 10, 10, 255]), 4)
        .png()
        .toBuffer(),
  ],
  [
    'grey PNG with alpha',
    'k.png',
    () =>
      raw(third(u8, [250, 0], [10, 255]), 2)
        .png()
        .toBuffer(),
  ],
  ['CMYK JPEG', 'l.jpg', () => rgb8().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
  ['grey JPEG', 'm.jpg', () => grey8().toColourspace('b-w').jpeg({ quality: 95 }).toBuffer()],
  ['progressive JPEG', 'n.jpg', () => rgb8().jpeg({ quality: 95, progressive: true }).toBuffer()],
  [
    'WebP with alpha',
    'o.webp',
    () =>
      raw(third(u8, [250, 250, 250, 255], [10, 10, 10, 255]), 4)
        .webp({ lossless: true })
        .toBuffer(),
  ],
];

describe('an image of an unusual kind', () => {
  it.each(readable)('%s: the mask lies on the bright third', async (_, name, make) => {
    writeFileSync(path(name), await make());
    const { status, stdout, stderr } = await segment(path(name));
    expect([status, stderr]).toEqual([0, '']);
    const [{ width, height, prompts }] = JSON.parse(stdout).results;
    expect([width, height, prompts[0].present]).toEqual([96, 64, true]);
    const [left, top, right, bottom] = prompts[0].box;
    expect([left, top]).toEqual([0, 0]);
    // the fake network answers in blocks of six pixels
    expect(Math.abs(right - 32)).toBeLessThanOrEqual(4);
    expect(64 - bottom).toBeLessThanOrEqual(3);
  });

  it.each([
    ['upside down', 3, 96, [80, 32]],
    ['a quarter to the right', 6, 64, [32, 16]],
    ['a quarter to the left', 8, 64, [32, 80]],
  ])('EXIF orientation, %s: seen and answered upright', async (_, orientation, wide, [x, y]) => {
    writeFileSync(path(`exif-${orientation}.jpg`), await rgb8().withMetadata({ orientation }).jpeg().toBuffer());
    const { stdout } = await segment(path(`exif-${orientation}.jpg`));
    const [{ width, height, prompts }] = JSON.parse(stdout).results;
    expect([width, height]).toEqual([wide, 160 - wide]);
    const mask = await readMask(prompts[0].mask);
    expect(mask.data[y * width + x]).toBe(1);
    expect(mask.data[(height - 1 - y) * width + width - 1 - x]).toBe(0);
  });

  it('of a single pixel is answered, with a warning', async () => {
    writeFileSync(
      path('one.png'),
      await sharp(Uint8Array.of(255, 255, 255), { raw: { width: 1, height: 1, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const { status, stdout } = await segment(path('one.png'));
    const [{ width, height, prompts, warnings }] = JSON.parse(stdout).results;
    expect([status, width, height, prompts[0].area_px]).toEqual([0, 1, 1, 1]);
    expect(warnings.map(({ code }: { code: string }) => code)).toContain('tiny-image');
  });

  it('of one row is answered', async () => {
    const row = Uint8Array.from({ length: 3000 }, (_, i) => (i < 1500 ? 255 : 0));
    writeFileSync(
      path('row.png'),
      await sharp(row, { raw: { width: 3000, height: 1, channels: 1 } })
        .png()
        .toBuffer(),
    );
    const { status, stdout } = await segment(path('row.png'));
    const [{ width, height, warnings }] = JSON.parse(stdout).results;
    expect([status, width, height]).toEqual([0, 3000, 1]);
    expect(warnings.map(({ code }: { code: string }) => code)).toEqual(['tiny-image', 'extreme-shape']);
  });
});

/** A small PNG whose header claims another size. */
async function claiming(width: number, height: number): Promise<Buffer> {
  const bytes = await rgb8().png().toBuffer();
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

describe('an image that cannot be answered is refused by reason', () => {
  const refused: [string, string, () => Promise<Uint8Array>, RegExp][] = [
    [
      '20,000 x 20,000',
      'huge.png',
      () => claiming(20_000, 20_000),
      /it has 20000 x 20000 pixels \(400 megapixels\); at most 100 megapixels/,
    ],
    [
      'within the limit but with the data of a smaller one',
      'lie.png',
      () => claiming(9000, 9000),
      /its PNG data is damaged or truncated/,
    ],
    [
      'a TIFF of two pages',
      'pages.tif',
      async () => twoPages(await grey8().tiff().toBuffer()),
      /it holds 2 pages; one image per file/,
    ],
    [
      'float samples in colour',
      'float.tif',
      () =>
        raw(
          third((n) => new Float32Array(n), [1, 1, 1], [0, 0, 0]),
          3,
        )
          .toColourspace('scrgb')
          .tiff({ compression: 'none' })
          .toBuffer(),
      /its samples are of type float in 3 channels; allowed: 8- and 16-bit unsigned/,
    ],
    ['a GIF', 'a.gif', () => rgb8().gif().toBuffer(), /it is a GIF; allowed: PNG, JPEG, WebP, TIFF, DICOM/],
  ];
  it.each(refused)('%s', async (_, name, make, reason) => {
    writeFileSync(path(name), await make());
    const { status, stderr } = await segment(path(name));
    expect([status, stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(stderr).toMatch(/^biomedparse: [^\n]+\n$/);
  });
});

/** A little-endian TIFF with its only directory chained to a copy of itself. */
function twoPages(tiff: Uint8Array): Buffer {
  const bytes = Buffer.from(tiff);
  const at = bytes.readUInt32LE(4);
  const length = 2 + 12 * bytes.readUInt16LE(at) + 4;
  const second = Buffer.from(bytes.subarray(at, at + length));
  const padded = bytes.length + (bytes.length % 2);
  bytes.writeUInt32LE(padded, at + length - 4);
  return Buffer.concat([bytes, Buffer.alloc(padded - bytes.length), second]);
}
