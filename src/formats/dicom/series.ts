/**
 * DICOM series to volumes: from a folder, a list of files, or one multi-frame file.
 *
 * Files are grouped by Series Instance UID; stack.ts orders the slices. Only headers are kept while a series is looked
 * through, and each frame is decoded once, straight into the volume. Files that are no DICOM images are left out of a
 * folder and counted. Where a series is tilted, slices are shifted in their plane by linear interpolation; where a slice
 * is missing it is the mean of its neighbours, by distance; both are said in the notes.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Identifiers, Samples, Volume } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { readError, readFileChecked } from '../../util/files.ts';
import { MAX_VOLUME_BYTES, type VolumeFile } from '../volume-bytes.ts';
import { isDicom, refuseDicom } from './dataset.ts';
import { type DicomImage, openDicom } from './image.ts';
import { pixelPrivacy } from './pixel-privacy.ts';
import { type DicomSource, instanceOf, type SourceImage, sourceAttributes } from './source.ts';
import { type SlicePlace, stackSlices, uprightGrid } from './stack.ts';

/** Most files that are looked at in a folder. */
const MAX_FILES = 100_000;

/** A slice that can be decoded again. */
interface SliceSource extends SlicePlace {
  readonly path: string;
  readonly frame: number;
  readonly uid: string | undefined;
  readonly image: SourceImage;
}

/** A series as a volume, and what a DICOM object made from it takes over. */
export interface DicomVolumeFile extends VolumeFile {
  readonly source: DicomSource;
}

/** The images of one series. */
export interface DicomSeries {
  readonly uid: string;
  readonly identifiers: Identifiers;
  readonly files: readonly string[];
  readonly slices: readonly SliceSource[];
  /** Frames without a place in the patient, which make no volume. */
  readonly unplaced: readonly string[];
  /** The header of an image says that text is part of its pixels. */
  readonly burntIn: boolean;
}

interface Found {
  readonly series: readonly DicomSeries[];
  readonly notes: readonly string[];
}

/** Slices of one file; frames without position, orientation or spacing have none. */
function slicesOf(image: DicomImage, path: string): SliceSource[] {
  const { format, identifiers, instanceNumber } = image;
  return Array.from({ length: format.frames }, (_, frame) => {
    const { position, orientation, spacing, depth } = image.place(frame);
    if (position === null || orientation === null || spacing === null) return [];
    const name = format.frames === 1 ? basename(path) : `${basename(path)} frame ${frame}`;
    const number = (instanceNumber ?? 0) + frame;
    const uid = identifiers.instanceUids?.[0];
    const { columns, rows } = format;
    const source = { ...instanceOf(image.file), frame: format.frames === 1 ? null : frame };
    return [{ name, path, frame, uid, image: source, columns, rows, position, orientation, spacing, depth, number }];
  }).flat();
}

async function filesOf(source: string | readonly string[]): Promise<{ paths: readonly string[]; folder: boolean }> {
  if (typeof source !== 'string') return { paths: source, folder: false };
  try {
    if (!(await stat(source)).isDirectory()) return { paths: [source], folder: false };
    const entries = await readdir(source, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    if (names.length > MAX_FILES) {
      throw new BiomedParseError('input', `${source} holds ${names.length} files; at most ${MAX_FILES} are allowed`);
    }
    return { paths: names.sort().map((name) => join(source, name)), folder: true };
  } catch (error) {
    throw error instanceof BiomedParseError ? error : readError(source, error);
  }
}

/** The series in a folder, a list of files or a file. Files of a folder that are no DICOM images are left out and counted. */
export async function findDicomSeries(source: string | readonly string[]): Promise<Found> {
  const { paths, folder } = await filesOf(source);
  const groups = new Map<
    string,
    { identifiers: Identifiers; files: string[]; slices: SliceSource[]; unplaced: string[]; burntIn: boolean }
  >();
  const left: string[] = [];
  for (const path of paths) {
    const bytes = await readFileChecked(path);
    if (folder && !isDicom(bytes)) {
      left.push(basename(path));
      continue;
    }
    let image: DicomImage;
    try {
      image = openDicom(bytes, path);
    } catch (error) {
      // A damaged image must not be missing in silence; what never was an image may be left out.
      const imageless = error instanceof BiomedParseError && error.fields.imageless === true;
      if (!folder || !imageless) throw error;
      left.push(basename(path));
      continue;
    }
    const uid = image.identifiers.seriesUid ?? '';
    const { identifiers } = image;
    const group = groups.get(uid) ?? { identifiers, files: [], slices: [], unplaced: [], burntIn: false };
    groups.set(uid, group);
    group.burntIn ||= image.burntIn;
    group.files.push(path);
    const slices = slicesOf(image, path);
    for (const slice of slices) group.slices.push(slice);
    if (slices.length < image.format.frames) group.unplaced.push(basename(path));
  }
  const names = left.length > 3 ? `${left.slice(0, 3).join(', ')} …` : left.join(', ');
  const notes = left.length === 0 ? [] : [`left out ${left.length} file(s) that hold no DICOM image: ${names}`];
  return { series: [...groups].map(([uid, group]) => ({ uid, ...group })), notes };
}

/** One line about each series, for a choice. */
const describeSeries = (series: readonly DicomSeries[]): string =>
  series
    .slice(0, 10)
    .map(
      ({ uid, identifiers, files }) =>
        `${uid || 'without UID'} (${identifiers.modality ?? '?'}, ${files.length} files)`,
    )
    .join('; ');

/** Reads a series as a volume; a folder with several needs `series`, a Series Instance UID. */
export async function readDicomSeries(
  source: string | readonly string[],
  options: { readonly series?: string } = {},
): Promise<DicomVolumeFile> {
  const label = typeof source === 'string' ? source : `${source.length} files`;
  const { series, notes } = await findDicomSeries(source);
  const chosen = options.series === undefined ? series : series.filter(({ uid }) => uid === options.series);
  if (chosen.length !== 1) {
    const reason =
      series.length === 0
        ? 'it holds no DICOM images'
        : chosen.length === 0
          ? `it has no series ${options.series}; there are: ${describeSeries(series)}`
          : `it holds ${chosen.length} series; choose one: ${describeSeries(chosen)}`;
    throw new BiomedParseError(series.length === 0 ? 'input' : 'usage', `cannot make a volume of ${label}: ${reason}`);
  }
  const [{ slices, unplaced, identifiers, files, burntIn }] = chosen;
  if (unplaced.length > 0) {
    const reason = `${unplaced[0]} does not say where its frames lie (position, orientation, spacing)`;
    throw new BiomedParseError('input', `cannot make a volume of ${label}: ${reason}`);
  }
  const stack = stackSlices(slices, label);
  const { volume, attributes, warnings } = await decodeStack(stack, identifiers);
  const { size, spacing, origin, direction } = volume;
  const made: DicomSource = {
    ...{ size, spacing, origin, direction, attributes },
    images: sourceImages(stack.slices),
    resampled: stack.shifts !== null,
    deidentified: false,
  };
  return { volume, frames: 1, notes: [...notes, ...stack.notes, ...warnings], files, source: made, burntIn };
}

/** Stores a slice in the volume's samples, which become wider where the slice's values need it. */
function store(samples: Samples | null, at: number, slice: Samples, length: number): Samples {
  const same = samples === null || samples.constructor === slice.constructor;
  let target = samples;
  if (target === null || !same) {
    const isFloat = (data: Samples): boolean => data instanceof Float32Array || data instanceof Float64Array;
    const wide = (data: Samples): boolean => data instanceof Float64Array || data instanceof Uint32Array;
    const pick = (): (new (n: number) => Samples) => {
      if (target === null) return slice.constructor as new (n: number) => Samples;
      if (wide(slice) || wide(target)) return Float64Array;
      return isFloat(slice) || isFloat(target) ? Float32Array : Int32Array;
    };
    const Type = pick();
    if (!(target instanceof Type)) {
      const next = new Type(length);
      if (length * next.BYTES_PER_ELEMENT > MAX_VOLUME_BYTES) tooLarge(length * next.BYTES_PER_ELEMENT);
      if (target !== null) next.set(target.subarray(0, at));
      target = next;
    }
  }
  target.set(slice, at);
  return target;
}

function tooLarge(bytes: number): never {
  throw new BiomedParseError('input', `the volume takes ${bytes} bytes; at most ${MAX_VOLUME_BYTES} are allowed`);
}

/** A slice moved by [columns, rows] pixels in a larger frame, linear between pixels; outside is the slice's lowest value. */
function shifted(slice: Samples, columns: number, rows: number, to: readonly number[], by: readonly number[]): Samples {
  const [width, height] = to;
  let lowest = slice[0];
  for (const value of slice) if (value < lowest) lowest = value;
  const out = new (slice.constructor as new (n: number) => Samples)(width * height).fill(lowest);
  const whole = !(out instanceof Float32Array || out instanceof Float64Array);
  for (let y = 0; y < height; y++) {
    const fy = y - by[1];
    if (fy < -1e-6 || fy > rows - 1 + 1e-6) continue;
    const y0 = Math.min(rows - 1, Math.max(0, Math.floor(fy)));
    const [y1, wy] = [Math.min(rows - 1, y0 + 1), Math.max(0, fy - y0)];
    for (let x = 0; x < width; x++) {
      const fx = x - by[0];
      if (fx < -1e-6 || fx > columns - 1 + 1e-6) continue;
      const x0 = Math.min(columns - 1, Math.max(0, Math.floor(fx)));
      const [x1, wx] = [Math.min(columns - 1, x0 + 1), Math.max(0, fx - x0)];
      const top = slice[y0 * columns + x0] * (1 - wx) + slice[y0 * columns + x1] * wx;
      const bottom = slice[y1 * columns + x0] * (1 - wx) + slice[y1 * columns + x1] * wx;
      const value = top * (1 - wy) + bottom * wy;
      out[y * width + x] = whole ? Math.round(value) : value;
    }
  }
  return out;
}

/** Decodes the slices of a stack into one volume, with what a DICOM object takes over from the first. */
export async function decodeStack(
  { slices, grid: plain, shifts }: ReturnType<typeof stackSlices<SliceSource>>,
  identifiers: Identifiers,
): Promise<{ volume: Volume; attributes: DicomSource['attributes']; warnings: ReadonlySet<string> }> {
  const upright = shifts === null ? null : uprightGrid(plain, shifts);
  const grid = upright?.grid ?? plain;
  const pixels = grid.size[0] * grid.size[1];
  if (pixels * slices.length > MAX_VOLUME_BYTES) tooLarge(pixels * slices.length);
  let samples: Samples | null = null;
  let channels: 1 | 3 | null = null;
  let opened: { path: string; image: DicomImage } | undefined;
  let attributes: DicomSource['attributes'] | undefined;
  const warnings = new Set<string>();
  for (const [k, slice] of slices.entries()) {
    if (slice === null) continue;
    if (opened?.path !== slice.path) {
      opened = { path: slice.path, image: openDicom(await readFileChecked(slice.path), slice.path) };
      for (const warning of pixelPrivacy(opened.image.file.dataset)) warnings.add(warning);
    }
    attributes ??= sourceAttributes(opened.image.file);
    const frame = await opened.image.frame(slice.frame);
    channels ??= frame.channels;
    if (frame.channels !== channels) refuseDicom(slice.path, 'grey and colour are mixed in its series');
    if (frame.channels === 3 && upright !== null) refuseDicom(slice.path, 'its series is of tilted colour slices');
    const { columns, rows } = slice;
    const data = upright === null ? frame.data : shifted(frame.data, columns, rows, grid.size, upright.places[k]);
    samples = store(samples, k * pixels * channels, data, pixels * slices.length * channels);
  }
  if (samples === null || channels === null || attributes === undefined)
    throw new BiomedParseError('internal', 'a stack without slices');
  fillMissing(samples, slices, pixels * channels);
  const { instanceUids: _, ...shared } = identifiers;
  const uids = slices.flatMap((slice) => slice?.uid ?? []);
  const named = uids.length === 0 ? shared : { ...shared, instanceUids: uids };
  return { volume: { ...grid, data: samples, channels, identifiers: named }, attributes, warnings };
}

/** Per slice the image that it is, or the nearest ones of a slice that is missing. */
function sourceImages(slices: readonly (SliceSource | null)[]): SourceImage[][] {
  return slices.map((slice, k) => {
    if (slice !== null) return [slice.image];
    const before = slices.slice(0, k).findLast((one) => one !== null);
    const after = slices.slice(k).find((one) => one !== null);
    return [before, after].flatMap((one) => (one ? [one.image] : []));
  });
}

/** Slices that are missing become the mean of the nearest ones, by distance. */
function fillMissing(samples: Samples, slices: readonly (SliceSource | null)[], length: number): void {
  const whole = !(samples instanceof Float32Array || samples instanceof Float64Array);
  for (const [k, slice] of slices.entries()) {
    if (slice !== null) continue;
    let [a, b] = [k, k];
    while (slices[a] === null) a--;
    while (slices[b] === null) b++;
    const weight = (k - a) / (b - a);
    for (let i = 0; i < length; i++) {
      const value = samples[a * length + i] * (1 - weight) + samples[b * length + i] * weight;
      samples[k * length + i] = whole ? Math.round(value) : value;
    }
  }
}
