/**
 * Another language: a dictionary from its words to the ontology's English ones. Text is put into English piece by piece,
 * longest piece first, and then resolved like English, so a language needs no grammar of its own.
 *
 * To add a language: write a file like chinese.ts beside this one and enter it in index.ts. Its test checks that every concept
 * that the default model knows has a name and that no name stands for two.
 */
export interface Language {
  /** ISO 639-1 code. */
  readonly code: string;
  readonly name: string;
  /** Whether words are parted by blanks; then a name is only found as a whole word. */
  readonly spaced: boolean;
  /** Names by preferred term of a concept. */
  readonly terms: Readonly<Record<string, readonly string[]>>;
  /** Other words by what they mean in English: modalities, sites, sides, "no"; an empty text for what may be left out. */
  readonly words: Readonly<Record<string, readonly string[]>>;
}
