/**
 * Prompts for training: a target as people may ask for it. Of ten prompts about 3.5 are a bare name, 3 the published
 * form "{target} in {site} {modality}", the rest other phrasings. A name is the target's own in 6 of 10 cases, else a
 * synonym. Letter case is not varied, since every tokenizer here makes text lower-case.
 */
import { createRandom, type Random } from '../util/random.ts';
import { knownTargets, knownViews, mayShow, sidedTargets } from './regions.ts';
import { paraphrases, specificNames } from './synonyms.ts';
import { modalityWords, siteWords, viewPhrases } from './words.ts';

const OWN_NAME = 0.6;
const BARE = 0.35;
const PUBLISHED = 0.3;

type Template = (name: string, words: { view: string; modality: string; site: string }) => string;

const templates: readonly Template[] = [
  (name) => `the ${name}`,
  (name, { view }) => `${name} in ${view}`,
  (name, { view }) => `the ${name} in ${view}`,
  (name, { view }) => `${name} on ${view}`,
  (name, { view }) => `${name}, ${view}`,
  (name, { view }) => `${view}: ${name}`,
  (name, { modality }) => `${name} in ${modality}`,
  (name, { site }) => `${name} in the ${site}`,
  (name) => `segment the ${name}`,
  (name, { view }) => `segment the ${name} in this ${view}`,
  (name) => `find the ${name}`,
  (name) => `where is the ${name}?`,
  (name) => `show the ${name}`,
  (name) => `outline of the ${name}`,
];

/** The published form of a prompt. */
export function publishedPrompt(target: string, modality: string, site: string): string {
  return `${target} in ${site} ${modality}`;
}

/** The chances and forms that prompts are drawn by, for training programs elsewhere; forms hold {name}, {view}, {modality}, {site}. */
export const promptForms = {
  ownName: OWN_NAME,
  bare: BARE,
  published: PUBLISHED,
  templates: templates.map((form) => form('{name}', { view: '{view}', modality: '{modality}', site: '{site}' })),
};

/**
 * One prompt for a target in an image of that modality and site; how many random numbers it takes varies. Of an
 * `absent` target only names are used that mean nothing else in the image ("tumor" could be another one).
 */
export function drawPrompt(random: Random, target: string, modality: string, site: string, absent = false): string {
  const names = absent ? specificNames(target) : paraphrases(target);
  const name = names.length === 1 || random.next() < OWN_NAME ? target : random.pick(names.slice(1));
  const kind = random.next();
  if (kind < BARE) return name;
  if (kind < BARE + PUBLISHED) return publishedPrompt(name, modality, site);
  return random.pick(templates)(name, {
    view: random.pick(viewPhrases(modality, site)),
    modality: random.pick(modalityWords(modality)),
    site: siteWords(site)[0],
  });
}

/** Sequences that file names of data sets use; the table of views knows MRI only. */
const sequences = ['MRI-T1', 'MRI-T1-Gd', 'MRI-T2', 'MRI-FLAIR', 'MRI-T2star'];

/**
 * Texts to learn a vocabulary from: every name of every known target, every phrase for every kind of image, and drawn
 * prompts of targets where they occur. Always the same texts in the same order.
 */
export function promptCorpus(): string[] {
  const random = createRandom(20250101);
  const targets = [...knownTargets, ...sidedTargets];
  const corpus: string[] = [];
  const views = knownViews.flatMap(({ modality, site }) =>
    (modality === 'MRI' ? [modality, ...sequences] : [modality]).map((name) => ({ modality: name, site })),
  );
  for (const { modality, site } of views) corpus.push(...viewPhrases(modality, site), ...siteWords(site));
  for (const target of targets) {
    const where = views.filter(({ modality, site }) => mayShow(target, modality, site));
    corpus.push(...paraphrases(target));
    for (let i = 0; i < 20; i++) {
      const { modality, site } = random.pick(where);
      corpus.push(drawPrompt(random, target, modality, site));
    }
  }
  return corpus;
}
