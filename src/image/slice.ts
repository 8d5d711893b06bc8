/**
 * Slices of a volume as images in the usual display: axial seen from the feet (patient's left on the right, front up),
 * coronal seen from the front (left on the right, head up), sagittal seen from the left (front on the left, head up).
 * A slice follows the grid axis nearest to the plane's normal; an oblique volume is not resampled.
 * `putSlice` is the way back: what was cut with `cutSlice` goes to exactly the voxels it came from.
 */
import { BiomedParseError } from '../util/errors.ts';
import { add, type Grid, indexToLps, nearestAxes, type Samples, type Vector, type Volume } from './volume.ts';

export const PLANES = ['axial', 'coronal', 'sagittal'] as const;
export type Plane = (typeof PLANES)[number];

/** Per plane: the patient axis of normal, columns and rows, and where columns and rows count up to (1: left, back, head). */
const VIEWS = {
  axial: { normal: 2, across: 0, down: 1, acrossSign: 1, downSign: 1 },
  coronal: { normal: 1, across: 0, down: 2, acrossSign: 1, downSign: -1 },
  sagittal: { normal: 0, across: 1, down: 2, acrossSign: 1, downSign: -1 },
} as const;

/** Where the pixels of one slice lie in the volume's voxels and in the patient. */
export interface SliceLayout {
  readonly width: number;
  readonly height: number;
  /** Voxel of the pixel at the top left, and steps in voxels to the next pixel to the right and below. */
  readonly first: number;
  readonly stepAcross: number;
  readonly stepDown: number;
  /** mm between pixels, [across, down]. */
  readonly spacing: readonly [number, number];
  /** LPS mm of the centre of the pixel at the top left. */
  readonly origin: Vector;
  /** Unit LPS vectors to the right and down. */
  readonly direction: readonly [Vector, Vector];
}

/** A slice as an image `[height, width, channels]` of the volume's own samples, with its place. */
export interface Slice extends SliceLayout {
  readonly data: Samples;
  readonly channels: 1 | 3 | 4;
}

/** The grid axis that a plane's slices are stacked along: 0 columns, 1 rows, 2 slices. */
export function planeAxis(grid: Grid, plane: Plane): 0 | 1 | 2 {
  return nearestAxes(grid).findIndex(({ patient }) => patient === VIEWS[plane].normal) as 0 | 1 | 2;
}

/** The plane that the volume's own slices are nearest to. */
export function nativePlane(grid: Grid): Plane {
  return PLANES.find((plane) => planeAxis(grid, plane) === 2) as Plane;
}

/** Number of slices in a plane. */
export function sliceCount(grid: Grid, plane: Plane): number {
  return grid.size[planeAxis(grid, plane)];
}

/** Which slices: from `start` on, up to and without `stop`, every `step`-th; what is left out is the first, the end, 1. */
export interface SliceRange {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}

/** Indices of a range of slices, counted along the grid's own axis; refuses (`usage`) one that is not wholly inside. */
export function sliceIndices(grid: Grid, plane: Plane, range: SliceRange = {}): number[] {
  const count = sliceCount(grid, plane);
  const { start = 0, stop = count, step = 1 } = range;
  const whole = [start, stop, step].every(Number.isInteger);
  if (!(whole && start >= 0 && start < stop && stop <= count && step >= 1)) {
    throw new BiomedParseError(
      'usage',
      `there are no ${plane} slices ${start}:${stop}:${step}; allowed: start:stop:step from 0:${count}:1, start below stop`,
      { plane, start, stop, step },
    );
  }
  return Array.from({ length: Math.ceil((stop - start) / step) }, (_, i) => start + i * step);
}

/** Layout of slice `index` (counted along the grid's own axis) of a plane; refuses (`usage`) an index outside. */
export function sliceLayout(grid: Grid, plane: Plane, index: number): SliceLayout {
  const view = VIEWS[plane];
  const axes = nearestAxes(grid);
  const find = (patient: number): number => axes.findIndex((axis) => axis.patient === patient);
  const [normal, across, down] = [find(view.normal), find(view.across), find(view.down)];
  if (!(Number.isInteger(index) && index >= 0 && index < grid.size[normal])) {
    throw new BiomedParseError('usage', `there is no ${plane} slice ${index}; allowed: 0 to ${grid.size[normal] - 1}`, {
      plane,
      index,
    });
  }
  const strides = [1, grid.size[0], grid.size[0] * grid.size[1]];
  const corner = [0, 0, 0];
  corner[normal] = index;
  const flipAcross = axes[across].sign !== view.acrossSign;
  const flipDown = axes[down].sign !== view.downSign;
  if (flipAcross) corner[across] = grid.size[across] - 1;
  if (flipDown) corner[down] = grid.size[down] - 1;
  const turned = (axis: number, flip: boolean): Vector => add([0, 0, 0], grid.direction[axis], flip ? -1 : 1);
  return {
    width: grid.size[across],
    height: grid.size[down],
    first: corner.reduce((sum, at, axis) => sum + at * strides[axis], 0),
    stepAcross: flipAcross ? -strides[across] : strides[across],
    stepDown: flipDown ? -strides[down] : strides[down],
    spacing: [grid.spacing[across], grid.spacing[down]],
    origin: indexToLps(grid, corner as unknown as Vector),
    direction: [turned(across, flipAcross), turned(down, flipDown)],
  };
}

/** Cuts slice `index` of a plane out of a volume, as a copy in the usual display. */
export function cutSlice(volume: Volume, plane: Plane, index: number): Slice {
  const layout = sliceLayout(volume, plane, index);
  const { width, height, first, stepAcross, stepDown } = layout;
  const { channels, data } = volume;
  const pixels = new (data.constructor as new (n: number) => Samples)(width * height * channels);
  const row = width * channels;
  for (let y = 0, to = 0; y < height; y++) {
    let from = (first + y * stepDown) * channels;
    // rows of most axial slices lie in the volume as they are shown
    if (stepAcross === 1) {
      pixels.set(data.subarray(from, from + row), to);
      to += row;
      continue;
    }
    for (let x = 0; x < width; x++, from += stepAcross * channels) {
      for (let c = 0; c < channels; c++) pixels[to++] = data[from + c];
    }
  }
  return { ...layout, data: pixels, channels };
}

/** Writes one-channel pixels `[height, width]` of a slice back into the voxels of a volume or mask. */
export function putSlice(target: Samples, layout: SliceLayout, pixels: ArrayLike<number>): void {
  const { width, height, first, stepAcross, stepDown } = layout;
  if (pixels.length !== width * height) {
    throw new BiomedParseError('internal', `${pixels.length} pixels do not fill a slice of ${width} x ${height}`);
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) target[first + y * stepDown + x * stepAcross] = pixels[y * width + x];
  }
}
