/**
 * What the volume formats share: samples to and from bytes, bounded inflating, limits, and files beside a header.
 *
 * Nothing is allocated on a header's word alone: sizes are checked against the limit below and against the bytes there
 * are, compressed bytes by the most that deflate can make of them (1032 to 1), and inflating stops when enough is read.
 * Refusals are one-line `input` errors that name the file.
 */
import { basename, dirname, join } from 'node:path';
import { createGunzip, createInflate } from 'node:zlib';
import type { Samples, Volume } from '../image/volume.ts';
import { BiomedParseError } from '../util/errors.ts';

/** Most bytes of samples that one volume may take. */
export const MAX_VOLUME_BYTES = 2 ** 31;
/** Most bytes that deflate can make of one. */
const MAX_INFLATION = 1032;

/** What a volume file gives. */
export interface VolumeFile {
  readonly volume: Volume;
  /** Number of three-dimensional frames in the file; the volume is one of them. */
  readonly frames: number;
  /** What a reader should know: assumptions made, parts left out. One sentence each. */
  readonly notes: readonly string[];
  /** What the file does not say of its geometry, so that it was assumed. */
  readonly unknown?: readonly ('spacing' | 'orientation')[];
  /** Its slices follow each other in time, not in space. */
  readonly cine?: boolean;
  /** The header says that text is part of the pixels. */
  readonly burntIn?: boolean;
  /** The files of a DICOM series that it was made of. */
  readonly files?: readonly string[];
}

export interface VolumeReadOptions {
  /** Which frame of a file with several, from 0. */
  readonly frame?: number;
}

/** Sample types as they lie in files; 64-bit integers become float64, exact to 2^53. */
export const SAMPLE_BYTES = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float32: 4,
  float64: 8,
} as const;
export type SampleType = keyof typeof SAMPLE_BYTES;

/** Throws the `input` error of an unusable volume file. */
export function refuseVolume(label: string, format: string, reason: string): never {
  throw new BiomedParseError('input', `${label} is not a usable ${format} file: ${reason}`, { file: label });
}

/** The file type name of samples in memory. */
export function sampleType(data: Samples): Exclude<SampleType, 'int64' | 'uint64'> {
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Int16Array) return 'int16';
  if (data instanceof Uint16Array) return 'uint16';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  return data instanceof Float32Array ? 'float32' : 'float64';
}

/** Samples from bytes, as a copy. */
export function toSamples(bytes: Uint8Array, type: SampleType, bigEndian: boolean): Samples {
  const copy = Buffer.from(new Uint8Array(bytes).buffer);
  const width = SAMPLE_BYTES[type];
  if (bigEndian && width === 2) copy.swap16();
  if (bigEndian && width === 4) copy.swap32();
  if (bigEndian && width === 8) copy.swap64();
  const { buffer } = copy;
  switch (type) {
    case 'int8':
      return new Int8Array(buffer);
    case 'uint8':
      return new Uint8Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer), Number);
  }
}

/** The little-endian bytes of samples, as a view. */
export function toBytes(data: Samples): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Bytes that samples of this shape take; refuses sizes that are no positive whole numbers and what exceeds the limit. */
export function volumeBytes(shape: readonly number[], type: SampleType, label: string, format: string): number {
  const size = shape.join(' x ');
  if (!shape.every((side) => Number.isSafeInteger(side) && side >= 1)) {
    refuseVolume(label, format, `its size is ${size}; positive whole numbers are needed`);
  }
  const bytes = shape.reduce((product, side) => product * side, SAMPLE_BYTES[type]);
  if (bytes > MAX_VOLUME_BYTES) {
    refuseVolume(label, format, `${size} samples take ${bytes} bytes; at most ${MAX_VOLUME_BYTES} are allowed`);
  }
  return bytes;
}

/** The frame asked for; without a choice the only one. Refuses (`usage`) a choice that is not there. */
export function chooseFrame(frames: number, frame: number | undefined, label: string): number {
  if (frame === undefined && frames === 1) return 0;
  if (frame === undefined) {
    throw new BiomedParseError('usage', `${label} holds ${frames} frames; choose one from 0 to ${frames - 1}`, {
      frames,
    });
  }
  if (!(Number.isInteger(frame) && frame >= 0 && frame < frames)) {
    throw new BiomedParseError('usage', `${label} has no frame ${frame}; allowed: 0 to ${frames - 1}`, {
      frame,
      frames,
    });
  }
  return frame;
}

/** Part of raw bytes; refuses if the file is too short. */
export function rawRange(bytes: Uint8Array, start: number, length: number, label: string, format: string): Uint8Array {
  if (!(start >= 0 && start + length <= bytes.byteLength)) {
    refuseVolume(label, format, `it has ${bytes.byteLength} bytes, ${start + length} are needed (truncated?)`);
  }
  return bytes.subarray(start, start + length);
}

/** Bytes `start` to `start + length` of what compressed bytes hold; the rest is neither kept nor read. */
export async function inflateRange(
  compressed: Uint8Array,
  start: number,
  length: number,
  kind: 'gzip' | 'zlib',
  label: string,
  format: string,
): Promise<Uint8Array> {
  const most = compressed.byteLength * MAX_INFLATION;
  if (!(start >= 0 && start + length <= most)) {
    const reason = `its ${compressed.byteLength} compressed bytes cannot hold the ${start + length} that are needed`;
    refuseVolume(label, format, reason);
  }
  const out = new Uint8Array(length);
  let reached = 0;
  const stream = kind === 'gzip' ? createGunzip({ chunkSize: 2 ** 17 }) : createInflate({ chunkSize: 2 ** 17 });
  stream.end(compressed);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      const skip = Math.max(0, start - reached);
      const wanted = piece.subarray(skip, Math.max(skip, start + length - reached));
      if (wanted.length > 0) out.set(wanted, reached + skip - start);
      reached += piece.length;
      if (reached >= start + length) return out;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    refuseVolume(label, format, `its compressed data is damaged or truncated (${reason})`);
  }
  return refuseVolume(label, format, `it holds ${reached} bytes, ${start + length} are needed (truncated?)`);
}

/** Path of a data file named in a header: a plain name in the header's own folder, nothing else. */
export function besidePath(path: string, name: string, format: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\\:\0]/.test(name) || basename(name) !== name) {
    refuseVolume(
      path,
      format,
      `its data is in ${JSON.stringify(name)}; only a plain file name in the same folder is allowed`,
    );
  }
  return join(dirname(path), name);
}
