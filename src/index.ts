/**
 * The public surface: open a model, ask it, evaluate it.
 *
 *     const model = await loadModel();
 *     const [mask] = await model.segment('scan.png', ['left lung']);
 */
export { type Dataset, openDataset } from './dataset/layout.ts';
export { type EvaluateOptions, evaluate } from './evaluate/evaluate.ts';
export { auroc, dice } from './evaluate/metrics.ts';
export type { EvaluationReport, PairReport } from './evaluate/report.ts';
export type { DicomWriteOptions, FoundObject } from './formats/dicom/modules.ts';
export { type DicomSegment, type DicomSegmentationOptions, writeSegmentation } from './formats/dicom/segmentation.ts';
export {
  type DicomCode,
  type DicomSegmentationFile,
  type DicomSegmentInfo,
  readSegmentation,
} from './formats/dicom/segmentation-read.ts';
export { type DicomSeries, type DicomVolumeFile, findDicomSeries, readDicomSeries } from './formats/dicom/series.ts';
export { type DicomSource, deidentifySource } from './formats/dicom/source.ts';
export { writeStructureSet } from './formats/dicom/structure-set.ts';
export { type RegionOfInterest, readStructureSet, type StructureSetFile } from './formats/dicom/structure-set-read.ts';
export { readImage } from './formats/image.ts';
export { readMha, writeMha } from './formats/mha.ts';
export { readNifti, writeNifti } from './formats/nifti.ts';
export { readNrrd, writeNrrd } from './formats/nrrd.ts';
export { readMask, readRaster, writeLabelPng, writeMaskPng, writePng } from './formats/raster.ts';
export type { PixelSize } from './formats/slide/pixel-size.ts';
export type { SlideGrid } from './formats/slide/scale.ts';
export { openSlide, type Slide, type SlideLevel, type SlideRegion } from './formats/slide/slide.ts';
export type { VolumeFile, VolumeReadOptions } from './formats/volume-bytes.ts';
export type { Warning, WarningCode } from './image/checks/warning.ts';
export { type Component, type Components, components } from './image/components.ts';
export { type Instances, instances } from './image/instances.ts';
export { overlay } from './image/overlay.ts';
export type { RegionPrompt } from './image/regions.ts';
export { cutSlice, type Plane, putSlice, type Slice, type SliceLayout, type SliceRange } from './image/slice.ts';
export type { Tissue } from './image/tissue.ts';
export type { Box, Image, Mask } from './image/types.ts';
export {
  emptyMask,
  type Grid,
  type Identifiers,
  indexToLps,
  lpsToIndex,
  type MaskVolume,
  orientationLabel,
  type Samples,
  type Vector,
  type Volume,
} from './image/volume.ts';
export { applyWindow, SITE_WINDOWS, type Window } from './image/window.ts';
export type { ModelConfig } from './model/config.ts';
export type { Precision } from './model/precision.ts';
export { type Concept, concepts } from './ontology/concepts/index.ts';
export { type NearMiss, type Resolution, type ResolveOptions, resolve } from './ontology/resolve/resolve.ts';
export { loadTerms, type Terms } from './ontology/resolve/terms.ts';
export { type WordingOptions, wordings } from './ontology/wordings.ts';
export type { ResolvedConcept } from './parse/concept.ts';
export type { ModelSettings } from './parse/config.ts';
export { type Detection, type DetectOptions, detect, type Instance } from './parse/detect.ts';
export type { Device } from './parse/device.ts';
export { type Distributions, publishedDistributions, readDistributions } from './parse/distributions.ts';
export { type Everything, type EverythingOptions, type FoundTarget, segmentEverything } from './parse/everything.ts';
export { type LoadOptions, loadModel } from './parse/load.ts';
export { type Recognition, type RecognizedObject, type RecognizeOptions, recognize } from './parse/recognize.ts';
export type { Rejection, RejectionOptions } from './parse/rejection.ts';
export type { EncodedImage, EncodeOptions, Model, Seconds, Segmentation, SegmentOptions } from './parse/segment.ts';
export type { Separation } from './parse/separation.ts';
export { folderStore, type SliceRecord, type SliceStore } from './parse/slice-store.ts';
export {
  type ScannedSlide,
  type SlideOptions,
  type SlideSegmentation,
  scanSlide,
} from './parse/slide.ts';
export type { SlideBand } from './parse/slide-blend.ts';
export type { SlideTiles } from './parse/slide-tiles.ts';
export {
  type ScannedVolume,
  type SliceAnswer,
  scanVolume,
  segmentVolume,
  type VolumeOptions,
  type VolumeSegmentation,
} from './parse/volume.ts';
export { BiomedParseError, type ErrorCode } from './util/errors.ts';
