/**
 * DICOM Segmentation objects from masks: BINARY (a bit per voxel), FRACTIONAL (probabilities in 8 bits) or LABELMAP (numbers of
 * segments), a segment per object that was asked for.
 *
 * Frames are the slices of the source's grid in which a segment has anything, segment by segment; a segment without voxels has
 * no frame. DICOM has no image without frames: if all masks are empty, one empty frame stands for them. Viewers and archives
 * of before 2024 do not know label maps: they are written only when asked for.
 * Refused (`input`): objects that do not fit the source, a source that cannot be referred to, what segmentation-pixels.ts refuses.
 * Source: DICOM PS3.3 (A.51, C.8.20, C.7.6.16 functional groups, C.7.6.17 dimensions).
 */
import { colourOf } from '../../image/overlay.ts';
import { indexToLps } from '../../image/volume.ts';
import { code, codesOf, describeObject, isPrivate, labColour, oneValue, privateSchemeItem, typeCode } from './codes.ts';
import { type Attributes, encodeDicom } from './encode.ts';
import {
  checkObjects,
  commonModules,
  type DicomWriteOptions,
  type FoundObject,
  imageReference,
  instancesOf,
  momentOf,
} from './modules.ts';
import { type Frame, FULL, type SegmentationType, segmentationPixels } from './segmentation-pixels.ts';
import { type DicomSource, type IdentifiedSource, identify } from './source.ts';
import { TAG } from './tags.ts';
import { createUid } from './uid.ts';

export const SEGMENTATION_CLASS = '1.2.840.10008.5.1.4.1.1.66.4';
/** Label maps are a class of their own, since 2024 (supplement 243). */
export const LABEL_MAP_CLASS = '1.2.840.10008.5.1.4.1.1.66.7';
/** Segments are numbered in 16 bits, from 1. */
const MAX_SEGMENTS = 65_535;

/** An object to be written as a segment. */
export interface DicomSegment extends FoundObject {
  /** Probabilities 0..1 `[slices, rows, columns]`, for FRACTIONAL. */
  readonly probabilities?: Float32Array;
}

export interface DicomSegmentationOptions extends DicomWriteOptions {
  /** BINARY (the default) writes masks, FRACTIONAL probabilities, LABELMAP masks that do not overlap. */
  readonly type?: SegmentationType;
}

/** Description of segment `index`: what was asked, found, and by what. */
function segmentItem(
  segment: DicomSegment,
  index: number,
  options: DicomSegmentationOptions,
  trackingUid: string,
): Attributes {
  const codes = codesOf(segment);
  const name = oneValue(options.algorithm.name, 64);
  return {
    SegmentNumber: index + 1,
    SegmentLabel: codes.label,
    SegmentDescription: describeObject(segment),
    SegmentAlgorithmType: 'AUTOMATIC',
    SegmentAlgorithmName: name,
    SegmentationAlgorithmIdentificationSequence: [
      {
        AlgorithmFamilyCodeSequence: [code('123110', 'DCM', 'Artificial Intelligence')],
        AlgorithmName: name,
        AlgorithmVersion: oneValue(options.algorithm.version, 64),
      },
    ],
    SegmentedPropertyCategoryCodeSequence: [codes.category],
    SegmentedPropertyTypeCodeSequence: [typeCode(codes)],
    RecommendedDisplayCIELabValue: labColour(colourOf(index)),
    TrackingID: `${codes.label} ${index + 1}`,
    TrackingUID: trackingUid,
  };
}

/** The images that a frame was made of. */
function derivation(source: IdentifiedSource, slice: number): Attributes {
  return {
    SourceImageSequence: source.images[slice].map((image) => ({
      ...imageReference(image),
      PurposeOfReferenceCodeSequence: [code('121322', 'DCM', 'Source image for image processing operation')],
      SpatialLocationsPreserved: source.resampled || source.images[slice].length > 1 ? 'NO' : 'YES',
    })),
    DerivationCodeSequence: [code('113076', 'DCM', 'Segmentation')],
  };
}

/** Functional groups of all frames and of each. */
function functionalGroups(source: IdentifiedSource, frames: readonly Frame[]): Attributes {
  const { spacing, direction } = source;
  // Values of a dimension count up from 1 without gaps.
  const used = [...new Set(frames.map(({ slice }) => slice))].sort((a, b) => a - b);
  const place = new Map(used.map((slice, i) => [slice, i + 1]));
  return {
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient: [...direction[0], ...direction[1]] }],
        PixelMeasuresSequence: [
          { SliceThickness: spacing[2], SpacingBetweenSlices: spacing[2], PixelSpacing: [spacing[1], spacing[0]] },
        ],
      },
    ],
    PerFrameFunctionalGroupsSequence: frames.map(({ segment, slice }) => ({
      FrameContentSequence: [
        { DimensionIndexValues: [...(segment === null ? [] : [segment + 1]), place.get(slice) as number] },
      ],
      PlanePositionSequence: [{ ImagePositionPatient: indexToLps(source, [0, 0, slice]) }],
      DerivationImageSequence: [derivation(source, slice)],
      SegmentIdentificationSequence: segment === null ? undefined : [{ ReferencedSegmentNumber: segment + 1 }],
    })),
  };
}

/** Frames are ordered by segment and place; those of a label map, which hold all segments, by place. */
function dimensions(uid: string, isMap: boolean): Attributes {
  const pointer = (attribute: 'ReferencedSegmentNumber' | 'ImagePositionPatient', group: number): Attributes => ({
    DimensionOrganizationUID: uid,
    DimensionIndexPointer: TAG[attribute],
    FunctionalGroupPointer: group,
    DimensionDescriptionLabel: attribute,
  });
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: uid }],
    DimensionIndexSequence: [
      ...(isMap ? [] : [pointer('ReferencedSegmentNumber', TAG.SegmentIdentificationSequence)]),
      pointer('ImagePositionPatient', TAG.PlanePositionSequence),
    ],
  };
}

/** A DICOM Segmentation of a series as the bytes of a file; the same for the same identifiers and date. */
export function writeSegmentation(
  source: DicomSource,
  segments: readonly DicomSegment[],
  options: DicomSegmentationOptions,
): Uint8Array {
  const from = identify(source);
  const objects = checkObjects(from, segments, MAX_SEGMENTS);
  const { uid = createUid, type = 'BINARY' } = options;
  const fractional = type === 'FRACTIONAL';
  const isMap = type === 'LABELMAP';
  const [columns, rows] = from.size;
  const { frames, bits, pixels, overlap, found } = segmentationPixels(objects, type, from.size);

  const { date, time } = momentOf(from, options.date);
  const common = commonModules(from, options, {
    sopClassUid: isMap ? LABEL_MAP_CLASS : SEGMENTATION_CLASS,
    modality: 'SEG',
    description: 'Segmentation by biomedparse',
  });
  const items = objects.map((segment, i) => segmentItem(segment, i, options, uid()));
  const ownCodes = objects.some((segment) => isPrivate(codesOf(segment).type));
  const { LossyImageCompression, LossyImageCompressionRatio, LossyImageCompressionMethod } = from.attributes;
  return encodeDicom({
    ...common,
    ImageType: ['DERIVED', 'PRIMARY'],
    ContentDate: date,
    ContentTime: time,
    ContentLabel: 'BIOMEDPARSE',
    ContentDescription: `${found} of ${objects.length} objects found`,
    ContentCreatorName: '',
    ReferencedSeriesSequence: [{ SeriesInstanceUID: from.seriesUid, ReferencedInstanceSequence: instancesOf(from) }],
    CodingSchemeIdentificationSequence: ownCodes ? [privateSchemeItem] : undefined,
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    NumberOfFrames: frames.length,
    Rows: rows,
    Columns: columns,
    BitsAllocated: bits,
    BitsStored: bits,
    HighBit: bits - 1,
    PixelRepresentation: 0,
    // the number that no segment has: the background of a label map
    PixelPaddingValue: isMap ? 0 : undefined,
    LossyImageCompression: LossyImageCompression ?? '00',
    LossyImageCompressionRatio,
    LossyImageCompressionMethod,
    SegmentationType: type,
    SegmentationFractionalType: fractional ? 'PROBABILITY' : undefined,
    MaximumFractionalValue: fractional ? FULL : undefined,
    SegmentsOverlap: overlap ? 'YES' : 'NO',
    SegmentSequence: items,
    ...dimensions(uid(), isMap),
    ...functionalGroups(from, frames),
    PixelData: pixels,
  });
}
