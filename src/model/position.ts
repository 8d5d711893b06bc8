/**
 * Sine position embedding of a map (Carion et al. 2020), normalised: coordinate (1..n) / (n + 1e-6) * 2 pi, divided by
 * 10000^(2 floor(i/2) / half), sine at even i, cosine at odd i; the y half first, then the x half.
 */
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

/** `[1, height*width, dim]`. */
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
