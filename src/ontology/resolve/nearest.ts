/** The known terms nearest to a text or a concept. */
import { type Concept, isTrained } from '../concepts/index.ts';
import { trigramLikeness } from './spelling.ts';

const LEAST_ALIKE = 0.35;

/** Concepts whose preferred terms look most like the text, for a text that has no known word. */
export function nearestByLetters(
  text: string,
  concepts: readonly Concept[],
  most: number,
): { readonly name: string; readonly confidence: number }[] {
  return concepts
    .map(({ name }) => ({ name, confidence: Number((trigramLikeness(text, name) / 2).toFixed(3)) }))
    .filter(({ confidence }) => confidence >= LEAST_ALIKE / 2)
    .sort((a, b) => b.confidence - a.confidence || (a.name < b.name ? -1 : 1))
    .slice(0, most);
}

/** How many links of the ontology, kind and region lie between two concepts; the smaller the nearer. */
function distance(a: Concept, b: Concept): number {
  if (a.parent === b.name || b.parent === a.name) return 0;
  if (a.parent !== null && a.parent === b.parent) return 1;
  const sameKind = a.metaObject === b.metaObject && a.metaObject !== 'other organ';
  const sharedRegion = a.regions?.some((region) => b.regions?.includes(region)) ?? false;
  return sameKind && sharedRegion
    ? 2
    : sharedRegion && a.category === b.category
      ? 3
      : sameKind
        ? 4
        : Number.POSITIVE_INFINITY;
}

/** Trained concepts nearest to one that the model was not trained on: its parts and kinds, then what is of its kind and near it. */
export function nearestTrained(concept: Concept, concepts: readonly Concept[], most: number): Concept[] {
  return concepts
    .filter((one) => isTrained(one) && one.name !== concept.name)
    .map((one) => ({ one, far: distance(concept, one) }))
    .filter(({ far }) => Number.isFinite(far))
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ one }) => one);
}
