/** Whether a description says what its mask shows: resolved back, it means the same concept on the same side, without a "no". */
import { type Concept, conceptOfTarget, resolve } from '../../ontology/index.ts';
import { decideByRules, knownContext } from '../rules.ts';

const meanings = new Map<string, Concept | null>();

/** What a target of a set stands for; null where it is not certain. */
export function meaningOf(target: string, set: string | null, modality: string, site: string): Concept | null {
  const known = conceptOfTarget(target);
  if (known !== undefined) return known;
  const key = JSON.stringify([set, modality, site, target]);
  const before = meanings.get(key);
  if (before !== undefined) return before;
  const { concept } = decideByRules(target, knownContext(set, modality, site));
  meanings.set(key, concept);
  return concept;
}

/** Why a text does not mean the concept in such an image; `undefined` where it does. */
export function misreading(text: string, concept: Concept, modality: string, site: string): string | undefined {
  const known = knownContext(null, modality, site);
  const found = resolve(text, {
    ...(known.modality === null ? {} : { modality: known.modality }),
    ...(known.site === null ? {} : { site: known.site }),
  });
  if (found.concept === null) return found.reason ?? 'unknown';
  if (found.concept !== concept) return 'another concept';
  return found.side === concept.side ? undefined : 'another side';
}
