/**
 * NIfTI-1 and NIfTI-2 volumes in and out: `.nii`, `.nii.gz`, and `.hdr` with `.img` beside it (in only).
 * In: all integer and float types, RGB and RGBA, both byte orders; scl_slope and scl_inter applied; one frame of a 4-D
 * file. Out: little-endian NIfTI-1 (NIfTI-2 where a side exceeds 32767) with sform and, at right angles, qform.
 * The order of voxels is kept; the geometry is turned from RAS to LPS and back. Refused: complex and 128-bit samples,
 * single bits, Analyze files, sizes beyond the file. Source: nifti1.h, nifti2.h.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { rescale } from '../image/rescale.ts';
import { cross, dot, type Grid, isOrthogonal, type MaskVolume, type Vector, type Volume } from '../image/volume.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked, writeFileAtomic } from '../util/files.ts';
import { HEADER_BYTES, niftiVersion, parseNiftiHeader } from './nifti-header.ts';
import {
  chooseFrame,
  inflateRange,
  rawRange,
  refuseVolume,
  SAMPLE_BYTES,
  sampleType,
  toBytes,
  toSamples,
  type VolumeFile,
  type VolumeReadOptions,
  volumeBytes,
} from './volume-bytes.ts';

const FORMAT = 'NIfTI';

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes of a file that may be compressed. */
function range(bytes: Uint8Array, start: number, length: number, label: string): Promise<Uint8Array> | Uint8Array {
  if (isGzip(bytes)) return inflateRange(bytes, start, length, 'gzip', label, FORMAT);
  return rawRange(bytes, start, length, label, FORMAT);
}

/** Parses a NIfTI file held in memory, compressed or not; `image` are the bytes of the `.img` file of a pair. */
export async function decodeNifti(
  bytes: Uint8Array,
  label: string,
  { frame, image }: VolumeReadOptions & { readonly image?: Uint8Array } = {},
): Promise<VolumeFile> {
  const version = niftiVersion(await range(bytes, 0, 4, label))?.version;
  if (version === undefined) {
    return refuseVolume(label, FORMAT, 'it does not start with a header of 348 or 540 bytes');
  }
  const header = parseNiftiHeader(await range(bytes, 0, HEADER_BYTES[version], label), label);
  const { grid, frames, type, channels, twoFiles } = header;
  if (twoFiles && image === undefined)
    refuseVolume(label, FORMAT, 'its samples are in an .img file that was not given');
  const length = volumeBytes([...grid.size, channels], type, label, FORMAT);
  const chosen = chooseFrame(frames, frame, label);
  const source = twoFiles && image !== undefined ? image : bytes;
  const stored = toSamples(
    await range(source, header.dataOffset + chosen * length, length, label),
    type,
    header.bigEndian,
  );
  const { description } = header;
  const volume: Volume = {
    ...grid,
    data: rescale(stored, header.slope, header.intercept),
    channels,
    identifiers: description === '' ? {} : { description },
  };
  return { volume, frames, notes: header.notes, unknown: header.unknown };
}

/** Reads a NIfTI file; of a pair either name will do. */
export async function readNifti(path: string, options: VolumeReadOptions = {}): Promise<VolumeFile> {
  const pair = /^(.*)\.(hdr|img)(\.gz)?$/i.exec(path);
  if (pair === null) return decodeNifti(await readFileChecked(path), path, options);
  const [, stem, , compressed = ''] = pair;
  const [header, image] = [
    await readFileChecked(`${stem}.hdr${compressed}`),
    await readFileChecked(`${stem}.img${compressed}`),
  ];
  return decodeNifti(header, path, { ...options, image });
}

const CODES = { uint8: 2, int16: 4, int32: 8, float32: 16, float64: 64, int8: 256, uint16: 512, uint32: 768 } as const;

/** Quaternion (b, c, d) and handedness of unit RAS axes at right angles. */
function quaternion(axes: readonly Vector[]): { b: number; c: number; d: number; flip: 1 | -1 } {
  const flip = dot(axes[0], cross(axes[1], axes[2])) < 0 ? -1 : 1;
  const [x, y] = axes;
  const z = axes[2].map((v) => v * flip);
  // The largest of the four squares is divided by: Shepperd's method.
  const squares = [1 + x[0] + y[1] + z[2], 1 + x[0] - y[1] - z[2], 1 - x[0] + y[1] - z[2], 1 - x[0] - y[1] + z[2]];
  const at = squares.indexOf(Math.max(...squares));
  const s = 2 * Math.sqrt(squares[at]);
  const parts = [
    [s / 4, (y[2] - z[1]) / s, (z[0] - x[2]) / s, (x[1] - y[0]) / s],
    [(y[2] - z[1]) / s, s / 4, (y[0] + x[1]) / s, (z[0] + x[2]) / s],
    [(z[0] - x[2]) / s, (y[0] + x[1]) / s, s / 4, (z[1] + y[2]) / s],
    [(x[1] - y[0]) / s, (z[0] + x[2]) / s, (z[1] + y[2]) / s, s / 4],
  ][at];
  const sign = parts[0] < 0 ? -1 : 1;
  return { b: sign * parts[1], c: sign * parts[2], d: sign * parts[3], flip };
}

/** The header of a grid, with the four bytes that say that no extension follows. */
function encodeHeader(grid: Grid, code: number, bytesPerVoxel: number): Uint8Array {
  const two = grid.size.some((side) => side > 32767);
  const out = new Uint8Array(HEADER_BYTES[two ? 2 : 1] + 4);
  const view = new DataView(out.buffer);
  const width = two ? 8 : 4;
  const float = (at: number, ...values: number[]): void => {
    for (const [i, value] of values.entries()) {
      if (two) view.setFloat64(at + i * width, value, true);
      else view.setFloat32(at + i * width, value, true);
    }
  };
  const int = (at: number, value: number): void =>
    two ? view.setInt32(at, value, true) : view.setInt16(at, value, true);
  view.setInt32(0, HEADER_BYTES[two ? 2 : 1], true);
  out.set(Buffer.from(two ? 'n+2\0\r\n\x1a\n' : 'n+1\0', 'latin1'), two ? 4 : 344);
  for (const [i, side] of [3, ...grid.size, 1, 1, 1, 1].entries()) {
    if (two) view.setBigInt64(16 + 8 * i, BigInt(side), true);
    else view.setInt16(40 + 2 * i, side, true);
  }
  view.setInt16(two ? 12 : 70, code, true);
  view.setInt16(two ? 14 : 72, bytesPerVoxel * 8, true);
  if (two) view.setBigInt64(168, BigInt(out.byteLength), true);
  else view.setFloat32(108, out.byteLength, true);
  float(two ? 176 : 112, 1, 0);
  if (two) view.setInt32(500, 2, true);
  else out[123] = 2; // millimetres

  const toRas = (v: Vector): Vector => [-v[0], -v[1], v[2]];
  const axes = grid.direction.map(toRas);
  const origin = toRas(grid.origin);
  const { b, c, d, flip } = quaternion(axes);
  float(two ? 104 : 76, flip, ...grid.spacing, 1, 1, 1, 1);
  int(two ? 344 : 252, isOrthogonal(grid) ? 1 : 0);
  int(two ? 348 : 254, 1);
  float(two ? 352 : 256, b, c, d, ...origin);
  for (let row = 0; row < 3; row++) {
    float((two ? 400 : 280) + row * 4 * width, ...axes.map((axis, i) => axis[row] * grid.spacing[i]), origin[row]);
  }
  return out;
}

/** The parts of a `.nii` file of a volume or mask; colour must be 8-bit. */
export function encodeNifti(volume: Volume | MaskVolume): [header: Uint8Array, samples: Uint8Array] {
  const { data } = volume;
  const channels = 'channels' in volume ? volume.channels : 1;
  const type = sampleType(data);
  if (channels > 1 && type !== 'uint8') {
    throw new BiomedParseError('internal', `NIfTI holds colour in 8 bits only, not ${type}`);
  }
  const code = channels === 1 ? CODES[type] : channels === 3 ? 128 : 2304;
  return [encodeHeader(volume, code, SAMPLE_BYTES[type] * channels), toBytes(data)];
}

/** Writes `.nii`, or `.nii.gz` where the name ends so; whole or not at all. */
export async function writeNifti(path: string, volume: Volume | MaskVolume): Promise<void> {
  const parts = encodeNifti(volume);
  await writeFileAtomic(path, /\.gz$/i.test(path) ? await promisify(gzip)(Buffer.concat(parts)) : parts);
}
