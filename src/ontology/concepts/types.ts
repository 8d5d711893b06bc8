/**
 * How a concept is written down. One entry is one thing that can be asked for; entries that lie in the same regions of the
 * body are written as a group. An entry with `sides` stands for three concepts: itself, and its left and right one.
 */

/** A part of the body, or a kind of tissue, that an image can show. */
export type Region =
  | 'brain'
  | 'head'
  | 'eye'
  | 'teeth'
  | 'neck'
  | 'larynx'
  | 'chest'
  | 'heart'
  | 'breast'
  | 'abdomen'
  | 'gut'
  /** Inner surfaces, and what is too flat or small on them to be seen but by light. */
  | 'mucosa'
  | 'pelvis'
  | 'fetus'
  | 'spine'
  | 'limb'
  | 'skin'
  | 'tissue'
  | 'blood';

export type Category = 'organ' | 'abnormality' | 'histology' | 'other';

/** The 15 published meta-objects with their categories; devices were added here, in a category of their own. */
export const metaObjects = {
  liver: 'organ',
  lung: 'organ',
  kidney: 'organ',
  pancreas: 'organ',
  'heart anatomies': 'organ',
  'brain anatomies': 'organ',
  'eye anatomies': 'organ',
  vessel: 'organ',
  'other organ': 'organ',
  tumor: 'abnormality',
  infection: 'abnormality',
  lesion: 'abnormality',
  'fluid disturbance': 'abnormality',
  'other abnormality': 'abnormality',
  'histology structure': 'histology',
  device: 'other',
} as const satisfies Readonly<Record<string, Category>>;

export type MetaObject = keyof typeof metaObjects;

/** One line of the ontology. Views are written `CT abdomen|kidney`: a modality, a blank, its sites; `*` is any site. */
export interface ConceptEntry {
  /** Preferred term. */
  readonly name: string;
  readonly kind: MetaObject;
  /** Its name among the published 82 objects, where it is one of them. */
  readonly published?: string;
  /** The concept that it is a part or a kind of. */
  readonly parent?: string;
  /** Names that mean it anywhere, singular or plural. */
  readonly names?: readonly string[];
  /**
   * Names that mean it only in an image that has it: another image may hold another such object. One that is among `names`
   * too means it to a reader who knows nothing of the image, but is not asked of an image without it.
   */
  readonly loose?: readonly string[];
  /** What data sets call it (default: its preferred term); none for a concept that only gathers others. */
  readonly targets?: readonly string[];
  /** Where it can occur, beside the views that the default model was trained on. */
  readonly views?: readonly string[];
  /** The views that the default model was trained on. */
  readonly trained?: readonly string[];
  /** The sides that it has, with the views that the default model was trained on. */
  readonly sides?: { readonly left?: readonly string[]; readonly right?: readonly string[] };
  /** Names that follow "left" and "right"; singular. */
  readonly sidedNames?: readonly string[];
  /** Whether many of it lie side by side and touch, as cells do: their mask has to be cut to tell them apart. */
  readonly crowded?: true;
  /** Whether it is soft among soft things, so that a radiograph does not tell it from them wherever it lies. */
  readonly hiddenInRadiographs?: true;
  /** SNOMED CT identifier, only where it is certain; of the left and right one likewise. */
  readonly snomed?: string;
  readonly sidedSnomed?: { readonly left: string; readonly right: string };
}

/** Entries that share their regions; `null` means that their words do not say where they are. */
export interface ConceptGroup {
  readonly regions: readonly Region[] | null;
  readonly entries: readonly ConceptEntry[];
}

/** Both sides, trained on the same views. */
export function both(...views: string[]): { readonly left: readonly string[]; readonly right: readonly string[] } {
  return { left: views, right: views };
}
