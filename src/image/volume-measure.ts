/**
 * What can be said of a mask in a volume: size in mL, intensities inside, box, and area per slice.
 * Voxels are counted as whole boxes; a millilitre is 1,000 mm3. Intensities are the volume's own (Hounsfield units in CT).
 */
import { type Plane, planeAxis, sliceLayout } from './slice.ts';
import { cross, dot, type Grid, type MaskVolume, type Vector, type Volume } from './volume.ts';

/** A box along the three axes. */
export interface SpaceBox {
  readonly from: Vector;
  readonly to: Vector;
}

export interface VolumeMeasurements {
  /** Voxels inside. */
  readonly voxels: number;
  readonly millilitres: number;
  /** Mean and standard deviation (of all voxels inside, not a sample of them) of the first channel; null if none is inside. */
  readonly mean: number | null;
  readonly deviation: number | null;
  /** Smallest box in voxels [columns, rows, slices]; `to` is exclusive; null if the mask is empty. */
  readonly boxVoxels: SpaceBox | null;
  /** Smallest box along LPS that holds all voxels with their full extent, mm; null if the mask is empty. */
  readonly boxMm: SpaceBox | null;
}

/** Volume of one voxel, mm3; less than the product of the spacings where axes are oblique to each other. */
export function voxelVolume({ spacing, direction: [a, b, c] }: Grid): number {
  return spacing[0] * spacing[1] * spacing[2] * Math.abs(dot(a, cross(b, c)));
}

/** Measures a mask in the grid of its volume. */
export function measureVolume(mask: MaskVolume, volume: Volume): VolumeMeasurements {
  const [columns, rows, slices] = mask.size;
  const { data, channels } = volume;
  const steps = mask.direction.map((axis, i) => axis.map((v) => v * mask.spacing[i]));
  const [low, high] = [
    [columns, rows, slices],
    [0, 0, 0],
  ];
  const [lowMm, highMm] = [Array<number>(3).fill(Infinity), Array<number>(3).fill(-Infinity)];
  let [voxels, sum] = [0, 0];
  const reach = (axis: number, at: number): void => {
    if (at < low[axis]) low[axis] = at;
    if (at >= high[axis]) high[axis] = at + 1;
  };
  /** A place is affine in the index, so the ends of a row of voxels bound all that lie between. */
  const stretch = (x: number, y: number, z: number): void => {
    for (let p = 0; p < 3; p++) {
      const place = mask.origin[p] + x * steps[0][p] + y * steps[1][p] + z * steps[2][p];
      if (place < lowMm[p]) lowMm[p] = place;
      if (place > highMm[p]) highMm[p] = place;
    }
  };
  for (let z = 0, at = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      let [first, last] = [-1, -1];
      for (let x = 0; x < columns; x++, at++) {
        if (mask.data[at] === 0) continue;
        voxels++;
        sum += data[at * channels];
        if (first < 0) first = x;
        last = x;
      }
      if (first < 0) continue;
      reach(0, first);
      reach(0, last);
      reach(1, y);
      reach(2, z);
      stretch(first, y, z);
      stretch(last, y, z);
    }
  }
  if (voxels === 0) return { voxels, millilitres: 0, mean: null, deviation: null, boxVoxels: null, boxMm: null };
  // A second pass: squares of large values would lose digits in the first.
  const mean = sum / voxels;
  let squares = 0;
  for (let at = 0; at < mask.data.length; at++) if (mask.data[at] !== 0) squares += (data[at * channels] - mean) ** 2;
  const half = [0, 1, 2].map((p) => (Math.abs(steps[0][p]) + Math.abs(steps[1][p]) + Math.abs(steps[2][p])) / 2);
  return {
    voxels,
    millilitres: (voxels * voxelVolume(mask)) / 1000,
    mean,
    deviation: Math.sqrt(squares / voxels),
    boxVoxels: { from: low as unknown as Vector, to: high as unknown as Vector },
    boxMm: {
      from: lowMm.map((v, p) => v - half[p]) as unknown as Vector,
      to: highMm.map((v, p) => v + half[p]) as unknown as Vector,
    },
  };
}

/** Pixels inside per slice of a plane, counted along the grid's own axis. */
export function sliceAreas(mask: MaskVolume, plane: Plane): Uint32Array {
  const axis = planeAxis(mask, plane);
  const [columns, rows] = mask.size;
  const areas = new Uint32Array(mask.size[axis]);
  for (let at = 0; at < mask.data.length; at++) {
    if (mask.data[at] === 0) continue;
    const index =
      axis === 0 ? at % columns : axis === 1 ? Math.floor(at / columns) % rows : Math.floor(at / (columns * rows));
    areas[index]++;
  }
  return areas;
}

/** Area of one pixel of a plane's slices, mm2. */
export function pixelArea(grid: Grid, plane: Plane): number {
  const { spacing, direction } = sliceLayout(grid, plane, 0);
  const normal = cross(direction[0], direction[1]);
  return spacing[0] * spacing[1] * Math.sqrt(dot(normal, normal));
}
