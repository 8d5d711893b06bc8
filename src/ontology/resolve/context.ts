/**
 * What a text says of the image: modality and site, in the words of words.ts ("abdominal CT", "CXR", "T2-weighted MRI").
 * Two-letter abbreviations count in capitals only ("US", not "us").
 */
import { BiomedParseError } from '../../util/errors.ts';
import type { Concept } from '../concepts/index.ts';
import { mayShow, modalityFamily } from '../regions.ts';
import { modalityNames, modalityWords, sites, siteWords, viewNames } from '../words.ts';
import { type Token, tokenise } from './tokens.ts';

interface ContextPhrase {
  readonly words: readonly string[];
  readonly capitals: boolean;
  readonly modality: string;
  readonly site: string | null;
}

/** Sites whose bare words mean something else as often as not; they count in whole phrases only. */
const plainWords = new Set(['tissue', 'mixed', 'cell', 'blood', 'peripheral']);

function contextPhrase(text: string, modality: string, site: string | null): ContextPhrase {
  const words = tokenise(text).map((token) => token.text);
  return { words, capitals: /^\p{Lu}{2}$/u.test(text), modality, site };
}

const moreWords: readonly ContextPhrase[] = [
  contextPhrase('xray', 'X-Ray', null),
  contextPhrase('radiography', 'X-Ray', null),
  contextPhrase('FLAIR', 'MRI-FLAIR', null),
  contextPhrase('T1', 'MRI-T1', null),
  contextPhrase('T2', 'MRI-T2', null),
  contextPhrase('echocardiography', 'ultrasound', 'heart'),
  contextPhrase('histological', 'pathology', null),
];

/** Longest first, so that "T1-weighted MRI" is not read as "MRI". */
const phrases: readonly ContextPhrase[] = [
  ...Object.entries(viewNames).flatMap(([key, names]) => {
    const [modality, site] = key.split('|');
    return names.map((name) => contextPhrase(name, modality, site));
  }),
  ...['CT', 'MRI', ...modalityNames].flatMap((modality) =>
    modalityWords(modality).map((name) => contextPhrase(name, modality, null)),
  ),
  ...moreWords,
].sort((a, b) => b.words.length - a.words.length);

const siteOfWord = new Map<string, string>();
/** With the plain words, for the word before a modality ("blood smear", "cell microscopy"). */
const siteBeforeModality = new Map<string, string>();
for (const site of sites) {
  for (const word of siteWords(site)) {
    const tokens = tokenise(word);
    const { text } = tokens[0];
    if (tokens.length !== 1 || (siteBeforeModality.has(text) && text !== site)) continue;
    siteBeforeModality.set(text, site);
    if (!plainWords.has(text)) siteOfWord.set(text, site);
  }
}

/** The site that a word names. */
export function siteNamed(word: string): string | undefined {
  return siteOfWord.get(word);
}

export interface TextContext {
  readonly modality: string | null;
  readonly site: string | null;
  /** Positions of words that name the modality, or stand before it and name the site. */
  readonly used: ReadonlySet<number>;
  /** Position of the word before the modality, if it names the site. */
  readonly siteAt: number | null;
}

function startsAt(tokens: readonly Token[], at: number, { words, capitals }: ContextPhrase): boolean {
  return words.every((word, i) => {
    const token = tokens[at + i];
    return token?.text === word && (!capitals || token.raw === token.raw.toUpperCase());
  });
}

/** Modality and site as the words say; site words elsewhere are for the caller, who knows which of them name the object. */
export function readContext(tokens: readonly Token[]): TextContext {
  const level = tokens.some(({ text }) => text === 'vertebra' || text === 'rib'); // "T1 vertebra" is no sequence
  for (const phrase of phrases) {
    if (level && /^t\d$/.test(phrase.words[0])) continue;
    const at = tokens.findIndex((_, i) => startsAt(tokens, i, phrase));
    if (at < 0) continue;
    const used = new Set(phrase.words.map((_, i) => at + i));
    const before = at > 0 ? siteBeforeModality.get(tokens[at - 1].text) : undefined;
    // "CT of the abdomen"; "T2 ... MRI" in two places is one modality
    for (const [i, { text }] of tokens.entries()) if (/^(mri|mr|ct|image|scan|slice)$/.test(text)) used.add(i);
    return {
      modality: phrase.modality,
      site: phrase.site ?? before ?? null,
      used,
      siteAt: phrase.site === null && before !== undefined ? at - 1 : null,
    };
  }
  return { modality: null, site: null, used: new Set(), siteAt: null };
}

const modalityOfName = new Map(
  phrases.filter(({ site }) => site === null).map((one) => [one.words.join(' '), one.modality]),
);

/** A modality by any of its names; refuses an unknown one. */
export function checkModality(name: string): string {
  const exact = modalityNames.find((one) => one.toLowerCase() === name.trim().toLowerCase());
  const found =
    exact ??
    modalityOfName.get(
      tokenise(name)
        .map(({ text }) => text)
        .join(' '),
    );
  if (found !== undefined) return found;
  throw new BiomedParseError('usage', `Unknown modality "${name}"; allowed: ${modalityNames.join(', ')}`, {
    modality: name,
  });
}

/** A site by any of its names; refuses an unknown one. */
export function checkSite(name: string): string {
  const lower = name.trim().toLowerCase();
  const found =
    sites.find((site) => site === lower) ??
    sites.find((site) => siteWords(site).includes(lower)) ??
    siteNamed(tokenise(name)[0]?.text ?? '');
  if (found !== undefined) return found;
  throw new BiomedParseError('usage', `Unknown site "${name}"; allowed: ${sites.join(', ')}`, { site: name });
}

/** Whether a concept occurs in such images; what is not given is taken as fitting. */
export function occursIn({ views }: Pick<Concept, 'views'>, modality: string | null, site: string | null): boolean {
  return views.some(
    (view) =>
      (modality === null || view.modality === modalityFamily(modality)) &&
      (site === null || view.site === '*' || view.site === site),
  );
}

/** How well a concept fits what is known of the image, 0..1: 1 where it occurs there, least where it cannot. */
export function fitOf(concept: Concept, modality: string | null, site: string | null): number {
  if ((modality === null && site === null) || concept.views.length === 0) return 1;
  if (occursIn(concept, modality, site)) return 1;
  const impossible = modality !== null && site !== null && !mayShow(concept.name, modality, site);
  return impossible ? 0.75 : 0.85;
}
