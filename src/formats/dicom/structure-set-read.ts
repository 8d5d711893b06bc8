/**
 * RT structure sets to masks: contours of each region of interest (ROI) filled on the grid of a series.
 *
 * A voxel is inside if its centre is. Contours of a ROI that lie in the same slice are taken together by the even-odd rule, so that
 * one in another is a hole, as are keyholes. A contour belongs to the nearest slice, at most half a slice away. Contours that
 * enclose nothing (POINT, OPEN_PLANAR) are left out and counted. Refused (`input`): other objects, contours that are no points,
 * that lie across the slices or outside of them. LPS mm; masks `[slices, rows, columns]`.
 * Source: DICOM PS3.3 (C.8.8.5, C.8.8.6).
 */
import { fillPolygon } from '../../image/contours.ts';
import { emptyMask, type Grid, lpsToIndex, type MaskVolume } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { readFileChecked } from '../../util/files.ts';
import { type DataSet, parseDicom, refuseDicom } from './dataset.ts';
import { TAG } from './tags.ts';
import { characterSet, items, number, numbers, text } from './values.ts';

const STRUCTURE_SET_CLASS = '1.2.840.10008.5.1.4.1.1.481.3';
const CLOSED = ['CLOSED_PLANAR', 'CLOSEDPLANAR_XOR'];
/** Rows that the sides of all contours of a ROI may cross together: bounds the work of filling. */
const MAX_CROSSINGS = 500_000_000;

/** A region of interest as the file describes it; null for what it does not say. */
export interface RegionOfInterest {
  readonly number: number;
  readonly name: string | null;
  readonly description: string | null;
  /** Red, green, blue, 0..255. */
  readonly colour: readonly [number, number, number] | null;
  readonly frameOfReferenceUid: string | null;
  /** Closed contours that the file has of it. */
  readonly contours: number;
  /** Contours that enclose nothing and are left out. */
  readonly leftOut: number;
}

/** A structure set whose masks are made when they are asked for. */
export interface StructureSetFile {
  readonly rois: readonly RegionOfInterest[];
  /** Mask of the region of a number on a grid, that of the series that the contours were drawn on. */
  mask(number: number, grid: Grid): MaskVolume;
}

const isClosed = (contour: DataSet): boolean => CLOSED.includes(text(contour, TAG.ContourGeometricType) ?? '');

/** Fills one contour into the slice that it lies in; returns the rows that were crossed. */
function fill(mask: MaskVolume, contour: DataSet, name: string, label: string): number {
  const values = numbers(contour, TAG.ContourData);
  if (values.length < 9 || values.length % 3 !== 0) {
    return refuseDicom(label, `a contour of ${name} has ${values.length} coordinates; at least 3 points are needed`);
  }
  const [width, height, slices] = mask.size;
  const points = Array.from({ length: values.length / 3 }, (_, i) =>
    lpsToIndex(mask, [values[3 * i], values[3 * i + 1], values[3 * i + 2]]),
  );
  let [least, most, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const [, , z] of points) [least, most, sum] = [Math.min(least, z), Math.max(most, z), sum + z];
  if (!(most - least < 0.5)) refuseDicom(label, `a contour of ${name} lies across the slices of the grid`);
  const slice = Math.round(sum / points.length);
  if (!(slice >= 0 && slice < slices))
    refuseDicom(label, `a contour of ${name} lies outside of the slices of the grid`);
  const data = mask.data.subarray(slice * width * height, (slice + 1) * width * height);
  fillPolygon(
    { data, width, height },
    points.map(([x, y]) => [x, y] as const),
  );
  const inside = (y: number): number => Math.min(height, Math.max(0, y));
  return points.reduce((rows, [, y], i) => {
    const before = points[(i + points.length - 1) % points.length][1];
    return rows + Math.abs(inside(y) - inside(before));
  }, height);
}

/** Parses a structure set held in memory. */
export function decodeStructureSet(bytes: Uint8Array, label: string): StructureSetFile {
  const { dataset } = parseDicom(bytes, label);
  const uid = text(dataset, TAG.SOPClassUID) ?? '';
  if (uid !== STRUCTURE_SET_CLASS) {
    refuseDicom(label, `it is no RT structure set (SOP class ${uid || 'not named'})`);
  }
  const set = characterSet(dataset);
  const drawn = new Map(
    items(dataset, TAG.ROIContourSequence).map((item) => [number(item, TAG.ReferencedROINumber), item]),
  );
  const contoursOf = (roi: number): readonly DataSet[] => {
    const item = drawn.get(roi);
    return item === undefined ? [] : items(item, TAG.ContourSequence);
  };
  const rois = items(dataset, TAG.StructureSetROISequence).map((item): RegionOfInterest => {
    const roi = number(item, TAG.ROINumber) ?? refuseDicom(label, 'one of its regions has no ROINumber');
    const outline = drawn.get(roi);
    const colour = outline === undefined ? [] : numbers(outline, TAG.ROIDisplayColor);
    const contours = contoursOf(roi).filter(isClosed).length;
    return {
      number: roi,
      name: text(item, TAG.ROIName, set) ?? null,
      description: text(item, TAG.ROIDescription, set) ?? null,
      colour: colour.length === 3 ? [colour[0], colour[1], colour[2]] : null,
      frameOfReferenceUid: text(item, TAG.ReferencedFrameOfReferenceUID) ?? null,
      contours,
      leftOut: contoursOf(roi).length - contours,
    };
  });
  if (new Set(rois.map((roi) => roi.number)).size < rois.length) {
    refuseDicom(label, 'two of its regions have the same ROINumber');
  }

  const mask = (wanted: number, grid: Grid): MaskVolume => {
    const roi = rois.find((one) => one.number === wanted);
    if (roi === undefined) {
      const known = rois.map((one) => one.number);
      const listed = known.length > 10 ? `${known.slice(0, 10).join(', ')} …` : known.join(', ');
      throw new BiomedParseError('usage', `${label} has no region ${wanted}; there are: ${listed}`);
    }
    const out = emptyMask(grid);
    let crossings = 0;
    for (const contour of contoursOf(wanted).filter(isClosed)) {
      crossings += fill(out, contour, `region ${wanted}`, label);
      if (crossings > MAX_CROSSINGS) refuseDicom(label, `the contours of region ${wanted} are too many to be filled`);
    }
    return out;
  };
  return { rois, mask };
}

/** Reads an RT structure set; its masks are made on the grid of the series that it was drawn on. */
export async function readStructureSet(path: string): Promise<StructureSetFile> {
  return decodeStructureSet(await readFileChecked(path), path);
}
