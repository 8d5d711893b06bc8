/** Every name of every concept as a set of comparable words, found by any of its words. */
import { addTo } from '../../util/groups.ts';
import type { Concept } from '../concepts/index.ts';
import { tokenise } from './tokens.ts';

/** One name of one concept. */
export interface Phrase {
  readonly concept: Concept;
  /** As it is written in the ontology, in lower case. */
  readonly text: string;
  readonly words: readonly string[];
  /** Words of two capitals ("LV"): these count only where they are written in capitals. */
  readonly capitals: ReadonlySet<string>;
  /** Means the concept only in an image that has it. */
  readonly loose: boolean;
  /** Added by the user: the model is asked for the preferred term instead. */
  readonly added: boolean;
}

export interface Lexicon {
  readonly concepts: readonly Concept[];
  readonly phrases: readonly Phrase[];
  /** Phrases by each of their words. */
  readonly byWord: ReadonlyMap<string, readonly Phrase[]>;
  /** Concepts by preferred term. */
  readonly byName: ReadonlyMap<string, Concept>;
}

function phraseOf(concept: Concept, name: string, loose: boolean, added: boolean): Phrase {
  const tokens = tokenise(name);
  return {
    concept,
    text: name.toLowerCase(),
    words: [...new Set(tokens.map(({ text }) => text))],
    capitals: new Set(tokens.filter(({ raw }) => /^\p{Lu}{2}$/u.test(raw)).map(({ text }) => text)),
    loose,
    added,
  };
}

function phrasesOf(concept: Concept, added: ReadonlySet<string>): Phrase[] {
  const strict = new Set([concept.name, ...concept.synonyms]);
  return [
    ...[...strict].map((name) => phraseOf(concept, name, false, added.has(name))),
    ...concept.looseNames.filter((name) => !strict.has(name)).map((name) => phraseOf(concept, name, true, false)),
  ];
}

/** A lexicon of concepts; `added` holds the names by concept that the user brought. */
export function createLexicon(
  concepts: readonly Concept[],
  added: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
): Lexicon {
  const phrases = concepts.flatMap((concept) => phrasesOf(concept, added.get(concept.name) ?? new Set()));
  const byWord = new Map<string, Phrase[]>();
  for (const phrase of phrases) {
    for (const word of phrase.words) {
      addTo(byWord, word, phrase);
    }
  }
  return { concepts, phrases, byWord, byName: new Map(concepts.map((concept) => [concept.name, concept])) };
}
