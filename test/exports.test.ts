/** The public surface is frozen: a name that comes, goes or changes its kind has to be written down here too. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as library from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, new URL('..', import.meta.url)), 'utf8');

const VALUES = [
  'BiomedParseError',
  'SITE_WINDOWS',
  'applyWindow',
  'auroc',
  'components',
  'concepts',
  'cutSlice',
  'deidentifySource',
  'detect',
  'dice',
  'emptyMask',
  'evaluate',
  'findDicomSeries',
  'folderStore',
  'indexToLps',
  'instances',
  'loadModel',
  'loadTerms',
  'lpsToIndex',
  'openDataset',
  'openSlide',
  'orientationLabel',
  'overlay',
  'publishedDistributions',
  'putSlice',
  'readDicomSeries',
  'readDistributions',
  'readImage',
  'readMask',
  'readMha',
  'readNifti',
  'readNrrd',
  'readRaster',
  'readSegmentation',
  'readStructureSet',
  'recognize',
  'resolve',
  'scanSlide',
  'scanVolume',
  'segmentEverything',
  'segmentVolume',
  'wordings',
  'writeLabelPng',
  'writeMaskPng',
  'writeMha',
  'writeNifti',
  'writeNrrd',
  'writePng',
  'writeSegmentation',
  'writeStructureSet',
];

const TYPES = [
  'Box',
  'Component',
  'Components',
  'Concept',
  'Dataset',
  'DetectOptions',
  'Detection',
  'Device',
  'DicomCode',
  'DicomSegment',
  'DicomSegmentInfo',
  'DicomSegmentationFile',
  'DicomSegmentationOptions',
  'DicomSeries',
  'DicomSource',
  'DicomVolumeFile',
  'DicomWriteOptions',
  'Distributions',
  'EncodeOptions',
  'EncodedImage',
  'ErrorCode',
  'EvaluateOptions',
  'EvaluationReport',
  'Everything',
  'EverythingOptions',
  'FoundObject',
  'FoundTarget',
  'Grid',
  'Identifiers',
  'Image',
  'Instance',
  'Instances',
  'LoadOptions',
  'Mask',
  'MaskVolume',
  'Model',
  'ModelConfig',
  'ModelSettings',
  'NearMiss',
  'PairReport',
  'PixelSize',
  'Plane',
  'Precision',
  'Recognition',
  'RecognizeOptions',
  'RecognizedObject',
  'RegionOfInterest',
  'RegionPrompt',
  'Rejection',
  'RejectionOptions',
  'Resolution',
  'ResolveOptions',
  'ResolvedConcept',
  'Samples',
  'ScannedSlide',
  'ScannedVolume',
  'Seconds',
  'SegmentOptions',
  'Segmentation',
  'Separation',
  'Slice',
  'SliceAnswer',
  'SliceLayout',
  'SliceRange',
  'SliceRecord',
  'SliceStore',
  'Slide',
  'SlideBand',
  'SlideGrid',
  'SlideLevel',
  'SlideOptions',
  'SlideRegion',
  'SlideSegmentation',
  'SlideTiles',
  'StructureSetFile',
  'Terms',
  'Tissue',
  'Vector',
  'Volume',
  'VolumeFile',
  'VolumeOptions',
  'VolumeReadOptions',
  'VolumeSegmentation',
  'Warning',
  'WarningCode',
  'Window',
  'WordingOptions',
];

/** Names that a file exports as types only. */
function exportedTypes(text: string): string[] {
  const source = ts.createSourceFile('index.ts', text, ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isExportDeclaration).flatMap((statement) => {
    if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) return ['*'];
    return statement.exportClause.elements
      .filter((element) => statement.isTypeOnly || element.isTypeOnly)
      .map((element) => element.name.text);
  });
}

describe('the library', () => {
  it('exports these values', () => {
    expect(Object.keys(library).sort()).toEqual(VALUES);
  });

  it('exports these types', () => {
    expect(exportedTypes(read('src/index.ts')).sort()).toEqual(TYPES);
  });

  it('is reached by one address, and the program by one name', () => {
    const { exports, bin } = JSON.parse(read('package.json')) as { exports: object; bin: object };
    expect(exports).toEqual({
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    });
    expect(bin).toEqual({ biomedparse: 'dist/cli/main.js' });
  });
});
