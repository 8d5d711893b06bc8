/** Slides that libvips and libtiff wrote, by our reader and by OpenSlide; and our masks, by OpenSlide and libtiff. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { survive } from '../../../test/helpers/mutations.ts';
import { describePrograms } from '../../../test/helpers/programs.ts';
import { aperioPages, scene, tiffFile } from '../../../test/helpers/tiff.ts';
import { createRandom } from '../../util/random.ts';
import { readRaster, writePng } from '../raster.ts';
import { TIFF_TAG as tag } from '../tiff/directory.ts';
import { bytesSource } from '../tiff/source.ts';
import { createMaskTiff } from '../tiff/write-mask.ts';
import { openSlide, readSlide } from './slide.ts';

const PROGRAMS = {
  'openslide-write-png': 'openslide-tools',
  'openslide-show-properties': 'openslide-tools',
  tiffcp: 'libtiff-tools',
  tiffinfo: 'libtiff-tools',
  vips: 'libvips-tools',
};

const random = createRandom(3);
/** Waves with noise: no two tiles are alike. Its sides can be halved, as OpenSlide takes 4.01 for a level's step where we take 4. */
const whole = scene(640, 448, (x, y) =>
  [Math.sin(x / 9) * Math.cos(y / 14), Math.sin((x + y) / 21), Math.cos(x / 30)].map((value) =>
    Math.round(128 + 110 * value + 10 * (random.next() - 0.5)),
  ),
);

let folder: string;
const at = (name: string): string => join(folder, name);
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });

/** A region as OpenSlide gives it; `left` and `top` in pixels of the slide. */
async function byOpenSlide(path: string, level: number, left: number, top: number, width: number, height: number) {
  run('openslide-write-png', path, ...[left, top, level, width, height].map(String), at('region.png'));
  const { data, channels } = await readRaster(at('region.png'));
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => data[Math.floor(i / 3) * channels + (i % 3)]);
}

const furthest = (a: Uint8Array, b: Uint8Array): number =>
  a.length !== b.length ? Number.NaN : a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

/** The largest difference from OpenSlide over the levels that are larger than a tile (others it reads askew), over tile borders. */
async function difference(path: string, tile: number): Promise<number> {
  const slide = await openSlide(path);
  let most = 0;
  for (const [level, { width, height }] of slide.levels.entries()) {
    if (width < tile || height < tile) break;
    const [left, top] = level === 0 ? [Math.floor(width / 5), Math.floor(height / 7)] : [0, 0];
    const region = { left, top, width: width - left, height: height - top };
    const ours = await slide.read(level, region);
    const theirs = await byOpenSlide(path, level, left, top, region.width, region.height);
    most = Math.max(most, furthest(ours, theirs));
  }
  await slide.close();
  return most;
}

/** Turns the compression and the description of the only page of a little-endian file. */
function patched(bytes: Buffer, compression: number, description: string): Buffer {
  const first = bytes.readUInt32LE(4);
  const out = Buffer.concat([bytes, Buffer.from(`${description}\0`)]);
  for (let i = 0; i < bytes.readUInt16LE(first); i++) {
    const entry = first + 2 + 12 * i;
    if (bytes.readUInt16LE(entry) === tag.compression) out.writeUInt16LE(compression, entry + 8);
    if (bytes.readUInt16LE(entry) !== tag.description) continue;
    out.writeUInt32LE(description.length + 1, entry + 4);
    out.writeUInt32LE(bytes.length, entry + 8);
  }
  return out;
}

describePrograms(PROGRAMS, 'slides, to other programs', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biomedparse-openslide-'));
    await writePng(at('whole.png'), { ...whole, channels: 3 });
    run('vips', 'tiffsave', at('whole.png'), at('whole.tif'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tiles = ['-t', '-w', '128', '-l', '128'];
  it.each([
    ['none', []],
    ['lzw', []],
    ['lzw:2', []],
    ['zip', []],
    ['zip:2', []],
    ['packbits', ['-8']],
    ['jpeg:90', []],
    ['jpeg:r:90', []],
  ])('are the same pixel by pixel, packed by libtiff as %s', async (packing, more) => {
    run('tiffcp', ...tiles, '-c', packing, ...more, at('whole.tif'), at('packed.tif'));
    expect(await difference(at('packed.tif'), 128)).toBe(0);
  });

  it.each([
    ['JPEG, subsampled', ['--compression', 'jpeg', '--Q', '75']],
    ['deflate in SubIFDs', ['--compression', 'deflate', '--subifd', '--bigtiff']],
  ])('are the same in all levels of a pyramid by libvips: %s', async (_, packing) => {
    const shape = ['--pyramid', '--tile', '--tile-width', '64', '--tile-height', '64'];
    run('vips', 'tiffsave', at('whole.png'), at('pyramid.tif'), ...shape, ...packing);
    const slide = await openSlide(at('pyramid.tif'));
    expect(slide.levels.map(({ width }) => width)).toEqual([640, 320, 160, 80, 40]);
    await slide.close();
    if (packing.includes('--subifd')) return; // OpenSlide does not read these as levels
    expect(await difference(at('pyramid.tif'), 64)).toBe(0);
  });

  it('are the same in JPEG 2000 of YCbCr, within a grey level', async () => {
    run(
      'vips',
      'tiffsave',
      at('whole.png'),
      at('j2k.tif'),
      '--tile',
      '--compression',
      'jp2k',
      '--lossless',
      '--properties',
    );
    const bytes = patched(
      readFileSync(at('j2k.tif')),
      33003,
      'Aperio Image Library v1\r\n640x448|AppMag = 20|MPP = 0.4990',
    );
    writeFileSync(at('j2k.svs'), bytes);
    expect(await difference(at('j2k.svs'), 128)).toBeLessThanOrEqual(1);
    const slide = await openSlide(at('j2k.svs'));
    const ours = await slide.read(0, { left: 0, top: 0, width: 640, height: 448 });
    await slide.close();
    expect(furthest(ours, whole.data)).toBeLessThanOrEqual(3);
  });

  it('in JPEG 2000 that are damaged are read or refused: 60', async () => {
    run('vips', 'crop', at('whole.png'), at('small.png'), '0', '0', '150', '140');
    run('vips', 'tiffsave', at('small.png'), at('small.tif'), '--tile', '--compression', 'jp2k', '--properties');
    const source = patched(readFileSync(at('small.tif')), 33003, 'Aperio Image Library v1\r\n150x140|MPP = 0.5');
    const read = async (bytes: Buffer): Promise<void> => {
      const slide = await readSlide(bytesSource(bytes, 'a.svs'));
      const { width, height } = slide;
      await slide.read(0, { left: 0, top: 0, width: Math.min(width, 200), height: Math.min(height, 200) });
    };
    await survive({ name: 'JPEG 2000', sources: [source], text: false, read }, 60);
  });

  it('of Aperio have the levels and the microns per pixel that OpenSlide finds', async () => {
    writeFileSync(at('a.svs'), tiffFile(aperioPages(whole, 0.2527, 96)));
    const properties = run('openslide-show-properties', at('a.svs'));
    const slide = await openSlide(at('a.svs'));
    expect(properties).toContain("openslide.vendor: 'aperio'");
    expect(Number(/openslide.mpp-x: '([^']+)'/.exec(properties)?.[1])).toBe(slide.pixelSize?.x);
    expect(properties).toContain(`openslide.level[1].width: '${slide.levels[1].width}'`);
    await slide.close();
    expect(await difference(at('a.svs'), 96)).toBe(0);
  });

  it('in strips are the same as libtiff unpacks them', async () => {
    run('tiffcp', '-s', '-r', '7', '-c', 'lzw:2', at('whole.tif'), at('strips.tif'));
    const slide = await openSlide(at('strips.tif'));
    const ours = await slide.read(0, { left: 0, top: 0, width: 640, height: 448 });
    await slide.close();
    expect(furthest(ours, whole.data)).toBe(0);
  });

  it.each([
    false,
    true,
  ])('that are our masks are read by OpenSlide and without complaint by libtiff (BigTIFF: %s)', async (big) => {
    const [width, height] = [1024, 768];
    const mask = Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return (x - 500) ** 2 + (y - 300) ** 2 < 250 ** 2 || (x > 900 && y % 8 < 4) ? 1 : 0;
    });
    const file = await createMaskTiff(
      at('mask.tif'),
      { width, height, microns: 0.5, description: 'mask of "Käse"' },
      big,
    );
    for (let y = 0; y < height; y += 100) await file.write(mask.subarray(y * width, Math.min(height, y + 100) * width));
    await file.end();
    const grey = (data: Uint8Array): Uint8Array => data.filter((_, i) => i % 3 === 0);
    const level = await byOpenSlide(at('mask.tif'), 0, 0, 0, width, height);
    expect(
      furthest(
        grey(level),
        mask.map((value) => 255 * value),
      ),
    ).toBe(0);
    const half = grey(await byOpenSlide(at('mask.tif'), 1, 0, 0, 512, 384));
    expect([half[150 * 512 + 250], half[10 * 512 + 10]]).toEqual([255, 0]);
    expect(await difference(at('mask.tif'), 256)).toBe(0);
    const info = execFileSync('tiffinfo', [at('mask.tif')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    expect(info.match(/TIFF Directory/g)).toHaveLength(2);
    expect(info).toContain('Resolution: 20000, 20000 pixels/cm');
    expect(info).not.toMatch(/warning|error/i);
    const slide = await openSlide(at('mask.tif'));
    expect(slide.pixelSize).toEqual({ x: 0.5, y: 0.5, source: 'resolution tags' });
    await slide.close();
  });

  it('that are masks with rows missing are refused', async () => {
    const file = await createMaskTiff(at('short.tif'), { width: 10, height: 10, microns: 1, description: '' });
    await file.write(new Uint8Array(90));
    await expect(file.end()).rejects.toThrow(/short\.tif got 9 rows of 10/);
    await file.close();
    await expect(
      createMaskTiff(at('no/mask.tif'), { width: 1, height: 1, microns: 1, description: '' }),
    ).rejects.toMatchObject({ code: 'io' });
  });
});
