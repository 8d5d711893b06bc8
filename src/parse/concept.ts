/** What a prompt was understood as, and what the user should know when it lies outside what the default model was trained on. */
import {
  type Concept,
  concepts,
  isTrained,
  modalityFamily,
  nearestTrained,
  type Resolution,
  type Side,
  type Terms,
} from '../ontology/index.ts';
import type { ImageContext } from './image-context.ts';

/** The concept of an answer. */
export interface ResolvedConcept {
  /** Preferred term. */
  readonly name: string;
  /** `organ`, `abnormality`, `histology` or `other`. */
  readonly category: string;
  /** SNOMED CT identifier, where it is certain. */
  readonly snomed: string | null;
  /** The patient's side. */
  readonly side: Side | null;
  /** Site and modality that the prompt names. */
  readonly site: string | null;
  readonly modality: string | null;
  /** How sure it is that the prompt means this, 0..1. */
  readonly confidence: number;
  /** Whether the default model was trained on it. */
  readonly trained: boolean;
}

const MOST_NAMED = 3;

/** Names that training used for several concepts, such as "tumor". */
const sharedNames = new Set(concepts.filter(isTrained).flatMap(({ looseNames }) => looseNames));

/** Whether the default model has met the concept in training, if only as another's name. */
function isKnown(concept: Concept): boolean {
  return isTrained(concept) || sharedNames.has(concept.name);
}

/** Known terms near to a prompt that is none, best first. */
function nearest({ concept, nearMisses }: Resolution, all: readonly Concept[]): string[] {
  const near = nearMisses.flatMap(({ name }) => all.find((one) => one.name === name) ?? []);
  const from = concept === null ? near : [concept, ...near];
  const known = from.flatMap((one) => (isTrained(one) ? [one] : nearestTrained(one, all, MOST_NAMED)));
  return [...new Set(known.map(({ name }) => name))].slice(0, MOST_NAMED);
}

/** A prompt as it is quoted in a note. */
const quoted = (text: string): string => `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;

/** What a note says of a concept that the default model has met in images of other modalities only; null where it has met it in this one. */
function elsewhere(
  { name, trainedViews }: Concept,
  said: string | null,
  guessed: DescribeOptions['guessed'],
): string | null {
  const modality = said ?? guessed?.() ?? null;
  const family = modality === null ? null : modalityFamily(modality);
  if (family === null || trainedViews.length === 0 || trainedViews.some((view) => view.modality === family))
    return null;
  const met = trainedViews.slice(0, MOST_NAMED).map((view) => `${view.site} ${view.modality}`);
  const more = trainedViews.length > MOST_NAMED ? ', ...' : '';
  const seen = said === null ? `what looks like ${family}` : family;
  return `asks for ${name} in ${seen}, which the default model was not trained on; it knows ${name} in ${met.join(', ')}${more}`;
}

export interface DescribeOptions {
  /** The user's own terms. */
  readonly terms?: Terms | undefined;
  /** What is known of the image beside the prompt. */
  readonly known?: ImageContext;
  /** What the image looks like, where nobody says its modality. */
  readonly guessed?: () => string | null;
}

/** The answer's concept, and a note for a prompt outside what the default model was trained on: an unknown object, or a known one in another modality. */
export function describeResolution(
  text: string,
  resolution: Resolution,
  { terms, known, guessed }: DescribeOptions = {},
): { readonly concept: ResolvedConcept | null; readonly note: string | null } {
  const { concept, side, site, modality, confidence, reason } = resolution;
  if (concept !== null && isKnown(concept)) {
    const { name, category, snomed } = concept;
    const other = elsewhere(concept, known?.modality ?? modality, guessed);
    const note = other === null ? null : `${quoted(text)} ${other}`;
    return { concept: { name, category, snomed, side, site, modality, confidence, trained: true }, note };
  }
  const names = nearest(resolution, terms?.concepts ?? concepts);
  const nearby = names.length === 0 ? 'no known term is near' : `nearest known terms: ${names.join(', ')}`;
  const why =
    reason === 'negated'
      ? 'says what is not meant, which the model does not understand'
      : reason === 'ambiguous'
        ? 'can mean several things'
        : 'is outside what the default model was trained on';
  const note = `${quoted(text)} ${why}; ${nearby}`;
  if (concept === null) return { concept: null, note };
  const { name, category, snomed } = concept;
  return { concept: { name, category, snomed, side, site, modality, confidence, trained: false }, note };
}
