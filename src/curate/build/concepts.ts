/** Names that the ontology has for a recipe's targets, in the kind of image that they are of. */
import { decideByRules, knownContext } from '../rules.ts';

export type ConceptNames = (target: string) => { readonly concept: string | null; readonly published: string | null };

/** From this confidence on a target is the concept. */
const SURE = 0.8;

const made = new Map<string, ConceptNames>();

/** Names by target, each looked up once per kind of image. */
export function conceptNames(set: string, modality: string, site: string): ConceptNames {
  const key = `${set}_${modality}_${site}`;
  const names = made.get(key) ?? lookUp(set, modality, site);
  made.set(key, names);
  return names;
}

function lookUp(set: string, modality: string, site: string): ConceptNames {
  const context = knownContext(set, modality, site);
  const known = new Map<string, ReturnType<ConceptNames>>();
  return (target) => {
    const found = known.get(target);
    if (found !== undefined) return found;
    const { concept, confidence } = decideByRules(target, context);
    const sure = concept !== null && confidence >= SURE;
    const names = { concept: sure ? concept.name : null, published: sure ? concept.published : null };
    known.set(target, names);
    return names;
  };
}
