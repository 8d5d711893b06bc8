/**
 * What is in a file as frames of voxels: ordinary images, DICOM, volumes and arrays alike. An ordinary image is a volume of one slice
 * without a place. Frames are read when they are asked for. Refused (`input`): endings that nobody knows, axes and channels that are not there.
 */

import { ARRAY_ENDING, openArray } from '../../formats/array-file.ts';
import { isDicom } from '../../formats/dicom/dataset.ts';
import { openDicom } from '../../formats/dicom/image.ts';
import { IMAGE_FORMATS } from '../../formats/image.ts';
import { readRaster } from '../../formats/raster.ts';
import { readVolume, volumeKind } from '../../formats/volume.ts';
import type { Samples, Volume } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import { readSmallFileChecked } from '../../util/files.ts';
import { arrayFrames } from './array.ts';
import { type PixelFile, type PixelOptions, type Pixels, UNPLACED, unplaced } from './frames.ts';

/** Only one channel of a frame. */
function oneChannel(pixels: Pixels, channel: number, path: string): Pixels {
  const { channels, data } = pixels.volume;
  if (channel >= channels) {
    throw new BiomedParseError('input', `${path} has no channel ${channel}; there are 0 to ${channels - 1}`, { path });
  }
  if (channels === 1) return pixels;
  const part = new (data.constructor as new (n: number) => Samples)(data.length / channels);
  for (let i = 0; i < part.length; i++) part[i] = data[i * channels + channel];
  return { ...pixels, volume: { ...pixels.volume, data: part, channels: 1 } };
}

async function openPlain(path: string): Promise<PixelFile> {
  const bytes = readSmallFileChecked(path);
  if (!isDicom(bytes)) {
    const { data, width, height, channels } = await readRaster(bytes, path, `${IMAGE_FORMATS}, GIF, BMP`);
    return only(unplaced(data, [width, height, 1], channels));
  }
  const image = openDicom(bytes, path);
  const { identifiers } = image;
  return {
    frames: image.format.frames,
    async read(frame) {
      const { width, height, data, channels, inverted, padding } = await image.frame(frame);
      const { spacing, position, orientation, depth } = image.place(frame);
      const [across, down] = orientation ?? [UNPLACED.direction[0], UNPLACED.direction[1]];
      const normal = [
        across[1] * down[2] - across[2] * down[1],
        across[2] * down[0] - across[0] * down[2],
        across[0] * down[1] - across[1] * down[0],
      ] as const;
      const known = spacing === null ? null : [...spacing, depth ?? 1];
      const volume: Volume = {
        ...{ data, size: [width, height, 1], channels, identifiers },
        ...{ origin: position ?? [0, 0, 0], spacing: (known ?? [1, 1, 1]) as [number, number, number] },
        direction: [across, down, normal],
      };
      const notes = padding === null ? [] : [`values ${padding[0]} to ${padding[1]} are padding`];
      return { volume, flat: true, placed: position !== null, spacing: known, inverted, notes };
    },
    close: () => undefined,
  };
}

const only = (pixels: Pixels): PixelFile => ({ frames: 1, read: async () => pixels, close: () => undefined });

async function openVolume(path: string, isSeries: boolean): Promise<PixelFile> {
  // frame 0 is always there, and tells how many there are
  const first = await readVolume(path, isSeries ? {} : { frame: 0 });
  const pixels = ({ volume, notes }: typeof first): Pixels => {
    // a picture that was saved as a volume of one slice is shown like one
    return { volume, flat: false, placed: true, spacing: volume.spacing, inverted: false, notes };
  };
  let kept: typeof first | undefined = first;
  return {
    frames: first.frames,
    async read(frame) {
      const read = frame === 0 && kept !== undefined ? kept : await readVolume(path, { frame });
      if (frame !== 0 || first.frames === 1) kept = undefined;
      return pixels(read);
    },
    close: () => undefined,
  };
}

/** Opens a file (or the folder of a DICOM series) of pixels. */
export async function openPixels(path: string, options: PixelOptions = {}): Promise<PixelFile> {
  const { channel } = options;
  const file = await openAny(path, options);
  if (channel === undefined || (ARRAY_ENDING.test(path) && options.axes?.includes('c') === true)) return file;
  return { ...file, read: async (frame) => oneChannel(await file.read(frame), channel, path) };
}

/** A volume whose slices are the colours of one picture. */
function slicesAsColours({ volume, ...rest }: Pixels, path: string): Pixels {
  const [width, height, slices] = volume.size;
  if (volume.channels !== 1 || (slices !== 3 && slices !== 4)) {
    const found = `${slices} slices of ${volume.channels} channels`;
    throw new BiomedParseError('input', `${path} has ${found}; axes cyx are for 3 or 4 grey slices`, { path });
  }
  const count = width * height;
  const data = new (volume.data.constructor as new (n: number) => Samples)(count * slices);
  for (let i = 0; i < data.length; i++) data[i] = volume.data[(i % slices) * count + Math.floor(i / slices)];
  return { ...rest, volume: { ...volume, data, size: [width, height, 1], channels: slices }, flat: true };
}

/** Endings of files that are no volumes, which need not be looked for as folders. */
const PLAIN = /\.(png|jpe?g|webp|tiff?|bmp|gif|dcm)$/i;

async function openAny(path: string, options: PixelOptions): Promise<PixelFile> {
  if (ARRAY_ENDING.test(path)) {
    const file = await openArray(path, options.variable);
    try {
      return arrayFrames(file, path, options);
    } catch (error) {
      file.close();
      throw error;
    }
  }
  const found = PLAIN.test(path) ? null : await volumeKind(path);
  // frames of a DICOM file are pictures, whatever its name
  const kind = found === 'DICOM multi-frame' || found === 'DICOM cine' ? null : found;
  const colours = kind !== null && options.axes === 'cyx';
  if (options.variable !== undefined || (options.axes !== undefined && !colours)) {
    throw new BiomedParseError('input', `${path} is no array (.npy, .npz, .mat, .h5), which variable and axes are for`);
  }
  if (kind === null) return openPlain(path);
  const file = await openVolume(path, kind === 'DICOM series');
  return colours ? { ...file, read: async (frame) => slicesAsColours(await file.read(frame), path) } : file;
}
