/**
 * What counts in recognition, image by image, and its precision, recall and F1.
 *
 * - Right: a target that has a mask in the image and whose concept was found. Missed: one that was not found, also where the
 *   model does not know it. Wrong: a found concept whose target is surely not in the image: its mask is empty, or the
 *   set annotates it in full and has no mask of it.
 * - All else that was found is neither right nor wrong: what the set does not annotate, or not in full, or says it does not know.
 * - Targets of one concept count once; that it is there outweighs that it is not.
 * - 0/0 is no figure (null) and in no mean: precision where nothing counted was found, recall where nothing is there, F1 where
 *   neither is.
 */
import { conceptOfTarget } from '../ontology/index.ts';
import { mean } from './metrics.ts';

/** Targets whose presence in an image is known. */
export interface KnownTargets {
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** What became of the targets of an image, by the names of their concepts; a target without one goes by its own. */
export interface ImageRecognition {
  readonly right: readonly string[];
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

/** Figures 0..1; null where there is none. */
export interface RecognitionFigures {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** The name of a target's concept, or its own where no concept is known. */
export function conceptName(target: string): string {
  return conceptOfTarget(target)?.name ?? target;
}

/** Compares the concepts that were found in an image with the targets whose presence is known. */
export function scoreRecognition(found: ReadonlySet<string>, known: KnownTargets): ImageRecognition {
  const present = [...new Set(known.present.map(conceptName))];
  const absent = [...new Set(known.absent.map(conceptName))].filter((name) => !present.includes(name));
  return {
    right: present.filter((name) => found.has(name)),
    missed: present.filter((name) => !found.has(name)),
    wrong: absent.filter((name) => found.has(name)),
  };
}

/** Precision, recall and F1 of one image. */
export function figuresOf({ right, missed, wrong }: ImageRecognition): RecognitionFigures {
  const [hits, misses, errors] = [right.length, missed.length, wrong.length];
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    precision: ratio(hits, hits + errors),
    recall: ratio(hits, hits + misses),
    f1: ratio(2 * hits, 2 * hits + misses + errors),
  };
}

/** Means of figures over images or sets, each over those that have it. */
export function meanFigures(all: readonly RecognitionFigures[]): RecognitionFigures {
  const of = (name: keyof RecognitionFigures): number | null =>
    mean(all.map((one) => one[name]).filter((value) => value !== null));
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}
