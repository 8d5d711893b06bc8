/**
 * Colour of DICOM frames to 8-bit RGB: RGB, YBR_FULL and YBR_FULL_422, palettes.
 * Refused: segmented palettes, palettes without data, colour spaces not named here.
 * Source: DICOM PS3.3 C.7.6.3.1.2 (photometric interpretation), C.7.6.3.1.5 and 6 (palettes).
 */
import { type DicomFile, refuseDicom } from './dataset.ts';
import type { PixelFormat, StoredFrame } from './pixels.ts';
import { TAG } from './tags.ts';
import { numbers } from './values.ts';

/** A look-up table: value of `first`, `first + 1` …; what lies outside takes the value at the end. */
export interface LookupTable {
  readonly first: number;
  readonly bits: number;
  readonly values: readonly number[];
}

/** A table from its descriptor [entries, first value, bits] and its data, whose entries may be packed in bytes. */
export function lookupTable(descriptor: readonly number[], data: readonly number[]): LookupTable | null {
  if (descriptor.length < 3) return null;
  const entries = descriptor[0] === 0 ? 65536 : descriptor[0] & 0xffff;
  const [, first, bits] = descriptor;
  const packed = bits <= 8 && data.length < entries;
  const values = packed ? data.flatMap((word) => [word & 255, word >> 8]) : data;
  return values.length < entries || bits < 1 || bits > 16 ? null : { first, bits, values: values.slice(0, entries) };
}

/** The table's value of a stored value. */
export function lookUp({ first, values }: LookupTable, value: number): number {
  return values[Math.min(values.length - 1, Math.max(0, value - first))];
}

function palette(file: DicomFile, format: PixelFormat): LookupTable[] {
  const { dataset, label } = file;
  if (dataset.elements.has(TAG.SegmentedRedPaletteData)) refuseDicom(label, 'segmented palettes are not read');
  const tables = [
    [TAG.RedPaletteDescriptor, TAG.RedPaletteData],
    [TAG.GreenPaletteDescriptor, TAG.GreenPaletteData],
    [TAG.BluePaletteDescriptor, TAG.BluePaletteData],
  ].map(([descriptor, data]) => lookupTable(numbers(dataset, descriptor, format.signed), numbers(dataset, data)));
  return tables.map((table) => table ?? refuseDicom(label, 'its palette is missing or too short'));
}

const clamp = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value));

/** A colour frame as 8-bit RGB `[rows, columns, 3]`. */
export function toRgb(file: DicomFile, format: PixelFormat, frame: StoredFrame): Uint8Array {
  const { samples, photometric, bits } = frame;
  if (photometric === 'PALETTE COLOR') {
    const tables = palette(file, format);
    const out = new Uint8Array(samples.length * 3);
    for (const [c, table] of tables.entries()) {
      // Some files declare 16 bits and fill only the lower 8.
      const shift = table.bits > 8 && table.values.some((value) => value > 255) ? table.bits - 8 : 0;
      for (let i = 0; i < samples.length; i++) out[3 * i + c] = lookUp(table, samples[i]) >> shift;
    }
    return out;
  }
  const bytes = bits <= 8 ? Uint8Array.from(samples) : Uint8Array.from(samples, (value) => value >> (bits - 8));
  if (photometric === 'RGB') return bytes;
  if (photometric !== 'YBR_FULL' && photometric !== 'YBR_FULL_422') {
    const allowed = 'MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, YBR_FULL, YBR_FULL_422, YBR_RCT, YBR_ICT';
    refuseDicom(file.label, `its colours are ${JSON.stringify(photometric)}; allowed: ${allowed}`);
  }
  for (let i = 0; i < bytes.length; i += 3) {
    const [y, cb, cr] = [bytes[i], bytes[i + 1] - 128, bytes[i + 2] - 128];
    bytes[i] = clamp(y + 1.402 * cr);
    bytes[i + 1] = clamp(y - 0.344136 * cb - 0.714136 * cr);
    bytes[i + 2] = clamp(y + 1.772 * cb);
  }
  return bytes;
}
