/**
 * A DICOM image: frames in real values (Hounsfield units and the like) or 8-bit RGB, with windows and place.
 *
 * stored sample -> modality LUT, or rescale slope and intercept (1 and 0 where missing) -> real value; colour -> RGB.
 * Enhanced multi-frame objects name these per frame or for all frames; both are followed. Overlays are left out, pixel
 * padding is told. Text that names the patient is never part of a message.
 * Source: DICOM PS3.3 C.7.6.2, C.7.6.16 (functional groups), C.11.1 (modality LUT), C.11.2 (VOI LUT).
 */
import { rescale } from '../../image/rescale.ts';
import type { Identifiers, Samples, Vector } from '../../image/volume.ts';
import { dicomWindow, type Window } from '../../image/window.ts';
import { type LookupTable, lookUp, lookupTable, toRgb } from './colour.ts';
import { type DataSet, type DicomFile, parseDicom, refuseDicom } from './dataset.ts';
import { decodeFrame, type PixelFormat, pixelFormat } from './pixels.ts';
import { TAG } from './tags.ts';
import { characterSet, items, number, numbers, text, texts } from './values.ts';

/** Where a frame lies in the patient. */
export interface FramePlace {
  /** LPS mm of the centre of the first pixel. */
  readonly position: Vector | null;
  /** Unit LPS vectors in which columns and rows count up. */
  readonly orientation: readonly [Vector, Vector] | null;
  /** mm between [columns, rows]; null if the file does not say. */
  readonly spacing: readonly [number, number] | null;
  /** mm between slices, or the slice's thickness; null if the file does not say. */
  readonly depth: number | null;
}

/** One decoded frame. */
export interface DicomFrame {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Real values, or 8-bit RGB. */
  readonly data: Samples;
  /** Windows that the file proposes, with their names. */
  readonly windows: readonly { readonly name: string; readonly window: Window }[];
  /** A table from real values to display, which replaces a window. */
  readonly voiTable: LookupTable | null;
  /** Low values are white (MONOCHROME1). */
  readonly inverted: boolean;
  /** Real values, from and to, of pixels that are padding. */
  readonly padding: readonly [number, number] | null;
}

export interface DicomImage {
  readonly file: DicomFile;
  readonly format: PixelFormat;
  readonly identifiers: Identifiers;
  readonly instanceNumber: number | null;
  /** Letters of what columns and rows of a radiograph count up to; empty if the file does not say. */
  readonly patientOrientation: readonly string[];
  /** The header says that text is part of the pixels. */
  readonly burntIn: boolean;
  place(index: number): FramePlace;
  /** Decodes a frame, counted from 0. */
  frame(index: number): Promise<DicomFrame>;
}

/** The data sets that may hold an attribute of a frame, nearest first: its functional groups, those of all frames, the object. */
function holders(dataset: DataSet, index: number, group: number): DataSet[] {
  const perFrame = items(dataset, TAG.PerFrameFunctionalGroupsSequence)[index];
  const shared = items(dataset, TAG.SharedFunctionalGroupsSequence)[0];
  const groups = [perFrame, shared].flatMap((one) => (one === undefined ? [] : items(one, group).slice(0, 1)));
  return [...groups, dataset];
}

/** The first holder's values of an attribute. */
function find(sets: readonly DataSet[], tag: number): number[] {
  for (const set of sets) {
    const values = numbers(set, tag);
    if (values.length > 0) return values;
  }
  return [];
}

/** Where a frame of an image lies, as far as the file says. */
export function framePlace(dataset: DataSet, index: number): FramePlace {
  const position = find(holders(dataset, index, TAG.PlanePositionSequence), TAG.ImagePositionPatient);
  const cosines = find(holders(dataset, index, TAG.PlaneOrientationSequence), TAG.ImageOrientationPatient);
  const measures = holders(dataset, index, TAG.PixelMeasuresSequence);
  const [between] = find(measures, TAG.SpacingBetweenSlices);
  const [thickness] = find(measures, TAG.SliceThickness);
  const pixel = find(measures, TAG.PixelSpacing);
  // The detector's spacing is not corrected for magnification, but is all that projection images have.
  const [rows, columns] = pixel.length === 2 ? pixel : numbers(dataset, TAG.ImagerPixelSpacing);
  const unit = (at: number): Vector | null => {
    const v = cosines.slice(at, at + 3);
    const length = Math.hypot(...v);
    return Math.abs(length - 1) < 0.01 ? ([v[0] / length, v[1] / length, v[2] / length] as const) : null;
  };
  const [across, down] = cosines.length === 6 ? [unit(0), unit(3)] : [null, null];
  const depth = Math.abs(between || thickness || 0);
  return {
    position: position.length === 3 ? (position as unknown as Vector) : null,
    orientation: across === null || down === null ? null : [across, down],
    spacing: rows > 0 && columns > 0 ? [columns, rows] : null,
    depth: depth > 0 ? depth : null,
  };
}

/** What turns a frame's stored values into real ones. */
interface Modality {
  readonly slope: number;
  readonly intercept: number;
  readonly table: LookupTable | null;
}

function modality(file: DicomFile, format: PixelFormat, index: number): Modality {
  const { dataset, label } = file;
  const sets = holders(dataset, index, TAG.PixelValueTransformationSequence);
  const [slope = 1] = find(sets, TAG.RescaleSlope);
  const [intercept = 0] = find(sets, TAG.RescaleIntercept);
  const [item] = items(dataset, TAG.ModalityLUTSequence);
  const table = item === undefined ? null : readTable(item, format.signed);
  if (item !== undefined && table === null) refuseDicom(label, 'its modality LUT is damaged');
  // A slope of 0 would make every pixel the same: such files mean no rescaling.
  return { slope: slope === 0 ? 1 : slope, intercept, table };
}

const readTable = (item: DataSet, signed: boolean): LookupTable | null =>
  lookupTable(numbers(item, TAG.LUTDescriptor, signed), numbers(item, TAG.LUTData));

function windows(dataset: DataSet, index: number): DicomFrame['windows'] {
  const sets = holders(dataset, index, TAG.FrameVOILUTSequence);
  const centres = find(sets, TAG.WindowCenter);
  const widths = find(sets, TAG.WindowWidth);
  const names = texts(sets[0], TAG.WindowExplanation, characterSet(dataset));
  const word = sets.map((set) => text(set, TAG.VOILUTFunction)).find((value) => value !== undefined);
  const shape = word === 'SIGMOID' || word === 'LINEAR_EXACT' ? word : 'LINEAR';
  return centres.flatMap((centre, i) =>
    widths[i] >= 1 || (shape !== 'LINEAR' && widths[i] > 0)
      ? [{ name: names[i] ?? '', window: dicomWindow(centre, widths[i], shape) }]
      : [],
  );
}

function padding(dataset: DataSet, format: PixelFormat, { slope, intercept, table }: Modality): DicomFrame['padding'] {
  const value = number(dataset, TAG.PixelPaddingValue, format.signed);
  if (value === undefined || table !== null) return null;
  const limit = number(dataset, TAG.PixelPaddingRangeLimit, format.signed) ?? value;
  const ends = [slope * value + intercept, slope * limit + intercept];
  return [Math.min(...ends), Math.max(...ends)];
}

function identifiers(dataset: DataSet): Identifiers {
  const set = characterSet(dataset);
  const read = (tag: number): string | undefined => text(dataset, tag, set);
  const entries = {
    patientId: read(TAG.PatientID),
    studyUid: read(TAG.StudyInstanceUID),
    seriesUid: read(TAG.SeriesInstanceUID),
    frameOfReferenceUid: read(TAG.FrameOfReferenceUID),
    modality: read(TAG.Modality),
    description: read(TAG.SeriesDescription) ?? read(TAG.StudyDescription),
  };
  const uid = read(TAG.SOPInstanceUID);
  return {
    ...Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)),
    ...(uid === undefined ? {} : { instanceUids: [uid] }),
  };
}

async function decode(file: DicomFile, format: PixelFormat, index: number): Promise<DicomFrame> {
  const { dataset } = file;
  const stored = await decodeFrame(file, format, index);
  const size = { width: format.columns, height: format.rows };
  const grey = stored.photometric.startsWith('MONOCHROME') && format.samples === 1;
  if (!grey) {
    const data = toRgb(file, format, stored);
    return { ...size, channels: 3, data, windows: [], voiTable: null, inverted: false, padding: null };
  }
  const transform = modality(file, format, index);
  const { slope, intercept, table } = transform;
  const data =
    table === null
      ? rescale(stored.samples, slope, intercept)
      : Uint16Array.from(stored.samples, (value) => lookUp(table, value));
  const [voi] = items(dataset, TAG.VOILUTSequence);
  return {
    ...size,
    channels: 1,
    data,
    windows: windows(dataset, index),
    voiTable:
      voi === undefined
        ? null
        : readTable(
            voi,
            data.some((value: number) => value < 0),
          ),
    inverted: stored.photometric === 'MONOCHROME1',
    padding: padding(dataset, format, transform),
  };
}

/** Opens a DICOM image held in memory; frames are decoded when they are asked for. Refuses objects without pixels. */
export function openDicom(bytes: Uint8Array, label: string): DicomImage {
  const file = parseDicom(bytes, label);
  const format = pixelFormat(file);
  return {
    file,
    format,
    identifiers: identifiers(file.dataset),
    instanceNumber: number(file.dataset, TAG.InstanceNumber) ?? null,
    patientOrientation: texts(file.dataset, TAG.PatientOrientation),
    burntIn: text(file.dataset, TAG.BurnedInAnnotation) === 'YES',
    place: (index) => framePlace(file.dataset, index),
    frame: (index) => decode(file, format, index),
  };
}
