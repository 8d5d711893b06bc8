/**
 * Slides: TIFF, BigTIFF, OME-TIFF and Aperio SVS, pyramids of one image in several sizes, read by regions.
 *
 * The first image is the slide; those of the same shape that are smaller are its levels, whether they follow it or are named as its
 * own (SubIFDs). Of a slide in tiles only images in tiles are levels. Thumbnails, labels, pictures of the whole glass and further
 * images of the same size are left out, and a note says so.
 * Refuses: what tiff/image.ts and tiff/directory.ts refuse, and by name makers who lay out their files in other ways.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { readDirectories, type TiffDirectory, TIFF_TAG as tag, tagNumber, tagText } from '../tiff/directory.ts';
import {
  createTileCache,
  openTiffImage,
  readTiffRegion,
  type TiffImage,
  type TiffSize,
  tiffSize,
} from '../tiff/image.ts';
import { type ByteSource, openFileSource, refuseTiff } from '../tiff/source.ts';
import { isAperio, isOme, type PixelSize, statedPixelSize } from './pixel-size.ts';

/** The slide in one size. */
export interface SlideLevel {
  readonly width: number;
  readonly height: number;
  /** Pixels of the slide per pixel of the level, across and down. */
  readonly step: readonly [number, number];
}

/** A part of a level, in its pixels. */
export interface SlideRegion {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** An open slide; free it with `close`. */
export interface Slide {
  readonly label: string;
  readonly kind: 'Aperio' | 'OME-TIFF' | 'TIFF';
  /** Size of the slide, pixels. */
  readonly width: number;
  readonly height: number;
  /** Microns a pixel; null if the file does not say. */
  readonly pixelSize: PixelSize | null;
  /** The largest first; the first is the slide itself. */
  readonly levels: readonly SlideLevel[];
  /** What was left out or assumed. */
  readonly notes: readonly string[];
  /** A part of a level as 8-bit RGB `[height, width, 3]`; refuses (`usage`) one outside it. */
  read(level: number, region: SlideRegion): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Makers whose TIFF files are laid out so that the above would show something else, by their description. */
const OTHER_MAKERS: readonly (readonly [RegExp, string])[] = [
  [/<scn\b/, 'Leica SCN'],
  [/<iScan\b/, 'Ventana BIF'],
  [/DPUfsImport/, 'Philips TIFF'],
];
/** A tag that only Hamamatsu's files have. */
const NDPI_TAG = 65420;

function checkMaker(label: string, { entries }: TiffDirectory, description: string): void {
  const named = OTHER_MAKERS.find(([pattern]) => pattern.test(description))?.[1];
  const maker = entries.has(NDPI_TAG) ? 'Hamamatsu NDPI' : named;
  if (maker === undefined) return;
  refuseTiff(label, `it is a ${maker} file, which is not read; allowed: Aperio SVS, OME-TIFF, pyramidal TIFF`);
}

/** Pixels of the slide per pixel of a level: whole where the level's size was rounded only. */
function stepOf(whole: number, part: number): number {
  const step = Math.round(whole / part);
  return Math.abs(step * part - whole) < step ? step : whole / part;
}

/** Whether an image shows the slide in a smaller size. */
function isSmaller(one: TiffSize, than: TiffSize, whole: TiffSize): boolean {
  if (!(one.width >= 1 && one.height >= 1 && one.width < than.width && one.height <= than.height)) return false;
  const [across, down] = [whole.width / one.width, whole.height / one.height];
  // a level's sides are rounded to whole pixels, by some writers to the next even one
  return Math.abs(across - down) <= Math.max(across, down) * Math.max(2 / one.width, 2 / one.height, 0.01);
}

async function describe(source: ByteSource, directory: TiffDirectory) {
  const description = await tagText(source, directory, tag.description);
  const resolution = {
    x: await tagNumber(source, directory, tag.resolutionX, Number.NaN),
    y: await tagNumber(source, directory, tag.resolutionY, Number.NaN),
    unit: await tagNumber(source, directory, tag.resolutionUnit, 2),
  };
  return { description, pixelSize: statedPixelSize(description, resolution) };
}

/** The directories of a slide's levels, the largest first. */
async function findLevels(source: ByteSource, directories: readonly TiffDirectory[]): Promise<TiffDirectory[]> {
  const [first, ...others] = directories;
  const whole = await tiffSize(source, first);
  const found = [{ directory: first, size: whole }];
  for (const directory of others) {
    const size = await tiffSize(source, directory);
    // bit 0: a reduced version of another image; Aperio marks labels 1 and the glass 9, which are not in tiles
    const levels = size.tiled === whole.tiled && isSmaller(size, found.at(-1)?.size as TiffSize, whole);
    if (levels) found.push({ directory, size });
  }
  return found.map(({ directory }) => directory);
}

/** Opens a slide from its bytes; the source is the slide's own from then on. */
export async function readSlide(source: ByteSource): Promise<Slide> {
  const directories = await readDirectories(source);
  const { description, pixelSize } = await describe(source, directories[0]);
  checkMaker(source.label, directories[0], description);
  const chosen = await findLevels(source, directories);
  const images: TiffImage[] = [];
  for (const directory of chosen) images.push(await openTiffImage(source, directory));
  const [{ width, height }] = images;
  const levels = images.map((one) => ({
    width: one.width,
    height: one.height,
    step: [stepOf(width, one.width), stepOf(height, one.height)] as const,
  }));
  const left = directories.length - chosen.length;
  const cache = createTileCache();
  return {
    label: source.label,
    kind: isAperio(description) ? 'Aperio' : isOme(description) ? 'OME-TIFF' : 'TIFF',
    width,
    height,
    pixelSize,
    levels,
    notes:
      left === 0
        ? []
        : [`${left} more ${left === 1 ? 'image' : 'images'} in the file (thumbnails, labels, other planes) left out`],
    async read(level, region) {
      const image = images[level];
      const { left, top, width, height } = region;
      const whole = [left, top, width, height].every(Number.isInteger);
      if (
        image === undefined ||
        !(whole && left >= 0 && top >= 0 && width >= 1 && height >= 1) ||
        left + width > image.width ||
        top + height > image.height
      ) {
        const asked = `${width} x ${height} at ${left},${top} of level ${level}`;
        const allowed = levels.map((one, i) => `${i}: ${one.width} x ${one.height}`).join(', ');
        throw new BiomedParseError('usage', `${source.label} has no region ${asked}; its levels are ${allowed}`);
      }
      return readTiffRegion(source, image, region, cache, String(level));
    },
    close: () => source.close(),
  };
}

/** Larger images than this are slides however they are stored: as one image they are not read. */
const LARGE_PIXELS = 100_000_000;

/**
 * Whether a file is a slide: Aperio's, a pyramid in tiles, or a TIFF too large for one image; with `wanted` any TIFF. What cannot be
 * told, as the file is damaged, is none, but by its ending (.svs).
 */
export async function isSlide(path: string, wanted = false): Promise<boolean> {
  if (/\.svs$/i.test(path)) return true;
  const source = await openFileSource(path).catch(() => null);
  if (source === null) return false;
  try {
    const directories = await readDirectories(source);
    if (wanted) return true;
    const { width, height, tiled } = await tiffSize(source, directories[0]);
    const { description } = await describe(source, directories[0]);
    const levels = await findLevels(source, directories);
    return isAperio(description) || (tiled && levels.length > 1) || width * height > LARGE_PIXELS;
  } catch (error) {
    if (error instanceof BiomedParseError) return false; // the reader of images tells what is wrong
    throw error;
  } finally {
    await source.close();
  }
}

/** Opens a slide file. */
export async function openSlide(path: string): Promise<Slide> {
  const source = await openFileSource(path);
  try {
    return await readSlide(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
