/**
 * All images and masks of a dataset, decoded once into shared memory, so that any number of worker threads read them.
 * Plain data that `postMessage` can send (shared buffers are not copied). Grey images hold 1 byte a pixel, colour
 * images 3, channels last; masks 1 bit a pixel, row after row, the first pixel in the lowest bit.
 * Images of grey modalities are kept as grey, whatever tint the file has. Images longer than `maxSide` are reduced
 * (bicubic); 16-bit samples are brought to 8, alpha is left out, floats are refused.
 */
import { resizeBicubicPil } from '../image/resize.ts';
import type { Image, Mask } from '../image/types.ts';
import { isGreyModality } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { absentSiblings, foreignTargets, foreignTargetsOfModality } from './annotation.ts';
import type { Dataset, DatasetItem, DatasetSet, DatasetTarget } from './layout.ts';
import { readItemImage, readItemMask } from './parts.ts';

/** Images of one set that share modality and site. */
export interface StoreGroup {
  readonly set: string;
  readonly modality: string;
  readonly site: string;
  /** Targets annotated in such images. */
  readonly targets: readonly string[];
  /** Targets of other images that cannot be in these; the second list holds those of the same modality. */
  readonly foreign: readonly string[];
  readonly foreignSameModality: readonly string[];
}

export interface ImageStore {
  readonly groups: readonly StoreGroup[];
  /** Names of all targets; masks refer to them by place. */
  readonly targetNames: readonly string[];
  /** Number of masks of each target. */
  readonly targetCounts: readonly number[];
  readonly images: readonly StoredImage[];
  /** English sentences of masks, which refer to them by place; left out where the data has none. */
  readonly sentences?: readonly string[];
  /** The memory in which images and masks lie. */
  readonly slabs: readonly SharedArrayBuffer[];
}

interface Place {
  readonly slab: number;
  readonly offset: number;
}

export interface StoredMask extends Place {
  readonly target: number;
  /** Pixels inside. */
  readonly area: number;
  /** Places in the store's `sentences`. */
  readonly sentences?: readonly number[];
}

export interface StoredImage extends Place {
  readonly group: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly masks: readonly StoredMask[];
  /** Targets of the set that are surely not in the image. */
  readonly absent: readonly string[];
}

export interface LoadImagesOptions {
  /** Longest side that is kept, pixels (default 256). */
  readonly maxSide?: number;
  /** Files decoded at the same time (default 8). */
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

const SLAB_BYTES = 32 * 1024 * 1024;

interface Arena {
  readonly slabs: SharedArrayBuffer[];
  used: number;
}

function keep(arena: Arena, bytes: Uint8Array): Place {
  const last = arena.slabs[arena.slabs.length - 1];
  if (last === undefined || arena.used + bytes.length > last.byteLength) {
    arena.slabs.push(new SharedArrayBuffer(Math.max(SLAB_BYTES, bytes.length)));
    arena.used = 0;
  }
  const slab = arena.slabs.length - 1;
  const offset = arena.used;
  new Uint8Array(arena.slabs[slab], offset, bytes.length).set(bytes);
  arena.used += bytes.length;
  return { slab, offset };
}

/** Difference of channels, grey levels, up to which a pixel counts as grey: lossy files differ a little. */
const GREY_TOLERANCE = 3;

/** An 8-bit image of 1 or 3 channels: one, the channels' mean, where the modality or all pixels are grey. */
function toBytes(image: Image, item: DatasetItem): Image & { data: Uint8Array; channels: 1 | 3 } {
  const { data: source, width, height, channels } = image;
  if (source instanceof Float32Array) {
    throw new BiomedParseError('input', `${item.file}: float samples have no known range; 8 or 16 bits are needed`);
  }
  const shift = source instanceof Uint16Array ? 8 : 0;
  const n = width * height;
  let grey = channels === 1 || isGreyModality(item.modality);
  if (!grey) {
    grey = true;
    for (let i = 0; grey && i < n * channels; i += channels) {
      const [r, g, b] = [source[i] >> shift, source[i + 1] >> shift, source[i + 2] >> shift];
      grey = Math.max(r, g, b) - Math.min(r, g, b) <= GREY_TOLERANCE;
    }
  }
  const kept = grey ? 1 : 3;
  const data = new Uint8Array(n * kept);
  for (let i = 0; i < n; i++) {
    const at = i * channels;
    if (kept === 3) for (let c = 0; c < 3; c++) data[i * 3 + c] = source[at + c] >> shift;
    else if (channels === 1) data[i] = source[at] >> shift;
    else data[i] = Math.round((source[at] + source[at + 1] + source[at + 2]) / 3) >> shift;
  }
  return { data, width, height, channels: kept };
}

/** The size at which an image is kept. */
function keptSize(width: number, height: number, maxSide: number): [number, number] {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** The mask at a size, bit by bit; reduced masks hold what is at least half inside. */
function packMask(mask: Mask, width: number, height: number): { bits: Uint8Array; area: number } {
  let inside = mask.data;
  if (width !== mask.width || height !== mask.height) {
    const full = { ...mask, data: mask.data.map((value) => value * 255), channels: 1 as const };
    inside = (resizeBicubicPil(full, width, height).data as Uint8Array).map((value) => (value >= 128 ? 1 : 0));
  }
  const bits = new Uint8Array(Math.ceil(inside.length / 8));
  let area = 0;
  for (let i = 0; i < inside.length; i++) {
    if (inside[i] === 0) continue;
    bits[i >> 3] |= 1 << (i & 7);
    area++;
  }
  return { bits, area };
}

/** Bytes of a stored image `[height, width, channels]`. */
export function storedPixels(store: ImageStore, image: StoredImage): Uint8Array {
  return new Uint8Array(store.slabs[image.slab], image.offset, image.width * image.height * image.channels);
}

/** A stored mask unpacked into `[height, width]` bytes of 0 and 1. */
export function storedMask(store: ImageStore, image: StoredImage, mask: StoredMask): Uint8Array {
  const n = image.width * image.height;
  const bits = new Uint8Array(store.slabs[mask.slab], mask.offset, Math.ceil(n / 8));
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = (bits[i >> 3] >> (i & 7)) & 1;
  return out;
}

/** Decodes every image and mask of the dataset. */
export async function loadImages(dataset: Dataset, options: LoadImagesOptions = {}): Promise<ImageStore> {
  const { maxSide = 256, concurrency = 8, onProgress } = options;
  const { items } = dataset;
  const arena: Arena = { slabs: [], used: 0 };
  const sets = new Map(dataset.sets.map((set) => [set.name, set]));
  const { groups, groupOf } = makeGroups(dataset);
  const targetNames = [...new Set(items.flatMap((item) => item.targets.map(({ target }) => target)))].sort();
  const targetIndex = new Map(targetNames.map((name, i) => [name, i]));
  const english = ({ sentences = [] }: DatasetTarget): string[] =>
    sentences.flatMap(({ text, language }) => (language === 'en' ? [text] : []));
  const sentences = [...new Set(items.flatMap((item) => item.targets.flatMap(english)))].sort();
  const sentenceIndex = new Map(sentences.map((sentence, i) => [sentence, i]));
  const images: StoredImage[] = new Array(items.length);

  const load = async (index: number): Promise<void> => {
    const item = items[index];
    const image = toBytes(await readItemImage(dataset, item), item);
    const [width, height] = keptSize(image.width, image.height, maxSide);
    const small = width === image.width && height === image.height ? image : resizeBicubicPil(image, width, height);
    const place = keep(arena, small.data as Uint8Array);
    const masks: StoredMask[] = [];
    for (const own of item.targets) {
      const { target, maskFile } = own;
      const mask = await readItemMask(dataset, maskFile);
      if (mask.width !== image.width || mask.height !== image.height) {
        const size = `${mask.width} x ${mask.height}`;
        throw new BiomedParseError(
          'input',
          `${maskFile}: ${size} pixels, its image has ${image.width} x ${image.height}`,
        );
      }
      const { bits, area } = packMask(mask, width, height);
      const places = english(own).map((one) => sentenceIndex.get(one) as number);
      const words = places.length === 0 ? {} : { sentences: places };
      if (area > 0) masks.push({ target: targetIndex.get(target) as number, area, ...words, ...keep(arena, bits) });
    }
    const group = groupOf(item);
    const named = item.targets.map(({ target }) => target);
    const absent = absentSiblings(sets.get(item.set) as DatasetSet, item, named);
    images[index] = { group, width, height, channels: image.channels, masks, absent, ...place };
  };

  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      await load(next++);
      onProgress?.(++done, items.length);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));

  const targetCounts = targetNames.map(() => 0);
  for (const image of images) for (const mask of image.masks) targetCounts[mask.target]++;
  const words = sentences.length === 0 ? {} : { sentences };
  return { groups, targetNames, targetCounts, images, ...words, slabs: arena.slabs };
}

function makeGroups(dataset: Dataset): { groups: StoreGroup[]; groupOf: (item: DatasetItem) => number } {
  const groups: StoreGroup[] = [];
  const index = new Map<string, number>();
  const key = ({ set, modality, site }: DatasetItem): string => `${set}/${modality}_${site}`;
  for (const item of dataset.items) {
    if (index.has(key(item))) continue;
    const { set, modality, site } = item;
    index.set(key(item), groups.length);
    groups.push({
      set,
      modality,
      site,
      targets: dataset.sets.find(({ name }) => name === set)?.targets[`${modality}_${site}`] ?? [],
      foreign: foreignTargets(dataset, modality, site),
      foreignSameModality: foreignTargetsOfModality(dataset, modality, site),
    });
  }
  return { groups, groupOf: (item) => index.get(key(item)) as number };
}
