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
import { createTokenizer, type VocabularyTokenizer } from '../model/tokenizer.ts';
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
import { BiomedParseError } from '../util/errors.ts';

/** Pieces of a text that tokens never cross, and the blanks before them; sampling.py cuts in the same way. */
const PIECE = /(\s*)('(?:s|t|re|ve|m|ll|d)|\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)/gu;

/** Pieces of a text; those that stand at its start or after a blank begin with a blank. */
function piecesOf(text: string): string[] {
  const found = [...text.toLowerCase().matchAll(PIECE)];
  return found.map(({ 1: blanks, 2: piece, index }) => (index === 0 || blanks !== '' ? ` ${piece}` : piece));
}

/** Token ids of every piece of the texts; refused (`model`) where the pieces of a text do not give its ids. */
function pieceIds(texts: Iterable<string>, tokenizer: VocabularyTokenizer): Record<string, readonly number[]> {
  const idsOf = (text: string): number[] => tokenizer.encode(text).slice(1, -1);
  const words: Record<string, readonly number[]> = {};
  for (const text of texts) {
    const pieces = piecesOf(text);
    for (const piece of pieces) {
      // what stands directly behind something else is seen behind something that it does not merge with
      const before = piece.startsWith(' ') ? '' : /^[\p{L}\p{N}]/u.test(piece) ? ',' : 'a';
      words[piece] ??= idsOf(before + piece).slice(before === '' ? 0 : idsOf(before).length);
    }
    if (pieces.flatMap((piece) => words[piece]).join() !== idsOf(text).join()) {
      throw new BiomedParseError(
        'model',
        `tokenizer.json: the tokens of ${JSON.stringify(text)} are not those of its words`,
      );
    }
  }
  return words;
}

/** The table for the sets of a data folder; errors are those of reading the folder (`input`, `usage`). */
export async function samplingTable(
  root: string,
  wanted: readonly string[] | undefined,
  tokenizerJson: object,
): Promise<object> {
  const described = await describeSets(root, wanted);
  const dataset: Dataset = { root, split: 'train', sets: described, items: [] };
  const kinds: Record<string, object> = {};
  const targets: Record<string, { names: readonly string[]; specific: readonly string[]; mirrored: string }> = {};
  const texts = new Set<string>(promptForms.templates.map((form) => form.replaceAll(/\{\w+\}/g, 'a')));
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
      for (const text of [...Object.values(words).flat(), published.replace('{name}', 'a')]) texts.add(text);
      kinds[kind] = {
        ...{ grey: isGreyModality(modality), turn: turnAllowed(modality, site), xray: modality === 'X-Ray' },
        ...{ published, ...words },
      };
    }
  }
  const tokenizer = createTokenizer(tokenizerJson, { contextLength: Number.MAX_SAFE_INTEGER });
  const { ownName, bare, published, templates } = promptForms;
  const chances = { ...planChances, ...{ ownName, bare, published }, ...augmentationRanges, leastKept: LEAST_KEPT };
  return {
    chances,
    templates,
    kinds,
    sets,
    targets,
    words: pieceIds(texts, tokenizer),
    start: tokenizer.start,
    end: tokenizer.end,
  };
}
