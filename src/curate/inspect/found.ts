/** What a look at a folder gives: parts of a recipe with their reasons, and what nobody said. */
import type { PixelOptions } from '../readers/frames.ts';
import type { MaskReader } from '../recipe/schema.ts';
import type { Guess, MaskEvidence } from './kind.ts';

/** A label of a source and what it becomes in the draft. */
export interface FoundLabel {
  readonly label: string;
  /** Null: it is known, and no target. */
  readonly target: string | null;
  /** The source names it; else the target is a placeholder. */
  readonly named: boolean;
}

/** A field of a mask in a recipe. */
export type Setting = string | number | boolean | Readonly<Record<string, string>>;

/** Masks of a group of images, before anybody asks what the images are. */
export interface FoundMasks {
  /** Patterns of a recipe. */
  readonly images: string;
  readonly masks: string;
  /** Names that the image's pattern would take besides, as a recipe's `except` has them. */
  readonly except: Readonly<Record<string, string>> | null;
  /** How many pairs were listed. */
  readonly pairs: number;
  /** Of images that are arrays: which array of the file, and its axes. */
  readonly pixels?: PixelOptions;
  readonly reader: MaskReader;
  readonly labels: readonly FoundLabel[];
  /** Of `binary`: pixels above it are marked. */
  readonly threshold: number | null;
  /** What the mask needs besides in the recipe. */
  readonly settings: Readonly<Record<string, Setting>>;
  /** Reasons: of the pairs, the reader, and the labels' names. */
  readonly why: readonly string[];
}

/** Images of one kind with their masks, as the draft's part has them. */
export interface FoundPart extends FoundMasks {
  readonly sequence: string | null;
  readonly modality: Guess;
  readonly site: Guess;
}

/** Masks that were found in another way than by pairs of pixel files, with the paths of their images. */
export interface FoundGroup {
  readonly masks: FoundMasks;
  readonly paths: readonly string[];
  /** What the form of the masks says of the images. */
  readonly said?: MaskEvidence;
  /** What a person has to find out. */
  readonly open: readonly string[];
}

/** What was found in a folder. */
export interface Inspection {
  readonly folder: string;
  /** Letters, digits and `. + -`: the folder's name. */
  readonly name: string;
  readonly files: number;
  /** How many files there are by ending, most first. */
  readonly endings: Readonly<Record<string, number>>;
  readonly parts: readonly FoundPart[];
  /** What a person has to find out. */
  readonly open: readonly string[];
}

/** A name as a recipe's target may be. */
export function targetName(name: string): string {
  const clean = name
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N} .,'()-]+/gu, ' ')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 100);
  return clean === '' ? 'object' : clean;
}

/** A label that the source names itself. */
export const namedLabel = (label: string): FoundLabel => ({ label, target: targetName(label), named: true });

/** Targets that a source names. */
export const namedTargets = (labels: readonly FoundLabel[]): string[] =>
  labels.flatMap(({ target, named }) => (named && target !== null ? [target] : []));
