/** Sizes of pixels and voxels against what a model was trained on. */
import { plain, type Warning } from './warning.ts';

/** Factor by which a pixel may be smaller or larger before structures look like others. */
const TOLERANCE = 1.5;

/** Warns of a slide shown with pixels, in microns, that are far from those that the model saw, from `least` to `most`. */
export function checkResolution(microns: number, [least, most]: readonly [number, number]): Warning[] {
  if (microns >= least / TOLERANCE && microns <= most * TOLERANCE) return [];
  const finer = microns > most ? 'a level of the slide with more detail' : 'a level of the slide with less detail';
  return [
    {
      code: 'resolution',
      reason: `${plain(microns, 3)} microns per pixel: this model saw ${plain(least, 3)}-${plain(most, 3)}`,
      proposal: `choose ${finer}, with --mpp ${plain(microns > most ? most : least, 3)}`,
    },
  ];
}

/** Warns of what a volume file does not say of its geometry. */
export function unknownGeometry(unknown: readonly ('spacing' | 'orientation')[]): Warning[] {
  const texts = {
    spacing: {
      code: 'spacing-unknown',
      reason: 'the file does not say how large voxels are: 1 mm is taken, so that mL, mm and smoothing mean little',
      proposal: 'give a file with its spacing, or compare voxel counts only',
    },
    orientation: {
      code: 'orientation-unknown',
      reason:
        'the file does not say how the patient lies in it: slices may be shown upside down, mirrored or in another plane',
      proposal: 'look at the picture of key slices; give the original file if they are not upright, or choose --plane',
    },
  } as const;
  return unknown.map((what) => texts[what]);
}

/** The warning of a file whose header says that text is part of the pixels. */
export const burntInText: Warning = {
  code: 'burnt-in-text',
  reason: 'the header says that text is burnt into the pixels (Burned In Annotation): it may name the patient',
  proposal: 'do not share pictures of it; --deidentify cannot remove what is in pixels',
};

/** The warning of a file that says it is something else than what was asked for. */
export function modalityMismatch(said: string, asked: string): Warning {
  return {
    code: 'modality-mismatch',
    reason: `the file says that it is ${said}, and ${asked} was asked for`,
    proposal: `say --modality ${said}, or give the file that was meant`,
  };
}
