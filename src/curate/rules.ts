/**
 * A label of a data set to a concept of the ontology, by rules alone: the label's readings (label.ts) are resolved in the kind of
 * image they come from, and the surest answer is taken. What stays uncertain is open; nothing is guessed.
 *
 * Confidence of 0.9 and more is kept for names that mean the concept whatever the image. Less is given where the kind of
 * image or the set's name decides (at most 0.85), a word was cut or glued (0.88, 0.85), a side is named that the concept does not have (0.85),
 * or a word is left over.
 */
import { type Concept, conceptNamed, type Resolution, resolve } from '../ontology/index.ts';
import { checkModality, checkSite, fitOf } from '../ontology/resolve/context.ts';
import { BiomedParseError } from '../util/errors.ts';
import { cleanLabel, type LabelContext, labelWords, type Reading, readings } from './label.ts';

/** One concept that a label may mean. */
export interface Alternative {
  readonly concept: string;
  /** 0..1. */
  readonly confidence: number;
}

/** What the rules, or a language model, say of one label. */
export interface Verdict {
  /** Null: open. */
  readonly concept: Concept | null;
  /** 0..1; 0 where it is open. */
  readonly confidence: number;
  /** Why, in words for a reviewer. */
  readonly evidence: string;
  /** Other concepts that it could be, best first, at most five. */
  readonly alternatives: readonly Alternative[];
}

const MOST_ALTERNATIVES = 5;
const LEAST_EXACT = 0.95;
const BY_CONTEXT = 0.85;
const SIDE_LOST = 0.85;
const WORDS_LEFT = 0.7;

const NO_OBJECT =
  /^(background|bg|back ground|void|unlabell?ed|unlabelled|ignored?|others?|unknown|undefined|none|nothing|clear label)$/;
/** Words that the ontology lays aside in a prompt; in a label they name a part, not the whole. */
const PART = /\b(boundary|boundaries|borders?|margins?|outlines?|contours?|edges?|regions?|areas?)\b/;
const VAGUE = ['lesion', 'lesions', 'mass', 'masses'];
const SEGMENT = /\bsegments?\b/;
const BOTH = /[/&+]|\b(?:and|or|und)\b/i;

/** Modality and site as the ontology spells them; what it does not know is null, as a data set may be of any kind. */
export function knownContext(set: string | null, modality: string | null, site: string | null): LabelContext {
  const known = (check: (name: string) => string, name: string | null): string | null => {
    if (name === null) return null;
    try {
      return check(name);
    } catch (error) {
      if (error instanceof BiomedParseError) return null;
      throw error;
    }
  };
  return { set, modality: known(checkModality, modality), site: known(checkSite, site) };
}

function optionsOf({ modality, site }: LabelContext): { modality?: string; site?: string } {
  return { ...(modality === null ? {} : { modality }), ...(site === null ? {} : { site }) };
}

/** Whether a concept only gathers others ("tumor"). */
const gathers = ({ targets }: Concept): boolean => targets.length === 0;

function isUnder(concept: Concept, ancestor: Concept): boolean {
  for (let at = concept.parent; at !== null; at = conceptNamed(at)?.parent ?? null)
    if (at === ancestor.name) return true;
  return false;
}

/**
 * The ontology takes the one tumor that it knows in such images for "tumor". In a data set that holds only where the concept's
 * name says the place too (lung tumor in the lung): an unnamed "lesion" of the brain may be one that the ontology does not know.
 */
function isOfPlace(concept: Concept, { set, site }: LabelContext): boolean {
  const words = new Set([...labelWords(set ?? ''), ...labelWords(site ?? ''), ...(site === 'chest' ? ['lung'] : [])]);
  return [concept.name, ...concept.synonyms].some((name) => labelWords(name).some((word) => words.has(word)));
}

interface Answer extends Verdict {
  readonly concept: Concept;
  readonly exact: boolean;
}

/** One reading's answer, with what it can be sure of; undefined where it has none. */
function answer(reading: Reading, words: readonly string[], context: LabelContext): Answer | undefined {
  const { text, most, exact } = reading;
  const found = resolve(text, optionsOf(context));
  const plain = resolve(text);
  const { concept } = narrowed(found, plain, context);
  if (concept === null || (exact && plain.confidence < LEAST_EXACT)) return undefined;
  if (fitOf(concept, context.modality, context.site) < 0.8) return undefined; // cannot be in such an image
  const label = words.join(' ');
  const sides = (['left', 'right'] as const).filter((side) => words.includes(side) || words.includes(side[0]));
  const limits = [
    { most, evidence: reading.evidence, holds: true },
    { most: BY_CONTEXT, evidence: 'in such images', holds: plain.concept !== concept },
    {
      most: SIDE_LOST,
      evidence: 'the concept has no sides',
      holds: sides.length === 1 && concept.side === null && concept.metaObject !== 'heart anatomies',
    },
    {
      most: BY_CONTEXT,
      evidence: 'a lesion or mass may be something else',
      holds: VAGUE.some((word) => words.includes(word) && !labelWords(concept.name).includes(word)),
    },
    { most: WORDS_LEFT, evidence: 'may name a part of it', holds: PART.test(label) },
    {
      most: WORDS_LEFT,
      evidence: 'of no named place',
      holds: gathers(concept) && found.confidence < 0.97,
    },
  ].filter(({ holds }) => holds);
  const base = found.concept === concept ? found.confidence : plain.confidence;
  return {
    exact,
    concept,
    confidence: Math.min(base, ...limits.map((limit) => limit.most)),
    evidence: limits.map((limit) => limit.evidence).join('; '),
    alternatives: found.nearMisses.map(({ name, confidence }) => ({ concept: name, confidence })),
  };
}

/** The general concept in place of a kind of it that only the ontology's gaps made the only one. */
function narrowed(found: Resolution, plain: Resolution, context: LabelContext): Pick<Resolution, 'concept'> {
  const { concept } = found;
  const general = plain.concept;
  if (concept === null || general === null || general === concept) return { concept };
  const guessed = gathers(general) && isUnder(concept, general) && !isOfPlace(concept, context);
  return { concept: guessed ? general : concept };
}

/** Objects that a label joins by "/", "&", "+" or "and"; fewer than two where it names one. */
function joinedObjects(label: string, context: LabelContext): string[] {
  const parts = cleanLabel(label)
    .split(BOTH)
    .filter((part) => part.trim() !== '');
  if (parts.length < 2) return [];
  const found = parts.map((part) => resolve(part, optionsOf(context)).concept?.name);
  return [...new Set(found.filter((name) => name !== undefined))];
}

function open(evidence: string, alternatives: readonly Alternative[] = []): Verdict {
  return { concept: null, confidence: 0, evidence, alternatives: alternatives.slice(0, MOST_ALTERNATIVES) };
}

/** Other concepts, each once with its greatest confidence. */
function others(lists: readonly Alternative[], except: string | null): Alternative[] {
  const best = new Map<string, number>();
  for (const { concept, confidence } of lists) {
    if (concept !== except) best.set(concept, Math.max(confidence, best.get(concept) ?? 0));
  }
  return [...best]
    .map(([concept, confidence]) => ({ concept, confidence }))
    .sort((a, b) => b.confidence - a.confidence || (a.concept < b.concept ? -1 : 1))
    .slice(0, MOST_ALTERNATIVES);
}

/** Decides one label by rules. Never fails on a label. */
export function decideByRules(label: string, context: LabelContext): Verdict {
  const words = labelWords(cleanLabel(label));
  const text = words.join(' ');
  if (!/\p{L}/u.test(text)) return open('a number: only the set itself says what it stands for');
  if (NO_OBJECT.test(text)) return open('names no object');
  if (SEGMENT.test(text)) return open('names a segment of an object');
  const asked = resolve(label, optionsOf(context));
  if (asked.reason === 'negated') return open('says that something is not there', near(asked));
  const answers = readings(label, context).flatMap((reading) => answer(reading, words, context) ?? []);
  if (answers.length === 0) {
    const joined = joinedObjects(label, context);
    if (joined.length > 1) return open(`names several objects: ${joined.join(', ')}`, near(asked));
    return open(asked.reason === 'ambiguous' ? 'several concepts fit' : 'no rule knows it', near(asked));
  }
  const [surest] = [...answers].sort((a, b) => b.confidence - a.confidence);
  // a general name yields to the kind of it that the place tells: "vessel" of the liver
  const best = answers.find(({ concept, exact }) => exact && isUnder(concept, surest.concept)) ?? surest;
  const rest = answers.flatMap(({ concept, confidence, alternatives }) => [
    { concept: concept.name, confidence },
    ...alternatives,
  ]);
  const { concept, confidence, evidence } = best;
  return { concept, confidence, evidence, alternatives: others(rest, concept.name) };
}

function near(found: Resolution): Alternative[] {
  return found.nearMisses.map(({ name, confidence }) => ({ concept: name, confidence }));
}
