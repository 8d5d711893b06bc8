/**
 * A mask volume in the order of its image's voxels. The two must be the same box of voxels; axes may be stored in another order or run the other
 * way, which is turned. Nothing is resampled: what does not lie on the image's voxels is refused with what differs.
 */
import { type Grid, indexToLps, lpsToIndex, type Samples, type Vector, type Volume } from '../../image/volume.ts';

/** How far voxel centres may lie apart, in voxels: headers round differently. */
const OFF = 0.1;

/** Values in the image's order, or why not. */
export function alignTo(grid: Grid, mask: Volume): Samples | string {
  const size = (of: readonly number[]): string => of.join(' x ');
  const at = (index: Vector): Vector => lpsToIndex(mask, indexToLps(grid, index));
  const origin = at([0, 0, 0]);
  const steps = [0, 1, 2].map((axis) => {
    const length = Math.max(1, grid.size[axis] - 1);
    const far = [0, 0, 0];
    far[axis] = length;
    return at(far as unknown as Vector).map((value, i) => (value - origin[i]) / length);
  });
  const axes = steps.map((step) => step.findIndex((value) => Math.abs(Math.abs(value) - 1) < OFF / 2));
  // an axis of one voxel has any thickness: it goes to what is left
  for (const [i, axis] of axes.entries()) {
    if (axis === -1 && grid.size[i] === 1) axes[i] = [0, 1, 2].find((one) => !axes.includes(one)) ?? -1;
  }
  const permuted = new Set(axes).size === 3 && !axes.includes(-1);
  if (!permuted || axes.some((axis, i) => mask.size[axis] !== grid.size[i])) {
    if (size(mask.size) !== size(grid.size)) {
      return `it has ${size(mask.size)} voxels, its image ${size(grid.size)}`;
    }
    return 'its voxels have another size or direction than those of its image';
  }
  const strides = [1, mask.size[0], mask.size[0] * mask.size[1]];
  let first = 0;
  const walk: number[] = [];
  for (let i = 0; i < 3; i++) {
    const axis = axes[i];
    const back = steps[i][axis] < 0;
    const expected = back ? mask.size[axis] - 1 : 0;
    // both ends must meet, so that steps that differ a little do not add up
    const end = origin[axis] + steps[i][axis] * Math.max(0, grid.size[i] - 1);
    const wanted = back ? 0 : grid.size[i] - 1;
    if (Math.abs(origin[axis] - expected) > OFF || Math.abs(end - wanted) > OFF) {
      const shift = Math.max(Math.abs(origin[axis] - expected), Math.abs(end - wanted));
      return `it lies ${shift.toFixed(2)} voxels from its image along axis ${axis}`;
    }
    first += expected * strides[axis];
    walk.push(back ? -strides[axis] : strides[axis]);
  }
  const [nx, ny, nz] = grid.size;
  if (first === 0 && walk[0] === 1 && (ny === 1 || walk[1] === nx) && (nz === 1 || walk[2] === nx * ny)) {
    return mask.data;
  }
  const out = new (mask.data.constructor as new (n: number) => Samples)(nx * ny * nz);
  let to = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let from = first + z * walk[2] + y * walk[1];
      for (let x = 0; x < nx; x++, from += walk[0]) out[to++] = mask.data[from];
    }
  }
  return out;
}
