/**
 * What a training program without the ontology needs of it, as one JSON object: for every kind of image whether it is grey,
 * may be turned and what it is called; for every set which targets may be called absent; the names of all targets; the
 * chances of plans, prompts and augmentation; and the token ids of every word that a prompt can hold.
 */
import {
  absentSiblings,
  augmentationRanges,
  type Dataset,
  describeSets,
  foreignTargets,
  foreignTargetsOfModality,
  LEAST_KEPT,
  planChances,
} from '../dataset/index.ts';
import { createTokenizer } from '../model/tokenizer.ts';
import {
  isGreyModality,
  mirrorAllowed,
  mirrorTarget,
  modalityWords,
  paraphrases,
  promptForms,
  publishedPrompt,
  siteWords,
  specificNames,
  turnAllowed,
  viewPhrases,
} from '../ontology/index.ts';

/** Pieces of a text that tokens never cross: words, single digits, runs of other signs; sampling.py cuts in the same way. */
const WORD = /\p{L}+|\p{Nd}|[^\s\p{L}\p{Nd}_]+|_+/gu;

/** The table for the sets of a data folder; errors are those of reading the folder (`input`, `usage`). */
export async function samplingTable(
  root: string,
  wanted: readonly string[] | undefined,
  tokenizerJson: object,
  contextLength: number,
): Promise<object> {
  const described = await describeSets(root, wanted);
  const dataset: Dataset = { root, split: 'train', sets: described, items: [] };
  const kinds: Record<string, object> = {};
  const targets: Record<string, { names: readonly string[]; specific: readonly string[]; mirrored: string }> = {};
  const texts = new Set<string>(promptForms.templates.map((form) => form.replaceAll(/\{\w+\}/g, ' ')));
  const addTarget = (target: string): void => {
    if (targets[target] !== undefined) return;
    targets[target] = { names: paraphrases(target), specific: specificNames(target), mirrored: mirrorTarget(target) };
    for (const name of paraphrases(target)) texts.add(name);
    addTarget(mirrorTarget(target));
  };
  const sets: Record<string, Record<string, object>> = {};
  for (const set of described) {
    sets[set.name] = {};
    for (const [kind, own] of Object.entries(set.targets)) {
      const [modality, site] = kind.split('_');
      const foreign = foreignTargets(dataset, modality, site);
      for (const target of [...own, ...foreign]) addTarget(target);
      sets[set.name][kind] = {
        absent: absentSiblings(set, { modality, site }, []),
        foreign,
        foreignSameModality: foreignTargetsOfModality(dataset, modality, site),
        mirror: mirrorAllowed(modality, site, own),
      };
      const words = {
        view: viewPhrases(modality, site),
        modality: modalityWords(modality),
        site: [siteWords(site)[0]],
      };
      const published = publishedPrompt('{name}', modality, site);
      for (const text of [...Object.values(words).flat(), published.replace('{name}', ' ')]) texts.add(text);
      kinds[kind] = {
        ...{ grey: isGreyModality(modality), turn: turnAllowed(modality, site), xray: modality === 'X-Ray' },
        ...{ published, ...words },
      };
    }
  }
  const tokenizer = createTokenizer(tokenizerJson, { contextLength });
  const words: Record<string, readonly number[]> = {};
  for (const text of texts) {
    for (const [word] of text.toLowerCase().matchAll(WORD)) words[word] ??= tokenizer.encode(word).slice(1, -1);
  }
  const { ownName, bare, published, templates } = promptForms;
  const chances = { ...planChances, ...{ ownName, bare, published }, ...augmentationRanges, leastKept: LEAST_KEPT };
  return { chances, templates, kinds, sets, targets, words, start: tokenizer.start, end: tokenizer.end };
}
