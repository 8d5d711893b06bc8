/**
 * JPEG tiles of TIFF, decoded by libjpeg-turbo: the tables that all tiles share are joined to each tile's own data, and the colour
 * space is told by TIFF's photometric interpretation alone (an Adobe marker is put in for the decoder, others are dropped).
 * The size in the frame header is compared with the tile's before anything is decoded.
 * Source: TIFF Technical Note 2; ITU-T T.81, annex B; T.872, 6.5.3 (Adobe marker).
 */
import sharp from 'sharp';

/** Thrown where a tile cannot be decoded; the border turns it into the file's error. */
export class TileError extends Error {}

const SOI = Uint8Array.of(0xff, 0xd8);

const adobe = (transform: 0 | 1): Uint8Array =>
  Uint8Array.of(0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform);

/** The marker segments of a stream before its scans, without applications' own and comments; then the scans. */
function segments(data: Uint8Array): { readonly head: Uint8Array[]; readonly scans: Uint8Array | null } {
  const head: Uint8Array[] = [];
  if (data.length < 2 || data[0] !== 0xff || data[1] !== 0xd8) throw new TileError('its JPEG data have no start');
  let at = 2;
  while (at + 4 <= data.length) {
    const marker = data[at + 1];
    if (data[at] !== 0xff) throw new TileError('its JPEG data are damaged');
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === 0xd9) return { head, scans: null };
    if (marker === 0xda) return { head, scans: data.subarray(at) };
    const length = data[at + 2] * 256 + data[at + 3];
    if (length < 2 || at + 2 + length > data.length) throw new TileError('its JPEG data are damaged');
    const own = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
    if (!own) head.push(data.subarray(at, at + 2 + length));
    at += 2 + length;
  }
  return { head, scans: null };
}

/** Width, height and components of the frame header; refuses (`TileError`) other JPEG than 8-bit baseline, extended or progressive. */
function frameSize(head: readonly Uint8Array[]): readonly [number, number, number] {
  const frames = head.filter(
    ({ 1: marker }) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker),
  );
  const [frame] = frames;
  if (frames.length !== 1 || frame.length < 10) throw new TileError('its JPEG data have no usable frame header');
  if (frame[1] > 0xc2 || frame[4] !== 8)
    throw new TileError('its JPEG data are not of 8 bits in baseline or progressive mode');
  return [frame[7] * 256 + frame[8], frame[5] * 256 + frame[6], frame[9]];
}

/** Decodes a tile of `width` x `height` pixels to interleaved samples, grey or RGB. */
export async function decodeJpegTile(
  data: Uint8Array,
  tables: Uint8Array | null,
  { width, height, samples }: { readonly width: number; readonly height: number; readonly samples: number },
  ycbcr: boolean,
): Promise<Uint8Array> {
  const own = segments(data);
  const head = [...(tables === null ? [] : segments(tables).head), ...own.head];
  const [w, h, components] = frameSize(head);
  if (w !== width || h !== height || components !== samples || (samples !== 1 && samples !== 3)) {
    const stated = `${w} x ${h} with ${components} components`;
    throw new TileError(`its JPEG data are ${stated}, its header says ${width} x ${height} with ${samples}`);
  }
  if (own.scans === null) throw new TileError('its JPEG data end early');
  const colour = samples === 3 ? [adobe(ycbcr ? 1 : 0)] : [];
  const stream = Buffer.concat([SOI, ...colour, ...head, own.scans]);
  try {
    const image = sharp(stream, { failOn: 'error', limitInputPixels: width * height });
    const pixels = await (samples === 1 ? image.toColourspace('b-w') : image).raw().toBuffer();
    if (pixels.length === width * height * samples) return pixels;
  } catch {
    // told below, in the same words
  }
  throw new TileError('its JPEG data are damaged or truncated');
}
