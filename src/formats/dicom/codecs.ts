/**
 * The one door to the WebAssembly codecs: JPEG-LS (CharLS), JPEG 2000 (OpenJPEG), High-Throughput JPEG 2000 (OpenJPH).
 * The size in the code stream is compared with what the DICOM header says before a codec sees it, so that no codec
 * allocates on a lying file's word. A codec that failed is thrown away with its memory; the next frame gets a new one.
 * Source: ITU-T T.87 (JPEG-LS frame header), T.800 (SIZ marker), T.814.
 */

/** A decoder object inside a codec's memory. */
interface Decoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned?: boolean;
  };
  /** Of JPEG-LS: 0 where colours lie in scans of their own, one after another. */
  getInterleaveMode?(): number;
  delete(): void;
}

type DecoderName = 'J2KDecoder' | 'JpegLSDecoder' | 'HTJ2KDecoder';
type Codec = Readonly<Record<DecoderName, new () => Decoder>>;
/** Opens a codec. */
export type CodecFactory = (options?: { print?: () => void; printErr?: () => void }) => Promise<Codec>;

export type CodecName = 'jpeg-ls' | 'jpeg-2000' | 'htj2k';

const CODECS: Readonly<Record<CodecName, { readonly decoder: DecoderName; load(): Promise<CodecFactory> }>> = {
  'jpeg-ls': {
    decoder: 'JpegLSDecoder',
    load: async () => (await import('@cornerstonejs/codec-charls/decodewasmjs')).default,
  },
  'jpeg-2000': {
    decoder: 'J2KDecoder',
    load: async () => (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default,
  },
  htj2k: {
    decoder: 'HTJ2KDecoder',
    load: async () => (await import('@cornerstonejs/codec-openjph/wasmjs')).default,
  },
};

const open = new Map<CodecName, Promise<Codec>>();

function codec(name: CodecName): Promise<Codec> {
  let opened = open.get(name);
  if (opened === undefined) {
    const quiet = { print: () => undefined, printErr: () => undefined };
    opened = CODECS[name].load().then((create) => create(quiet));
    open.set(name, opened);
  }
  return opened;
}

/** Size and depth that a code stream declares. */
interface StreamSize {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

/** Reads the SIZ marker of JPEG 2000, which follows the start of the code stream; null if it is not there. */
function j2kSize(data: Uint8Array): StreamSize | null {
  // The code stream may be wrapped in boxes (JP2), though the standard does not allow it.
  const start = Buffer.from(data.subarray(0, 4096)).indexOf(Uint8Array.of(0xff, 0x4f, 0xff, 0x51));
  if (start < 0 || start + 43 > data.length) return null;
  const view = new DataView(data.buffer, data.byteOffset + start);
  const [x1, y1, x0, y0] = [8, 12, 16, 20].map((at) => view.getUint32(at));
  return { width: x1 - x0, height: y1 - y0, components: view.getUint16(40), bits: (view.getUint8(42) & 127) + 1 };
}

/** Reads the frame header of JPEG-LS; null if it is not there. */
function jlsSize(data: Uint8Array): StreamSize | null {
  for (let at = 2; at + 10 <= data.length && data[at] === 0xff; ) {
    if (data[at + 1] === 0xf7) {
      return {
        bits: data[at + 4],
        height: data[at + 5] * 256 + data[at + 6],
        width: data[at + 7] * 256 + data[at + 8],
        components: data[at + 9],
      };
    }
    at += 2 + data[at + 2] * 256 + data[at + 3];
  }
  return null;
}

/** Thrown where a code stream cannot be decoded; the border turns it into the file's error. */
export class CodecError extends Error {}

/** A decoded frame. */
export interface DecodedFrame {
  /** Whether the colours lie one after another; else samples are interleaved. */
  readonly planar: boolean;
  readonly samples: Uint8Array | Uint16Array | Int16Array;
  readonly bits: number;
}

/** Decodes one frame of an expected size. */
export async function decodeWithCodec(
  name: CodecName,
  data: Uint8Array,
  expected: { readonly width: number; readonly height: number; readonly samples: number },
): Promise<DecodedFrame> {
  const size = name === 'jpeg-ls' ? jlsSize(data) : j2kSize(data);
  if (size === null) throw new CodecError('its code stream has no usable header');
  const { width, height, samples } = expected;
  if (size.width !== width || size.height !== height || size.components !== samples || size.bits > 16) {
    throw new CodecError(
      `its code stream is ${size.width} x ${size.height} with ${size.components} components of ${size.bits} bits, the header says ${width} x ${height} with ${samples}`,
    );
  }
  const module = await codec(name);
  try {
    const decoder = new module[CODECS[name].decoder]();
    decoder.getEncodedBuffer(data.byteLength).set(data);
    decoder.decode();
    const info = decoder.getFrameInfo();
    // A copy: the codec's memory goes back with the decoder.
    const bytes = new Uint8Array(decoder.getDecodedBuffer());
    const planar = samples > 1 && decoder.getInterleaveMode?.() === 0;
    decoder.delete();
    const wide = info.bitsPerSample > 8;
    if (bytes.byteLength !== width * height * samples * (wide ? 2 : 1)) {
      throw new CodecError('its code stream gives fewer samples than its header says');
    }
    const typed = !wide ? bytes : info.isSigned ? new Int16Array(bytes.buffer) : new Uint16Array(bytes.buffer);
    return { samples: typed, planar, bits: info.bitsPerSample };
  } catch (error) {
    open.delete(name);
    if (error instanceof CodecError) throw error;
    throw new CodecError('its compressed data is damaged or truncated');
  }
}
