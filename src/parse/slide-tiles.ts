/** How tiles lie on a slide's grid, and how much each of their pixels counts where they overlap. */

/** Tiles of one size, at all pairs of a column's and a row's place. */
export interface SlideTiles {
  /** Left sides and upper sides, in pixels of the grid. */
  readonly columns: readonly number[];
  readonly rows: readonly number[];
  readonly width: number;
  readonly height: number;
  /** Pixels that neighbours share at least. */
  readonly overlap: number;
}

/** Tiles along an axis of `length` pixels: the last one ends with the axis, and an axis shorter than a tile has one of its length. */
export function axisTiles(length: number, tile: number, overlap: number) {
  if (length <= tile) return { places: [0], size: length };
  const stride = tile - overlap;
  const count = Math.ceil((length - tile) / stride) + 1;
  return { places: Array.from({ length: count }, (_, i) => Math.min(i * stride, length - tile)), size: tile };
}

/** Weights along a side of a tile: 1 in the middle, falling off evenly over the overlap to its edges. */
export function tileWeights(size: number, overlap: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.min(1, (Math.min(i, size - 1 - i) + 1) / (overlap + 1)));
}
