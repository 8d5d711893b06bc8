/** Damaged slides and TIFF images: read right or refused with a typed error, quickly and without much memory. */
import sharp, { type TiffOptions } from 'sharp';
import { describe, it } from 'vitest';
import { survive } from '../../../test/helpers/mutations.ts';
import { aperioPages, page, scene, tiffFile } from '../../../test/helpers/tiff.ts';
import { readRaster } from '../raster.ts';
import { bytesSource } from '../tiff/source.ts';
import { readSlide } from './slide.ts';

describe('damaged slides', () => {
  const small = scene(150, 100, (x, y) => [(x * y) % 256, x, y]);
  const packed = (options: TiffOptions) =>
    sharp(small.data, { raw: { width: 150, height: 100, channels: 3 } })
      .tiff({ tile: true, tileWidth: 64, tileHeight: 64, pyramid: true, ...options })
      .toBuffer();
  const readAll = async (bytes: Buffer): Promise<void> => {
    const slide = await readSlide(bytesSource(bytes, 'a.tif'));
    for (const [i, { width, height }] of slide.levels.slice(0, 2).entries()) {
      const region = { left: 0, top: 0, width: Math.min(width, 200), height: Math.min(height, 200) };
      await slide.read(i, region);
    }
  };

  it('are read or refused: 500', async () => {
    const sources = [
      tiffFile(
        aperioPages(
          scene(300, 200, (x, y) => [x % 256, y, 3]),
          0.25,
          96,
        ),
      ),
      tiffFile([page(small, null)], { bigEndian: true, big: true }),
      await packed({ compression: 'jpeg' }),
      await packed({ compression: 'lzw', predictor: 'horizontal' }),
      await packed({ compression: 'deflate', bigtiff: true }),
      await packed({ compression: 'packbits' }),
    ];
    await survive({ name: 'slides', sources, text: false, read: readAll }, 500);
  });

  it('as ordinary TIFF images: 300', async () => {
    const plain = async (options: TiffOptions) =>
      sharp(small.data, { raw: { width: 150, height: 100, channels: 3 } })
        .tiff(options)
        .toBuffer();
    const wide = Uint16Array.from(small.data, (value) => value * 200);
    const sources = [
      await plain({ compression: 'none' }),
      await plain({ compression: 'lzw' }),
      await plain({ compression: 'jpeg' }),
      await sharp(wide, { raw: { width: 150, height: 100, channels: 3 } })
        .toColourspace('rgb16')
        .tiff({ compression: 'deflate' })
        .toBuffer(),
    ];
    await survive({ name: 'TIFF images', sources, text: false, read: (bytes) => readRaster(bytes, 'a.tif') }, 300);
  });
});
