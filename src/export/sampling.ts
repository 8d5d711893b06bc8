/**
 * What a training program without the ontology needs of it: for every kind of image whether it is grey, how far
 * it is changed at random and what it is called; the names of all targets; the chances of plans and prompts; the token ids of every word
 * that a prompt can hold; and the list of images with their masks and what is surely absent from them.
 */
import { relative, sep } from 'node:path';
import {
  absentSiblings,
  augmentationRanges,
  type Dataset,
  type DatasetItem,
  type DatasetSet,
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

/** A data folder as a training program elsewhere reads it. */
export interface SamplingTable {
  readonly table: object;
  /** One per image: set, kind, file, masks by target, targets surely absent, sentences by target; files relative to the root. */
  readonly items: readonly object[];
}

function itemRow(dataset: Dataset, set: DatasetSet, item: DatasetItem) {
  const file = (path: string): string => relative(dataset.root, path).split(sep).join('/');
  const english = item.targets.flatMap(({ target, sentences = [] }) => {
    const texts = sentences.filter(({ language }) => language === 'en').map(({ text }) => text);
    return texts.length === 0 ? [] : [[target, texts] as const];
  });
  const about = { set: item.set, kind: `${item.modality}_${item.site}`, file: file(item.file) };
  return {
    ...about,
    ...{ masks: Object.fromEntries(item.targets.map(({ target, maskFile }) => [target, file(maskFile)])) },
    absent: absentSiblings(
      set,
      item,
      item.targets.map(({ target }) => target),
    ),
    sentences: Object.fromEntries(english) as Record<string, string[]>,
  };
}

/** The table of a data folder's training images; `cell` is the side of a target's cells, pixels. Refused: tar shards (`usage`), a tokenizer that crosses words (`model`). */
export function samplingTable(dataset: Dataset, tokenizerJson: object, cell: 2 | 4): SamplingTable {
  if (dataset.parts !== undefined) {
    const message = `${dataset.root} holds tar shards; an export needs its images as files of their own`;
    throw new BiomedParseError('usage', message, { root: dataset.root });
  }
  const kinds: Record<string, object> = {};
  const targets: Record<string, { names: readonly string[]; specific: readonly string[]; mirrored: string }> = {};
  const texts = new Set<string>(promptForms.templates.map((form) => form.replaceAll(/\{\w+\}/g, 'a')));
  const addTarget = (target: string): void => {
    if (targets[target] !== undefined) return;
    targets[target] = { names: paraphrases(target), specific: specificNames(target), mirrored: mirrorTarget(target) };
    for (const name of paraphrases(target)) texts.add(name);
    addTarget(mirrorTarget(target));
  };
  const addKind = (kind: string, modality: string, site: string): void => {
    const words = { view: viewPhrases(modality, site), modality: modalityWords(modality), site: [siteWords(site)[0]] };
    const published = publishedPrompt('{name}', modality, site);
    for (const text of [...Object.values(words).flat(), published.replace('{name}', 'a')]) texts.add(text);
    kinds[kind] = { grey: isGreyModality(modality), ranges: augmentationRanges(modality, site), published, ...words };
  };
  const sets: Record<string, Record<string, object>> = {};
  const setOf = new Map(dataset.sets.map((set) => [set.name, set]));
  for (const { set, modality, site } of dataset.items) {
    const kind = `${modality}_${site}`;
    sets[set] ??= {};
    if (sets[set][kind] !== undefined) continue;
    const own = setOf.get(set)?.targets[kind] ?? [];
    const foreign = foreignTargets(dataset, modality, site);
    const foreignSameModality = foreignTargetsOfModality(dataset, modality, site);
    sets[set][kind] = { foreign, foreignSameModality, mirror: mirrorAllowed(modality, site, own) };
    for (const target of [...own, ...foreign]) addTarget(target);
    addKind(kind, modality, site);
  }
  const rows = dataset.items.map((item) => itemRow(dataset, setOf.get(item.set) as DatasetSet, item));
  for (const { sentences } of rows) for (const text of Object.values(sentences).flat()) texts.add(text);
  const tokenizer = createTokenizer(tokenizerJson, { contextLength: Number.MAX_SAFE_INTEGER });
  const { ownName, bare, published, templates } = promptForms;
  const chances = { ...planChances, ...{ ownName, bare, published }, leastKept: LEAST_KEPT };
  const { start, end } = tokenizer;
  return {
    table: { cell, chances, templates, kinds, sets, targets, words: pieceIds(texts, tokenizer), start, end },
    items: rows,
  };
}
