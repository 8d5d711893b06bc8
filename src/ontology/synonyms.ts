/**
 * Names that mean the same object as a data set's target, read from the concepts; British spellings are made by rule.
 * An unknown target has its own name alone, with the forms of its side.
 */
import { type Concept, conceptOfTarget } from './concepts/index.ts';
import { sideOf } from './laterality.ts';

const spellings: readonly (readonly [RegExp, string])[] = [
  [/tumor/g, 'tumour'],
  [/\bedema/g, 'oedema'],
  [/hemorrhage/g, 'haemorrhage'],
  [/hematoma/g, 'haematoma'],
  [/\bgray\b/g, 'grey'],
  [/esophagus/g, 'oesophagus'],
  [/leukocyte/g, 'leucocyte'],
  [/\bfetal\b/g, 'foetal'],
  [/\bfetus\b/g, 'foetus'],
];

/** The name in British spelling, where that differs. */
function british(name: string): string {
  return spellings.reduce((text, [american, other]) => text.replace(american, other), name);
}

function withBritish(names: readonly string[]): string[] {
  return [...new Set([...names, ...names.map(british)])];
}

function namesOf(target: string, concept: Concept | undefined): string[] {
  if (concept !== undefined) return [target, concept.name, ...concept.synonyms, ...concept.looseNames];
  const { side, base } = sideOf(target);
  if (side === undefined) return [target];
  return [target, `${base}, ${side} side`, `${side}-sided ${base}`, `${base} on the ${side} side`];
}

const cache = new Map<string, readonly string[]>();

/** All names of a target: its own first, then synonyms, laterality forms and British spellings; no duplicates. */
export function paraphrases(target: string): readonly string[] {
  const known = cache.get(target);
  if (known !== undefined) return known;
  const all = withBritish(namesOf(target, conceptOfTarget(target)));
  cache.set(target, all);
  return all;
}

/** The names that may be asked of an image without the target; the target's own name is always among them. */
export function specificNames(target: string): readonly string[] {
  const loose = new Set(withBritish(conceptOfTarget(target)?.looseNames ?? []));
  return paraphrases(target).filter((name) => name === target || !loose.has(name));
}
