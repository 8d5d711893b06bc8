/**
 * Frames of a DICOM image as stored samples: native, encapsulated and compressed pixel data, one frame at a time.
 * Samples come out interleaved, without the bits above the stored ones (where old files keep overlays), signed where the
 * header says so. Refused by name: transfer syntaxes not listed here, sizes beyond the limits or the data.
 * Source: DICOM PS3.3 C.7.6.3 (image pixel), PS3.5 8 and annex A (encapsulation).
 */
import type { Samples } from '../../image/volume.ts';
import { CodecError, type CodecName, decodeWithCodec } from './codecs.ts';
import { type DicomFile, type Element, EXPLICIT_BIG, refuseDicom } from './dataset.ts';
import { decodeJpeg, type JpegImage } from './jpeg.ts';
import { JpegDataError } from './jpeg-stream.ts';
import { decodeRle } from './rle.ts';
import { IMAGELESS, TAG } from './tags.ts';
import { number, numbers, text } from './values.ts';

/** Most samples of one frame. */
const MAX_FRAME_SAMPLES = 100_000_000;
/** Most samples of one compressed frame, and most per byte of compressed data beyond the first million. */
const MAX_COMPRESSED_SAMPLES = 50_000_000;
const MAX_SAMPLES_PER_BYTE = 2048;

const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', EXPLICIT_BIG];
const RLE = '1.2.840.10008.1.2.5';
const JPEG = ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70'];
const CODED: Readonly<Record<string, CodecName>> = {
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
  '1.2.840.10008.1.2.4.201': 'htj2k',
  '1.2.840.10008.1.2.4.202': 'htj2k',
  '1.2.840.10008.1.2.4.203': 'htj2k',
};
const READABLE =
  'implicit, explicit, big-endian and deflated VR; RLE; JPEG baseline, extended and lossless; JPEG-LS; JPEG 2000; HTJ2K';

/** How the pixels of an image are stored. */
export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  readonly samples: 1 | 3;
  readonly frames: number;
  readonly photometric: string;
  readonly planar: boolean;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly float: boolean;
}

/** A frame's stored samples `[rows, columns, samples]` and the colour space they are in. */
export interface StoredFrame {
  readonly samples: Samples;
  readonly photometric: string;
  /** Bits that a sample uses. */
  readonly bits: number;
}

/** Reads and checks the description of the pixels; says in words what an object without pixels is. */
export function pixelFormat({ dataset, label }: DicomFile): PixelFormat {
  const uid = text(dataset, TAG.SOPClassUID) ?? '';
  const float = dataset.elements.has(TAG.FloatPixelData);
  if (!float && !dataset.elements.has(TAG.PixelData)) {
    const what = IMAGELESS.find(([start]) => uid.startsWith(start))?.[1];
    const double = dataset.elements.has(TAG.DoubleFloatPixelData) ? ' (64-bit float pixels are not read)' : '';
    const reason = what === undefined ? `it holds no pixels${double}` : `it is ${what} and holds no pixels`;
    return refuseDicom(label, reason, { imageless: true });
  }
  const value = (name: keyof typeof TAG): number => {
    const found = number(dataset, TAG[name]);
    return found ?? refuseDicom(label, `it has no ${name}`);
  };
  const whole = (name: string, found: number, allowed: readonly number[] | null, most = 65535): number => {
    if (allowed !== null ? !allowed.includes(found) : !(Number.isInteger(found) && found >= 1 && found <= most)) {
      refuseDicom(label, `${name} is ${found}; allowed: ${allowed === null ? `1 to ${most}` : allowed.join(', ')}`);
    }
    return found;
  };
  const rows = whole('Rows', value('Rows'), null);
  const columns = whole('Columns', value('Columns'), null);
  const samples = whole('SamplesPerPixel', number(dataset, TAG.SamplesPerPixel) ?? 1, [1, 3]) as 1 | 3;
  const bitsAllocated = whole('BitsAllocated', value('BitsAllocated'), float ? [32] : [1, 8, 16, 32]);
  const bitsStored = float
    ? 32
    : whole('BitsStored', number(dataset, TAG.BitsStored) ?? bitsAllocated, null, bitsAllocated);
  const highBit = number(dataset, TAG.HighBit) ?? bitsStored - 1;
  if (!(highBit >= bitsStored - 1 && highBit < bitsAllocated)) {
    refuseDicom(label, `HighBit is ${highBit}; allowed: ${bitsStored - 1} to ${bitsAllocated - 1}`);
  }
  const frames = whole('NumberOfFrames', number(dataset, TAG.NumberOfFrames) ?? 1, null, 1_000_000);
  if (rows * columns * samples > MAX_FRAME_SAMPLES) {
    refuseDicom(label, `a frame has ${rows * columns * samples} samples; at most ${MAX_FRAME_SAMPLES} are allowed`);
  }
  const format: PixelFormat = {
    rows,
    columns,
    samples,
    frames,
    photometric: text(dataset, TAG.PhotometricInterpretation) ?? (samples === 3 ? 'RGB' : 'MONOCHROME2'),
    planar: number(dataset, TAG.PlanarConfiguration) === 1,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: number(dataset, TAG.PixelRepresentation) === 1,
    float,
  };
  const samplesNeeded = /^(MONOCHROME[12]|PALETTE COLOR)$/.test(format.photometric) ? 1 : 3;
  if (samples !== samplesNeeded) {
    const colours = `its PhotometricInterpretation ${format.photometric} needs ${samplesNeeded}`;
    refuseDicom(label, `it has ${samples} samples a pixel, ${colours}`);
  }
  // A number of frames that the data cannot hold is refused here, before anything is done once per frame.
  const { bytes, fragments } = dataset.elements.get(float ? TAG.FloatPixelData : TAG.PixelData) as Element;
  if (fragments !== undefined && fragments.length - 1 < frames) {
    refuseDicom(label, `it has ${Math.max(0, fragments.length - 1)} fragments for ${frames} frames (truncated?)`);
  }
  const needed = Math.ceil((frameBits(format) * frames) / 8);
  if (fragments === undefined && bytes.byteLength < needed) {
    refuseDicom(label, `its pixel data has ${bytes.byteLength} bytes, ${needed} are needed (truncated?)`);
  }
  return format;
}

/** Whether two pixels share their colours, as YBR_FULL_422 has it where it is not compressed. */
const isHalved = ({ photometric, samples, bitsAllocated }: PixelFormat): boolean =>
  photometric === 'YBR_FULL_422' && samples === 3 && bitsAllocated === 8;

/** Bits of a frame that is not compressed. */
const frameBits = (format: PixelFormat): number =>
  format.rows * format.columns * (isHalved(format) ? 2 : format.samples) * format.bitsAllocated;

/** The bytes of one encapsulated frame, its fragments joined. */
function encapsulated(file: DicomFile, frames: number, index: number): Uint8Array {
  const [table, ...fragments] = file.dataset.elements.get(TAG.PixelData)?.fragments ?? [];
  if (table === undefined || fragments.length === 0) return refuseDicom(file.label, 'its pixel data has no fragments');
  if (frames === 1) return fragments.length === 1 ? fragments[0] : Buffer.concat(fragments);
  if (fragments.length === frames) return fragments[index];
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const extended = numbers(file.dataset, TAG.ExtendedOffsetTable);
  const offset = (i: number): number =>
    extended.length === frames ? extended[i] : 4 * i + 4 <= table.byteLength ? view.getUint32(4 * i, true) : Number.NaN;
  const [start, end] = [offset(index), index + 1 < frames ? offset(index + 1) : Number.POSITIVE_INFINITY];
  let at = 0;
  const parts = fragments.filter((fragment) => {
    const inside = at >= start && at < end;
    at += fragment.byteLength + 8;
    return inside;
  });
  if (parts.length === 0) {
    refuseDicom(file.label, `its ${fragments.length} fragments cannot be told apart into ${frames} frames`);
  }
  return Buffer.concat(parts);
}

/** Stored values of `bits` bits whose topmost is `highBit`, signed or not, in the narrowest type. */
function unpack(raw: ArrayLike<number>, format: PixelFormat, bits: number, highBit: number): Samples {
  const shift = highBit + 1 - bits;
  const up = 32 - bits;
  const { signed } = format;
  const Type =
    bits <= 8
      ? signed
        ? Int8Array
        : Uint8Array
      : bits <= 16
        ? signed
          ? Int16Array
          : Uint16Array
        : signed
          ? Int32Array
          : Uint32Array;
  const out = new Type(raw.length);
  // The shifts cut off what lies above the stored bits, and spread the sign.
  if (signed) for (let i = 0; i < raw.length; i++) out[i] = ((raw[i] >>> shift) << up) >> up;
  else for (let i = 0; i < raw.length; i++) out[i] = ((raw[i] >>> shift) << up) >>> up;
  return out;
}

/** Planes of samples one after another to interleaved samples. */
function interleave<T extends Samples>(planes: T, samples: number): T {
  const pixels = planes.length / samples;
  const out = planes.slice() as T;
  for (let c = 0; c < samples; c++) for (let i = 0; i < pixels; i++) out[i * samples + c] = planes[c * pixels + i];
  return out;
}

/** YBR_FULL_422 as stored: two luminances, then the two colours they share (C.7.6.3.1.2). */
function spread422(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array((bytes.length / 4) * 6);
  for (let from = 0, to = 0; from < bytes.length; from += 4, to += 6) {
    out.set([bytes[from], bytes[from + 2], bytes[from + 3], bytes[from + 1], bytes[from + 2], bytes[from + 3]], to);
  }
  return out;
}

function nativeFrame(file: DicomFile, format: PixelFormat, index: number): StoredFrame {
  const { rows, columns, samples, bitsAllocated, bitsStored, highBit, photometric, float } = format;
  const element = file.dataset.elements.get(float ? TAG.FloatPixelData : TAG.PixelData) as Element;
  const { bytes, vr } = element;
  if (element.fragments !== undefined)
    refuseDicom(file.label, 'its pixel data is in fragments, its transfer syntax has none');
  const count = rows * columns * samples;
  const halved = isHalved(format);
  if (bitsAllocated === 1) {
    // Frames of single bits follow one another without padding.
    const first = index * count;
    const out = Uint8Array.from({ length: count }, (_, i) => (bytes[(first + i) >> 3] >> ((first + i) & 7)) & 1);
    return { samples: out, photometric, bits: 1 };
  }
  const size = frameBits(format) / 8;
  const copy = Buffer.from(new ArrayBuffer(size));
  if (file.dataset.bigEndian && vr === 'OW' && bitsAllocated === 8) {
    // Bytes lie in pairs, turned round (PS3.5, 8.1.1 and 7.3).
    for (let i = 0; i < size; i++) copy[i] = bytes[(index * size + i) ^ 1];
  } else copy.set(bytes.subarray(index * size, (index + 1) * size));
  if (file.dataset.bigEndian && bitsAllocated === 16) copy.swap16();
  if (file.dataset.bigEndian && bitsAllocated === 32) copy.swap32();
  if (float) return { samples: new Float32Array(copy.buffer), photometric, bits: 32 };
  const raw =
    bitsAllocated === 8
      ? new Uint8Array(copy.buffer)
      : bitsAllocated === 16
        ? new Uint16Array(copy.buffer)
        : new Uint32Array(copy.buffer);
  const whole = halved && raw instanceof Uint8Array ? spread422(raw) : raw;
  const stored = unpack(whole, format, bitsStored, highBit);
  const planar = format.planar && samples === 3 && !halved;
  return { samples: planar ? interleave(stored, samples) : stored, photometric, bits: bitsStored };
}

/** The colour space of a JPEG's components: what Adobe's mark says, else what the header says. */
function jpegColours(image: JpegImage, photometric: string): string {
  if (image.adobe === undefined || !/^(RGB|YBR_FULL)/.test(photometric)) return photometric;
  return image.adobe === 0 ? 'RGB' : 'YBR_FULL';
}

/** Decodes frame `index`, counted from 0. */
export async function decodeFrame(file: DicomFile, format: PixelFormat, index: number): Promise<StoredFrame> {
  const { transferSyntax, label } = file;
  if (NATIVE.includes(transferSyntax)) return nativeFrame(file, format, index);
  const { rows, columns, samples, bitsAllocated, photometric } = format;
  const codec = CODED[transferSyntax];
  if (transferSyntax !== RLE && codec === undefined && !JPEG.includes(transferSyntax)) {
    refuseDicom(label, `its transfer syntax ${transferSyntax} is not read; allowed: ${READABLE}`);
  }
  const data = encapsulated(file, format.frames, index);
  const count = rows * columns * samples;
  if (count > MAX_COMPRESSED_SAMPLES || count > 1_000_000 + data.byteLength * MAX_SAMPLES_PER_BYTE) {
    refuseDicom(label, `a frame of ${columns} x ${rows} cannot come from ${data.byteLength} compressed bytes`);
  }
  if (transferSyntax === RLE) {
    if (bitsAllocated === 1) refuseDicom(label, 'RLE of single bits is not read');
    const bytes = decodeRle(data, rows * columns, samples, bitsAllocated / 8, label);
    const raw =
      bitsAllocated === 8
        ? bytes
        : bitsAllocated === 16
          ? new Uint16Array(bytes.buffer)
          : new Uint32Array(bytes.buffer);
    return { samples: unpack(raw, format, format.bitsStored, format.highBit), photometric, bits: format.bitsStored };
  }
  const expected = { width: columns, height: rows, samples };
  try {
    if (codec !== undefined) {
      const decoded = await decodeWithCodec(codec, data, expected);
      // These codecs undo the colour transforms of JPEG 2000 themselves.
      const colours = /^YBR_(RCT|ICT)/.test(photometric) ? 'RGB' : photometric;
      const bits = Math.min(32, Math.max(decoded.bits, format.bitsStored));
      const stored = unpack(decoded.samples, format, bits, bits - 1);
      return { samples: decoded.planar ? interleave(stored, samples) : stored, photometric: colours, bits };
    }
    const image = decodeJpeg(data, expected);
    const bits = image.precision;
    return {
      samples: unpack(image.samples, format, bits, bits - 1),
      photometric: jpegColours(image, photometric),
      bits,
    };
  } catch (error) {
    if (error instanceof JpegDataError || error instanceof CodecError) {
      refuseDicom(label, `its compressed frame ${index} cannot be decoded: ${error.message}`);
    }
    throw error;
  }
}
