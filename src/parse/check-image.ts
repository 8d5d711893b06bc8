/**
 * What is worth a warning of an image or a volume before it goes to the model: the checks of image/checks, put together from
 * what was read, how it is shown and what was asked for. Nothing here changes an answer.
 */
import type { ImageFacts } from '../formats/image.ts';
import type { VolumeFile } from '../formats/volume-bytes.ts';
import { checkColour } from '../image/checks/colour.ts';
import { checkHounsfield, checkNotHounsfield, unusedWindow } from '../image/checks/hounsfield.ts';
import { checkInversion } from '../image/checks/inversion.ts';
import { checkLevels } from '../image/checks/levels.ts';
import { burntInText, modalityMismatch, unknownGeometry } from '../image/checks/resolution.ts';
import { checkShape } from '../image/checks/shape.ts';
import { checkOrientation, checkPatientOrientation, checkSpine } from '../image/checks/upright.ts';
import type { Warning } from '../image/checks/warning.ts';
import { cutSlice, type Plane, sliceLayout } from '../image/slice.ts';
import type { Image } from '../image/types.ts';
import type { Volume } from '../image/volume.ts';
import { valueRange, type Window } from '../image/window.ts';
import { modalityFamily } from '../ontology/index.ts';
import { type ImageContext, modalityOfCode } from './image-context.ts';
import { displaySlice, type VolumeDisplay } from './volume-display.ts';

/** Sites whose axial CT shows the spine behind the middle of the body: measured for these only. */
const SPINE_SITES = new Set(['abdomen', 'liver']);
/** Most slices of a volume that are looked at. */
const MAX_SLICES = 9;

/** What the pixels say, as they are shown. */
function checkPixels(shown: Image, { modality, site }: ImageContext, window: Window | null): Warning[] {
  if (modality === null) return checkLevels(shown, window);
  const family = modalityFamily(modality);
  const spine = family === 'CT' && site !== null && SPINE_SITES.has(site);
  return [
    ...checkLevels(shown, window),
    ...checkColour(shown, family),
    ...checkInversion(shown, family),
    ...(spine ? checkSpine(shown) : []),
  ];
}

/** Names of two modalities that cannot both be right. */
function mismatch(code: string | null | undefined, asked: string | null): Warning[] {
  const said = modalityOfCode(code);
  if (said === null || asked === null || said === modalityFamily(asked)) return [];
  return [modalityMismatch(said, asked)];
}

/** Warnings of an image: `shown` in 8 bits, `asked` what the caller takes it for, `window` as far as one was asked for. */
export function imageWarnings(
  shown: Image,
  facts: ImageFacts,
  asked: ImageContext,
  window: Window | null,
  spacing?: readonly [number, number],
): Warning[] {
  const { range } = facts;
  const modality = asked.modality ?? modalityOfCode(facts.modality);
  const values =
    range === null || modality === null
      ? []
      : modality === 'CT'
        ? checkHounsfield(range)
        : checkNotHounsfield(modality, range[0]);
  const oriented = facts.orientation === null ? [] : checkOrientation(...facts.orientation);
  return [
    ...(facts.burntIn ? [burntInText] : []),
    ...mismatch(facts.modality, asked.modality),
    ...values,
    ...(window !== null && range === null ? [unusedWindow(window)] : []),
    ...(oriented.length > 0 ? oriented : checkPatientOrientation(facts.patientOrientation)),
    ...checkShape(shown.width, shown.height, spacing),
    ...checkPixels(shown, { modality, site: asked.site }, window),
  ];
}

/** What more than half of the slices that are looked at are warned of, in the words of the first. */
function ofMost(slices: readonly (readonly Warning[])[]): Warning[] {
  const all = slices.flat();
  const codes = [...new Set(all.map(({ code }) => code))];
  return codes
    .filter((code) => 2 * slices.filter((one) => one.some((other) => other.code === code)).length > slices.length)
    .flatMap((code) => all.find((one) => one.code === code) ?? []);
}

/** Warnings of a volume whose slices are shown as `display` says; `asked` is what the caller takes it for. */
export function volumeWarnings(
  volume: Volume,
  plane: Plane,
  indices: readonly number[],
  display: VolumeDisplay,
  asked: { readonly modality: string | null; readonly window: Window | null },
): Warning[] {
  const { modality, site, window } = display;
  const range = volume.channels === 1 ? valueRange(volume.data) : null;
  const values =
    range === null || modality === null
      ? []
      : modality === 'CT'
        ? checkHounsfield(range)
        : checkNotHounsfield(modality, range[0]);
  const { width, height, spacing } = sliceLayout(volume, plane, indices[0]);
  const step = Math.max(1, Math.ceil(indices.length / MAX_SLICES));
  const looked = indices.filter((_, i) => i % step === Math.floor(step / 2) || indices.length === 1);
  const slices = looked.map((index) => {
    const shown = displaySlice(cutSlice(volume, plane, index), window);
    // the test of the spine is of axial slices
    return checkPixels(shown, { modality, site: plane === 'axial' ? site : null }, window);
  });
  return [
    ...mismatch(volume.identifiers.modality, asked.modality),
    ...values,
    ...(asked.window !== null && window === null ? [unusedWindow(asked.window)] : []),
    ...checkShape(width, height, spacing),
    ...ofMost(slices),
  ];
}

/** Warnings of what a volume's file says, or leaves open. */
export function volumeFileWarnings({ unknown = [], burntIn = false }: VolumeFile): Warning[] {
  return [...(burntIn ? [burntInText] : []), ...unknownGeometry(unknown)];
}
