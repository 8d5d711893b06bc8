/** What can be asked for: targets and their other names, words for images, sides, and what is surely absent. */
export { type Concept, conceptNamed, conceptOfTarget, concepts, isTrained, type View } from './concepts/index.ts';
export { type Category, type MetaObject, metaObjects } from './concepts/types.ts';
export { findImageType, type ImageType, imageTypeName, imageTypes, typePrompt } from './image-types.ts';
export { mirrorAllowed, mirrorTarget, type Side, sideOf, turnAllowed } from './laterality.ts';
export { drawPrompt, promptCorpus, promptForms, publishedPrompt } from './prompts.ts';
export { publishedRows } from './published-rows.ts';
export {
  impossibleTargets,
  isGreyModality,
  knownTargets,
  knownViews,
  mayShow,
  mayShowConcept,
  modalities,
  modalityFamily,
} from './regions.ts';
export { nearestTrained } from './resolve/nearest.ts';
export { type NearMiss, type Resolution, type ResolveOptions, resolve } from './resolve/resolve.ts';
export { loadTerms, type Terms } from './resolve/terms.ts';
export { paraphrases, specificNames } from './synonyms.ts';
export { type WordingOptions, wordings } from './wordings.ts';
export { modalityWords, sites, siteWords, viewPhrases } from './words.ts';
