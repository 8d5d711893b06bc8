/**
 * Frames of an array: which axis is what, and the elements of one item put in the order of volumes. With the axis `n` slowest in the file only
 * the item's own part is read, so that a stack of any length takes the memory of one.
 */
import type { ArrayFile } from '../../formats/array-variable.ts';
import type { Samples } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { type PixelFile, type PixelOptions, unplaced } from './frames.ts';

/** The axes by the shape alone. */
function guessAxes(shape: readonly number[]): string {
  const colours = [3, 4].includes(shape[shape.length - 1]);
  if (shape.length === 2) return 'yx';
  if (shape.length === 3) return colours ? 'yxc' : 'zyx';
  return 'nyxc';
}

/** An axis: its length and how many elements lie between neighbours. */
interface Axis {
  readonly length: number;
  readonly stride: number;
}

/** Axes by letter, in the order of the file. */
export function axesOf({ shape, columnMajor }: ArrayFile, path: string, letters?: string): ReadonlyMap<string, Axis> {
  const names = letters ?? guessAxes(shape);
  const printed = `[${shape.join(', ')}]`;
  if (names.length !== shape.length || new Set(names).size !== names.length || !/x/.test(names) || !/y/.test(names)) {
    throw new BiomedParseError('input', `${path}: axes ${names} do not fit an array of shape ${printed}`, { path });
  }
  const axes = new Map<string, Axis>();
  const order = shape.map((_, axis) => (columnMajor ? axis : shape.length - 1 - axis));
  let stride = 1;
  for (const axis of order) {
    axes.set(names[axis], { length: shape[axis], stride });
    stride *= shape[axis];
  }
  return axes;
}

/** Elements of one item, from its first to its last in the file, and where the item starts in them. */
async function itemOf(file: ArrayFile, axes: ReadonlyMap<string, Axis>, item: number): Promise<[Samples, number]> {
  const total = file.shape.reduce((product, side) => product * side, 1);
  const n = axes.get('n');
  if (n === undefined) return [await file.read(0, total), 0];
  if (n.stride * n.length === total) return [await file.read(item * n.stride, n.stride), 0];
  return [await file.read(0, total), item * n.stride];
}

/** The array as frames; the axis `l` is not taken here. */
export function arrayFrames(file: ArrayFile, path: string, { axes: letters, channel }: PixelOptions): PixelFile {
  const axes = axesOf(file, path, letters);
  const of = (letter: string): Axis => axes.get(letter) ?? { length: 1, stride: 0 };
  const [x, y, z, c] = ['x', 'y', 'z', 'c'].map(of);
  if (channel === undefined ? ![1, 3, 4].includes(c.length) : channel >= c.length) {
    const wanted = channel === undefined ? '1, 3 or 4 are allowed, else choose a channel' : `there is no ${channel}`;
    throw new BiomedParseError('input', `${path} has ${c.length} channels; ${wanted}`, { path });
  }
  const channels = channel === undefined ? (c.length as 1 | 3 | 4) : 1;
  const first = (channel ?? 0) * c.stride;
  return {
    frames: of('n').length,
    async read(frame) {
      const [data, start] = await itemOf(file, axes, frame);
      const out = new (data.constructor as new (n: number) => Samples)(x.length * y.length * z.length * channels);
      let to = 0;
      for (let k = 0; k < z.length; k++) {
        for (let j = 0; j < y.length; j++) {
          const row = start + first + k * z.stride + j * y.stride;
          for (let i = 0; i < x.length; i++) {
            for (let s = 0; s < channels; s++) out[to++] = data[row + i * x.stride + s * c.stride];
          }
        }
      }
      // colours of 0 to 255 are often kept as floats
      const whole = channels > 1 && !(out instanceof Uint8Array) && isEightBit(out);
      return unplaced(whole ? Uint8Array.from(out) : out, [x.length, y.length, z.length], channels);
    },
    close: file.close,
  };
}

/** Whether all are whole numbers from 0 to 255, some of them above 1. */
function isEightBit(data: Samples): boolean {
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!(value >= 0 && value <= 255 && Number.isInteger(value))) return false;
    if (value > most) most = value;
  }
  return most > 1;
}
