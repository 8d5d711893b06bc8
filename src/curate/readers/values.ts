/**
 * Masks whose pixels are numbers: `labels`, `binary`, `instances`, `bits` and `colour`, in images, volumes and arrays. Sizes and places are
 * compared with the image. Sources: the data sets' own conventions, as the recipe states them.
 */
import { stretchNearest } from '../../image/resize.ts';
import type { Samples } from '../../image/volume.ts';
import { fillTemplate } from '../recipe/pattern.ts';
import type { MaskSource } from '../recipe/schema.ts';
import { alignTo } from './align.ts';
import { closestColours, parseColours } from './colours.ts';
import type { Pixels } from './frames.ts';
import {
  type Layer,
  lookUp,
  type MaskFile,
  type MaskReading,
  type MaskRequest,
  refuseMask,
  targetsBy,
} from './layer.ts';
import { openPixels } from './pixels.ts';

/** One value per voxel of the image, in its order. */
function inPlace(pixels: Pixels, request: MaskRequest, file: MaskFile): Samples {
  const { grid, source, flat, placed } = request;
  const { volume } = pixels;
  const [width, height, slices] = volume.size;
  const [w, h, n] = grid.size;
  if (!flat && placed && pixels.placed && source.geometry !== 'ignore') {
    const aligned = alignTo(grid, volume);
    return typeof aligned === 'string' ? refuseMask(file, aligned) : aligned;
  }
  if (width === w && height === h && slices === n) return volume.data;
  if (source.size !== 'stretch' || slices !== n) {
    const size = `${width} x ${height}${slices === 1 ? '' : ` x ${slices}`}`;
    return refuseMask(file, `it has ${size} pixels, its image ${w} x ${h}${n === 1 ? '' : ` x ${n}`}`);
  }
  const out = new (volume.data.constructor as new (length: number) => Samples)(w * h * n);
  for (let z = 0; z < n; z++) {
    const data = volume.data.subarray(z * width * height, (z + 1) * width * height);
    out.set(stretchNearest(data, width, height, w, h), z * w * h);
  }
  return out;
}

/** The frame of a mask that goes with the image's. */
function frameOf(frames: number, request: MaskRequest, file: MaskFile): number {
  const wanted = request.source.frame ?? (frames === 1 ? 0 : request.frame);
  if (wanted >= frames || (request.source.frame === undefined && frames > 1 && frames !== request.frames)) {
    refuseMask(file, `it has ${frames} frames, its image ${request.frames}; ${request.field}.frame chooses one`);
  }
  return wanted;
}

async function readFrame(file: MaskFile, request: MaskRequest, place?: number): Promise<Pixels> {
  const { variable, axes, channel } = request.source;
  const options = place === undefined ? { axes, channel } : { axes: axes?.replace('l', 'c'), channel: place };
  const pixels = await openPixels(file.path, { variable, ...options });
  try {
    return await pixels.read(frameOf(pixels.frames, request, file));
  } finally {
    pixels.close();
  }
}

/** Grey of a mask: of colour masks without a tint the one value, of others a refusal. */
function grey(pixels: Pixels, file: MaskFile, allowColour: boolean): Pixels {
  const { data, channels } = pixels.volume;
  if (channels === 1) return pixels;
  const out = new (data.constructor as new (n: number) => Samples)(data.length / channels);
  for (let i = 0; i < out.length; i++) {
    const [r, g, b] = [data[i * channels], data[i * channels + 1], data[i * channels + 2]];
    if (!allowColour && (r !== g || g !== b)) {
      refuseMask(
        file,
        `it is coloured (pixel ${i}: ${r}, ${g}, ${b}); the reader colour, or channel, is for such masks`,
      );
    }
    out[i] = Math.max(r, g, b);
  }
  return { ...pixels, volume: { ...pixels.volume, data: out, channels: 1 } };
}

function binary(data: Samples, threshold: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) if (data[i] > threshold) out[i] = 1;
  return out;
}

/** Whole numbers only: labels that were resampled or compressed have others. */
function whole(data: Samples, file: MaskFile): Samples {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return data;
  for (let i = 0; i < data.length; i++) {
    if (Number.isNaN(data[i])) data[i] = 0;
    else if (!Number.isInteger(data[i])) refuseMask(file, `its values are no whole numbers (${data[i]} at ${i})`);
  }
  return data;
}

/** Stands for 0 where a recipe makes a target of it: in layers 0 is nothing. */
const ZERO = Number.POSITIVE_INFINITY;

/** Values with another one for 0, if that is a target of the recipe. */
function withZero(values: Samples, source: MaskSource): Samples {
  const { reader, target } = source;
  if (reader !== 'labels' || target !== undefined || (lookUp(source, '0') ?? []).length === 0) return values;
  return Float64Array.from(values, (value) => (value === 0 ? ZERO : value));
}

function meaning(request: MaskRequest, file: MaskFile): (value: number) => readonly string[] {
  const { reader, label, labels } = request.source;
  if (reader === 'bits') {
    const bits = [...(labels?.keys() ?? [])].map(Number);
    const known = bits.reduce((sum, bit) => sum + 2 ** bit, 0);
    return (value) => {
      const strange = bits.reduce(
        (rest, bit) => (Math.floor(value / 2 ** bit) % 2 === 1 ? rest - 2 ** bit : rest),
        value,
      );
      if (value < 0 || strange !== 0)
        refuseMask(file, `value ${value} has bits that ${request.field}.labels does not name (${known})`);
      return bits.filter((bit) => Math.floor(value / 2 ** bit) % 2 === 1).map(String);
    };
  }
  if (reader === 'labels') return (value) => [value === ZERO ? '0' : String(value)];
  const name =
    label === undefined
      ? (request.source.target ?? '')
      : fillTemplate(label, { ...request.captures, ...file.captures });
  return () => [name];
}

async function fileLayers(file: MaskFile, request: MaskRequest): Promise<Layer[]> {
  const { source, field } = request;
  const { reader, axes, labels } = source;
  const targetsOf = targetsBy(source, file, field);
  const made = { targetsOf, file: file.name, instances: reader === 'instances' };
  const turn = (pixels: Pixels): Samples => {
    const data = inPlace(grey(pixels, file, reader === 'binary'), request, file);
    return reader === 'binary' ? binary(data, source.threshold ?? 0) : whole(data, file);
  };
  if (axes?.includes('l') === true) {
    const layers: Layer[] = [];
    for (const place of labels?.keys() ?? []) {
      const values = turn(await readFrame(file, request, Number(place)));
      layers.push({ ...made, values, labelsOf: () => [place] });
    }
    return layers;
  }
  const pixels = await readFrame(file, request);
  if (reader === 'colour') {
    const colours = parseColours([...(labels?.keys() ?? [])]);
    const { data, channels } = pixels.volume;
    const closest = closestColours(data, channels, colours, source.tolerance ?? 0);
    if (typeof closest === 'string')
      return refuseMask(file, `${closest}; ${field}.labels has ${colours.map(({ key }) => key).join(', ')}`);
    const values = inPlace({ ...pixels, volume: { ...pixels.volume, data: closest, channels: 1 } }, request, file);
    return [{ ...made, values, labelsOf: (value) => [colours[value - 1].key] }];
  }
  return [{ ...made, values: withZero(turn(pixels), source), labelsOf: meaning(request, file) }];
}

/** Layers of masks whose pixels are numbers. */
export const readValues: MaskReading = async (request) => {
  const layers: Layer[] = [];
  for (const file of request.files) layers.push(...(await fileLayers(file, request)));
  return layers;
};
