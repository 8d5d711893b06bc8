/** The lines of a manifest (`build.jsonl`), as docs/recipes.md explains them. */
import type { Split } from '../../dataset/layout.ts';
import type { Box } from '../../image/types.ts';

/** Where an image or a part of it comes from. */
export interface SourcePlace {
  /** Below the source folder. */
  readonly image: string;
  /** The part's place in the recipe. */
  readonly part: number;
  readonly frame: number | null;
  readonly plane: string | null;
  readonly slice: number | null;
  readonly slices: number | null;
}

/** A mask that was written. */
export interface MaskRecord {
  readonly target: string;
  /** Below the set's folder. */
  readonly file: string;
  /** Names of the ontology. */
  readonly concept: string | null;
  readonly published: string | null;
  /** `mask`, or how it was derived. */
  readonly from: string;
  /** The mask files, below the source folder. */
  readonly source: readonly string[];
  /** Labels of the source. */
  readonly labels: readonly string[];
  /** Pixels of the square, and of the source. */
  readonly area: number;
  readonly sourceArea: number;
  readonly box: Box;
  /** Boxes of single objects, where the source tells them apart. */
  readonly instances: readonly Box[] | null;
}

/** An image that was written. */
export interface ImageRecord {
  readonly kind: 'image';
  /** Below the set's folder. */
  readonly image: string;
  readonly split: Split;
  readonly modality: string;
  readonly family: string;
  readonly sequence: string | null;
  readonly site: string;
  readonly subject: string;
  readonly source: SourcePlace;
  readonly captures: Readonly<Record<string, string>>;
  readonly size: readonly [number, number];
  readonly inner: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly spacing: readonly [number, number, number] | null;
  readonly orientation: string | null;
  readonly window: { readonly low: number; readonly high: number } | null;
  readonly masks: readonly MaskRecord[];
  readonly absent: readonly string[];
  readonly unknown: readonly string[];
  readonly notes: readonly string[];
}

/** What was left out, and why; `slices` counts slices of one volume. */
export interface DroppedRecord {
  readonly kind: 'dropped';
  readonly source: SourcePlace;
  readonly reason: string;
  readonly slices: number | null;
}

/** What could not be used. */
export interface FailedRecord {
  readonly kind: 'failed';
  readonly source: SourcePlace;
  readonly error: string;
}

export type BuildRecord = ImageRecord | DroppedRecord | FailedRecord;

/** Files of an image and its masks, below the set's folder. */
export function recordFiles(record: BuildRecord): string[] {
  return record.kind === 'image' ? [record.image, ...record.masks.map(({ file }) => file)] : [];
}
