/** Slides made tag by tag: levels, regions, scaling, refusals. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aperioPages,
  page,
  reduced,
  type Scene,
  scene,
  type Tag,
  type TiffPage,
  tiffFile,
} from '../../../test/helpers/tiff.ts';
import { resizeBicubicPil } from '../../image/resize.ts';
import { TIFF_TAG as tag } from '../tiff/directory.ts';
import { bytesSource } from '../tiff/source.ts';
import { coarserGrid, gridAt, levelFor, readScaled } from './scale.ts';
import { isSlide, openSlide, readSlide, type Slide } from './slide.ts';

const whole = scene(700, 500, (x, y) => [(x * 3 + y) % 256, (y * 5) % 256, ((x ^ y) * 7) % 256]);

const open = (bytes: Uint8Array): Promise<Slide> => readSlide(bytesSource(bytes, 'a.tif'));
const levels = async (bytes: Uint8Array): Promise<string[]> =>
  (await open(bytes)).levels.map(({ width, height, step }) => `${width}x${height}/${step}`);

function crop({ width, data }: Scene, left: number, top: number, w: number, h: number): Uint8Array {
  const out = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++) out.set(data.subarray(((top + y) * width + left) * 3).subarray(0, w * 3), y * w * 3);
  return out;
}

/** Whether pixels are the same; compared as bytes, as `toEqual` takes long for so many. */
const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  Buffer.from(a as Uint8Array).equals(Buffer.from(b as Uint8Array));

/** A page with some tags exchanged or, where they have no values, left out. */
function changed(from: TiffPage, ...changes: Tag[]): TiffPage {
  const names = new Set(changes.map(([name]) => name));
  const kept = from.tags.filter(([name]) => !names.has(name));
  return { ...from, tags: [...kept, ...changes.filter(([, , values]) => values.length > 0)] };
}

describe('a slide', () => {
  it('has the levels of a pyramid, and leaves out thumbnail, label and glass', async () => {
    const slide = await open(tiffFile(aperioPages(whole, 0.2525)));
    expect(slide.kind).toBe('Aperio');
    expect(slide.pixelSize).toEqual({ x: 0.2525, y: 0.2525, source: 'Aperio description' });
    expect(slide.levels).toEqual([
      { width: 700, height: 500, step: [1, 1] },
      { width: 175, height: 125, step: [4, 4] },
    ]);
    expect(slide.notes).toEqual(['3 more images in the file (thumbnails, labels, other planes) left out']);
  });

  it('is read in any byte order, as TIFF and BigTIFF, by regions over tile borders', async () => {
    for (const bigEndian of [false, true]) {
      for (const big of [false, true]) {
        const slide = await open(tiffFile(aperioPages(whole, 0.25), { bigEndian, big }));
        const [left, top, width, height] = [230, 470, 260, 30];
        expect(same(await slide.read(0, { left, top, width, height }), crop(whole, left, top, width, height))).toBe(
          true,
        );
        const quarter = reduced(whole, 4);
        expect(same(await slide.read(1, { left: 0, top: 0, width: 175, height: 125 }), quarter.data)).toBe(true);
      }
    }
  });

  it('is read from strips, from grey samples and without the alpha of four', async () => {
    const strips = await open(tiffFile([page(whole, null)]));
    expect(same(await strips.read(0, { left: 7, top: 13, width: 600, height: 40 }), crop(whole, 7, 13, 600, 40))).toBe(
      true,
    );
    const grey = changed(page(whole, null), [tag.samples, 3, [1]], [tag.bits, 3, [8]], [tag.photometric, 3, [0]]);
    const planes = Array.from({ length: 32 }, (_, i) =>
      deflateSync(new Uint8Array(700 * Math.min(16, 500 - 16 * i)).fill(i)),
    );
    const inverted = await open(tiffFile([{ ...grey, tiles: planes }]));
    expect(await inverted.read(0, { left: 699, top: 31, width: 1, height: 2 })).toEqual(
      Uint8Array.of(254, 254, 254, 253, 253, 253),
    );
    const four = changed(page(whole, null), [tag.samples, 3, [4]], [tag.bits, 3, [8, 8, 8, 8]]);
    const rgba = Uint8Array.from({ length: 700 * 16 * 4 }, (_, i) => i % 4);
    const alpha = await open(
      tiffFile([
        { ...four, tiles: planes.map((_, i) => deflateSync(rgba.slice(0, 2800 * Math.min(16, 500 - 16 * i)))) },
      ]),
    );
    expect(await alpha.read(0, { left: 5, top: 0, width: 2, height: 1 })).toEqual(Uint8Array.of(0, 1, 2, 0, 1, 2));
  });

  it('shows tiles that are not there as white', async () => {
    const one = page(whole, 256);
    const slide = await open(
      tiffFile([{ ...one, tiles: one.tiles.map((tile, i) => (i === 1 ? new Uint8Array(0) : tile)) }]),
    );
    expect(await slide.read(0, { left: 255, top: 0, width: 2, height: 1 })).toEqual(
      Uint8Array.from([...crop(whole, 255, 0, 1, 1), 255, 255, 255]),
    );
  });

  it('takes reduced pages and SubIFDs for levels, and nothing of another shape', async () => {
    const pages = [
      page(whole, 128),
      page(reduced(whole, 2), 128, [[tag.subfileType, 4, [1]]]),
      page(
        scene(300, 300, () => [1, 2, 3]),
        128,
      ),
    ];
    expect(await levels(tiffFile(pages))).toEqual(['700x500/1,1', '350x250/2,2']);
    // the second page as the first one's own: chained nowhere else
    const file = tiffFile([changed(pages[0], [tag.subDirectories, 4, [0]]), pages[1]]);
    const first = file.readUInt32LE(4);
    const entries = file.readUInt16LE(first);
    const next = file.readUInt32LE(first + 2 + 12 * entries);
    for (let i = 0; i < entries; i++) {
      const at = first + 2 + 12 * i;
      if (file.readUInt16LE(at) === tag.subDirectories) file.writeUInt32LE(next, at + 8);
    }
    file.writeUInt32LE(0, first + 2 + 12 * entries);
    expect(await levels(file)).toEqual(['700x500/1,1', '350x250/2,2']);
  });

  it('refuses regions outside it by name', async () => {
    const slide = await open(tiffFile([page(whole, 256)]));
    const ask = (left: number, top: number, width: number, height: number, level = 0) =>
      slide.read(level, { left, top, width, height });
    await expect(ask(699, 0, 2, 1)).rejects.toThrow(
      'a.tif has no region 2 x 1 at 699,0 of level 0; its levels are 0: 700 x 500',
    );
    for (const wrong of [ask(-1, 0, 1, 1), ask(0, 0, 0, 1), ask(0.5, 0, 1, 1), ask(0, 0, 1, 1, 1)]) {
      await expect(wrong).rejects.toMatchObject({ code: 'usage' });
    }
  });
});

describe('a grid over a slide', () => {
  it('is read from the coarsest level that is fine enough', async () => {
    const slide = await open(tiffFile(aperioPages(whole, 0.25)));
    const size = { x: 0.25, y: 0.25, source: 'given' };
    expect([0.1, 0.25, 0.9, 0.99, 1, 8].map((mpp) => levelFor(slide, gridAt(slide, size, mpp)))).toEqual([
      0, 0, 0, 1, 1, 1,
    ]);
    expect(gridAt(slide, size, 0.5)).toEqual({ width: 350, height: 250, step: [2, 2] });
    expect(coarserGrid(gridAt(slide, size, 0.5), 3)).toEqual({ width: 117, height: 84, step: [6, 6] });
  });

  it('has the pixels of the slide where it is its own grid, and of the whole resized where not', async () => {
    const slide = await open(tiffFile([page(whole, 256)]));
    const own = { width: 700, height: 500, step: [1, 1] } as const;
    const part = { left: 250, top: 100, width: 30, height: 20 };
    expect((await readScaled(slide, own, part)).data).toEqual(crop(whole, 250, 100, 30, 20));
    for (const [width, height] of [
      [350, 250],
      [233, 167],
      [280, 200],
    ] as const) {
      const grid = { width, height, step: [700 / width, 500 / height] as const };
      const resized = resizeBicubicPil({ ...whole, channels: 3 }, width, height);
      const [left, top, w, h] = [40, 30, 150, 100];
      const { data } = await readScaled(slide, grid, { left, top, width: w, height: h });
      const expected = crop({ width, height, data: resized.data as Uint8Array }, left, top, w, h);
      expect(Math.max(...data.map((value, i) => Math.abs(value - expected[i])))).toBeLessThanOrEqual(1);
    }
  });

  it('gives a pixel the same value in whatever block it is read', async () => {
    const slide = await open(
      tiffFile([
        page(
          scene(2500, 300, (x, y) => [(x * 3) % 256, y % 256, (x + y) % 256]),
          256,
        ),
      ]),
    );
    const grid = { width: 1923, height: 231, step: [1.3, 1.3] } as const;
    const all = await readScaled(slide, grid, { left: 0, top: 0, width: 1923, height: 231 });
    const part = await readScaled(slide, grid, { left: 1500, top: 60, width: 100, height: 50 });
    expect(same(part.data, crop(all as Scene, 1500, 60, 100, 50))).toBe(true);
  });
});

describe('a slide that cannot be read', () => {
  const tiled = page(whole, 256);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    [
      '16 bits',
      tiffFile([changed(tiled, [tag.bits, 3, [16, 16, 16]])]),
      /its samples are unsigned of 16 bits; of slides 8-bit unsigned/,
    ],
    [
      'float',
      tiffFile([changed(tiled, [tag.bits, 3, [32]], [tag.sampleFormat, 3, [3]])]),
      /its samples are float of 32 bits/,
    ],
    [
      'two samples',
      tiffFile([changed(tiled, [tag.samples, 3, [2]], [tag.bits, 3, [8, 8]])]),
      /it has 2 samples a pixel; allowed: 1, 3 and 4/,
    ],
    ['planes apart', tiffFile([changed(tiled, [tag.planar, 3, [2]])]), /colour planes are stored apart/],
    [
      'an unknown compression',
      tiffFile([changed(tiled, [tag.compression, 3, [50000]])]),
      /its compression 50000 is not read; allowed: none, LZW, JPEG, deflate, PackBits, JPEG 2000/,
    ],
    [
      'a palette',
      tiffFile([changed(tiled, [tag.samples, 3, [1]], [tag.bits, 3, [8]], [tag.photometric, 3, [3]])]),
      /its colours are a palette; allowed: grey, RGB, YCbCr in JPEG/,
    ],
    ['a predictor of floats', tiffFile([changed(tiled, [tag.predictor, 3, [3]])]), /its predictor 3 is not read/],
    ['no size', tiffFile([changed(tiled, [tag.width, 4, []])]), /its size is 0 x 500/],
    [
      'huge tiles',
      tiffFile([changed(tiled, [tag.tileWidth, 4, [65536]], [tag.tileHeight, 4, [65536]])]),
      /its tiles are 65536 x 65536 pixels; at most 67108864 bytes/,
    ],
    ['too few tiles', tiffFile([changed(tiled, [tag.width, 4, [7000]])]), /6 offsets and 6 lengths for 56 tiles/],
    ['no image', Buffer.from('49492a0000000000', 'hex'), /it holds no image/],
    ['another kind', Buffer.from('no TIFF at all'), /it is no TIFF file/],
    [
      'a circle',
      (() => {
        const bytes = tiffFile([tiled]);
        const first = bytes.readUInt32LE(4);
        bytes.writeUInt32LE(first, first + 2 + 12 * bytes.readUInt16LE(first));
        return bytes;
      })(),
      /its directories go round in a circle/,
    ],
    [
      'a directory outside',
      Buffer.from('49492a0000ff0000', 'hex'),
      /damaged or truncated: bytes 65280 to 65282 are named, it has 8/,
    ],
  ];
  it.each([
    ['<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn">', 'Leica SCN'],
    ['<xml><iScan Magnification="40">', 'Ventana BIF'],
    ['<DataObject ObjectType="DPUfsImport">', 'Philips TIFF'],
    [null, 'Hamamatsu NDPI'],
  ])('is refused where a maker lays files out in another way: %s', async (description, maker) => {
    const bytes = tiffFile([
      page(whole, 256, [description === null ? [65420, 4, [1]] : [tag.description, 2, description]]),
    ]);
    await expect(open(bytes)).rejects.toThrow(
      `it is a ${maker} file, which is not read; allowed: Aperio SVS, OME-TIFF`,
    );
  });

  it.each(cases)('is refused: %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({ code: 'input', message: expect.stringMatching(message) });
  });

  it('is refused where a tile is read: lengths and contents that lie', async () => {
    const read = async (tiles: readonly Uint8Array[], ...changes: Tag[]) =>
      (await open(tiffFile([{ ...changed(tiled, ...changes), tiles }]))).read(0, {
        left: 0,
        top: 0,
        width: 1,
        height: 1,
      });
    const [, ...rest] = tiled.tiles;
    await expect(read([Buffer.from('no deflate'), ...rest])).rejects.toThrow(
      'tile 0 (column 0, row 0): its data are damaged or truncated',
    );
    // a bomb is not unpacked past the tile's size
    await expect(read([deflateSync(Buffer.alloc(50_000_000)), ...rest])).rejects.toThrow('damaged or truncated');
    await expect(read([Buffer.alloc(600_000), ...rest])).rejects.toThrow('tile 0 is said to take 600000 bytes');
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    await expect(read([jpeg, ...rest], [tag.compression, 3, [7]])).rejects.toThrow(
      'its JPEG data are 64 x 64 with 3 components, its header says 256 x 256 with 3',
    );
    await expect(read([jpeg, ...rest], [tag.compression, 3, [33003]])).rejects.toThrow(
      'its code stream has no usable header',
    );
  });
});

describe('what is a slide', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-slide-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const put = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('is told by the file, or wished', async () => {
    const plain = put('plain.tif', tiffFile([page(whole, 256)]));
    const thumbnail = put('thumbnail.tif', tiffFile([page(whole, null), page(reduced(whole, 4), null)]));
    expect(await Promise.all([plain, thumbnail].map((path) => isSlide(path)))).toEqual([false, false]);
    expect(await isSlide(plain, true)).toBe(true);
    expect(await isSlide(put('pyramid.tif', tiffFile([page(whole, 128), page(reduced(whole, 2), 128)])))).toBe(true);
    expect(await isSlide(put('aperio.tif', tiffFile(aperioPages(whole, 0.25).slice(0, 1))))).toBe(true);
    expect(
      await isSlide(
        put('large.tif', tiffFile([changed(page(whole, null), [tag.width, 4, [60_000]], [tag.height, 4, [2000]])])),
      ),
    ).toBe(true);
    for (const wanted of [false, true]) {
      expect(await isSlide(put('text.tif', Buffer.from('no TIFF at all')), wanted)).toBe(false);
      expect(await isSlide(join(folder, 'gone.tif'), wanted)).toBe(false);
      expect(await isSlide(folder, wanted)).toBe(false);
    }
  });

  it('is opened from a file, which is closed where it is refused', async () => {
    const slide = await openSlide(put('a.svs', tiffFile(aperioPages(whole, 0.25))));
    expect(await slide.read(0, { left: 1, top: 2, width: 3, height: 4 })).toEqual(crop(whole, 1, 2, 3, 4));
    await slide.close();
    await expect(openSlide(put('b.svs', Buffer.from('no TIFF at all')))).rejects.toThrow(/b\.svs: it is no TIFF file/);
    await expect(openSlide(join(folder, 'gone.svs'))).rejects.toThrow(/cannot read .*gone\.svs: no such file/);
  });
});
