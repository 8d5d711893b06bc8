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
import { applyWindow, percentileWindow, SITE_WINDOWS, type Window } from '../image/window.ts';
import { findImageType, resolve, type Terms } from '../ontology/index.ts';
import { checkModality, checkSite } from '../ontology/resolve/context.ts';

export interface DisplayOptions {
  /** Intensities that become black and white; default as this file's head says. */
  readonly window?: Window;
  /** What the volume is ("CT", "MRI"), by any of its names. */
  readonly modality?: string;
  /** Where it is of ("abdomen", "chest"), by any of its names. */
  readonly site?: string;
  /** The user's own terms, from `loadTerms`. */
  readonly terms?: Terms;
}

/** What was decided. */
export interface VolumeDisplay {
  /** Null: samples are kept (8 bit), or percentiles per slice. */
  readonly window: Window | null;
  readonly modality: string | null;
  readonly site: string | null;
  readonly notes: readonly string[];
}

/** Below this only Hounsfield units lie: air is -1000. */
const AIR = -500;

/** DICOM's modality codes as the ontology names them, where they make volumes. */
const CODES: Readonly<Record<string, string>> = { CT: 'CT', MR: 'MRI', US: 'ultrasound' };

function lowest({ data }: Volume): number {
  let low = Number.POSITIVE_INFINITY;
  for (let i = 0; i < data.length; i++) if (data[i] < low) low = data[i];
  return low;
}

/** Decides once for a volume. */
export function volumeDisplay(
  volume: Volume,
  prompts: readonly string[],
  { window, modality: named, site: place, terms }: DisplayOptions,
): VolumeDisplay {
  const given = named === undefined ? null : checkModality(named);
  const givenSite = place === undefined ? null : checkSite(place);
  const resolutions = prompts.map((text) => resolve(text, terms === undefined ? {} : { terms }));
  const said = resolutions.find(({ modality }) => modality !== null)?.modality ?? null;
  const site = givenSite ?? resolutions.find((one) => one.site !== null)?.site ?? null;
  const modality = given ?? CODES[volume.identifiers.modality ?? ''] ?? said;
  const grey = volume.channels === 1 && !(volume.data instanceof Uint8Array);
  if (window !== undefined || !grey) return { window: grey ? (window ?? null) : null, modality, site, notes: [] };

  const isCt = modality === 'CT' || (modality === null && lowest(volume) < AIR);
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
