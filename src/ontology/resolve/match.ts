/** Names held against the words of a text: how well each concept explains them. */
import type { Concept } from '../concepts/index.ts';
import type { Side } from '../laterality.ts';
import { fitOf, occursIn, siteNamed, type TextContext } from './context.ts';
import type { Lexicon, Phrase } from './lexicon.ts';
import { likeness } from './spelling.ts';
import type { Token } from './tokens.ts';

/** How much a word counts that is left over. */
const LEFT_OVER = { plain: 2, place: 0.3, side: 0.4, weak: 0.05, site: 0.02 } as const;

/** Words that do not change what is meant. */
const weakWords = new Set(
  'boundary border margin outline contour edge extent region area structure whole entire complete visible normal healthy large small dark bright human segment segmentation find show locate outline delineate mark detect where there all any every mask label image picture photo photograph scan slice view frame plane axial coronal sagittal transverse parenchyma organ object pixel video bilateral both pair'.split(
    ' ',
  ),
);

/** The words of a phrase that each word of the text may be, with their likeness. */
export function readings(tokens: readonly Token[], lexicon: Lexicon): ReadonlyMap<string, number>[] {
  return tokens.map(({ text }) => {
    if (lexicon.byWord.has(text) || weakWords.has(text) || isSide(text) || siteNamed(text) !== undefined) {
      return new Map([[text, 1]]);
    }
    const found = new Map([[text, 1]]);
    for (const word of lexicon.byWord.keys()) {
      const alike = likeness(text, word);
      if (alike > 0) found.set(word, alike);
    }
    return found;
  });
}

export interface Match {
  readonly phrase: Phrase;
  readonly confidence: number;
  /** Positions of the words that it took. */
  readonly taken: ReadonlySet<number>;
  /** Whether all words of the name are in the text. */
  readonly whole: boolean;
}

export interface Question {
  readonly tokens: readonly Token[];
  readonly readings: readonly ReadonlyMap<string, number>[];
  readonly context: TextContext;
  readonly modality: string | null;
  readonly site: string | null;
  /** What the options say of the image, without what the text says. */
  readonly given: { readonly modality: string | null; readonly site: string | null };
  readonly text: string;
  readonly side: Side | null;
  readonly bothSides: boolean;
}

const isSide = (word: string): boolean => word === 'left' || word === 'right';

/** What a word costs that a concept leaves unexplained: little if it only says where, much if it may change what is meant. */
function costOf(
  token: Token,
  position: number,
  concept: Concept,
  { context, side }: Question,
  lexicon: Lexicon,
): number {
  if (context.used.has(position)) return 0;
  if (isSide(token.text))
    return side !== null && lexicon.byName.has(`${side} ${concept.name}`) ? LEFT_OVER.side : LEFT_OVER.weak;
  const site = siteNamed(token.text);
  if (site !== undefined) {
    const tells =
      token.place || position === context.siteAt || concept.views.length === 0 || occursIn(concept, null, site);
    return tells ? LEFT_OVER.site : LEFT_OVER.plain;
  }
  if (weakWords.has(token.text)) return LEFT_OVER.weak;
  return token.place ? LEFT_OVER.place : LEFT_OVER.plain;
}

/** Whether a concept has the other side alone ("left middle lung lobe"). */
function lacksSide({ name }: Concept, side: Side, lexicon: Lexicon): boolean {
  const other = side === 'left' ? 'right' : 'left';
  return lexicon.byName.has(`${other} ${name}`) && !lexicon.byName.has(`${side} ${name}`);
}

function match(phrase: Phrase, question: Question, lexicon: Lexicon): Match | undefined {
  const { tokens, context } = question;
  const { concept } = phrase;
  const sides = phrase.words.filter(isSide);
  if (sides.length === 1 && (question.bothSides || (question.side !== null && sides[0] !== question.side))) {
    return undefined;
  }
  if (question.side !== null && concept.side !== null && concept.side !== question.side) return undefined;
  if (question.side !== null && lacksSide(concept, question.side, lexicon)) return undefined;
  const taken = new Set<number>();
  let alike = 1;
  let missing = 0;
  for (const word of phrase.words) {
    let best = -1;
    let bestLikeness = 0;
    for (const [i, token] of tokens.entries()) {
      const value = question.readings[i].get(word) ?? 0;
      if (value <= bestLikeness || taken.has(i)) continue;
      if (phrase.capitals.has(word) && token.raw !== token.raw.toUpperCase()) continue;
      [best, bestLikeness] = [i, value];
    }
    if (best < 0) missing++;
    else {
      taken.add(best);
      alike = Math.min(alike, bestLikeness);
    }
  }
  // the words of the image, or a side alone, name no object
  const names = [...taken].filter((i) => !isSide(tokens[i].text) && (!context.used.has(i) || i === context.siteAt));
  if (names.length === 0) return undefined;
  let left = 0;
  for (const [i, token] of tokens.entries())
    if (!taken.has(i) && !phrase.words.includes(token.text)) left += costOf(token, i, concept, question, lexicon);
  const share = taken.size / (taken.size + missing + left);
  const own = phrase.text === question.text ? 1 : alike < 1 ? Math.min(0.89, alike) : 0.97;
  const fit =
    own === 1
      ? fitOf(concept, question.given.modality, question.given.site)
      : fitOf(concept, question.modality, question.site);
  const given = question.modality !== null || question.site !== null;
  const looseness = !phrase.loose ? 1 : given && fit === 1 ? 0.9 / own : 0.55;
  return { phrase, taken, whole: missing === 0, confidence: share * own * looseness * fit };
}

/** The best match of every concept, best first; of equals the one that explains more words. */
export function rank(question: Question, lexicon: Lexicon): Match[] {
  const candidates = new Set(
    question.readings.flatMap((words) => [...words.keys()].flatMap((word) => lexicon.byWord.get(word) ?? [])),
  );
  const best = new Map<string, Match>();
  const better = (a: Match, b: Match): number =>
    Number(b.whole) - Number(a.whole) || b.confidence - a.confidence || b.taken.size - a.taken.size;
  for (const phrase of candidates) {
    const found = match(phrase, question, lexicon);
    if (found === undefined) continue;
    const known = best.get(phrase.concept.name);
    if (known === undefined || better(found, known) < 0) best.set(phrase.concept.name, found);
  }
  return [...best.values()].sort(better);
}
