/** One frame of an image with all of its masks: layers read, declared sides made, and where its slices lie. */
import { join } from 'node:path';
import { nativePlane, type Plane, putSlice, type SliceLayout, sliceCount, sliceLayout } from '../../image/slice.ts';
import { emptyMask, type Grid, type Vector } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
import type { Pixels } from '../readers/frames.ts';
import { maskReaders } from '../readers/index.ts';
import type { Layer } from '../readers/layer.ts';
import type { Part } from '../recipe/recipe.ts';
import type { Unit } from './plan.ts';
import { sidesOf } from './sides.ts';
import { type ReadLayer, readLayer, sliceMasks } from './slice-masks.ts';

/** A frame ready to be cut into slices. */
export interface Frame {
  readonly pixels: Pixels;
  readonly layers: readonly ReadLayer[];
  /** Targets of which nothing is known, with the reason. */
  readonly untold: ReadonlyMap<string, string>;
}

/** Readers whose shapes lie in one plane. */
const FLAT_ONLY = ['coco', 'labelme', 'yolo', 'rle-csv', 'aperio-xml'];

const LETTERS: Readonly<Record<string, Vector>> = {
  L: [1, 0, 0],
  R: [-1, 0, 0],
  P: [0, 1, 0],
  A: [0, -1, 0],
  S: [0, 0, 1],
  I: [0, 0, -1],
};

/** The image with the spacing and orientation that the recipe states in place of the file's. */
function restate(pixels: Pixels, { spacing, orientation }: Part): Pixels {
  if (spacing === null && orientation === null) return pixels;
  const { volume } = pixels;
  const stated = spacing === null ? null : [...spacing, ...volume.spacing.slice(spacing.length)];
  const direction = orientation === null ? volume.direction : [...orientation].map((letter) => LETTERS[letter]);
  const grid = { spacing: (stated ?? volume.spacing) as unknown as Vector, direction: direction as Grid['direction'] };
  return { ...pixels, spacing: stated ?? pixels.spacing, volume: { ...volume, ...grid } };
}

async function readLayers(
  unit: Unit,
  part: Part,
  pixels: Pixels,
  at: { readonly frame: number; readonly frames: number },
  folder: string,
): Promise<Layer[]> {
  const layers: Layer[] = [];
  const { volume, flat, placed } = pixels;
  for (const [i, source] of part.masks.entries()) {
    const found = unit.masks[i];
    if (found.length === 0) continue;
    const field = `parts[${part.index}].masks[${i}]`;
    if (FLAT_ONLY.includes(source.reader) && volume.size[2] !== 1) {
      const reason = `the reader ${source.reader} is for single images, not for volumes`;
      throw new BiomedParseError('input', `${found[0].path}: ${field}: ${reason}`, { field });
    }
    const files = found.map(({ path, captures }) => ({ path: join(folder, path), name: path, captures }));
    const read = await maskReaders[source.reader]({
      ...{ source, files, ...at, grid: volume, flat, placed, field, captures: unit.captures },
      instanceUids: volume.identifiers.instanceUids,
    });
    layers.push(...read);
  }
  return layers;
}

/** Where the pixels of a slice lie: an ordinary image is shown as it is. */
export function layoutOf({ volume, flat }: Pixels, plane: Plane, index: number): SliceLayout {
  if (!flat) return sliceLayout(volume, plane, index);
  const [width, height] = volume.size;
  const { spacing, origin, direction } = volume;
  const [across, down] = direction;
  return {
    ...{ width, height, first: 0, stepAcross: 1, stepDown: width, origin, direction: [across, down] },
    spacing: [spacing[0], spacing[1]],
  };
}

/** The frame with layers of the declared left and right sides; where they cannot be told apart, why. */
function withSides(part: Part, pixels: Pixels, layers: readonly ReadLayer[]): Frame {
  const made: ReadLayer[] = [];
  const untold = new Map<string, string>();
  const plane = nativePlane(pixels.volume);
  const count = pixels.flat ? 1 : sliceCount(pixels.volume, plane);
  for (const [target, { how, of }] of part.derive) {
    if (how !== 'left' && how !== 'right') continue;
    const whole = emptyMask(pixels.volume);
    const files = new Set<string>();
    for (let i = 0; i < count; i++) {
      const layout = layoutOf(pixels, plane, i);
      const mask = sliceMasks([...layers, ...made], layout, part.derive).get(of[0]);
      if (mask === undefined) continue;
      putSlice(whole.data, layout, mask.data);
      for (const file of mask.files) files.add(file);
    }
    const sides = sidesOf(whole);
    if (typeof sides === 'string') untold.set(target, `${target}: ${sides}`);
    else {
      const [file = ''] = files;
      const meaning = { labelsOf: () => [of[0]], targetsOf: () => [target] };
      made.push(readLayer({ ...meaning, values: sides[how], file, instances: false }, how));
    }
  }
  return { pixels, layers: [...layers, ...made], untold };
}

/** Reads the masks of a frame; null where the recipe wants labelled frames only and this one has no mask. */
export async function openFrame(
  unit: Unit,
  part: Part,
  read: Pixels,
  at: { readonly frame: number; readonly frames: number },
  source: string,
): Promise<Frame | null> {
  const layers = await readLayers(unit, part, read, at, source);
  const labelled = (): boolean => layers.some(({ values }) => (values as Uint8Array).some((value) => value !== 0));
  if (part.images.frame === 'labelled' && !labelled()) return null;
  const ready = layers.map((layer) => readLayer(layer));
  return withSides(part, restate(read, part), ready);
}
