/**
 * Volumes: every slice of a plane through the model, and one mask per text in exactly the volume's grid.
 *
 * slice (in the usual display, see image/slice.ts) -> 8-bit image -> the network's answers, kept in a store -> per text:
 * presence smoothed along the axis -> probabilities smoothed over neighbours that show the object -> mask -> holes, parts.
 * Slices go through the network one after another, so that one slice's features are held at a time; what is kept of a
 * slice are its small logits. A slice whose smoothed presence stays under the threshold is empty, whatever its pixels say.
 * What kind of image the volume is is guessed once, as the mean of what its axial slices are guessed as, and counts in every slice
 * (views.ts); slices of other planes look like nothing that the guess was fitted to, so that there it is left out.
 * Pixels that are not square reach a model that pads in their true shape.
 * Refuses: what prompts.ts refuses, slices outside the volume, thresholds outside 0..1, a negative smoothing.
 */
import { axisShares, smoothAlongAxis } from '../image/along-axis.ts';
import type { Warning } from '../image/checks/warning.ts';
import {
  cutSlice,
  type Plane,
  planeAxis,
  putSlice,
  type SliceRange,
  sliceIndices,
  sliceLayout,
} from '../image/slice.ts';
import { emptyMask, type MaskVolume, type Volume } from '../image/volume.ts';
import { measureVolume, pixelArea, sliceAreas, type VolumeMeasurements } from '../image/volume-measure.ts';
import { fillVolumeHoles, largestPart } from '../image/volume-parts.ts';
import { resolve } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { comparison, probabilityMap, type Question, ruledOut, type Thresholds } from './answer.ts';
import { volumeWarnings } from './check-image.ts';
import { describeResolution } from './concept.ts';
import { imageContext } from './image-context.ts';
import { presenceLimit, presenceOf } from './presence.ts';
import { checkPrompts } from './prompts.ts';
import { askRecord } from './record.ts';
import { checkThresholds } from './request.ts';
import type { Model, SegmentOptions } from './segment.ts';
import { memoryStore, type SliceRecord, type SliceStore } from './slice-store.ts';
import { createViewMean, type Plausibility, plausibility } from './views.ts';
import { type DisplayOptions, displaySlice, type VolumeDisplay, volumeDisplay } from './volume-display.ts';

/** Standard deviation of the smoothing along the axis unless a call says otherwise, mm. */
export const DEFAULT_SMOOTHING = 2;

export interface VolumeOptions
  extends DisplayOptions,
    Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'joint' | 'signal'> {
  /** Default: axial, by the directions of the axes, whatever the order in the file. */
  readonly plane?: Plane;
  /** Which slices, counted along the grid's own axis (default: all); the others stay empty. */
  readonly slices?: SliceRange;
  /** Standard deviation of the Gaussian that smooths presence and probabilities along the axis, mm (default 2; 0: none). */
  readonly smoothing?: number;
  /** Fill holes of every mask, in space. */
  readonly fillHoles?: boolean;
  /** Keep the largest connected part of every mask only, in space. */
  readonly largestComponent?: boolean;
  /** Hand out the probabilities of every answer too. */
  readonly probabilities?: boolean;
  /** Where the network's answers are kept (default: in memory); what it holds already is not asked again. */
  readonly store?: SliceStore;
  /** Told after every slice how many of all are done. */
  readonly onSlice?: (done: number, total: number) => void;
}

/** What was found in one slice. */
export interface SliceAnswer {
  /** Along the grid's own axis. */
  readonly index: number;
  /** As the model gave it for a volume of this kind, and smoothed along the axis: the latter decides. */
  readonly rawPresence: number;
  readonly presence: number;
  readonly areaPx: number;
  readonly areaMm2: number;
}

/** The answer to one prompt. */
export interface VolumeSegmentation extends Question, VolumeMeasurements {
  /** Whether the object was found: a voxel is inside. */
  readonly present: boolean;
  /** The highest smoothed presence of a slice. */
  readonly presence: number;
  /** Mean probability of the voxels above the threshold, before holes are filled and parts dropped; 0 if there are none. */
  readonly probability: number;
  /** Why the mask is empty; null if it is not. */
  readonly reason: string | null;
  /** `[slices, rows, columns]` in the volume's grid. */
  readonly mask: MaskVolume;
  /** `[slices, rows, columns]`, 0..1, before holes are filled and parts dropped; only with `probabilities`. */
  readonly probabilities?: Float32Array;
  readonly slices: readonly SliceAnswer[];
  /** Connected parts before all but the largest were dropped; only with `largestComponent`. */
  readonly parts?: number;
}

/** A volume whose slices the model has seen. */
export interface ScannedVolume extends VolumeDisplay {
  readonly prompts: readonly string[];
  readonly plane: Plane;
  /** Indices of the slices, along the grid's own axis. */
  readonly indices: readonly number[];
  /** What is worth knowing before the answers are believed. */
  readonly warnings: readonly Warning[];
  /** Slices that the store had already. */
  readonly kept: number;
  /** The answer to one prompt, made anew from what the store holds. */
  answer(prompt: number): Promise<VolumeSegmentation>;
}

function checkSmoothing(value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new BiomedParseError('usage', `smoothing must be a number of mm from 0 on, got ${value}`, { smoothing: value });
}

/** Sends the slices of a volume through the model; answers are made from the result, prompt by prompt. */
export async function scanVolume(
  model: Model,
  volume: Volume,
  texts: readonly string[],
  options: VolumeOptions = {},
): Promise<ScannedVolume> {
  const { plane = 'axial', store = memoryStore(), terms, signal } = options;
  const prompts = checkPrompts(texts);
  const limits = checkThresholds(options, model.presence);
  const smoothing = checkSmoothing(options.smoothing ?? DEFAULT_SMOOTHING);
  const indices = sliceIndices(volume, plane, options.slices);
  const display = volumeDisplay(volume, prompts, options);
  // what is asked for is evidence of what may be there (views.ts), not knowledge
  const known = volumeDisplay(volume, [], options);
  const asked = { modality: imageContext(undefined, prompts, options).modality, window: options.window ?? null };
  const warnings = volumeWarnings(volume, plane, indices, display, asked);
  const step = options.slices?.step ?? 1;
  const notes = step === 1 ? [] : [`one slice in ${step} was asked: those between are empty and count for nothing`];
  const views = createViewMean();
  let kept = 0;
  for (const [i, index] of indices.entries()) {
    signal?.throwIfAborted();
    let record = await store.read(index);
    if (record !== null) kept++;
    else {
      const slice = cutSlice(volume, plane, index);
      const image = displaySlice(slice, display.window);
      record = await askRecord(model, image, prompts, known, options, { pixelSpacing: slice.spacing });
      await store.write(index, record);
    }
    if (plane === 'axial' && record.summary !== null) views.add(model.guessViews(record.summary));
    options.onSlice?.(i + 1, indices.length);
  }
  const axis = planeAxis(volume, plane);
  const { modality } = display;
  const settings = { plane, indices, store, limits, modality, smoothing, step: volume.spacing[axis] * step, options };
  return {
    ...display,
    notes: [...display.notes, ...notes],
    warnings,
    prompts,
    plane,
    indices,
    kept,
    async answer(prompt) {
      const text = prompts[prompt];
      const question = {
        text,
        ...describeResolution(text, resolve(text, terms === undefined ? {} : { terms }), { terms, known }),
      };
      const kind = plausibility(views.guesses(), question.concept, known);
      return answerPrompt(volume, prompt, question, kind, settings);
    },
  };
}

interface AnswerSettings {
  readonly plane: Plane;
  readonly indices: readonly number[];
  readonly store: SliceStore;
  readonly limits: Thresholds;
  /** Of the volume, for its presence threshold; null where unknown. */
  readonly modality: string | null;
  readonly smoothing: number;
  /** mm between the slices asked. */
  readonly step: number;
  readonly options: VolumeOptions;
}

async function recordOf(store: SliceStore, index: number): Promise<SliceRecord> {
  const record = await store.read(index);
  if (record !== null) return record;
  throw new BiomedParseError('io', `the kept result of slice ${index} is gone or damaged; run again`, { index });
}

const highest = (map: Float32Array): number => map.reduce((most, value) => (value > most ? value : most), 0);

/** Puts the mask of one prompt together, slice by slice. */
async function answerPrompt(
  volume: Volume,
  prompt: number,
  question: Question,
  kind: Plausibility,
  { plane, indices, store, limits, modality, smoothing, step, options }: AnswerSettings,
): Promise<VolumeSegmentation> {
  const mapOf = (record: SliceRecord): Float32Array => probabilityMap(record, prompt, record.fit);
  const raw: number[] = [];
  const ofAnyKind: number[] = []; // what presence would be if the kind of image said nothing
  for (const index of indices) {
    const record = await recordOf(store, index);
    const logit = record.existence?.[prompt];
    raw.push(logit === undefined ? highest(mapOf(record)) : presenceOf(logit, limits.presence, kind.possible));
    if (logit !== undefined) ofAnyKind.push(presenceOf(logit, limits.presence));
  }
  const presence = smoothAlongAxis(raw, step, smoothing);
  const least = presenceLimit(limits.presence, modality);
  const shown = presence.map((value) => value >= least);

  let mask = emptyMask(volume);
  const probabilities = options.probabilities ? new Float32Array(mask.data.length) : null;
  let [inside, sum] = [0, 0];
  const maps = new Map<number, Float32Array>(); // of the slices that are a neighbour's share away
  for (const [at, index] of indices.entries()) {
    options.signal?.throwIfAborted();
    if (!shown[at]) continue;
    // what a slice without the object says of its pixels means nothing
    const shares = axisShares(at, indices.length, step, smoothing).filter((share) => shown[share.at]);
    const whole = shares.reduce((total, { weight }) => total + weight, 0);
    for (const other of maps.keys()) if (other < shares[0].at) maps.delete(other);
    const layout = sliceLayout(volume, plane, index);
    const map = new Float32Array(layout.width * layout.height);
    for (const { at: other, weight } of shares) {
      const one = maps.get(other) ?? mapOf(await recordOf(store, indices[other]));
      maps.set(other, one);
      for (let i = 0; i < map.length; i++) map[i] += (weight / whole) * one[i];
    }
    const pixels = new Uint8Array(map.length);
    for (let i = 0; i < map.length; i++) {
      if (!(map[i] > limits.pixel)) continue;
      pixels[i] = 1;
      inside++;
      sum += map[i];
    }
    putSlice(mask.data, layout, pixels);
    if (probabilities !== null) putSlice(probabilities, layout, map);
  }

  if (options.fillHoles) mask = fillVolumeHoles(mask);
  const largest = options.largestComponent ? largestPart(mask) : null;
  if (largest !== null) mask = largest.mask;
  const areas = sliceAreas(mask, plane);
  const area = pixelArea(volume, plane);
  const best = presence.reduce((most, value) => Math.max(most, value), 0);
  const isRuledOut = smoothAlongAxis(ofAnyKind, step, smoothing).some((value) => value >= least);
  const reason = !shown.includes(true)
    ? `absent: presence ${comparison(best, least)} in every slice${isRuledOut ? ruledOut('volume', kind) : ''}`
    : inside === 0
      ? `empty: no voxel has a probability above ${limits.pixel}`
      : null;
  return {
    ...question,
    present: inside > 0,
    presence: best,
    probability: inside === 0 ? 0 : sum / inside,
    reason,
    mask,
    ...measureVolume(mask, volume),
    slices: indices.map((index, at) => ({
      index,
      rawPresence: raw[at],
      presence: presence[at],
      areaPx: areas[index],
      areaMm2: areas[index] * area,
    })),
    ...(probabilities === null ? {} : { probabilities }),
    ...(largest === null ? {} : { parts: largest.parts }),
  };
}

/** Segments a volume: one answer per prompt, in order. Masks of all prompts are held at once; `scanVolume` holds one. */
export async function segmentVolume(
  model: Model,
  volume: Volume,
  prompts: readonly string[],
  options: VolumeOptions = {},
): Promise<VolumeSegmentation[]> {
  const scanned = await scanVolume(model, volume, prompts, options);
  const answers: VolumeSegmentation[] = [];
  for (let i = 0; i < scanned.prompts.length; i++) answers.push(await scanned.answer(i));
  return answers;
}
