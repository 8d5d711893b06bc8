/** One slice written: its picture and masks as squares, and its line in the manifest. */
import { join } from 'node:path';
import { encodeMaskPng } from '../../formats/mask-png.ts';
import { encodePng } from '../../formats/raster.ts';
import type { Fit } from '../../image/fit.ts';
import type { SliceLayout } from '../../image/slice.ts';
import type { Box } from '../../image/types.ts';
import { orientationLabel, type Volume } from '../../image/volume.ts';
import { writeSmallFileAtomic } from '../../util/files.ts';
import type { Pixels } from '../readers/frames.ts';
import { type Part, partTargets, type Recipe } from '../recipe/recipe.ts';
import type { ConceptNames } from './concepts.ts';
import {
  eightBit,
  type SlicePixels,
  type SquareMask,
  squareFit,
  squareImage,
  squareMask,
  windowOf,
} from './picture.ts';
import { hashShare, type Unit } from './plan.ts';
import type { ImageRecord, MaskRecord, SourcePlace } from './record.ts';
import { outside, type SliceMask } from './slice-masks.ts';

/** What the slices of an image are written with. */
export interface SliceContext {
  readonly recipe: Recipe;
  readonly source: string;
  /** The set's folder. */
  readonly folder: string;
  /** Side of the square, pixels. */
  readonly size: number;
  readonly unit: Unit;
  readonly part: Part;
  readonly names: ConceptNames;
  /** Files that were begun, below the set's folder. */
  readonly written: string[];
}

/** The samples of a slice; of a volume of one that runs the same way they are the volume's own. */
function samplesOf({ data, channels }: Volume, layout: SliceLayout): SlicePixels {
  const { width, height, first, stepAcross, stepDown } = layout;
  if (first === 0 && stepAcross === 1 && stepDown === width && data.length === width * height * channels) {
    return { data, width, height, channels };
  }
  const out = new (data.constructor as new (n: number) => typeof data)(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    let from = (first + y * stepDown) * channels;
    for (let x = 0; x < width; x++, from += stepAcross * channels) {
      for (let c = 0; c < channels; c++) out[to++] = data[from + c];
    }
  }
  return { data: out, width, height, channels };
}

/** Whether a missing mask of a target means its absence. */
export function isExhaustive(part: Part, target: string): boolean {
  const own = part.targets.get(target)?.annotation;
  if (own !== undefined) return own === 'exhaustive';
  const derived = part.derive.get(target);
  return part.annotation === 'exhaustive' && (derived?.of ?? []).every((one) => isExhaustive(part, one));
}

/** A slice with all that belongs to it. */
export interface Cut {
  readonly pixels: Pixels;
  readonly place: SourcePlace;
  /** NAME_MODALITY_SITE. */
  readonly stem: string;
  readonly layout: SliceLayout;
  /** mm between slices. */
  readonly depth: number;
  readonly masks: ReadonlyMap<string, SliceMask>;
  /** Targets of which nothing is known in this frame, with the reason. */
  readonly untold: ReadonlyMap<string, string>;
}

/** A target that is in the picture. */
interface Found {
  readonly target: string;
  readonly mask: SliceMask;
  readonly square: SquareMask;
}

/** What is in a slice, what is surely not, and of what nothing is known. */
function judge(
  { part }: SliceContext,
  { masks, untold }: Cut,
  fit: Fit,
): {
  readonly found: readonly Found[];
  readonly absent: readonly string[];
  readonly unknown: readonly string[];
  readonly notes: readonly string[];
} {
  const [absent, unknown, notes]: [string[], string[], string[]] = [[], [], [...untold.values()]];
  const found: Found[] = [];
  for (const target of partTargets(part)) {
    const { least = part.slices.least, inside, write = true } = part.targets.get(target) ?? {};
    const mask = masks.get(target);
    if (!write) continue;
    if (untold.has(target)) unknown.push(target);
    else if (mask === undefined) (isExhaustive(part, target) ? absent : unknown).push(target);
    else {
      const beyond = inside === undefined ? 0 : outside(mask, masks.get(inside));
      if (beyond > 0) notes.push(`${beyond} of ${mask.area} pixels of ${target} lie outside of ${inside}`);
      const square = mask.area < least ? null : squareMask(mask.data, fit);
      if (square !== null && square.area > 0) found.push({ target, mask, square });
      else {
        const why = square === null ? `is under the least of ${least}` : 'is lost in the smaller picture';
        notes.push(`${target} of ${mask.area} pixels ${why}`);
        unknown.push(target);
      }
    }
  }
  return { found, absent, unknown, notes };
}

/** A box of the slice in pixels of the square. */
function scaled([left, top, right, bottom]: Box, { inner, width, height }: Fit): Box {
  const [x, y] = [inner.width / width, inner.height / height];
  return [
    Math.floor(inner.left + left * x),
    Math.floor(inner.top + top * y),
    Math.ceil(inner.left + right * x),
    Math.ceil(inner.top + bottom * y),
  ];
}

/** Writes one slice; null if it is not wanted. */
export async function writeSlice(context: SliceContext, cut: Cut): Promise<ImageRecord | null> {
  const { unit, part, folder, size, written } = context;
  const { pixels, place, stem, layout } = cut;
  const { width, height } = layout;
  const known = pixels.spacing !== null;
  const aspect = part.slices.pixels === 'square' && known ? layout.spacing[1] / layout.spacing[0] : 1;
  const fit = squareFit(width, height, size, aspect);
  const { found, absent, unknown, notes } = judge(context, cut, fit);
  const kept = (): boolean => pixels.flat || hashShare(context.recipe.name, stem) < part.slices.empty;
  if (found.length === 0 && (absent.length === 0 || !kept())) return null;

  const slice = samplesOf(pixels.volume, layout);
  const window = windowOf(part.window, unit, slice, pixels.volume.data);
  const image = squareImage(eightBit(slice, window, pixels.inverted), fit);
  const masks = found.map(({ target, mask, square }): MaskRecord => {
    const { from, area: sourceArea, files, labels, instances } = mask;
    const boxes = instances === null || instances.size === 0 ? null : [...instances.values()];
    return {
      ...{ target, file: `${unit.split}_mask/${stem}_${target.replaceAll(' ', '+')}.png`, ...context.names(target) },
      ...{ from, source: [...files].sort(), labels: [...labels].sort(), area: square.area, sourceArea },
      box: square.box,
      instances: boxes?.map((box) => scaled(box, fit)) ?? null,
    };
  });
  const write = (name: string, bytes: Uint8Array): void => {
    written.push(name);
    writeSmallFileAtomic(join(folder, name), bytes);
  };
  const file = `${unit.split}/${stem}.png`;
  const picture = await encodePng(image);
  // masks first: an image is there with all of its masks or not at all
  for (const [i, mask] of masks.entries()) {
    write(mask.file, encodeMaskPng({ data: found[i].square.data, width: size, height: size }));
  }
  write(file, picture);
  const { split, modality, family, sequence, site, subject, captures } = unit;
  return {
    ...{ kind: 'image', image: file, split, modality, family, sequence, site, subject, source: place, captures },
    ...{ size: [width, height], inner: fit.inner },
    spacing: known ? [layout.spacing[0], layout.spacing[1], cut.depth] : null,
    orientation: pixels.placed && !pixels.flat ? orientationLabel(pixels.volume) : null,
    window: window === null ? null : { low: window.low, high: window.high },
    ...{ masks, absent, unknown, notes: [...pixels.notes, ...notes] },
  };
}
