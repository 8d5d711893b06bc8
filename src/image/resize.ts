/**
 * Resampling of planes and images; row-major, channels last.
 * `resizeBicubicPil` follows Pillow's Resample.c (8 bits per channel) to the byte; `resizeBilinear` follows PyTorch's
 * `interpolate(mode='bilinear', align_corners=False)`; `resizeNearest` takes the pixel under each new pixel's centre.
 */
import { BiomedParseError } from '../util/errors.ts';
import type { Image, Mask } from './types.ts';
import type { Samples } from './volume.ts';

/** Pillow keeps coefficients as fixed point: 32 bits less 8 of the sample and 2 of headroom. */
const PRECISION_BITS = 32 - 8 - 2;

interface Kernel {
  /** Coefficients per output pixel. */
  readonly size: number;
  /** First source pixel of each output pixel. */
  readonly first: Int32Array;
  /** Number of source pixels of each output pixel. */
  readonly count: Int32Array;
  /** Fixed-point coefficients `[output, size]`. */
  readonly weights: Int32Array;
}

/** Keys' cubic convolution with a = -0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

/**
 * Weights of one axis from the part `start` to `end` of `from` pixels; when shrinking the support grows with the scale, which is the
 * anti-aliasing.
 */
function cubicKernel(from: number, to: number, start: number, end: number): Kernel {
  const scale = (end - start) / to;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const size = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * size);
  const row = new Float64Array(size);
  const inverse = 1 / filterScale;
  for (let x = 0; x < to; x++) {
    const centre = start + (x + 0.5) * scale;
    const lowest = Math.max(0, Math.trunc(centre - support + 0.5));
    const length = Math.min(from, Math.trunc(centre + support + 0.5)) - lowest;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      row[i] = cubic((i + lowest - centre + 0.5) * inverse);
      sum += row[i];
    }
    for (let i = 0; i < length; i++) {
      const weight = (sum === 0 ? row[i] : row[i] * (1 / sum)) * (1 << PRECISION_BITS);
      weights[x * size + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[x] = lowest;
    count[x] = length;
  }
  return { size, first, count, weights };
}

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Resamples lines of `from` pixels; a line's pixels lie `stride` samples apart, `offsets` says where lines start in source and target.
 * A sum stays under 255 * 2^22 * 1.5 < 2^31, so the 32-bit shift of JavaScript does what Pillow's does.
 */
function resampleLine(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  stride: number,
  kernel: Kernel,
): void {
  const { size, first, count, weights } = kernel;
  for (let x = 0; x < first.length; x++) {
    let sum = HALF;
    let at = sourceOffset + first[x] * stride;
    const row = x * size;
    for (let i = 0; i < count[x]; i++, at += stride) sum += source[at] * weights[row + i];
    const value = sum >> PRECISION_BITS;
    target[targetOffset + x * stride] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

function checkSize(width: number, height: number): void {
  if (!(Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0)) {
    throw new BiomedParseError('internal', `cannot resize to ${width} x ${height}`, { width, height });
  }
}

/**
 * An 8-bit image at a new size, as Pillow's `resize((width, height), BICUBIC, box)` gives it, byte for byte. `box` is the part that is
 * shown: left, top, right, bottom in pixels that need not be whole (default: all); pixels round it count where the kernel reaches them.
 */
export function resizeBicubicPil(
  image: Image,
  width: number,
  height: number,
  box: readonly [number, number, number, number] = [0, 0, image.width, image.height],
): Image {
  checkSize(width, height);
  const { data, channels } = image;
  const [left, top, right, bottom] = box;
  if (!(data instanceof Uint8Array)) throw new BiomedParseError('internal', 'bicubic resizing needs 8-bit samples');
  let pixels = data;
  if (width !== image.width || left !== 0 || right !== width) {
    const kernel = cubicKernel(image.width, width, left, right);
    const next = new Uint8Array(width * image.height * channels);
    for (let y = 0; y < image.height; y++) {
      for (let c = 0; c < channels; c++) {
        resampleLine(pixels, y * image.width * channels + c, next, y * width * channels + c, channels, kernel);
      }
    }
    pixels = next;
  }
  if (height !== image.height || top !== 0 || bottom !== height) {
    const kernel = cubicKernel(image.height, height, top, bottom);
    const stride = width * channels;
    const next = new Uint8Array(stride * height);
    for (let column = 0; column < stride; column++) resampleLine(pixels, column, next, column, stride, kernel);
    pixels = next;
  }
  return { data: pixels === data ? data.slice() : pixels, width, height, channels };
}

/** Per output pixel: the two source pixels and the second one's weight. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/** Taps for output pixels `offset … offset + count - 1` of an axis that is resized from `from` to `to` pixels. */
function linearTaps(from: number, to: number, offset: number, count: number): Taps {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  const scale = Math.fround(from / to);
  for (let i = 0; i < count; i++) {
    const position = Math.max(0, Math.fround(scale * (offset + i + 0.5) - 0.5));
    low[i] = Math.min(from - 1, Math.floor(position));
    high[i] = Math.min(from - 1, low[i] + 1);
    weight[i] = position - low[i];
  }
  return { low, high, weight };
}

/** A window of a bilinear enlargement: `[height, width]` of it, starting at `left`, `top` of the whole `[fullHeight, fullWidth]`. */
export interface ResizeWindow {
  readonly fullWidth: number;
  readonly fullHeight: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Part of a resized plane `[h, w]`, equal to resizing the whole and cropping, without making the whole. */
export function resizeBilinearWindow(plane: Float32Array, w: number, h: number, window: ResizeWindow): Float32Array {
  const { width, height } = window;
  checkSize(width, height);
  const horizontal = linearTaps(w, window.fullWidth, window.left, width);
  const vertical = linearTaps(h, window.fullHeight, window.top, height);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const upper = vertical.low[y] * w;
    const lower = vertical.high[y] * w;
    const down = vertical.weight[y];
    for (let x = 0; x < width; x++) {
      const left = horizontal.low[x];
      const right = horizontal.high[x];
      const across = horizontal.weight[x];
      const top = plane[upper + left] * (1 - across) + plane[upper + right] * across;
      const bottom = plane[lower + left] * (1 - across) + plane[lower + right] * across;
      out[y * width + x] = top * (1 - down) + bottom * down;
    }
  }
  return out;
}

/** A float plane `[h, w]` at `[height, width]`, bilinear, corners not aligned, no anti-aliasing. */
export function resizeBilinear(plane: Float32Array, w: number, h: number, width: number, height: number): Float32Array {
  return resizeBilinearWindow(plane, w, h, { fullWidth: width, fullHeight: height, left: 0, top: 0, width, height });
}

/** Values `[fromHeight, fromWidth]` at a new size, in an array of the same kind; each new pixel takes the old pixel under its centre. */
export function stretchNearest<T extends Samples>(
  values: T,
  fromWidth: number,
  fromHeight: number,
  width: number,
  height: number,
): T {
  checkSize(width, height);
  const data = new (values.constructor as new (length: number) => T)(width * height);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * fromWidth) / width));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * fromHeight) / height) * fromWidth;
    for (let x = 0; x < width; x++) data[y * width + x] = values[row + columns[x]];
  }
  return data;
}

/** A mask at a new size; each new pixel takes the old pixel under its centre. */
export function resizeNearest({ data, width, height }: Mask, newWidth: number, newHeight: number): Mask {
  return { data: stretchNearest(data, width, height, newWidth, newHeight), width: newWidth, height: newHeight };
}
