/** What one mask scores against its ground truth, with and without the refusal of whoever made it. */
import type { DatasetItem } from '../dataset/index.ts';
import type { Mask } from '../image/types.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { Answer } from './answerers.ts';
import { dice } from './metrics.ts';
import { type MaskShape, maskShape } from './shape.ts';
import { surfaceScores } from './surface.ts';

/** Scores of a mask as a user gets it, but for `diceUngated`; distances are null where that mask is empty. */
export interface MaskScores {
  readonly dice: number;
  /** Dice of the mask had the model not been allowed to say "absent". */
  readonly diceUngated: number;
  readonly iou: number;
  /** Pixels. */
  readonly hd95: number | null;
  readonly assd: number | null;
  /** The same in mm; null too where the size of pixels is not known. */
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
  readonly surfaceDice: number;
  /** Shape of the ground truth. */
  readonly shape: MaskShape;
}

/** Scores an answer against a ground truth that is not empty; refuses (`input`) one of another size. */
export function scoreAnswer(
  { mask, presence }: Answer,
  truth: Mask,
  presenceLimit: number,
  { file, spacing }: Pick<DatasetItem, 'file' | 'spacing'>,
): MaskScores {
  if (mask !== null && (mask.width !== truth.width || mask.height !== truth.height)) {
    throw new BiomedParseError(
      'input',
      `${file}: its masks are ${truth.width} x ${truth.height}, the image is ${mask.width} x ${mask.height}; they must be of one size`,
      { path: file },
    );
  }
  const diceUngated = mask === null ? 0 : dice(mask, truth);
  const found = presence >= presenceLimit && mask !== null ? mask : null;
  const overlap = found === null ? 0 : diceUngated;
  const pixels = found === null ? { hd95: null, assd: null, surfaceDice: 0 } : surfaceScores(found, truth);
  const mm = found === null || spacing === undefined ? null : surfaceScores(found, truth, { spacing });
  return {
    ...pixels,
    dice: overlap,
    diceUngated,
    iou: overlap / (2 - overlap),
    hd95Mm: mm?.hd95 ?? null,
    assdMm: mm?.assd ?? null,
    shape: maskShape(truth),
  };
}
