/**
 * DICOM Segmentation objects to masks: BINARY, FRACTIONAL and LABELMAP, on the grid of the source series or their own.
 *
 * Frames may be turned, flipped or cropped against the grid as long as their pixels lie on its voxels; slices without a frame
 * are empty. Without a grid, one is made of the places of the frames. LPS millimetres; masks `[slices, rows, columns]`.
 * Masks are made when they are asked for, as a file may hold thousands. Refused (`input`): other objects, frames without
 * place or segment, frames that do not lie on the grid. Source: DICOM PS3.3 (C.8.20, C.7.6.16).
 */
import { cross, dot, emptyMask, type Grid, lpsToIndex, type MaskVolume, type Vector } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { readFileChecked } from '../../util/files.ts';
import { MAX_VOLUME_BYTES } from '../volume-bytes.ts';
import { type DataSet, type DicomFile, parseDicom, refuseDicom } from './dataset.ts';
import { type FramePlace, framePlace } from './image.ts';
import { decodeFrame, type PixelFormat, pixelFormat } from './pixels.ts';
import { TAG } from './tags.ts';
import { characterSet, items, number, text } from './values.ts';

/** Objects that are read: segmentations, and those of label maps. */
const CLASSES = ['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7'];
/** How far a pixel may lie from the centre of its voxel, in voxels. */
const OFF = 0.05;

/** A code of a scheme, with what it means. */
export interface DicomCode {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** A segment as the file describes it; null for what it does not say. */
export interface DicomSegmentInfo {
  readonly number: number;
  readonly label: string | null;
  readonly description: string | null;
  readonly category: DicomCode | null;
  readonly type: DicomCode | null;
  /** AUTOMATIC, SEMIAUTOMATIC or MANUAL. */
  readonly algorithmType: string | null;
  readonly algorithmName: string | null;
  readonly trackingUid: string | null;
}

/** A segmentation whose masks are made when they are asked for. */
export interface DicomSegmentationFile {
  readonly type: 'BINARY' | 'FRACTIONAL' | 'LABELMAP';
  readonly grid: Grid;
  readonly segments: readonly DicomSegmentInfo[];
  /** Mask of the segment of a number: 1 where it is, or where its probability is above `threshold` (default 0.5). */
  mask(number: number, threshold?: number): Promise<MaskVolume>;
}

function readCode(item: DataSet | undefined, set: readonly string[]): DicomCode | null {
  if (item === undefined) return null;
  const read = (tag: number): string => text(item, tag, set) ?? '';
  return { value: read(TAG.CodeValue), scheme: read(TAG.CodingSchemeDesignator), meaning: read(TAG.CodeMeaning) };
}

function readSegments({ dataset, label }: DicomFile): DicomSegmentInfo[] {
  const set = characterSet(dataset);
  const segments = items(dataset, TAG.SegmentSequence).map((item): DicomSegmentInfo => {
    const read = (tag: number): string | null => text(item, tag, set) ?? null;
    return {
      number: number(item, TAG.SegmentNumber) ?? refuseDicom(label, 'one of its segments has no SegmentNumber'),
      label: read(TAG.SegmentLabel),
      description: read(TAG.SegmentDescription),
      category: readCode(items(item, TAG.SegmentedPropertyCategoryCodeSequence)[0], set),
      type: readCode(items(item, TAG.SegmentedPropertyTypeCodeSequence)[0], set),
      algorithmType: read(TAG.SegmentAlgorithmType),
      algorithmName: read(TAG.SegmentAlgorithmName),
      trackingUid: read(TAG.TrackingUID),
    };
  });
  const numbers = new Set(segments.map((segment) => segment.number));
  if (numbers.size < segments.length) refuseDicom(label, 'two of its segments have the same SegmentNumber');
  return segments;
}

/** A frame: which segment it is of (null: all, in a label map), and where it lies. */
interface Frame {
  readonly index: number;
  readonly segment: number | null;
  readonly position: Vector;
  readonly orientation: readonly [Vector, Vector];
  readonly spacing: readonly [number, number];
  readonly depth: number | null;
}

function readFrames({ dataset, label }: DicomFile, format: PixelFormat, isMap: boolean): Frame[] {
  const perFrame = items(dataset, TAG.PerFrameFunctionalGroupsSequence);
  const shared = items(dataset, TAG.SharedFunctionalGroupsSequence)[0];
  return Array.from({ length: format.frames }, (_, index): Frame => {
    const sets = [perFrame[index], shared].flatMap((set) => (set === undefined ? [] : [set]));
    const named = sets.flatMap((set) => items(set, TAG.SegmentIdentificationSequence))[0];
    const segment = named === undefined ? undefined : number(named, TAG.ReferencedSegmentNumber);
    if (!isMap && segment === undefined) refuseDicom(label, `its frame ${index} does not say which segment it is of`);
    const place: FramePlace = framePlace(dataset, index);
    const { position, orientation, spacing, depth } = place;
    if (position === null || orientation === null || spacing === null) {
      return refuseDicom(label, `its frame ${index} does not say where it lies (position, orientation, spacing)`);
    }
    return { index, segment: isMap ? null : (segment as number), position, orientation, spacing, depth };
  });
}

/** The grid that all frames lie on: from the lowest to the highest, in steps of the least distance. */
function gridOf(frames: readonly Frame[], format: PixelFormat, label: string): Grid {
  const [first] = frames;
  const [across, down] = first.orientation;
  const normal = cross(across, down);
  const sorted = [...frames].sort((a, b) => dot(a.position, normal) - dot(b.position, normal));
  const heights = sorted.map(({ position }) => dot(position, normal));
  const gaps = heights.slice(1).flatMap((height, i) => (height - heights[i] > 0.01 ? [height - heights[i]] : []));
  const least = gaps.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const depth = first.depth ?? 1;
  // The file's own distance, where the frames keep to it: slices between any two may be empty.
  const keeps = gaps.every((gap) => Math.abs(gap / depth - Math.round(gap / depth)) < OFF && gap > depth / 2);
  const step = keeps ? depth : least;
  const slices = Math.round((heights[heights.length - 1] - heights[0]) / step) + 1;
  if (!(slices * format.rows * format.columns <= MAX_VOLUME_BYTES)) {
    refuseDicom(label, `its frames span ${slices} slices of ${format.columns} x ${format.rows}; that is too many`);
  }
  return {
    size: [format.columns, format.rows, slices],
    spacing: [first.spacing[0], first.spacing[1], step],
    origin: sorted[0].position,
    direction: [across, down, normal],
  };
}

/** How pixels of a frame go to voxels: offset of the first pixel, and of one column and one row, in voxels of the mask. */
interface Way {
  readonly start: readonly number[];
  readonly column: readonly number[];
  readonly row: readonly number[];
}

function wayTo(grid: Grid, frame: Frame, label: string): Way {
  const { position, orientation, spacing } = frame;
  const at = (columns: number, rows: number): Vector =>
    lpsToIndex(
      grid,
      position.map(
        (value, i) => value + columns * spacing[0] * orientation[0][i] + rows * spacing[1] * orientation[1][i],
      ) as unknown as Vector,
    );
  // Measured over a hundred pixels, so that steps that differ a little do not pass for the same.
  const difference = (to: Vector): number[] => to.map((value, i) => (value - at(0, 0)[i]) / 100);
  const way = { start: [...at(0, 0)], column: difference(at(100, 0)), row: difference(at(0, 100)) };
  const whole = (values: readonly number[], off: number): boolean =>
    values.every((value) => Math.abs(value - Math.round(value)) <= off);
  const steps = [way.column, way.row].every((step) => step.reduce((sum, v) => sum + Math.abs(Math.round(v)), 0) === 1);
  if (!whole(way.start, OFF) || !whole(way.column, 1e-3) || !whole(way.row, 1e-3) || !steps) {
    const reason = `its frame ${frame.index} does not lie on the voxels of the ${grid.size.join(' x ')} grid`;
    return refuseDicom(label, reason);
  }
  return { start: way.start.map(Math.round), column: way.column.map(Math.round), row: way.row.map(Math.round) };
}

/** Marks the voxels of a frame's pixels that are inside. */
function put(mask: MaskVolume, way: Way, format: PixelFormat, inside: (pixel: number) => boolean, label: string): void {
  const [columns, rows, slices] = mask.size;
  for (let y = 0, i = 0; y < format.rows; y++) {
    for (let x = 0; x < format.columns; x++, i++) {
      if (!inside(i)) continue;
      const [cx, cy, cz] = way.start.map((from, axis) => from + x * way.column[axis] + y * way.row[axis]);
      if (cx < 0 || cy < 0 || cz < 0 || cx >= columns || cy >= rows || cz >= slices) {
        refuseDicom(label, `it marks pixels outside of the ${mask.size.join(' x ')} grid`);
      }
      mask.data[(cz * rows + cy) * columns + cx] = 1;
    }
  }
}

/** Parses a segmentation held in memory; `grid` is that of the source series, left out: the frames' own. */
export function decodeSegmentation(bytes: Uint8Array, label: string, grid?: Grid): DicomSegmentationFile {
  const file = parseDicom(bytes, label);
  const { dataset } = file;
  const uid = text(dataset, TAG.SOPClassUID) ?? '';
  const type = text(dataset, TAG.SegmentationType) ?? '';
  if (!CLASSES.includes(uid)) refuseDicom(label, `it is no segmentation (SOP class ${uid || 'not named'})`);
  if (type !== 'BINARY' && type !== 'FRACTIONAL' && type !== 'LABELMAP') {
    return refuseDicom(label, `SegmentationType is ${type || 'missing'}; allowed: BINARY, FRACTIONAL, LABELMAP`);
  }
  const format = pixelFormat(file);
  const segments = readSegments(file);
  const frames = readFrames(file, format, type === 'LABELMAP');
  const on = grid ?? gridOf(frames, format, label);
  const full = type === 'FRACTIONAL' ? number(dataset, TAG.MaximumFractionalValue) : 1;
  if (full === undefined || full < 1) return refuseDicom(label, `MaximumFractionalValue is ${full ?? 'missing'}`);
  const ways = frames.map((frame) => wayTo(on, frame, label));

  const mask = async (wanted: number, threshold = 0.5): Promise<MaskVolume> => {
    if (!segments.some((segment) => segment.number === wanted)) {
      const known = segments.map((segment) => segment.number);
      const listed = known.length > 10 ? `${known.slice(0, 10).join(', ')} …` : known.join(', ');
      throw new BiomedParseError('usage', `${label} has no segment ${wanted}; there are: ${listed}`);
    }
    const out = emptyMask(on);
    for (const { index, segment } of frames) {
      if (segment !== null && segment !== wanted) continue;
      const { samples } = await decodeFrame(file, format, index);
      const inside =
        segment === null
          ? (i: number): boolean => samples[i] === wanted
          : (i: number): boolean => samples[i] > (type === 'BINARY' ? 0 : threshold * full);
      put(out, ways[index], format, inside, label);
    }
    return out;
  };
  return { type, grid: on, segments, mask };
}

/** Reads a DICOM Segmentation; give the grid of its source series to get masks that fit it voxel by voxel. */
export async function readSegmentation(
  path: string,
  options: { readonly grid?: Grid } = {},
): Promise<DicomSegmentationFile> {
  return decodeSegmentation(await readFileChecked(path), path, options.grid);
}
