/**
 * Slides: tiles with overlap at the microns per pixel that a model saw, where there is tissue, and one mask per text over all of it.
 *
 * slide -> grid of the wished pixel size -> tissue in a thumbnail -> tiles that show tissue -> the network's answers, kept in a
 * store -> per text: mask logits of overlapping tiles blended with weights that fall off to the tiles' edges -> probabilities -> mask,
 * handed out in bands from the top down, so that the whole mask is never held.
 * What kind of image the slide is is guessed once, as the mean of what its tiles are guessed as, and counts in every tile (views.ts).
 * A tile in which the object's presence stays under the threshold says "not here" with all its pixels, whatever they say themselves.
 * Refuses: what prompts.ts refuses, thresholds outside 0..1, pixel sizes, tiles and overlaps outside their limits, a slide of
 * unknown pixel size.
 */

import type { PixelSize } from '../formats/slide/pixel-size.ts';
import { coarserGrid, gridAt, readScaled, type SlideGrid } from '../formats/slide/scale.ts';
import type { Slide } from '../formats/slide/slide.ts';
import { checkResolution } from '../image/checks/resolution.ts';
import type { Warning } from '../image/checks/warning.ts';
import { findTissue, type Tissue } from '../image/tissue.ts';
import type { Image } from '../image/types.ts';
import { resolve } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { Question } from './answer.ts';
import { describeResolution } from './concept.ts';
import type { ImageContext } from './image-context.ts';
import { checkPrompts } from './prompts.ts';
import { askRecord } from './record.ts';
import { checkThresholds } from './request.ts';
import type { Model, SegmentOptions } from './segment.ts';
import { memoryStore, type SliceStore } from './slice-store.ts';
import { blendTiles, type SlideBand } from './slide-blend.ts';
import { axisTiles, type SlideTiles } from './slide-tiles.ts';
import { createViewMean, plausibility } from './views.ts';

/** Microns per pixel unless a call says otherwise: what nuclei of the default model's training data had at its input (0.25 to 0.75). */
export const DEFAULT_MPP = 0.5;
/** What the default model's training images had at its input. */
const TRAINED_MPP = [0.25, 2] as const;
export const MPP_LIMITS = { least: 0.05, most: 50 } as const;
export const TILE_LIMITS = { least: 32, most: 4096 } as const;

/** Longest side of the thumbnail, pixels. */
const THUMBNAIL_SIDE = 1536;
/** A tile is asked if at least this share of it is tissue. */
const TISSUE_SHARE = 0.005;

/** What kind of image every slide is. */
const SLIDE: ImageContext = { modality: 'pathology', site: null };

export interface SlideOptions
  extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'joint' | 'signal' | 'terms'> {
  /** Microns per pixel that the model is shown (0.05 to 50, default 0.5). */
  readonly mpp?: number;
  /** Microns per pixel of the slide itself, instead of what its file says. */
  readonly sourceMpp?: number;
  /** Side of a tile in pixels of `mpp` (32 to 4096, default: the side of the model's square, which is then shown as it is). */
  readonly tile?: number;
  /** Pixels that neighbouring tiles share (default a quarter of a tile, at most half). */
  readonly overlap?: number;
  /** `detect` (default) asks only tiles that show tissue, `all` every tile. */
  readonly tissue?: 'detect' | 'all';
  /** Where the network's answers are kept (default: in memory); what it holds already is not asked again. */
  readonly store?: SliceStore;
  /** Told after every tile how many of all are done. */
  readonly onTile?: (done: number, total: number) => void;
}

/** The answer to one prompt. */
export interface SlideSegmentation extends Question {
  /** Whether the object was found: a pixel is inside. */
  readonly present: boolean;
  /** The highest presence of a tile; 0 if none was asked. */
  readonly presence: number;
  /** Tiles in which it was found present. */
  readonly tilesInside: number;
  /** Mean probability inside; 0 if the mask is empty. */
  readonly probability: number;
  /** Why the mask is empty; null if it is not. */
  readonly reason: string | null;
  /** Pixels of the grid inside, and their area. */
  readonly areaPx: number;
  readonly areaMm2: number;
}

/** A slide whose tiles the model has seen. */
export interface ScannedSlide {
  /** The prompts with what they were understood as. */
  readonly questions: readonly Question[];
  /** Microns per pixel of the slide, and of the grid. */
  readonly pixelSize: PixelSize;
  readonly mpp: number;
  readonly grid: SlideGrid;
  readonly tiles: SlideTiles;
  /** The slide in small, `factor` pixels of the grid to one of its own, and the tissue in it. */
  readonly thumbnail: { readonly image: Image; readonly factor: number };
  readonly tissue: Tissue;
  readonly tissueMm2: number;
  /** Tiles that were asked, and those of them that the store had already. */
  readonly asked: number;
  readonly kept: number;
  readonly notes: readonly string[];
  /** What is worth knowing before the answers are believed. */
  readonly warnings: readonly Warning[];
  /** The answer to one prompt, made anew from what the store holds; `take` gets the mask from the top down. */
  answer(prompt: number, take: (band: SlideBand) => Promise<void>): Promise<SlideSegmentation>;
}

function checkNumber(name: string, value: number, least: number, most: number, whole = false): number {
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new BiomedParseError(
    'usage',
    `${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, got ${value}`,
    { [name]: value },
  );
}

/** The pixel size of a slide; refuses (`input`) a slide that does not say it, unless the call does. */
export function slidePixelSize(slide: Slide, sourceMpp: number | undefined): PixelSize {
  if (sourceMpp !== undefined) {
    const value = checkNumber('sourceMpp', sourceMpp, 0.01, 1000);
    return { x: value, y: value, source: 'given' };
  }
  if (slide.pixelSize !== null) return slide.pixelSize;
  throw new BiomedParseError(
    'input',
    `${slide.label} does not say how many microns a pixel is, which areas and the right scale need; give it with --source-mpp (sourceMpp)`,
    { file: slide.label },
  );
}

function scaleNotes(slide: Slide, pixelSize: PixelSize, mpp: number): string[] {
  const stated = slide.pixelSize;
  const notes: string[] = [];
  if (pixelSize.x > mpp * 1.1) {
    notes.push(`the slide has ${pixelSize.x} microns per pixel: enlarged to ${mpp}, nothing finer is seen`);
  }
  if (stated !== null && Math.abs(stated.x - pixelSize.x) > 0.02 * pixelSize.x) {
    notes.push(`${pixelSize.x} microns per pixel were given, the file says ${stated.x} (${stated.source})`);
  }
  return notes;
}

/** Tiles with enough tissue: columns and rows of the tiles counted through. */
function chooseTiles(tiles: SlideTiles, { mask }: Tissue, factor: number, all: boolean): number[] {
  const { columns, rows, width, height } = tiles;
  const chosen: number[] = [];
  for (const [r, top] of rows.entries()) {
    for (const [c, left] of columns.entries()) {
      const [x0, y0] = [Math.floor(left / factor), Math.floor(top / factor)];
      const x1 = Math.min(mask.width, Math.ceil((left + width) / factor));
      const y1 = Math.min(mask.height, Math.ceil((top + height) / factor));
      let inside = 0;
      for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) inside += mask.data[y * mask.width + x];
      if (all || inside >= TISSUE_SHARE * (x1 - x0) * (y1 - y0)) chosen.push(r * columns.length + c);
    }
  }
  return chosen;
}

/** Sends the tiles of a slide through the model; answers are made from the result, prompt by prompt. */
export async function scanSlide(
  model: Model,
  slide: Slide,
  texts: readonly string[],
  options: SlideOptions = {},
): Promise<ScannedSlide> {
  const { store = memoryStore(), terms, signal } = options;
  const prompts = checkPrompts(texts);
  const limits = checkThresholds(options, model.presence);
  const mpp = checkNumber('mpp', options.mpp ?? DEFAULT_MPP, MPP_LIMITS.least, MPP_LIMITS.most);
  const side = checkNumber('tile', options.tile ?? model.imageSize, TILE_LIMITS.least, TILE_LIMITS.most, true);
  const overlap = checkNumber('overlap', options.overlap ?? side >> 2, 0, side >> 1, true);
  const pixelSize = slidePixelSize(slide, options.sourceMpp);
  const grid = gridAt(slide, pixelSize, mpp);
  const [across, down] = [axisTiles(grid.width, side, overlap), axisTiles(grid.height, side, overlap)];
  const tiles = { columns: across.places, rows: down.places, width: across.size, height: down.size, overlap };

  const factor = Math.max(1, Math.ceil(Math.max(grid.width, grid.height) / THUMBNAIL_SIDE));
  const small = coarserGrid(grid, factor);
  const image = await readScaled(slide, small, { left: 0, top: 0, width: small.width, height: small.height });
  const tissue = findTissue(image);
  const chosen = chooseTiles(tiles, tissue, factor, options.tissue === 'all');

  const views = createViewMean();
  let kept = 0;
  for (const [i, index] of chosen.entries()) {
    signal?.throwIfAborted();
    let record = await store.read(index);
    if (record !== null) kept++;
    else {
      const left = tiles.columns[index % tiles.columns.length];
      const top = tiles.rows[Math.floor(index / tiles.columns.length)];
      const tile = await readScaled(slide, grid, { left, top, width: tiles.width, height: tiles.height });
      record = await askRecord(model, tile, prompts, SLIDE, options);
      await store.write(index, record);
    }
    if (record.summary !== null) views.add(model.guessViews(record.summary));
    options.onTile?.(i + 1, chosen.length);
  }
  const questions = prompts.map((text) => {
    const resolution = resolve(text, terms === undefined ? {} : { terms });
    return { text, ...describeResolution(text, resolution, { terms, known: SLIDE }) };
  });
  const pixelMm2 = (mpp / 1000) ** 2;
  const grey =
    tissue.threshold === null ? ['the slide has no colour to tell tissue from glass by: all of it was asked'] : [];
  return {
    questions,
    pixelSize,
    mpp,
    grid,
    tiles,
    thumbnail: { image, factor },
    tissue,
    tissueMm2: tissue.mask.data.reduce((sum, value) => sum + value, 0) * factor * factor * pixelMm2,
    asked: chosen.length,
    kept,
    notes: [...slide.notes, ...scaleNotes(slide, pixelSize, mpp), ...grey],
    warnings: checkResolution(mpp, TRAINED_MPP),
    async answer(prompt, take) {
      const kind = plausibility(views.guesses(), questions[prompt].concept, SLIDE);
      const found = await blendTiles(prompt, { grid, tiles, chosen, store, limits, kind, signal }, take);
      return { ...questions[prompt], ...found, areaMm2: found.areaPx * pixelMm2 };
    },
  };
}
