/**
 * Ordinary image files, and the one door to sharp: PNG, JPEG, WebP and TIFF in, PNG out.
 * 8-bit and 16-bit samples are kept exactly, as are float samples of grey TIFF; palettes become RGB, 1-bit becomes 0 and 255, CMYK becomes
 * sRGB, other colour profiles are ignored (as the published code's reader does), EXIF orientation is applied. Grey with alpha becomes RGBA.
 * GIF (one page) and BMP are read where `allowed` names them, as old data sets have their masks in them.
 * Refused with a one-line `input` error: anything else by name, damaged or truncated data, several pages in a file, more than 100 megapixels.
 * sharp hands out 8 bits of 16-bit data unless both the colour space and the depth are asked for: see `decodePlan`.
 */
import sharp, { type Metadata } from 'sharp';
import type { Image, Mask } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
import { decodeBmp, isBmp } from './bmp.ts';
import { encodeMaskPng } from './mask-png.ts';

/** Largest number of pixels that is decoded. */
export const MAX_PIXELS = 100_000_000;
/** The file formats that can be read, as errors name them. */
export const RASTER_FORMATS = 'PNG, JPEG, WebP, TIFF';

// Every file is read once: libvips' cache of operations would only hold memory.
sharp.cache(false);

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** The allowed format that the first bytes announce, or in words what the bytes seem to be. */
function sniff(bytes: Uint8Array, allowed: string): { format: string } | { other: string } {
  const start = ascii(bytes, 0, 16);
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return { format: 'PNG' };
  if (start.startsWith('\xff\xd8\xff')) return { format: 'JPEG' };
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return { format: 'WebP' };
  if (/^(II[*+]\0|MM\0[*+])/.test(start)) return { format: 'TIFF' };
  if (start.startsWith('GIF8')) return allowed.includes('GIF') ? { format: 'GIF' } : { other: 'a GIF' };
  if (start.startsWith('%PDF')) return { other: 'a PDF' };
  if (start.startsWith('BM')) return { other: 'a BMP' };
  if (start.startsWith('PK\x03\x04')) return { other: 'a zip archive' };
  if (start.startsWith('\x1f\x8b')) return { other: 'gzip data' };
  if (start.slice(4, 8) === 'jP  ') return { other: 'a JPEG 2000' };
  if (start.slice(4, 8) === 'ftyp') return { other: 'an AVIF, HEIF or video file' };
  if (ascii(bytes, 128, 132) === 'DICM') return { other: 'a DICOM file' };
  const text = ascii(bytes, 0, 512);
  if (/^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(text)) return { other: /<svg\b/i.test(text) ? 'an SVG' : 'text' };
  return { other: 'of an unknown format' };
}

function refuse(label: string, reason: string, cause?: unknown): never {
  throw new BiomedParseError('input', `cannot read ${label}: ${reason}`, { file: label }, cause);
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0].trim();

interface DecodePlan {
  readonly space: 'b-w' | 'grey16' | 'rgb16' | 'srgb';
  readonly depth: 'uchar' | 'ushort' | 'float';
}

/** What to ask of sharp so that the samples come out as they are stored. */
function decodePlan(header: Metadata, label: string): DecodePlan {
  const grey = header.channels === 1 || header.channels === 2;
  switch (header.depth) {
    case 'uchar':
      // Asked for 'b-w', sharp would drop the alpha of grey with alpha.
      return { space: header.channels === 1 ? 'b-w' : 'srgb', depth: 'uchar' };
    case 'ushort':
      if (header.space === 'grey16' || header.space === 'rgb16') {
        return { space: grey ? 'grey16' : 'rgb16', depth: 'ushort' };
      }
      return { space: 'srgb', depth: 'uchar' };
    case 'float':
      if (header.channels === 1) return { space: 'b-w', depth: 'float' };
  }
  refuse(
    label,
    `its samples are of type ${header.depth} in ${header.channels} channels; allowed: 8- and 16-bit unsigned, and float in one channel`,
  );
}

/** Two channels (grey, alpha) as four; other counts as they are. */
function widen<T extends Uint8Array | Uint16Array | Float32Array>(
  data: T,
  channels: number,
  make: (n: number) => T,
): T {
  if (channels !== 2) return data;
  const out = make(data.length * 2);
  for (let i = 0; i < data.length; i += 2) {
    out[2 * i] = data[i];
    out[2 * i + 1] = data[i];
    out[2 * i + 2] = data[i];
    out[2 * i + 3] = data[i + 1];
  }
  return out;
}

async function decode(bytes: Uint8Array, format: string, label: string): Promise<Image> {
  let header: Metadata;
  try {
    header = await sharp(bytes, { limitInputPixels: false, failOn: 'error' }).metadata();
  } catch (error) {
    refuse(label, `its ${format} header is damaged or truncated (${firstLine(error)})`, error);
  }
  const { width, height } = header;
  if (width * height > MAX_PIXELS) {
    const limit = MAX_PIXELS / 1e6;
    refuse(
      label,
      `it has ${width} x ${height} pixels (${Math.round((width * height) / 1e6)} megapixels); at most ${limit} megapixels are allowed`,
    );
  }
  if ((header.pages ?? 1) > 1) refuse(label, `it holds ${header.pages} pages; one image per file is allowed`);
  if (header.channels > 4 && header.space !== 'cmyk') {
    refuse(label, `it has ${header.channels} channels; allowed: grey, RGB, with or without alpha, and CMYK`);
  }

  const plan = decodePlan(header, label);
  const ignoreIcc = header.space !== 'cmyk';
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc })
      .autoOrient()
      .toColourspace(plan.space)
      .raw({ depth: plan.depth })
      .toBuffer({ resolveWithObject: true });
    const size = { width: info.width, height: info.height };
    const channels = info.channels === 2 ? 4 : (info.channels as 1 | 3 | 4);
    const samples = info.width * info.height * info.channels;
    if (plan.depth === 'uchar') {
      const pixels = new Uint8Array(data.buffer, data.byteOffset, samples);
      return { data: widen(pixels, info.channels, (n) => new Uint8Array(n)), ...size, channels };
    }
    // sharp's buffer starts anywhere: copied, so that wider samples are aligned.
    const copy = new Uint8Array(data).buffer;
    if (plan.depth === 'float') return { data: new Float32Array(copy, 0, samples), ...size, channels };
    return {
      data: widen(new Uint16Array(copy, 0, samples), info.channels, (n) => new Uint16Array(n)),
      ...size,
      channels,
    };
  } catch (error) {
    refuse(label, `its ${format} data is damaged or truncated (${firstLine(error)})`, error);
  }
}

/** Reads an image from a path or from bytes; `label` names bytes in errors, `allowed` the formats that they may have. */
export async function readRaster(
  source: string | Uint8Array,
  label?: string,
  allowed = RASTER_FORMATS,
): Promise<Image> {
  const name = label ?? (typeof source === 'string' ? source : 'image bytes');
  const bytes = typeof source === 'string' ? await readFileChecked(source) : source;
  if (bytes.byteLength === 0) refuse(name, `the file is empty (0 bytes); allowed: ${allowed}`);
  if (isBmp(bytes) && allowed.includes('BMP')) return decodeBmp(bytes, name);
  const kind = sniff(bytes, allowed);
  if ('other' in kind) refuse(name, `it is ${kind.other}; allowed: ${allowed}`);
  return decode(bytes, kind.format, name);
}

/** Width and height of an image file as `readRaster` would give them, from its header alone. */
export async function readRasterSize(source: string | Uint8Array, label?: string): Promise<[number, number]> {
  const name = label ?? (typeof source === 'string' ? source : 'image bytes');
  const bytes = typeof source === 'string' ? await readFileChecked(source) : source;
  const kind = sniff(bytes, RASTER_FORMATS);
  if ('other' in kind) refuse(name, `it is ${kind.other}; allowed: ${RASTER_FORMATS}`);
  try {
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return [autoOrient.width, autoOrient.height];
  } catch (error) {
    refuse(name, `its ${kind.format} header is damaged or truncated (${firstLine(error)})`, error);
  }
}

/** Reads a mask: every pixel with a colour sample that is not 0 is inside; alpha does not count. */
export async function readMask(source: string | Uint8Array, label?: string): Promise<Mask> {
  const { data, width, height, channels } = await readRaster(source, label);
  const mask = new Uint8Array(width * height);
  const colours = Math.min(channels, 3);
  for (let i = 0; i < mask.length; i++) {
    for (let c = 0; c < colours; c++) if (data[i * channels + c] !== 0) mask[i] = 1;
  }
  return { data: mask, width, height };
}

/** PNG bytes of an 8-bit grey, RGB or RGBA image; the number of channels is kept. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { data, width, height, channels } = image;
  if (!(data instanceof Uint8Array) || data.length !== width * height * channels) {
    throw new BiomedParseError(
      'internal',
      `only 8-bit images of full size can be written as PNG, not ${width} x ${height}`,
    );
  }
  const png = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  return await (channels === 1 ? png.toColourspace('b-w') : png).png({ compressionLevel: 6 }).toBuffer();
}

/** Writes an 8-bit image as PNG, whole or not at all. */
export async function writePng(path: string, image: Image): Promise<void> {
  await writeFileAtomic(path, await encodePng(image));
}

/** Writes a mask as PNG (0 and 255), whole or not at all. */
export async function writeMaskPng(path: string, mask: Mask): Promise<void> {
  await writeFileAtomic(path, encodeMaskPng(mask));
}

/** PNG bytes of a label map `[height, width]`: one channel of 16 bits, 0 is background. */
export async function encodeLabelPng(labels: Uint16Array, width: number, height: number): Promise<Uint8Array> {
  if (labels.length !== width * height) {
    throw new BiomedParseError('internal', `${labels.length} labels do not fill ${width} x ${height} pixels`);
  }
  const png = sharp(labels, { raw: { width, height, channels: 1 }, limitInputPixels: false });
  return await png.toColourspace('grey16').png({ compressionLevel: 6 }).toBuffer();
}

/** Writes a label map as 16-bit PNG, whole or not at all. */
export async function writeLabelPng(path: string, labels: Uint16Array, width: number, height: number): Promise<void> {
  await writeFileAtomic(path, await encodeLabelPng(labels, width, height));
}
