/** Small pictures and arrays in the file types of data sets, written out as rows of signs. */
import sharp from 'sharp';

/** What a sign stands for: a grey level or a colour. */
export type Signs = Readonly<Record<string, number | readonly [number, number, number]>>;

const GREYS: Signs = Object.fromEntries([...'0123456789'].map((digit) => [digit, Number(digit) * 20]));

/** Samples of rows of signs, row after row. */
export const samplesOf = (rows: readonly string[], signs: Signs): number[] =>
  rows.flatMap((row) => [...row].flatMap((sign) => signs[sign] as number));

/** A picture as PNG, JPEG, TIFF or GIF; digits are steps of 20 where nothing else is said. */
export async function picture(
  format: 'png' | 'jpeg' | 'tiff' | 'gif',
  rows: readonly string[],
  signs: Signs = GREYS,
): Promise<Uint8Array> {
  const data = Uint8Array.from(samplesOf(rows, signs));
  const [width, height] = [rows[0].length, rows.length];
  const channels = (data.length / width / height) as 1 | 3;
  const raw = sharp(data, { raw: { width, height, channels } });
  const grey = channels === 1 ? raw.toColourspace('b-w') : raw;
  if (format === 'jpeg') return grey.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
  return format === 'tiff' ? grey.tiff({ compression: 'none' }).toBuffer() : grey.toFormat(format).toBuffer();
}

/** A grey bitmap of 8 bits from below, with the palette that every program writes. */
export function bitmap(rows: readonly string[], signs: Signs = GREYS): Uint8Array {
  const width = rows[0].length;
  const stride = Math.ceil(width / 4) * 4;
  const head = Buffer.alloc(54 + 1024);
  head.write('BM');
  head.writeUInt32LE(head.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(rows.length, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(8, 28);
  for (let i = 0; i < 256; i++) head.fill(i, 54 + i * 4, 54 + i * 4 + 3);
  const lines = rows.toReversed().map((row) => Buffer.concat([Buffer.from(samplesOf([row], signs))], stride));
  return Buffer.concat([head, ...lines]);
}

/** A MetaImage of bytes, of two or three axes. */
export function metaImage(size: readonly number[], data: readonly number[]): Uint8Array {
  const fields = {
    ...{ ObjectType: 'Image', NDims: size.length, BinaryData: 'True', BinaryDataByteOrderMSB: 'False' },
    ...{ CompressedData: 'False', DimSize: size.join(' '), ElementType: 'MET_UCHAR', ElementDataFile: 'LOCAL' },
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name} = ${value}\n`);
  return Buffer.concat([Buffer.from(lines.join('')), Buffer.from(data)]);
}

/** A NumPy array of float64. */
export function doubles(shape: readonly number[], data: readonly number[]): Uint8Array {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
    header,
    Buffer.from(Float64Array.from(data).buffer),
  ]);
}
