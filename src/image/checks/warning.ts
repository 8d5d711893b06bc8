/**
 * What a check says: a code that programs can tell apart, the reason with the values that were seen, and what to do about it.
 * Checks are pure, never change an image and never refuse one. Thresholds were chosen on 6,839 real images of nine modalities
 * that need no warning; docs/preparation.md has the share of them that each check warns of all the same.
 */

/** One warning. */
export interface Warning {
  readonly code: WarningCode;
  /** What was seen, with its values. */
  readonly reason: string;
  /** What to do about it. */
  readonly proposal: string;
}

export type WarningCode =
  | 'almost-constant'
  | 'already-windowed'
  | 'burnt-in-text'
  | 'extreme-shape'
  | 'looks-inverted'
  | 'mirrored'
  | 'modality-mismatch'
  | 'not-hounsfield'
  | 'orientation-unknown'
  | 'resolution'
  | 'saturating-window'
  | 'sideways'
  | 'spacing-unknown'
  | 'tiny-image'
  | 'unexpected-colour'
  | 'unexpected-grey'
  | 'upside-down'
  | 'window-unused';

/** A number for a sentence, with at most `digits` after the point. */
export const plain = (value: number, digits = 2): string => String(Number(value.toFixed(digits)));
