/**
 * The geometry of a sample: one affine map from the square output to the stored image, with slow waves along both axes of the
 * output, applied to pixels (bilinear) and to masks (area coverage of cells of output pixels, 4 x 4 unless told). Positions are in pixels
 * with corners at whole numbers, x to the right, y down; the centre of pixel i lies at i + 0.5. What lies outside the image stays 0;
 * waves leave the image's frame where it is and repeat its border pixels inside.
 */

/** Where an output position (x, y) lies in the source: (xx x + xy y + x0, yx x + yy y + y0). */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** A shift of whole lines that comes and goes along their axis: `height` sin(2 pi u / `length` + `phase`), u from 0 to 1. */
export interface Wave {
  /** Sides of the output. */
  readonly height: number;
  readonly length: number;
  /** Radians. */
  readonly phase: number;
}

/** An affine map of an output whose row y is moved by `rows[y]` to the right first, and whose column x by `columns[x]` down, in output pixels. */
export interface Warp extends Affine {
  readonly rows: Float32Array;
  readonly columns: Float32Array;
}

/** How the image lies in the output; all neutral: the whole image, centred, its longer side filling the output. */
export interface Placement {
  /** Magnification against the whole image. */
  readonly scale: number;
  /** Width against height, the area unchanged; 1 as it is. */
  readonly stretch: number;
  /** Radians. */
  readonly angle: number;
  /** Shift of the view, in longer sides of the image. */
  readonly shiftX: number;
  readonly shiftY: number;
  readonly mirror: boolean;
  /** Of the rows and of the columns of the output; none where left out. */
  readonly waves?: readonly [Wave, Wave] | undefined;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Shifts of `size` lines, output pixels. */
function waveTable(wave: Wave | undefined, size: number): Float32Array {
  const table = new Float32Array(size);
  if (wave === undefined) return table;
  const { height, length, phase } = wave;
  return table.map((_, i) => height * size * Math.sin((2 * Math.PI * (i + 0.5)) / size / length + phase));
}

/** The map of a placement, output `size` x `size`. */
export function warpOf({ width, height }: Size, size: number, placement: Placement): Warp {
  const { scale, stretch, angle, shiftX, shiftY, mirror, waves } = placement;
  const longer = Math.max(width, height);
  const step = longer / size / scale;
  const across = step / Math.sqrt(stretch);
  const down = step * Math.sqrt(stretch);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const sign = mirror ? -1 : 1;
  const [xx, xy, yx, yy] = [sign * across * cosine, -across * sine, sign * down * sine, down * cosine];
  const middle = size / 2;
  return {
    ...{ xx, xy, yx, yy },
    x0: width / 2 + shiftX * longer - (xx + xy) * middle,
    y0: height / 2 + shiftY * longer - (yx + yy) * middle,
    rows: waveTable(waves?.[0], size),
    columns: waveTable(waves?.[1], size),
  };
}

/** Source pixels a step of one output pixel takes, the mean of all directions. */
export function stepOf({ xx, xy, yx, yy }: Affine): number {
  return Math.sqrt(Math.abs(xx * yy - xy * yx));
}

/** The same map on an output whose pixels are `factor` times smaller. */
function refined(map: Affine, factor: number): Affine {
  const { xx, xy, yx, yy } = map;
  return { ...map, xx: xx / factor, xy: xy / factor, yx: yx / factor, yy: yy / factor };
}

/** The output pixels of a line whose centres have slope * (x + 0.5) + start in [0, limit): first, and one past the last. */
function inside(slope: number, start: number, limit: number, size: number): [number, number] {
  if (Math.abs(slope) < 1e-9) return start >= 0 && start < limit ? [0, size] : [0, 0];
  const ends = [-start / slope, (limit - start) / slope];
  const first = Math.ceil(Math.min(...ends) - 0.5);
  const end = Math.ceil(Math.max(...ends) - 0.5);
  return [Math.max(0, first), Math.min(size, end)];
}

/** Per output row the pixels that lie in the source but for waves: `[size, 2]`, first and one past the last. */
export function spansOf(map: Affine, source: Size, size: number): Int32Array {
  const spans = new Int32Array(2 * size);
  for (let y = 0; y < size; y++) {
    const across = inside(map.xx, map.xy * (y + 0.5) + map.x0, source.width, size);
    const down = inside(map.yx, map.yy * (y + 0.5) + map.y0, source.height, size);
    spans[2 * y] = Math.max(across[0], down[0]);
    spans[2 * y + 1] = Math.max(spans[2 * y], Math.min(across[1], down[1]));
  }
  return spans;
}

/** Bilinear samples `[channels, size, size]` of a source `[height, width, channels]`; its border pixels extend half a pixel. */
export function warpPixels(
  source: Uint8Array,
  { width, height, channels }: Size & { readonly channels: 1 | 3 },
  map: Warp,
  spans: Int32Array,
  size: number,
): Uint8Array {
  const plane = size * size;
  const out = new Uint8Array(channels * plane);
  const [right, bottom] = [width - 1, height - 1];
  const { rows, columns } = map;
  for (let y = 0; y < size; y++) {
    const along = rows[y] + 0.5;
    const startX = map.xy * (y + 0.5) + map.x0 + along * map.xx - 0.5;
    const startY = map.yy * (y + 0.5) + map.y0 + along * map.yx - 0.5;
    const end = spans[2 * y + 1];
    for (let x = spans[2 * y]; x < end; x++) {
      let sx = map.xx * x + map.xy * columns[x] + startX;
      let sy = map.yx * x + map.yy * columns[x] + startY;
      sx = sx < 0 ? 0 : sx > right ? right : sx;
      sy = sy < 0 ? 0 : sy > bottom ? bottom : sy;
      const left = sx | 0;
      const top = sy | 0;
      const wx = sx - left;
      const wy = sy - top;
      const beside = left < right ? channels : 0;
      const upper = (top * width + left) * channels;
      const lower = top < bottom ? upper + width * channels : upper;
      const at = y * size + x;
      for (let c = 0; c < channels; c++) {
        const a = source[upper + c];
        const b = source[lower + c];
        const above = a + (source[upper + beside + c] - a) * wx;
        const below = b + (source[lower + beside + c] - b) * wx;
        out[c * plane + at] = above + (below - above) * wy + 0.5;
      }
    }
  }
  return out;
}

/** Variance (square pixels) under which smoothing is not worth its time. */
const LEAST_VARIANCE = 0.05;

/**
 * A source `[height, width, channels]` smoothed by a small bell of that variance (square pixels of each axis): passes of
 * [a, 1 - 2a, a] along both axes, in 8 bits. Used against aliasing before reduction, and as blur.
 */
export function smooth(
  source: Uint8Array,
  { width, height, channels }: Size & { readonly channels: 1 | 3 },
  variance: number,
): Uint8Array {
  if (variance < LEAST_VARIANCE) return source;
  const passes = Math.ceil(variance / 0.5);
  const side = Math.round((variance / passes / 2) * 256);
  const middle = 256 - 2 * side;
  const row = width * channels;
  let from = source;
  const between = new Uint8Array(source.length);
  for (let pass = 0; pass < passes; pass++) {
    for (let y = 0; y < height; y++) {
      const here = y * row;
      const above = y > 0 ? -row : 0;
      const below = y < height - 1 ? row : 0;
      for (let i = here; i < here + row; i++) {
        between[i] = (side * (from[i + above] + from[i + below]) + middle * from[i] + 128) >> 8;
      }
    }
    const out = new Uint8Array(source.length);
    for (let start = 0; start < out.length; start += row) {
      for (let i = start; i < start + row; i++) {
        const before = i - channels >= start ? between[i - channels] : between[i];
        const after = i + channels < start + row ? between[i + channels] : between[i];
        out[i] = (side * (before + after) + middle * between[i] + 128) >> 8;
      }
    }
    from = out;
  }
  return from;
}

/** Variance (square source pixels) that reduction by `step` needs against aliasing: that of a box of one output pixel. */
export function reductionVariance(step: number): number {
  return Math.max(0, (step * step - 1) / 12);
}

/** A mask of 1 bit a pixel, first pixel lowest, that starts at byte `offset` of `bits`. */
export interface BitMask {
  readonly bits: Uint8Array;
  readonly offset: number;
}

export interface Coverage {
  /** `[masks, size / cell, size / cell]`, the share of each cell that is inside, 0..1. */
  readonly targets: Float32Array;
  /** Cells inside, per mask. */
  readonly sums: readonly number[];
}

/**
 * Area coverage of masks in cells of `cell` x `cell` output pixels (a power of two). Every output pixel is looked at in
 * `fine` x `fine` places (a power of two); with at least as many
 * places as source pixels (see `stepOf`) and no rotation, no source pixel is passed over.
 */
export function coverMasks(
  masks: readonly BitMask[],
  source: Size,
  outputMap: Warp,
  size: number,
  fine: number,
  cell = 4,
): Coverage {
  const side = size / cell;
  const n = size * fine;
  const shift = Math.log2(cell * fine);
  const map = refined(outputMap, fine);
  const spans = spansOf(map, source, n);
  const targets = new Float32Array(masks.length * side * side);
  const pixel = new Int32Array(n);
  const share = 1 / (cell * fine) ** 2;
  const sums = masks.map(() => 0);
  const { width } = source;
  const { rows, columns } = outputMap;
  const [right, bottom] = [source.width - 1, source.height - 1];
  for (let y = 0; y < n; y++) {
    const [first, end] = [spans[2 * y], spans[2 * y + 1]];
    const along = rows[Math.floor(y / fine)] * fine + 0.5;
    const startX = map.xy * (y + 0.5) + map.x0 + along * map.xx;
    const startY = map.yy * (y + 0.5) + map.y0 + along * map.yx;
    for (let x = first; x < end; x++) {
      const down = columns[Math.floor(x / fine)] * fine;
      let sx = (map.xx * x + map.xy * down + startX) | 0;
      let sy = (map.yx * x + map.yy * down + startY) | 0;
      sx = sx < 0 ? 0 : sx > right ? right : sx;
      sy = sy < 0 ? 0 : sy > bottom ? bottom : sy;
      pixel[x] = sy * width + sx;
    }
    for (let m = 0; m < masks.length; m++) {
      const { bits, offset } = masks[m];
      const line = (m * side + (y >> shift)) * side;
      let count = 0;
      for (let x = first; x < end; x++) {
        const p = pixel[x];
        const bit = (bits[offset + (p >> 3)] >> (p & 7)) & 1;
        if (bit === 0) continue;
        targets[line + (x >> shift)] += share;
        count++;
      }
      sums[m] += count * share;
    }
  }
  return { targets, sums };
}
