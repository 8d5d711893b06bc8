/**
 * Descriptions of a target by rules: clinical, lay, abbreviated, by its sequence, in other languages. They are made generously and
 * checked afterwards: each has to resolve back to the same concept and side (`check.ts`).
 */
import {
  type Concept,
  modalityFamily,
  modalityWords,
  paraphrases,
  siteWords,
  viewPhrases,
} from '../../ontology/index.ts';
import { languages } from '../../ontology/languages/index.ts';
import type { Language } from '../../ontology/languages/types.ts';
import { layModalities, layNames, laySites } from './lay.ts';

export const STYLES = ['published', 'clinical', 'lay', 'abbreviated', 'sequence', 'translated'] as const;
export type Style = (typeof STYLES)[number];

/** One way to say what a mask shows. */
export interface Description {
  readonly text: string;
  readonly style: Style;
  /** ISO 639-1. */
  readonly language: string;
}

const SHORT = /^[\p{Lu}\d]{2,5}$/u;

const english =
  (style: Style) =>
  (text: string): Description => ({ text, style, language: 'en' });

/** Nouns that say what a mask shows; the place comes after them. */
function clinical(name: string, modality: string, site: string): string[] {
  const [noun, adjective = noun] = siteWords(site);
  const [, full = modality] = modalityWords(modality);
  return [
    `${name} in ${adjective} ${full}`,
    `${name}, ${adjective} ${full}`,
    ...viewPhrases(modality, site).map((view) => `${name} on ${view}`),
  ];
}

/** The concept that a left or right one is a side of, else the concept itself, by name. */
function wholeOf({ name, side, parent }: Concept): string {
  return side !== null && parent !== null && name === `${side} ${parent}` ? parent : name;
}

function lay(concept: Concept, modality: string, site: string): string[] {
  const place = laySites[site] ?? siteWords(site)[0];
  const image = layModalities[modalityFamily(modality)];
  if (image === undefined) return [];
  const base = wholeOf(concept);
  const plain = layNames[base] ?? base;
  const names = [concept.name === base ? plain : `${concept.side} ${plain}`, concept.name];
  return [...new Set(names)].flatMap((name) => [`the ${name} in ${image} of the ${place}`, `the ${name} in ${image}`]);
}

function abbreviated(target: string, modality: string): string[] {
  const short = [...modalityWords(modality)].filter((word) => SHORT.test(word));
  const names = paraphrases(target).filter((name) => SHORT.test(name));
  return [
    ...names.flatMap((name) => [...short.map((word) => `${name}, ${word}`), name]),
    ...short.map((word) => `${target}, ${word}`),
  ];
}

function bySequence(name: string, modality: string, site: string): string[] {
  if (modalityFamily(modality) === modality) return [];
  return modalityWords(modality)
    .slice(1, 3)
    .map((sequence) => `${name} on ${sequence} of the ${siteWords(site)[0]}`);
}

/** A word's first translation, empty where the language has none. */
function word({ words }: Language, english: string): string {
  return words[english]?.[0] ?? '';
}

function translated(concept: Concept, modality: string, site: string): Description[] {
  const { name, side } = concept;
  return languages.flatMap((language): Description[] => {
    const gap = language.spaced ? ' ' : '';
    const base = language.terms[name] === undefined ? wholeOf(concept) : name;
    const term = language.terms[base]?.[0];
    if (term === undefined) return [];
    const full = base === name ? term : [word(language, side as string), term].join(gap);
    const family = modalityFamily(modality);
    const view = [word(language, site), word(language, family) || family].filter((one) => one !== '').join(gap);
    const texts = [[view, word(language, 'in'), full].join(gap), full];
    return texts.map((text) => ({ text, style: 'translated', language: language.code }));
  });
}

/** All descriptions that the rules know for a target of such images, the best of each style first. */
export function describeByRules(target: string, concept: Concept, modality: string, site: string): Description[] {
  const names = [...new Set([concept.name, target])];
  const all: Description[] = [
    ...names.flatMap((name) => clinical(name, modality, site)).map(english('clinical')),
    ...lay(concept, modality, site).map(english('lay')),
    ...abbreviated(target, modality).map(english('abbreviated')),
    ...names.flatMap((name) => bySequence(name, modality, site)).map(english('sequence')),
    ...translated(concept, modality, site),
  ];
  return [...new Map(all.toReversed().map((one) => [one.text, one])).values()].reverse();
}
