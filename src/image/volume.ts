/**
 * Volumes as plain data. A volume is a box of voxels: columns run fastest, then rows, then slices; channels last.
 *
 * Millimetres are in the patient's LPS system (x to the patient's left, y to the back, z to the head), as in DICOM; an
 * index counts voxels from 0 along [columns, rows, slices] and names a voxel's centre. What is read with a geometry keeps
 * it: nothing is flipped or resampled silently.
 * Source: DICOM PS3.3 C.7.6.2 (image plane).
 */
import { BiomedParseError } from '../util/errors.ts';

/** Three numbers: millimetres, an index or a direction. */
export type Vector = readonly [number, number, number];

/** Where a box of voxels lies in the patient. */
export interface Grid {
  /** Voxels along [columns, rows, slices]. */
  readonly size: Vector;
  /** Distance between voxel centres along each axis, mm. */
  readonly spacing: Vector;
  /** LPS place of the centre of voxel [0, 0, 0], mm. */
  readonly origin: Vector;
  /** Unit LPS vectors in which columns, rows and slices count up; usually at right angles, but a file may say otherwise. */
  readonly direction: readonly [Vector, Vector, Vector];
}

/** Sample types that a volume keeps as they are. */
export type Samples =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** Who and what a volume is of, as far as the file says. */
export interface Identifiers {
  readonly patientId?: string;
  readonly studyUid?: string;
  readonly seriesUid?: string;
  readonly frameOfReferenceUid?: string;
  /** SOP Instance UID per slice (one for all frames of a multi-frame object). */
  readonly instanceUids?: readonly string[];
  /** DICOM's modality code: CT, MR, US … */
  readonly modality?: string;
  readonly description?: string;
}

/** Voxels with their place: `[slices, rows, columns, channels]`. */
export interface Volume extends Grid {
  readonly data: Samples;
  /** 1 intensity, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 3 | 4;
  readonly identifiers: Identifiers;
}

/** A mask in a volume's grid `[slices, rows, columns]`: 1 inside, 0 outside. */
export interface MaskVolume extends Grid {
  readonly data: Uint8Array;
}

/** Number of voxels of a grid. */
export function voxelCount({ size }: Grid): number {
  return size[0] * size[1] * size[2];
}

/** An empty mask in the grid of a volume. */
export function emptyMask({ size, spacing, origin, direction }: Grid): MaskVolume {
  return { size, spacing, origin, direction, data: new Uint8Array(size[0] * size[1] * size[2]) };
}

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const add = (a: Vector, b: Vector, times = 1): Vector => [
  a[0] + times * b[0],
  a[1] + times * b[1],
  a[2] + times * b[2],
];

/** Length of a vector. */
export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

/** Splits voxel steps (LPS mm per index along each axis) into spacing and unit directions; null if they span no space. */
export function splitSteps(
  steps: readonly [Vector, Vector, Vector],
): { spacing: Vector; direction: Grid['direction'] } | null {
  const unit = (v: Vector, length: number): Vector => [v[0] / length, v[1] / length, v[2] / length];
  const spacing: Vector = [norm(steps[0]), norm(steps[1]), norm(steps[2])];
  if (!spacing.every((length) => length > 0 && Number.isFinite(length))) return null;
  const direction = [
    unit(steps[0], spacing[0]),
    unit(steps[1], spacing[1]),
    unit(steps[2], spacing[2]),
  ] as Grid['direction'];
  const volume = dot(direction[0], cross(direction[1], direction[2]));
  return Math.abs(volume) > 1e-6 ? { spacing, direction } : null;
}

/** Whether the axes stand at right angles, to about 0.01 degree. */
export function isOrthogonal({ direction: [a, b, c] }: Grid): boolean {
  return Math.max(Math.abs(dot(a, b)), Math.abs(dot(a, c)), Math.abs(dot(b, c))) < 2e-4;
}

/** LPS millimetres of an index; fractions lie between voxel centres. */
export function indexToLps({ spacing, origin, direction }: Grid, index: Vector): Vector {
  let at = origin;
  for (let axis = 0; axis < 3; axis++) at = add(at, direction[axis], index[axis] * spacing[axis]);
  return at;
}

/** Index (with fractions) of a place in LPS millimetres; the inverse of `indexToLps`. */
export function lpsToIndex({ spacing, origin, direction }: Grid, place: Vector): Vector {
  const [a, b, c] = direction;
  const d = add(place, origin, -1);
  const volume = dot(a, cross(b, c));
  if (Math.abs(volume) < 1e-9) throw new BiomedParseError('internal', 'the axes of the grid span no space');
  return [
    dot(d, cross(b, c)) / volume / spacing[0],
    dot(d, cross(c, a)) / volume / spacing[1],
    dot(d, cross(a, b)) / volume / spacing[2],
  ];
}

/**
 * For each grid axis the patient axis it is nearest to (0 left-right, 1 front-back, 2 feet-head) and whether it counts
 * towards left, back or head (1) or away (-1). Each patient axis is given once.
 */
export function nearestAxes({ direction }: Grid): readonly { readonly patient: 0 | 1 | 2; readonly sign: 1 | -1 }[] {
  const permutations = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ] as const;
  const closeness = (p: readonly number[]): number =>
    p.reduce((sum, patient, axis) => sum + direction[axis][patient] ** 2, 0);
  const best = permutations.reduce((a, b) => (closeness(b) > closeness(a) + 1e-12 ? b : a));
  return best.map((patient, axis) => ({ patient, sign: direction[axis][patient] < 0 ? -1 : 1 }));
}

/** Three letters: where columns, rows and slices count up to, `LPS` for a head-first supine axial series. */
export function orientationLabel(grid: Grid): string {
  const letters = [
    ['L', 'R'],
    ['P', 'A'],
    ['S', 'I'],
  ];
  return nearestAxes(grid)
    .map(({ patient, sign }) => letters[patient][sign === 1 ? 0 : 1])
    .join('');
}

/** Whether two grids are the same: sizes equal, every voxel centre within `tolerance` mm. */
export function sameGrid(a: Grid, b: Grid, tolerance = 1e-3): boolean {
  if (a.size.some((n, axis) => n !== b.size[axis])) return false;
  const [columns, rows, slices] = a.size;
  // The places are affine in the index: four corners that span the box bound all others.
  const corners: Vector[] = [
    [0, 0, 0],
    [columns - 1, 0, 0],
    [0, rows - 1, 0],
    [0, 0, slices - 1],
  ];
  return corners.every((index) => norm(add(indexToLps(a, index), indexToLps(b, index), -1)) <= tolerance);
}
