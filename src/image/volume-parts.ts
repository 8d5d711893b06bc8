/**
 * Connected parts of a mask in space: the largest part kept, holes filled.
 *
 * Voxels are taken as runs along the columns, and runs that touch are joined (union-find), so that memory grows with the
 * surface of a mask and not with its volume. Voxels inside are connected where they touch, corners included (26 neighbours);
 * holes are voxels outside that no way over faces (6 neighbours) leads from to the border of the box.
 * Source: Rosenfeld and Pfaltz 1966 (labelling by runs and equivalences).
 */
import type { MaskVolume } from './volume.ts';

/** Runs of equal voxels with their parts. */
export interface Parts {
  /** First voxel and voxel after the last of each run, by rising place. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Per run the first run of its part. */
  readonly roots: readonly number[];
}

/** The parts that voxels of one value make; `corners` joins what touches at edges and corners only. */
export function findParts({ data, size: [columns, rows, slices] }: MaskVolume, value: 0 | 1, corners: boolean): Parts {
  const starts: number[] = [];
  const ends: number[] = [];
  const parents: number[] = [];
  const firstOfRow = new Uint32Array(rows * slices + 1);
  for (let row = 0; row < rows * slices; row++) {
    firstOfRow[row] = starts.length;
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      if ((data[at] === 0 ? 0 : 1) !== value) continue;
      const start = at;
      while (at < (row + 1) * columns && (data[at] === 0 ? 0 : 1) === value) at++;
      parents.push(starts.length);
      starts.push(start);
      ends.push(at);
    }
  }
  firstOfRow[rows * slices] = starts.length;

  const find = (run: number): number => {
    let root = run;
    while (parents[root] !== root) root = parents[root];
    for (let at = run; parents[at] !== root; ) [at, parents[at]] = [parents[at], root];
    return root;
  };
  const reach = corners ? 1 : 0;
  /** Joins the runs of two rows that touch, walking along both at once. */
  const join = (row: number, other: number): void => {
    const shift = (row - other) * columns;
    let a = firstOfRow[row];
    let b = firstOfRow[other];
    while (a < firstOfRow[row + 1] && b < firstOfRow[other + 1]) {
      const [start, end] = [starts[b] + shift, ends[b] + shift];
      if (starts[a] < end + reach && start < ends[a] + reach) {
        const [x, y] = [find(a), find(b)];
        parents[Math.max(x, y)] = Math.min(x, y);
      }
      if (ends[a] < end) a++;
      else b++;
    }
  };
  for (let z = 0; z < slices; z++) {
    for (let y = 0; y < rows; y++) {
      const row = z * rows + y;
      if (y > 0) join(row, row - 1);
      if (z === 0) continue;
      for (let v = corners ? y - 1 : y; v <= (corners ? y + 1 : y); v++) {
        if (v >= 0 && v < rows) join(row, (z - 1) * rows + v);
      }
    }
  }
  return { starts, ends, roots: parents.map((_, run) => find(run)) };
}

/** The mask with its largest part only; of equals the one that comes first. `parts` counts those there were. */
export function largestPart(mask: MaskVolume): { readonly mask: MaskVolume; readonly parts: number } {
  const { starts, ends, roots } = findParts(mask, 1, true);
  const voxels = new Map<number, number>();
  for (const [run, root] of roots.entries()) voxels.set(root, (voxels.get(root) ?? 0) + ends[run] - starts[run]);
  let [largest, most] = [-1, 0];
  for (const [root, count] of voxels) if (count > most) [largest, most] = [root, count];
  const data = new Uint8Array(mask.data.length);
  for (const [run, root] of roots.entries()) if (root === largest) data.fill(1, starts[run], ends[run]);
  return { mask: { ...mask, data }, parts: voxels.size };
}

/** The mask with its holes filled. */
export function fillVolumeHoles(mask: MaskVolume): MaskVolume {
  const [columns, rows, slices] = mask.size;
  const { starts, ends, roots } = findParts(mask, 0, false);
  const open = new Set<number>();
  for (const [run, root] of roots.entries()) {
    const row = Math.floor(starts[run] / columns);
    const [y, z] = [row % rows, Math.floor(row / rows)];
    const atEnd = starts[run] === row * columns || ends[run] === (row + 1) * columns;
    if (atEnd || y === 0 || y === rows - 1 || z === 0 || z === slices - 1) open.add(root);
  }
  const data = mask.data.slice();
  for (const [run, root] of roots.entries()) if (!open.has(root)) data.fill(1, starts[run], ends[run]);
  return { ...mask, data };
}
