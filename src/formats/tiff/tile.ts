/**
 * One tile or strip of a TIFF image: packed bytes to interleaved 8-bit samples. Not packed, LZW, deflate, PackBits, JPEG, and JPEG 2000
 * as Aperio writes it; horizontal differencing is undone. Nothing is unpacked to more than the tile's size.
 */
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { CodecError, decodeWithCodec } from '../dicom/codecs.ts';
import { decodeJpegTile, TileError } from './jpeg.ts';
import { unpackLzw } from './lzw.ts';

/** How the tiles of an image are packed. */
export interface TileFormat {
  readonly samples: number;
  readonly compression: number;
  readonly photometric: number;
  /** Whether each sample is kept as its difference from the one to its left. */
  readonly differences: boolean;
  readonly jpegTables: Uint8Array | null;
}

export const COMPRESSIONS: Readonly<Record<number, string>> = {
  1: 'none',
  5: 'LZW',
  7: 'JPEG',
  8: 'deflate',
  32773: 'PackBits',
  32946: 'deflate',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
};

const YCBCR = 6;
/** Aperio's JPEG 2000 of YCbCr components. */
const APERIO_YCBCR = 33003;

function unpackBits(packed: Uint8Array, size: number): Uint8Array | null {
  const out = new Uint8Array(size);
  let [at, filled] = [0, 0];
  while (filled < size) {
    if (at >= packed.length) return null;
    const n = (packed[at++] << 24) >> 24;
    if (n === -128) continue;
    const length = Math.min(n < 0 ? 1 - n : n + 1, size - filled);
    if (n < 0) out.fill(packed[at++] ?? 0, filled, filled + length);
    else out.set(packed.subarray(at, at + length), filled);
    if (n >= 0) at += n + 1;
    if (at > packed.length) return null;
    filled += length;
  }
  return out;
}

async function unpackDeflate(packed: Uint8Array, size: number): Promise<Uint8Array | null> {
  const out = await promisify(inflate)(packed, { maxOutputLength: size }).catch(() => null);
  return out?.length === size ? out : null;
}

const clamp = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value));

/** Full-range YCbCr (ITU-T T.871) to RGB, in place. */
function toRgbInPlace(data: Uint8Array): Uint8Array {
  for (let i = 0; i < data.length; i += 3) {
    const [y, cb, cr] = [data[i], data[i + 1] - 128, data[i + 2] - 128];
    data[i] = clamp(y + 1.402 * cr);
    data[i + 1] = clamp(y - 0.344136 * cb - 0.714136 * cr);
    data[i + 2] = clamp(y + 1.772 * cb);
  }
  return data;
}

async function decodeJpeg2000(
  packed: Uint8Array,
  width: number,
  height: number,
  format: TileFormat,
): Promise<Uint8Array> {
  const { samples, bits } = await decodeWithCodec('jpeg-2000', packed, { width, height, samples: format.samples });
  if (bits !== 8 || !(samples instanceof Uint8Array)) throw new TileError(`its JPEG 2000 data are of ${bits} bits`);
  const ycbcr = format.samples === 3 && format.compression === APERIO_YCBCR;
  return ycbcr ? toRgbInPlace(samples) : samples;
}

async function unpack(packed: Uint8Array, width: number, height: number, format: TileFormat): Promise<Uint8Array> {
  const { samples, compression, photometric, jpegTables } = format;
  const size = width * height * samples;
  const name = COMPRESSIONS[compression];
  if (name === 'JPEG') {
    return decodeJpegTile(packed, jpegTables, { width, height, samples }, photometric === YCBCR);
  }
  if (name === 'JPEG 2000') return decodeJpeg2000(packed, width, height, format);
  const out =
    name === 'LZW'
      ? unpackLzw(packed, size)
      : name === 'deflate'
        ? await unpackDeflate(packed, size)
        : name === 'PackBits'
          ? unpackBits(packed, size)
          : packed.length >= size
            ? packed.slice(0, size)
            : null;
  if (out === null) throw new TileError('its data are damaged or truncated');
  return out;
}

/** Unpacks a tile of `width` x `height` pixels; throws `TileError` or `CodecError` with the reason. */
export async function decodeTile(
  packed: Uint8Array,
  width: number,
  height: number,
  format: TileFormat,
): Promise<Uint8Array> {
  const data = await unpack(packed, width, height, format);
  const { samples, differences, photometric } = format;
  if (differences) {
    const row = width * samples;
    for (let start = 0; start < data.length; start += row) {
      for (let i = start + samples; i < start + row; i++) data[i] += data[i - samples];
    }
  }
  if (photometric === 0 && samples === 1) for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return data;
}

/** Whether an error says that a tile's data cannot be decoded. */
export const isTileError = (error: unknown): error is Error =>
  error instanceof TileError || error instanceof CodecError;
