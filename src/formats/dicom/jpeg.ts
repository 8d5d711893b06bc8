/**
 * JPEG as DICOM uses it: sequential DCT with Huffman codes, 8 and 12 bits (processes 1, 2 and 4), and lossless, 2 to 16
 * bits, all predictors (process 14). A decoder of our own: no npm package reads 12 bits, and what DICOM needs are the
 * components as coded, without a guess at the colour space. The colour space is told apart by the DICOM header.
 * Refused: progressive, arithmetic and hierarchical JPEG, sizes other than expected, damaged or truncated data.
 * Source: ITU-T T.81.
 */
import { decodeDctScan, finishDct } from './jpeg-dct.ts';
import { decodeLosslessScan } from './jpeg-lossless.ts';
import { BitReader, type HuffmanTable, huffmanTable, JpegDataError } from './jpeg-stream.ts';

/** One component of a frame. */
export interface JpegComponent {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
  readonly quantisation: number;
  /** Samples per line and lines that are stored, whole blocks of whole units. */
  readonly stride: number;
  readonly lines: number;
  readonly samples: Uint16Array;
}

export interface JpegFrame {
  readonly lossless: boolean;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  /** Largest sampling factors. */
  readonly hMax: number;
  readonly vMax: number;
  readonly components: readonly JpegComponent[];
}

/** One scan: its components with their tables, and the numbers of its header. */
export interface JpegScan {
  readonly parts: readonly {
    readonly component: JpegComponent;
    readonly dc: HuffmanTable;
    readonly ac: HuffmanTable;
  }[];
  /** Lossless: the predictor. */
  readonly start: number;
  /** Lossless: the point transform. */
  readonly shift: number;
  /** Units between restart markers, 0: none. */
  readonly restartInterval: number;
}

/** What is decoded: interleaved samples of `precision` bits. */
export interface JpegImage {
  readonly samples: Uint16Array;
  readonly precision: number;
  /** Adobe's mark of the colour transform: 0 none, 1 YCbCr; undefined without the mark. */
  readonly adobe: number | undefined;
}

const OTHER_FRAMES: Readonly<Record<number, string>> = {
  194: 'progressive',
  197: 'hierarchical',
  198: 'hierarchical',
  199: 'hierarchical',
  201: 'arithmetic',
  202: 'arithmetic',
  203: 'arithmetic',
};

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
}

function parseFrame(body: Uint8Array, marker: number, expected: Expected): JpegFrame {
  const lossless = marker === 0xc3;
  const precision = body[0];
  const [height, width, count] = [body[1] * 256 + body[2], body[3] * 256 + body[4], body[5]];
  if (width !== expected.width || height !== expected.height || count !== expected.samples) {
    throw new JpegDataError(
      `it is ${width} x ${height} with ${count} components, the header says ${expected.width} x ${expected.height} with ${expected.samples}`,
    );
  }
  const allowed = lossless ? precision >= 2 && precision <= 16 : precision === 8 || precision === 12;
  if (!allowed || body.length < 6 + 3 * count) throw new JpegDataError(`its samples have ${precision} bits`);
  const raw = Array.from({ length: count }, (_, i) => {
    const [id, factors, quantisation] = body.subarray(6 + 3 * i, 9 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15, quantisation };
  });
  if (raw.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4 || (lossless && (h !== 1 || v !== 1)))) {
    throw new JpegDataError('its sampling factors are not usable');
  }
  const [hMax, vMax] = [Math.max(...raw.map((c) => c.h)), Math.max(...raw.map((c) => c.v))];
  const components = raw.map((component) => {
    const stride = lossless ? width : Math.ceil(width / (8 * hMax)) * 8 * component.h;
    const lines = lossless ? height : Math.ceil(height / (8 * vMax)) * 8 * component.v;
    return { ...component, stride, lines, samples: new Uint16Array(stride * lines) };
  });
  return { lossless, precision, width, height, hMax, vMax, components };
}

/** Decodes one JPEG image of an expected size; throws `JpegDataError`. */
export function decodeJpeg(data: Uint8Array, expected: Expected): JpegImage {
  const quantisation: (Uint16Array | undefined)[] = [];
  const tables = new Map<number, HuffmanTable>(); // class * 16 + slot
  let frame: JpegFrame | undefined;
  let restartInterval = 0;
  let adobe: number | undefined;
  let scans = 0;
  if (data[0] !== 0xff || data[1] !== 0xd8) throw new JpegDataError('it does not start as a JPEG');
  for (let at = 2; ; ) {
    while (data[at] === 0xff && data[at + 1] === 0xff) at++;
    const marker = data[at + 1];
    if (data[at] !== 0xff || marker === undefined) {
      if (at < data.length) throw new JpegDataError('a marker is missing');
      break;
    }
    if (marker === 0xd9) break;
    const length = data[at + 2] * 256 + data[at + 3];
    const end = at + 2 + length;
    if (!(length >= 2 && end <= data.length)) throw new JpegDataError('its data ends early');
    const body = data.subarray(at + 4, end);
    at = end;
    if (marker === 0xdb) readQuantisation(body, quantisation);
    else if (marker === 0xc4) readHuffman(body, tables);
    else if (marker === 0xdd) restartInterval = body[0] * 256 + body[1];
    else if (marker === 0xee && Buffer.from(body.subarray(0, 5)).toString('latin1') === 'Adobe') adobe = body[11];
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc3) {
      if (frame !== undefined) throw new JpegDataError('it has two frames');
      frame = parseFrame(body, marker, expected);
    } else if (OTHER_FRAMES[marker] !== undefined) {
      throw new JpegDataError(`it is ${OTHER_FRAMES[marker]}; allowed: sequential and lossless with Huffman codes`);
    } else if (marker === 0xda) {
      // As many scans as components are enough for all that is allowed; more would only cost time.
      if (frame === undefined || ++scans > frame.components.length) throw new JpegDataError('a scan is out of place');
      const scan = parseScan(body, frame, tables, restartInterval);
      const reader = new BitReader(data, at);
      if (frame.lossless) decodeLosslessScan(frame, scan, reader);
      else decodeDctScan(frame, scan, reader, quantisation);
      at = reader.at;
      // Left-over bytes of the scan, if any, end at the next marker.
      while (at < data.length && !(data[at] === 0xff && data[at + 1] !== 0 && data[at + 1] !== 0xff)) at++;
    }
  }
  if (frame === undefined || scans === 0) throw new JpegDataError('its data ends early');
  return { samples: frame.lossless ? interleave(frame) : finishDct(frame), precision: frame.precision, adobe };
}

function readQuantisation(body: Uint8Array, tables: (Uint16Array | undefined)[]): void {
  for (let at = 0; at < body.length; ) {
    const wide = body[at] >> 4 !== 0;
    const slot = body[at++] & 15;
    const bytes = wide ? 128 : 64;
    if (at + bytes > body.length) throw new JpegDataError('a quantisation table is truncated');
    const start = at;
    tables[slot] = Uint16Array.from({ length: 64 }, (_, i) =>
      wide ? body[start + 2 * i] * 256 + body[start + 2 * i + 1] : body[start + i],
    );
    at += bytes;
  }
}

function readHuffman(body: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at < body.length; ) {
    const slot = body[at];
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, n) => sum + n, 0);
    const values = body.subarray(at + 17, at + 17 + total);
    const table = counts.length === 16 && values.length === total ? huffmanTable(counts, values) : null;
    if (table === null) throw new JpegDataError('a Huffman table is damaged');
    tables.set(slot, table);
    at += 17 + total;
  }
}

const NO_CODES = huffmanTable(new Uint8Array(16), new Uint8Array(0)) as HuffmanTable;

function parseScan(
  body: Uint8Array,
  frame: JpegFrame,
  tables: ReadonlyMap<number, HuffmanTable>,
  restartInterval: number,
): JpegScan {
  const count = body[0];
  if (!(count >= 1 && count <= 4 && body.length >= 4 + 2 * count)) throw new JpegDataError('a scan header is damaged');
  const parts = Array.from({ length: count }, (_, i) => {
    const component = frame.components.find((one) => one.id === body[1 + 2 * i]);
    const slots = body[2 + 2 * i];
    const dc = tables.get(slots >> 4);
    const ac = frame.lossless ? NO_CODES : tables.get(16 + (slots & 15));
    if (component === undefined || dc === undefined || ac === undefined) {
      throw new JpegDataError('a scan names a component or table that is not there');
    }
    return { component, dc, ac };
  });
  return { parts, start: body[1 + 2 * count], shift: body[3 + 2 * count] & 15, restartInterval };
}

function interleave({ components, width, height }: JpegFrame): Uint16Array {
  if (components.length === 1) return components[0].samples;
  const out = new Uint16Array(width * height * components.length);
  for (const [c, { samples }] of components.entries()) {
    for (let i = 0; i < samples.length; i++) out[i * components.length + c] = samples[i];
  }
  return out;
}
