/** What can be asked for: targets and their other names, words for images, sides, and what is surely absent. */
export { findImageType, type ImageType, imageTypeName, imageTypes, typePrompt } from './image-types.ts';
export { mirrorAllowed, mirrorTarget, sideOf, turnAllowed } from './laterality.ts';
export { drawPrompt, promptCorpus, publishedPrompt } from './prompts.ts';
export { publishedRows } from './published-rows.ts';
export {
  impossibleTargets,
  isGreyModality,
  knownTargets,
  knownViews,
  mayShow,
  modalities,
  modalityFamily,
  type Region,
} from './regions.ts';
export { paraphrases, specificNames } from './synonyms.ts';
export { modalityWords, siteWords, viewPhrases } from './words.ts';
