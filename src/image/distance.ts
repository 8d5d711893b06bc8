/** Exact Euclidean distances in a plane, by lower envelopes of parabolas (Felzenszwalb and Huttenlocher 2012), linear in the pixels. */

/** One line of pixels `step` apart: squared distances `f` at offset + k * stride become those of both axes. */
function distanceLine(f: Float64Array, offset: number, stride: number, length: number, step: number): void {
  const square = step * step;
  const values = new Float64Array(length);
  for (let k = 0; k < length; k++) values[k] = f[offset + k * stride];
  const roots = new Int32Array(length);
  const starts = new Float64Array(length + 1);
  let top = -1;
  for (let q = 0; q < length; q++) {
    if (values[q] === Number.POSITIVE_INFINITY) continue;
    let from = Number.NEGATIVE_INFINITY;
    for (; top >= 0; top--) {
      const r = roots[top];
      from = ((values[q] - values[r]) / square + q * q - r * r) / (2 * (q - r));
      if (from > starts[top]) break;
      from = Number.NEGATIVE_INFINITY;
    }
    top++;
    roots[top] = q;
    starts[top] = from;
  }
  if (top < 0) return;
  starts[top + 1] = Number.POSITIVE_INFINITY;
  for (let q = 0, at = 0; q < length; q++) {
    while (starts[at + 1] < q) at++;
    f[offset + q * stride] = square * (q - roots[at]) ** 2 + values[roots[at]];
  }
}

/**
 * Squared distance of every pixel to the nearest source, `[height, width]`; infinite if there is none. Pixels are `spacing`
 * apart across and down: whole numbers with the default, squares of its unit otherwise.
 */
export function squaredDistances(
  sources: Uint8Array,
  width: number,
  height: number,
  [across, down]: readonly [number, number] = [1, 1],
): Float64Array {
  const f = new Float64Array(sources.length);
  for (let i = 0; i < f.length; i++) if (sources[i] === 0) f[i] = Number.POSITIVE_INFINITY;
  for (let x = 0; x < width; x++) distanceLine(f, x, width, height, down);
  for (let y = 0; y < height; y++) distanceLine(f, y * width, 1, width, across);
  return f;
}
