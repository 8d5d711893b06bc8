/**
 * Windows bitmaps (BMP), in: uncompressed, of 1, 4 and 8 bits with a palette, 24 and 32 bits, from below or from above. Grey palettes give grey, others
 * RGB; alpha is dropped, as few programs write it. Refused (`input`): compressed bitmaps, 16 bits, sizes beyond the file or the limit.
 * sharp reads none, and fast-bmp takes palettes for grey levels. Source: Microsoft, Bitmap Storage (BITMAPINFOHEADER).
 */
import type { Image } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';

const MAX_PIXELS = 100_000_000;

/** Whether bytes start as a bitmap does. */
export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/** Reads a bitmap held in memory; `label` names it in errors. */
export function decodeBmp(bytes: Uint8Array, label: string): Image {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `cannot read ${label}: it is a BMP, ${reason}`, { file: label });
  };
  if (!isBmp(bytes) || bytes.byteLength < 54) refuse('damaged or truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const header = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const rows = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(rows);
  if (header < 40) refuse('of a form older than BITMAPINFOHEADER');
  if (![1, 4, 8, 24, 32].includes(bits)) refuse(`of ${bits} bits; allowed: 1, 4, 8, 24, 32`);
  // bit fields in the usual order are what 32 bits have anyway
  if (compression !== 0 && !(compression === 3 && bits === 32)) refuse('compressed, which is not read');
  if (!(width > 0 && height > 0 && width * height <= MAX_PIXELS)) refuse(`of ${width} x ${height} pixels`);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.byteLength) {
    refuse(`truncated: it has ${bytes.byteLength} bytes, ${start + stride * height} are needed`);
  }
  const line = (y: number): number => start + (rows > 0 ? height - 1 - y : y) * stride;
  if (bits >= 24) {
    const data = new Uint8Array(width * height * 3);
    const step = bits / 8;
    for (let y = 0, to = 0; y < height; y++) {
      for (let at = line(y), x = 0; x < width; x++, at += step) {
        data[to++] = bytes[at + 2];
        data[to++] = bytes[at + 1];
        data[to++] = bytes[at];
      }
    }
    return { data, width, height, channels: 3 };
  }
  const colours = Math.min(2 ** bits, view.getUint32(46, true) || 2 ** bits);
  const palette = 14 + header;
  if (palette + 4 * colours > start) refuse('its palette lies in its pixels');
  const grey = Array.from({ length: colours }, (_, i) => bytes.subarray(palette + 4 * i, palette + 4 * i + 3)).every(
    ([b, g, r]) => b === g && g === r,
  );
  const channels = grey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = x * bits;
      const index = (bytes[line(y) + (place >> 3)] >> (8 - bits - (place & 7))) & (2 ** bits - 1);
      if (index >= colours) refuse(`pixel ${x}, ${y} has no colour in its palette`);
      for (let c = 0; c < channels; c++) data[to++] = bytes[palette + 4 * index + 2 - c];
    }
  }
  return { data, width, height, channels };
}
