/**
 * What a text asks for: one concept of the ontology, or none. Names are compared word by word, whatever their order, with
 * plural, spelling, adjectives and small slips of the pen laid aside; left is never taken for right, "no tumor" is refused,
 * and what a text says of the image ("in abdominal CT") is told apart from what it asks for.
 *
 * Confidence: 1 the ontology's own words, 0.97 the same words in another order or form, at most 0.89 with a slip of the pen,
 * 0.9 a name that means the concept only in such an image; less with every word that is left over and where the
 * concept does not occur in such an image. Under 0.6 nothing is resolved.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { type Concept, concepts } from '../concepts/index.ts';
import { languages } from '../languages/index.ts';
import { translate } from '../languages/translate.ts';
import type { Side } from '../laterality.ts';
import { checkModality, checkSite, occursIn, readContext, siteNamed } from './context.ts';
import { createLexicon, type Lexicon } from './lexicon.ts';
import { type Match, type Question, rank, readings } from './match.ts';
import { nearestByLetters } from './nearest.ts';
import type { Terms } from './terms.ts';
import { saysNo, tokenise } from './tokens.ts';

export interface ResolveOptions {
  /** Modality of the image, by any of its names. */
  readonly modality?: string;
  /** Site of the image, by any of its names. */
  readonly site?: string;
  /** The user's own terms, from `loadTerms`. */
  readonly terms?: Terms;
}

/** A concept that a text nearly names. */
export interface NearMiss {
  readonly name: string;
  /** 0..1. */
  readonly confidence: number;
}

export interface Resolution {
  /** What the text asks for; null where that is not certain. */
  readonly concept: Concept | null;
  /** The patient's side that the text or the concept names. */
  readonly side: Side | null;
  /** Where the image is of, as text or options say. */
  readonly site: string | null;
  readonly modality: string | null;
  /** 0..1; 0 without a concept. */
  readonly confidence: number;
  /** Other concepts that it could be, best first, at most five. */
  readonly nearMisses: readonly NearMiss[];
  /** ISO 639-1 code of the language that it was understood in. */
  readonly language: string;
  /** What the model is asked: the text itself, or the preferred term of a name in another language or of the user's own. */
  readonly prompt: string;
  /** Why there is no concept; null where there is one. */
  readonly reason: 'negated' | 'ambiguous' | 'unknown' | null;
}

const LEAST = 0.6;
const MOST_MISSES = 5;
const MAX_LENGTH = 1000;
const defaultLexicon = createLexicon(concepts);
const lexicons = new WeakMap<Terms, Lexicon>();

function lexiconOf(terms: Terms | undefined): Lexicon {
  if (terms === undefined) return defaultLexicon;
  const known = lexicons.get(terms);
  if (known !== undefined) return known;
  const lexicon = createLexicon(terms.concepts, terms.added);
  lexicons.set(terms, lexicon);
  return lexicon;
}

/** Whether a concept is a part or a kind of another, over any number of steps. */
function isUnder(concept: Concept, ancestor: Concept, lexicon: Lexicon): boolean {
  for (let at = concept.parent; at !== null; at = lexicon.byName.get(at)?.parent ?? null) {
    if (at === ancestor.name) return true;
  }
  return false;
}

/** Of a gathering concept ("tumor") the one of its kind that such an image can show, if there is just one. */
function specialise(concept: Concept, { modality, site }: Question, lexicon: Lexicon): Concept {
  if (concept.views.length > 0 || (modality === null && site === null)) return concept;
  const inView = lexicon.concepts.filter((one) => isUnder(one, concept, lexicon) && occursIn(one, modality, site));
  const top = inView.filter((one) => !inView.some(({ name }) => name === one.parent));
  return top.length === 1 ? top[0] : concept;
}

/** The best match; of several as good the one that the others are parts or kinds of, `undefined` if there is none. */
function choose(ranked: readonly Match[], lexicon: Lexicon): Match | undefined {
  const [best] = ranked;
  const equals = ranked.filter(
    ({ whole, confidence, taken }) =>
      whole === best.whole && confidence === best.confidence && taken.size === best.taken.size,
  );
  return equals.find((one) =>
    equals.every((other) => other === one || isUnder(other.phrase.concept, one.phrase.concept, lexicon)),
  );
}

function resolveEnglish(
  text: string,
  options: ResolveOptions,
  lexicon: Lexicon,
): Omit<Resolution, 'language' | 'prompt'> & { readonly added: boolean } {
  const tokens = tokenise(text);
  const context = readContext(tokens);
  const [left, right] = ['left', 'right'].map((word) => tokens.some(({ text: other }) => other === word));
  const side: Side | null = left === right ? null : left ? 'left' : 'right';
  const givenModality = options.modality === undefined ? null : checkModality(options.modality);
  const givenSite = options.site === undefined ? null : checkSite(options.site);
  const modality = context.modality ?? givenModality;
  const question: Question = {
    tokens,
    readings: readings(tokens, lexicon),
    context,
    modality,
    site: context.site ?? givenSite,
    given: { modality: givenModality, site: givenSite },
    text: text.trim().toLowerCase(),
    side,
    bothSides: left && right,
  };
  const ranked = rank(question, lexicon);
  const best = ranked.length === 0 ? undefined : (choose(ranked, lexicon) ?? ranked[0]);
  const siteLeft = tokens.find(({ text: word }, i) => !best?.taken.has(i) && siteNamed(word) !== undefined);
  const site = context.site ?? (siteLeft === undefined ? null : (siteNamed(siteLeft.text) as string)) ?? givenSite;
  const round = (value: number): number => Number(value.toFixed(3));
  const misses = (except: string | null): NearMiss[] =>
    ranked
      .filter(({ phrase, confidence }) => phrase.concept.name !== except && confidence >= (except === null ? 0.3 : 0.5))
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, MOST_MISSES)
      .map(({ phrase, confidence }) => ({ name: phrase.concept.name, confidence: round(confidence) }));
  const nothing = (reason: 'negated' | 'ambiguous' | 'unknown') => {
    const near = misses(null);
    const nearMisses = near.length > 0 ? near : nearestByLetters(text, lexicon.concepts, MOST_MISSES);
    return { concept: null, side, site, modality, confidence: 0, nearMisses, reason, added: false };
  };
  const negated = saysNo(text) || tokens.some(({ text: word }, i) => word === 'non' && !best?.taken.has(i));
  if (negated) return nothing('negated');
  if (best === undefined || !best.whole) return nothing('unknown');
  if (best.confidence < LEAST) return nothing(best.phrase.loose ? 'ambiguous' : 'unknown');
  if (choose(ranked, lexicon) === undefined) return nothing('ambiguous');
  const named = specialise(best.phrase.concept, { ...question, site }, lexicon);
  // a name of the user's own beside a side: the name that the ontology has for both
  const sided = best.phrase.added && side !== null ? lexicon.byName.get(`${side} ${named.name}`) : undefined;
  const concept = sided ?? named;
  const confidence = round(named === best.phrase.concept ? best.confidence : best.confidence * 0.9);
  const nearMisses = misses(concept.name);
  return {
    concept,
    side: side ?? concept.side,
    site,
    modality,
    confidence,
    nearMisses,
    reason: null,
    added: best.phrase.added,
  };
}

/** Finds what a text asks for; refuses an unknown modality or site among the options (`usage`). Never fails on a text. */
export function resolve(text: string, options: ResolveOptions = {}): Resolution {
  if (typeof text !== 'string')
    throw new BiomedParseError('usage', `A text to resolve must be a string, got ${typeof text}`);
  const asked = text.slice(0, MAX_LENGTH);
  const lexicon = lexiconOf(options.terms);
  const { added, ...english } = resolveEnglish(asked, options, lexicon);
  if (english.concept !== null) return { ...english, language: 'en', prompt: added ? english.concept.name : text };
  for (const language of languages) {
    const translated = translate(asked, language);
    if (translated === undefined) continue;
    const { added: _, ...found } = resolveEnglish(translated, options, lexicon);
    return { ...found, language: language.code, prompt: found.concept?.name ?? text };
  }
  return { ...english, language: 'en', prompt: text };
}
