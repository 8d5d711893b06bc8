/** Text of another language in the ontology's English, piece by piece. */
import type { Language } from './types.ts';

interface Dictionary {
  readonly pattern: RegExp;
  readonly english: ReadonlyMap<string, string>;
}

const dictionaries = new WeakMap<Language, Dictionary>();

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function dictionaryOf(language: Language): Dictionary {
  const known = dictionaries.get(language);
  if (known !== undefined) return known;
  const english = new Map<string, string>();
  for (const table of [language.words, language.terms]) {
    for (const [meaning, names] of Object.entries(table))
      for (const name of names) english.set(name.toLowerCase(), meaning);
  }
  const longestFirst = [...english.keys()].sort((a, b) => b.length - a.length);
  const names = longestFirst.map(escapePattern).join('|');
  const pattern = new RegExp(language.spaced ? `(?<!\\p{L})(?:${names})(?!\\p{L})` : names, 'giu');
  const dictionary = { pattern, english };
  dictionaries.set(language, dictionary);
  return dictionary;
}

/** The text with every known piece put into English; `undefined` where nothing of it is known. */
export function translate(text: string, language: Language): string | undefined {
  const { pattern, english } = dictionaryOf(language);
  let found = false;
  const out = text.normalize('NFKC').replace(pattern, (piece) => {
    found = true;
    return ` ${english.get(piece.toLowerCase())} `;
  });
  return found ? out.replace(/\s+/g, ' ').trim() : undefined;
}
