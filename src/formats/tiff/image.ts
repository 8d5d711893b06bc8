/**
 * Images inside TIFF files, read by regions: only the tiles or strips that a region touches are read and unpacked, and of those
 * the latest stay in memory, up to 64 MB. 8-bit grey, RGB and YCbCr samples; alpha is left out, tiles that are not there are white.
 * Refused: other samples, palettes, CMYK, planes apart, unknown compressions, tiles or strips of more than 64 MB, tables that do not
 * fit the size.
 * Source: TIFF 6.0, sections 8, 15 (tiles), 14 (differencing).
 */
import { type TiffDirectory, TIFF_TAG as tag, tagData, tagNumber, tagNumbers } from './directory.ts';
import { type ByteSource, refuseTiff } from './source.ts';
import { COMPRESSIONS, decodeTile, isTileError, type TileFormat } from './tile.ts';

const MAX_TILE_BYTES = 1 << 26;
const CACHE_BYTES = 1 << 26;
const MAX_SIDE = 2 ** 31 - 1;

/** An image of a TIFF file that can be read. */
export interface TiffImage extends TileFormat {
  readonly width: number;
  readonly height: number;
  /** Size of its tiles; a strip is a tile as wide as the image. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tiled: boolean;
  /** Where each tile lies and its bytes, row by row of tiles. */
  readonly offsets: Float64Array;
  readonly counts: Float64Array;
}

/** The size of an image, and whether it is in tiles: what can be said of any directory. */
export interface TiffSize {
  readonly width: number;
  readonly height: number;
  readonly tiled: boolean;
}

/** The size of a directory's image; nothing else is checked. */
export async function tiffSize(source: ByteSource, directory: TiffDirectory): Promise<TiffSize> {
  const width = await tagNumber(source, directory, tag.width, 0);
  const height = await tagNumber(source, directory, tag.height, 0);
  return { width, height, tiled: directory.entries.has(tag.tileOffsets) || directory.entries.has(tag.tileWidth) };
}

const PHOTOMETRICS: Readonly<Record<number, string>> = {
  3: 'a palette',
  4: 'a transparency mask',
  5: 'CMYK',
  8: 'L*a*b*',
};

async function sampleFormat(source: ByteSource, directory: TiffDirectory): Promise<TileFormat> {
  const number = (name: number, otherwise: number) => tagNumber(source, directory, name, otherwise);
  const refuse = (reason: string): never => refuseTiff(source.label, reason);
  const samples = await number(tag.samples, 1);
  const bits = await tagNumbers(source, directory, tag.bits);
  const kind = await number(tag.sampleFormat, 1);
  if (kind !== 1 || bits.length === 0 || bits.some((n) => n !== 8)) {
    const named = kind === 3 ? 'float' : kind === 2 ? 'signed' : 'unsigned';
    refuse(`its samples are ${named} of ${bits[0] ?? 1} bits; of slides 8-bit unsigned samples are allowed`);
  }
  if (![1, 3, 4].includes(samples)) refuse(`it has ${samples} samples a pixel; allowed: 1, 3 and 4`);
  if (samples > 1 && (await number(tag.planar, 1)) !== 1)
    refuse('its colour planes are stored apart; allowed: together');
  const compression = await number(tag.compression, 1);
  if (!Object.hasOwn(COMPRESSIONS, compression)) {
    const allowed = [...new Set(Object.values(COMPRESSIONS))].join(', ');
    refuse(`its compression ${compression} is not read; allowed: ${allowed}`);
  }
  const photometric = await number(tag.photometric, samples === 1 ? 1 : 2);
  const decoded = COMPRESSIONS[compression].startsWith('JPEG');
  if (!(samples === 1 ? photometric <= 1 : photometric === 2 || (photometric === 6 && decoded))) {
    refuse(
      `its colours are ${PHOTOMETRICS[photometric] ?? `of kind ${photometric}`}; allowed: grey, RGB, YCbCr in JPEG`,
    );
  }
  const predictor = await number(tag.predictor, 1);
  if (predictor !== 1 && predictor !== 2) refuse(`its predictor ${predictor} is not read; allowed: 1, 2`);
  return {
    samples,
    compression,
    photometric,
    differences: predictor === 2 && !decoded,
    jpegTables: await tagData(source, directory, tag.jpegTables),
  };
}

/** The image of a directory; everything that reading it needs is checked here. */
export async function openTiffImage(source: ByteSource, directory: TiffDirectory): Promise<TiffImage> {
  const refuse = (reason: string): never => refuseTiff(source.label, reason);
  const { width, height, tiled } = await tiffSize(source, directory);
  if (!(width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE)) {
    refuse(`it is damaged: its size is ${width} x ${height}`);
  }
  const format = await sampleFormat(source, directory);
  const number = (name: number, otherwise: number) => tagNumber(source, directory, name, otherwise);
  const tileWidth = tiled ? await number(tag.tileWidth, 0) : width;
  const tileHeight = tiled ? await number(tag.tileHeight, 0) : Math.min(height, await number(tag.rowsPerStrip, height));
  if (!(tileWidth >= 1 && tileHeight >= 1)) refuse(`it is damaged: its tiles are ${tileWidth} x ${tileHeight}`);
  if (tileWidth * tileHeight * format.samples > MAX_TILE_BYTES) {
    const what = tiled ? 'tiles' : 'strips';
    refuse(`its ${what} are ${tileWidth} x ${tileHeight} pixels; at most ${MAX_TILE_BYTES} bytes are allowed in one`);
  }
  const [offsetTag, countTag] = tiled ? [tag.tileOffsets, tag.tileCounts] : [tag.stripOffsets, tag.stripCounts];
  const offsets = await tagNumbers(source, directory, offsetTag);
  const counts = await tagNumbers(source, directory, countTag);
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  if (offsets.length !== tiles || counts.length !== tiles) {
    refuse(`it is damaged: ${offsets.length} offsets and ${counts.length} lengths for ${tiles} tiles`);
  }
  return { ...format, width, height, tiled, tileWidth, tileHeight, offsets, counts };
}

/** Unpacked tiles, the latest last. */
export interface TileCache {
  get(key: string): Uint8Array | undefined;
  put(key: string, tile: Uint8Array): void;
}

/** A cache that forgets the tiles that were not used for the longest time. */
export function createTileCache(): TileCache {
  const tiles = new Map<string, Uint8Array>();
  let bytes = 0;
  return {
    get(key) {
      const tile = tiles.get(key);
      if (tile !== undefined) {
        tiles.delete(key);
        tiles.set(key, tile);
      }
      return tile;
    },
    put(key, tile) {
      tiles.set(key, tile);
      bytes += tile.length;
      for (const [old, { length }] of tiles) {
        if (bytes <= CACHE_BYTES || old === key) break;
        tiles.delete(old);
        bytes -= length;
      }
    },
  };
}

async function readTile(source: ByteSource, image: TiffImage, column: number, row: number): Promise<Uint8Array | null> {
  const { width, height, tileWidth, tileHeight, tiled, samples } = image;
  const at = row * Math.ceil(width / tileWidth) + column;
  const count = image.counts[at];
  if (count === 0) return null;
  const rows = tiled ? tileHeight : Math.min(tileHeight, height - row * tileHeight);
  // packed data are hardly ever larger than what they hold
  if (count > 2 * tileWidth * rows * samples + 65536) {
    refuseTiff(source.label, `it is damaged: tile ${at} is said to take ${count} bytes`);
  }
  const packed = await source.read(image.offsets[at], count);
  try {
    return await decodeTile(packed, tileWidth, rows, image);
  } catch (error) {
    if (!isTileError(error)) throw error;
    return refuseTiff(source.label, `tile ${at} (column ${column}, row ${row}): ${error.message}`, error);
  }
}

/** A part of an image as 8-bit RGB `[height, width, 3]`; it has to lie in the image. `name` tells images of one cache apart. */
export async function readTiffRegion(
  source: ByteSource,
  image: TiffImage,
  region: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  cache: TileCache,
  name: string,
): Promise<Uint8Array> {
  const { tileWidth, tileHeight, samples } = image;
  const { left, top, width, height } = region;
  const out = new Uint8Array(width * height * 3).fill(255);
  const [green, blue] = samples === 1 ? [0, 0] : [1, 2];
  for (let row = Math.floor(top / tileHeight); row * tileHeight < top + height; row++) {
    for (let column = Math.floor(left / tileWidth); column * tileWidth < left + width; column++) {
      const key = `${name}:${column}:${row}`;
      let tile = cache.get(key);
      if (tile === undefined) {
        tile = (await readTile(source, image, column, row)) ?? undefined;
        if (tile === undefined) continue;
        cache.put(key, tile);
      }
      const [x0, x1] = [Math.max(left, column * tileWidth), Math.min(left + width, (column + 1) * tileWidth)];
      const [y0, y1] = [Math.max(top, row * tileHeight), Math.min(top + height, (row + 1) * tileHeight)];
      for (let y = y0; y < y1; y++) {
        let from = ((y - row * tileHeight) * tileWidth + x0 - column * tileWidth) * samples;
        let to = ((y - top) * width + x0 - left) * 3;
        for (let x = x0; x < x1; x++, from += samples, to += 3) {
          out[to] = tile[from];
          out[to + 1] = tile[from + green];
          out[to + 2] = tile[from + blue];
        }
      }
    }
  }
  return out;
}
