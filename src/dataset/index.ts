/** Data on disk in BiomedParseData's layout, its images in memory, and samples of them. */
export { absentSiblings, foreignTargets, foreignTargetsOfModality } from './annotation.ts';
export { augmentationRanges } from './augment.ts';
export { holdOut } from './hold-out.ts';
export {
  type Dataset,
  type DatasetItem,
  type DatasetOptions,
  type DatasetSet,
  type DatasetTarget,
  describeSets,
  listSets,
  openDataset,
  openSplits,
  type Split,
} from './layout.ts';
export { itemImage, readItemFile, readItemImage, readItemMask } from './parts.ts';
export { createImagePlanner, createPlanner, planChances } from './plan.ts';
export {
  createRenderer,
  createSampler,
  LEAST_KEPT,
  type Rendered,
  type Sample,
  type Sampler,
  type SamplerOptions,
} from './sample.ts';
export { type ImageStore, type LoadImagesOptions, loadImages, type StoredImage, type StoredMask } from './store.ts';
