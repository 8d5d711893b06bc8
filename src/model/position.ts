/** Where the cells of a map lie, as numbers that a linear layer can use. */
import { constant, type Tensor } from '../graph/tensor.ts';

function axisTable(n: number, half: number): Float64Array {
  const table = new Float64Array(n * half);
  for (let position = 0; position < n; position++) {
    const coordinate = ((position + 1) / (n + 1e-6)) * 2 * Math.PI;
    for (let i = 0; i < half; i++) {
      const angle = coordinate / 10000 ** ((2 * Math.floor(i / 2)) / half);
      table[position * half + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/**
 * Sine position embedding of a map (Carion et al. 2020), normalised: coordinate (1..n) / (n + 1e-6) * 2 pi, divided by
 * 10000^(2 floor(i/2) / half), sine at even i, cosine at odd i; the y half first, then the x half. `[1, height*width, dim]`.
 */
export function sinePosition(height: number, width: number, dim: number): Tensor {
  const half = dim / 2;
  const [rows, columns] = [axisTable(height, half), axisTable(width, half)];
  const values = new Float64Array(height * width * dim);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * dim;
      values.set(rows.subarray(y * half, (y + 1) * half), at);
      values.set(columns.subarray(x * half, (x + 1) * half), at + half);
    }
  }
  return constant(values, [1, height * width, dim]);
}

/**
 * Fourier features of a map (Tancik et al. 2020), `[1, height, width, 4*bands]`: of the centre of each cell, -1..1 down and across the
 * map, the sine and cosine at half a period over the map, then at twice the frequency for each further band.
 */
export function fourierPosition(height: number, width: number, bands: number): Tensor {
  const waves = (i: number, n: number): number[] => {
    const centre = (2 * i + 1) / n - 1;
    const angles = Array.from({ length: bands }, (_, band) => centre * (Math.PI / 2) * 2 ** band);
    return angles.flatMap((angle) => [Math.sin(angle), Math.cos(angle)]);
  };
  const columns = Array.from({ length: width }, (_, x) => waves(x, width));
  const rows = Array.from({ length: height }, (_, y) => waves(y, height));
  const values = rows.flatMap((row) => columns.flatMap((column) => [...row, ...column]));
  return constant(Float64Array.from(values), [1, height, width, 4 * bands]);
}
