/**
 * The NIfTI-1 and NIfTI-2 header: sizes, sample type, scaling and place, both byte orders.
 * NIfTI counts millimetres to the right, front and head (RAS); here they become LPS by turning the first two round.
 * The sform is used if it is there, else the qform, else the voxel sizes alone.
 * Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group.
 */
import { type Grid, isOrthogonal, splitSteps, type Vector } from '../image/volume.ts';
import { refuseVolume, type SampleType } from './volume-bytes.ts';

const FORMAT = 'NIfTI';

/** Samples and channels by data type code. */
const TYPES: Readonly<Record<number, { readonly type: SampleType; readonly channels: 1 | 3 | 4 }>> = {
  2: { type: 'uint8', channels: 1 },
  4: { type: 'int16', channels: 1 },
  8: { type: 'int32', channels: 1 },
  16: { type: 'float32', channels: 1 },
  64: { type: 'float64', channels: 1 },
  128: { type: 'uint8', channels: 3 },
  256: { type: 'int8', channels: 1 },
  512: { type: 'uint16', channels: 1 },
  768: { type: 'uint32', channels: 1 },
  1024: { type: 'int64', channels: 1 },
  1280: { type: 'uint64', channels: 1 },
  2304: { type: 'uint8', channels: 4 },
};
const OTHER_TYPES: Readonly<Record<number, string>> = {
  1: 'single bits',
  32: 'complex numbers',
  1536: '128-bit floats',
  1792: 'complex numbers',
  2048: 'complex numbers',
};
/** Millimetres per unit of the spatial unit code. */
const UNITS: Readonly<Record<number, number>> = { 1: 1000, 2: 1, 3: 0.001 };

/** Bytes of the header by the version in its first field. */
export const HEADER_BYTES = { 1: 348, 2: 540 } as const;

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly bigEndian: boolean;
  readonly grid: Grid;
  readonly frames: number;
  readonly type: SampleType;
  readonly channels: 1 | 3 | 4;
  readonly slope: number;
  readonly intercept: number;
  readonly dataOffset: number;
  /** Samples lie in a second file, `.img`. */
  readonly twoFiles: boolean;
  readonly description: string;
  readonly notes: readonly string[];
  readonly unknown: readonly ('spacing' | 'orientation')[];
}

/** Version and byte order from the first four bytes; null if it is no NIfTI header. */
export function niftiVersion(bytes: Uint8Array): { version: 1 | 2; bigEndian: boolean } | null {
  if (bytes.byteLength < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  for (const bigEndian of [false, true]) {
    const size = view.getInt32(0, !bigEndian);
    if (size === HEADER_BYTES[1]) return { version: 1, bigEndian };
    if (size === HEADER_BYTES[2]) return { version: 2, bigEndian };
  }
  return null;
}

/** Voxel steps in RAS millimetres from the quaternion of the qform. */
function quaternionSteps(b: number, c: number, d: number, spacing: readonly number[], flip: number): Vector[] {
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const columns: Vector[] = [
    [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
    [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
    [2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c],
  ];
  const scale = [spacing[0], spacing[1], spacing[2] * flip];
  return columns.map((column, axis) => column.map((v) => v * scale[axis]) as unknown as Vector);
}

/** A place of the voxels in the file's own units and system. */
interface Place {
  readonly steps: readonly Vector[];
  readonly origin: Vector;
}

/** RAS in units of `unit` mm to LPS mm; null if the axes span no space. */
function toLps({ steps, origin }: Place, unit: number): Omit<Grid, 'size'> | null {
  const turn = (v: Vector): Vector => [-v[0] * unit, -v[1] * unit, v[2] * unit];
  const split = splitSteps(steps.map(turn) as unknown as readonly [Vector, Vector, Vector]);
  return split === null || !origin.every(Number.isFinite) ? null : { origin: turn(origin), ...split };
}

/** Parses a header of 348 or 540 bytes. */
export function parseNiftiHeader(bytes: Uint8Array, label: string): NiftiHeader {
  const found = niftiVersion(bytes);
  if (found === null || bytes.byteLength < HEADER_BYTES[found.version]) {
    return refuseVolume(label, FORMAT, 'it does not start with a header of 348 or 540 bytes');
  }
  const { version, bigEndian } = found;
  const two = version === 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const int16 = (at: number): number => view.getInt16(at, !bigEndian);
  const int32 = (at: number): number => view.getInt32(at, !bigEndian);
  const int64 = (at: number): number => Number(view.getBigInt64(at, !bigEndian));
  const float = (at: number): number => (two ? view.getFloat64(at, !bigEndian) : view.getFloat32(at, !bigEndian));
  const width = two ? 8 : 4;
  const floats = (at: number, n: number): number[] => Array.from({ length: n }, (_, i) => float(at + i * width));

  const magic = Buffer.from(bytes.subarray(two ? 4 : 344, two ? 8 : 348)).toString('latin1');
  const wanted = two ? ['n+2\0', 'ni2\0'] : ['n+1\0', 'ni1\0'];
  if (!wanted.includes(magic)) refuseVolume(label, FORMAT, 'its magic word is not n+1, ni1, n+2 or ni2');
  const dims = Array.from({ length: 8 }, (_, i) => (two ? int64(16 + 8 * i) : int16(40 + 2 * i)));
  if (!(dims[0] >= 1 && dims[0] <= 7)) {
    refuseVolume(label, FORMAT, `it has ${dims[0]} dimensions; allowed: 1 to 7`);
  }
  const side = (i: number): number => (i <= dims[0] ? dims[i] : 1);
  const size: Vector = [side(1), side(2), side(3)];
  const frames = [4, 5, 6, 7].reduce((product, i) => product * side(i), 1);
  if (!Number.isSafeInteger(frames) || frames < 1) refuseVolume(label, FORMAT, `it has ${frames} frames`);

  const code = int16(two ? 12 : 70);
  const type = TYPES[code];
  if (type === undefined) {
    const what = OTHER_TYPES[code] ?? `of an unknown type (code ${code})`;
    return refuseVolume(
      label,
      FORMAT,
      `its samples are ${what}; allowed: integers of 8 to 64 bits, float32, float64, RGB and RGBA`,
    );
  }

  const slope = float(two ? 176 : 112);
  const intercept = float(two ? 184 : 116);
  const scaled = Number.isFinite(slope) && slope !== 0 && type.channels === 1;
  const twoFiles = magic.startsWith('ni');
  // Some writers leave the offset 0: the data then follows the header and its four extension bytes.
  const least = twoFiles ? 0 : HEADER_BYTES[version] + 4;
  const offset = (two ? int64(168) : view.getFloat32(108, !bigEndian)) || least;
  if (!(Number.isSafeInteger(offset) && offset >= least)) {
    refuseVolume(label, FORMAT, `its data would start at byte ${offset}; allowed: from ${least} on`);
  }

  const notes: string[] = [];
  const pixdim = floats(two ? 104 : 76, 8);
  const spacing = [1, 2, 3].map((i) => Math.abs(pixdim[i]) || 1);
  const [qform, sform] = two ? [int32(344), int32(348)] : [int16(252), int16(254)];
  const [b, c, d, qx, qy, qz] = floats(two ? 352 : 256, 6);
  const rows = floats(two ? 400 : 280, 12);
  const column = (i: number): Vector => [rows[i], rows[4 + i], rows[8 + i]];
  const places: Place[] = [];
  if (sform > 0) places.push({ steps: [column(0), column(1), column(2)], origin: column(3) });
  if (qform > 0) {
    places.push({ steps: quaternionSteps(b, c, d, spacing, pixdim[0] < 0 ? -1 : 1), origin: [qx, qy, qz] });
  }
  const placed = places.length > 0;
  if (!placed) notes.push('the file names no orientation: axes are taken to count right, front and up');
  places.push({ steps: quaternionSteps(0, 0, 0, spacing, 1), origin: [0, 0, 0] });
  const unit = UNITS[(two ? int32(500) : view.getUint8(123)) & 7] ?? 1;
  const usable = places.map((place) => toLps(place, unit));
  const place = usable.find((one) => one !== null);
  if (place === undefined || place === null) return refuseVolume(label, FORMAT, 'its voxel sizes are not usable');
  if (usable[0] === null) notes.push('an orientation in the file that spans no space was left out');
  const grid: Grid = { size, ...place };
  if (!isOrthogonal(grid)) notes.push('the axes of the file are not at right angles');
  return {
    version,
    bigEndian,
    grid,
    frames,
    ...type,
    slope: scaled ? slope : 1,
    intercept: scaled && Number.isFinite(intercept) ? intercept : 0,
    dataOffset: offset,
    twoFiles,
    description: text(bytes.subarray(two ? 240 : 148, two ? 320 : 228)),
    notes,
    unknown: [
      ...(placed || [1, 2, 3].every((i) => pixdim[i] !== 0) ? [] : (['spacing'] as const)),
      ...(placed ? [] : (['orientation'] as const)),
    ],
  };
}

/** Printable text up to the first zero byte. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/\0.*$/s, '')
    .replace(/[^\x20-\x7e\xa0-\xff]/g, ' ')
    .trim();
}
