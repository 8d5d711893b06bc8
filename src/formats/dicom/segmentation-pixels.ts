/**
 * What of segments goes into the pixels of a segmentation: its frames and their samples, packed. BINARY: a bit per voxel, FRACTIONAL:
 * 8 bits of probability, a frame per segment and slice that holds anything; LABELMAP: the segment's number in 8 or 16 bits, a
 * frame per slice. Bits of a frame run row by row, lowest bit first, frames follow one another without padding.
 * Refused (`input`): probabilities that do not fit, segments of a label map that overlap, pixel data beyond 4 GiB.
 * Source: DICOM PS3.3 (C.8.20.2, C.8.20.2.3), PS3.5 8.1.1.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { oneValue } from './codes.ts';
import type { DicomSegment } from './segmentation.ts';

export type SegmentationType = 'BINARY' | 'FRACTIONAL' | 'LABELMAP';

const MAX_PIXEL_BYTES = 2 ** 32 - 2;
/** The sample that means a probability of 1. */
export const FULL = 255;

/** One frame, counted from 0: a segment in a slice, or all segments of a label map in a slice. */
export interface Frame {
  readonly segment: number | null;
  readonly slice: number;
}

export interface SegmentationPixels {
  readonly frames: readonly Frame[];
  readonly bits: 1 | 8 | 16;
  readonly pixels: Uint8Array;
  /** Some voxel is in two segments. */
  readonly overlap: boolean;
  /** Segments that hold anything. */
  readonly found: number;
}

const refuse = (reason: string): never => {
  throw new BiomedParseError('input', reason);
};

/** Appends 8-bit samples that are not 0 as bits, lowest bit first, from bit `start` of `out` on. */
export function packBits(samples: Uint8Array | Uint16Array, out: Uint8Array, start: number): void {
  for (let i = 0; i < samples.length; i++) {
    if (samples[i] !== 0) out[(start + i) >>> 3] |= 1 << ((start + i) & 7);
  }
}

/** Numbers of the segments by voxel, 0 where none is, and the first two segments that have a voxel in common. */
function labelMap(samples: readonly Uint8Array[]) {
  let overlap: readonly [number, number] | null = null;
  if (samples.length === 1) return { labels: samples[0], overlap };
  const labels = new (samples.length > 255 ? Uint16Array : Uint8Array)(samples[0].length);
  for (const [segment, values] of samples.entries()) {
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      if (labels[i] !== 0) overlap ??= [labels[i] - 1, segment];
      labels[i] = segment + 1;
    }
  }
  return { labels, overlap };
}

/** Samples of every segment as they are stored before packing: 0 and 1, or 0..255. */
function samplesOf(segments: readonly DicomSegment[], fractional: boolean): Uint8Array[] {
  return segments.map(({ prompt, mask, probabilities }) => {
    if (!fractional) return mask.data;
    if (probabilities?.length !== mask.data.length) {
      const has = probabilities === undefined ? 'no probabilities' : `${probabilities.length} probabilities`;
      return refuse(`"${oneValue(prompt, 60)}" has ${has}; FRACTIONAL needs ${mask.data.length}`);
    }
    return Uint8Array.from(probabilities, (p) => Math.round(Math.min(1, Math.max(0, p)) * FULL));
  });
}

/** Frames and pixels of segments on a grid of `[columns, rows, slices]`; one empty frame if nothing was found. */
export function segmentationPixels(
  segments: readonly DicomSegment[],
  type: SegmentationType,
  [columns, rows, slices]: readonly number[],
): SegmentationPixels {
  const area = columns * rows;
  const samples = samplesOf(segments, type === 'FRACTIONAL');
  const { labels, overlap } = labelMap(samples);
  if (type === 'LABELMAP' && overlap !== null) {
    const [one, other] = overlap.map((segment) => `"${oneValue(segments[segment].prompt, 60)}"`);
    refuse(`${one} and ${other} overlap: a label map holds one object per voxel; BINARY holds both`);
  }
  const isMap = type === 'LABELMAP';
  const holdersOf = isMap ? [null] : segments.map((_, segment) => segment);
  const cut = ({ segment, slice }: Frame): Uint8Array | Uint16Array =>
    (segment === null ? labels : samples[segment]).subarray(slice * area, (slice + 1) * area);
  const places = holdersOf.flatMap((segment) => Array.from({ length: slices }, (_, slice) => ({ segment, slice })));
  const filled = places.filter((frame) => cut(frame).some((value: number) => value !== 0));
  const frames = filled.length === 0 ? [places[0]] : filled;

  const bits = type === 'BINARY' ? 1 : isMap && segments.length > 255 ? 16 : 8;
  const bytes = Math.ceil((area * frames.length * bits) / 8);
  if (bytes > MAX_PIXEL_BYTES) {
    refuse(
      `${frames.length} frames of ${columns} x ${rows} take ${bytes} bytes; a DICOM file holds ${MAX_PIXEL_BYTES}`,
    );
  }
  const pixels = new Uint8Array(bytes);
  const view = new DataView(pixels.buffer);
  for (const [i, frame] of frames.entries()) {
    const values = cut(frame);
    if (bits === 1) packBits(values, pixels, i * area);
    else if (bits === 8) pixels.set(values, i * area);
    else for (const [at, value] of values.entries()) view.setUint16(2 * (i * area + at), value, true);
  }
  const found = samples.filter((values) => values.some((value) => value !== 0)).length;
  return { frames, bits, pixels, overlap: overlap !== null, found };
}
