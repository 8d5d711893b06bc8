/**
 * A DICOM frame as an 8-bit image for a network or a person: the window asked for, else what the file proposes (its first
 * window, or its VOI LUT), else the published abdomen window for CT, else percentiles. MONOCHROME1 is turned round, so that low is
 * black everywhere; padding is black. Source: DICOM PS3.3 C.11.2; BiomedParse's processing_utils.py.
 */
import type { Image } from '../../image/types.ts';
import type { Samples } from '../../image/volume.ts';
import { applyWindow, invert, percentileWindow, SITE_WINDOWS, type Window } from '../../image/window.ts';
import { type LookupTable, lookUp } from './colour.ts';
import type { DicomFrame } from './image.ts';

/** Real values through a VOI LUT, scaled to 0..255 by the table's own range. */
function applyTable(data: Samples, table: LookupTable): Uint8Array {
  const most = 2 ** table.bits - 1;
  return Uint8Array.from(data, (value) => Math.round((255 * Math.min(most, lookUp(table, Math.round(value)))) / most));
}

/** The frame as 8-bit grey or RGB; `published` leaves aside what the file proposes. */
export function displayFrame(frame: DicomFrame, modality: string | undefined, window?: Window | 'published'): Image {
  const { width, height, data, padding } = frame;
  if (frame.channels === 3) return { data: data as Uint8Array, width, height, channels: 3 };
  const isPadding = (value: number): boolean => padding !== null && value >= padding[0] && value <= padding[1];
  let pixels: Uint8Array;
  const published = window === 'published';
  const chosen = published ? undefined : (window ?? frame.windows[0]?.window);
  if (chosen !== undefined) pixels = applyWindow(data, chosen);
  else if (frame.voiTable !== null && !published) pixels = applyTable(data, frame.voiTable);
  else if (modality === 'CT') pixels = applyWindow(data, SITE_WINDOWS.abdomen);
  else pixels = applyWindow(data, percentileWindow(data.filter((value: number) => !isPadding(value))));
  if (frame.inverted) invert(pixels);
  if (padding !== null) for (let i = 0; i < pixels.length; i++) if (isPadding(data[i])) pixels[i] = 0;
  return { data: pixels, width, height, channels: 1 };
}
