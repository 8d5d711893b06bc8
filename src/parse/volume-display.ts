/**
 * How a volume's slices are shown to the model: in a window of Hounsfield units if it is a CT (the published one of its
 * site), else each slice between its own 0.5 and 99.5 percentile, as published; 8-bit and colour samples are kept.
 *
 * What the volume is comes from the caller, else from the file (DICOM), else from the prompts ("liver in abdomen CT").
 * Where nobody says it, values below -500 are taken for Hounsfield units, as nothing else has them, and a note says so.
 * Source: BiomedParse v1 (inference_utils/processing_utils.py).
 */
import type { Slice } from '../image/slice.ts';
import type { Image } from '../image/types.ts';
import type { Volume } from '../image/volume.ts';
import { applyWindow, percentileWindow, SITE_WINDOWS, valueRange, type Window } from '../image/window.ts';
import { findImageType } from '../ontology/index.ts';
import { type ContextOptions, type ImageContext, imageContext } from './image-context.ts';

export interface DisplayOptions extends ContextOptions {
  /** Intensities that become black and white; default as this file's head says. */
  readonly window?: Window;
}

/** What was decided. */
export interface VolumeDisplay extends ImageContext {
  /** Null: samples are kept (8 bit), or percentiles per slice. */
  readonly window: Window | null;
  readonly notes: readonly string[];
}

/** Below this only Hounsfield units lie: air is -1000. */
const AIR = -500;

/** Decides once for a volume. */
export function volumeDisplay(
  volume: Volume,
  prompts: readonly string[],
  { window, ...context }: DisplayOptions,
): VolumeDisplay {
  const { modality, site } = imageContext(volume.identifiers.modality, prompts, context);
  const grey = volume.channels === 1 && !(volume.data instanceof Uint8Array);
  if (window !== undefined || !grey) return { window: grey ? (window ?? null) : null, modality, site, notes: [] };

  const isCt = modality === 'CT' || (modality === null && (valueRange(volume.data)?.[0] ?? 0) < AIR);
  const notes: string[] = [];
  if (modality === null) {
    const shown = isCt
      ? 'taken for Hounsfield units of a CT, as values lie below -500'
      : 'each slice is shown between percentiles';
    notes.push(`nothing says what kind of image this is: ${shown}; a modality or a window decides otherwise`);
  }
  if (!isCt) return { window: null, modality, site, notes };
  const published = site === null ? undefined : findImageType(`CT-${site}`)?.window;
  if (site !== null && published === undefined) {
    notes.push(`no window is published for CT of ${site}: the one of the abdomen is used`);
  }
  const [low, high] = published ?? [SITE_WINDOWS.abdomen.low, SITE_WINDOWS.abdomen.high];
  return { window: { low, high }, modality: 'CT', site, notes };
}

/** A slice as an 8-bit image, or in colour as it is. */
export function displaySlice(slice: Slice, window: Window | null): Image {
  const { data, width, height, channels } = slice;
  if (data instanceof Uint8Array) return { data, width, height, channels };
  if (channels > 1) return { data: Float32Array.from(data), width, height, channels };
  return { data: applyWindow(data, window ?? percentileWindow(data)), width, height, channels };
}
