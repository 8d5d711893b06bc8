/**
 * DICOM Segmentation objects from masks: BINARY (a bit per voxel) or FRACTIONAL (probabilities in 8 bits), a segment per
 * object that was asked for.
 *
 * Frames are the slices of the source's grid in which a segment has anything, segment by segment; a segment without voxels has
 * no frame. DICOM has no image without frames: if all masks are empty, one empty frame stands for them. Bits of a frame run
 * row by row, lowest bit first, frames follow one another without padding. Label maps (SOP class 1.2.840.10008.5.1.4.1.1.66.7,
 * added in 2024) are not written: validators and viewers in use do not know them yet.
 * Refused (`input`): objects that do not fit the source, a source that cannot be referred to, pixel data beyond 4 GiB.
 * Source: DICOM PS3.3 (A.51, C.8.20, C.7.6.16 functional groups, C.7.6.17 dimensions), PS3.5 8.1.1.
 */
import { colourOf } from '../../image/overlay.ts';
import { indexToLps } from '../../image/volume.ts';
import { BiomedParseError } from '../../util/errors.ts';
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
import { type DicomSource, type IdentifiedSource, identify } from './source.ts';
import { TAG } from './tags.ts';
import { createUid } from './uid.ts';

export const SEGMENTATION_CLASS = '1.2.840.10008.5.1.4.1.1.66.4';
/** Segments are numbered in 16 bits, from 1. */
const MAX_SEGMENTS = 65_535;
const MAX_PIXEL_BYTES = 2 ** 32 - 2;
const FULL = 255;

/** An object to be written as a segment. */
export interface DicomSegment extends FoundObject {
  /** Probabilities 0..1 `[slices, rows, columns]`, for FRACTIONAL. */
  readonly probabilities?: Float32Array;
}

export interface DicomSegmentationOptions extends DicomWriteOptions {
  /** BINARY (the default) writes masks, FRACTIONAL probabilities. */
  readonly type?: 'BINARY' | 'FRACTIONAL';
}

/** One frame: a segment in a slice, both counted from 0. */
interface Frame {
  readonly segment: number;
  readonly slice: number;
}

/** Appends 8-bit samples that are not 0 as bits, lowest bit first, from bit `start` of `out` on. */
export function packBits(samples: Uint8Array, out: Uint8Array, start: number): void {
  for (let i = 0; i < samples.length; i++) {
    if (samples[i] !== 0) out[(start + i) >>> 3] |= 1 << ((start + i) & 7);
  }
}

/** Whether two masks have a voxel in common. */
function overlapping(masks: readonly Uint8Array[]): boolean {
  if (masks.length < 2) return false;
  const seen = new Uint8Array(masks[0].length);
  return masks.some((mask) => {
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue;
      if (seen[i] !== 0) return true;
      seen[i] = 1;
    }
    return false;
  });
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
      FrameContentSequence: [{ DimensionIndexValues: [segment + 1, place.get(slice) as number] }],
      PlanePositionSequence: [{ ImagePositionPatient: indexToLps(source, [0, 0, slice]) }],
      DerivationImageSequence: [derivation(source, slice)],
      SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment + 1 }],
    })),
  };
}

function dimensions(uid: string): Attributes {
  const pointer = (attribute: 'ReferencedSegmentNumber' | 'ImagePositionPatient', group: number): Attributes => ({
    DimensionOrganizationUID: uid,
    DimensionIndexPointer: TAG[attribute],
    FunctionalGroupPointer: group,
    DimensionDescriptionLabel: attribute,
  });
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: uid }],
    DimensionIndexSequence: [
      pointer('ReferencedSegmentNumber', TAG.SegmentIdentificationSequence),
      pointer('ImagePositionPatient', TAG.PlanePositionSequence),
    ],
  };
}

/** Samples of every segment as they are stored before packing: 0 and 1, or 0..255. */
function samplesOf(segments: readonly DicomSegment[], fractional: boolean): Uint8Array[] {
  return segments.map(({ prompt, mask, probabilities }) => {
    if (!fractional) return mask.data;
    if (probabilities?.length !== mask.data.length) {
      const has = probabilities === undefined ? 'no probabilities' : `${probabilities.length} probabilities`;
      const message = `"${oneValue(prompt, 60)}" has ${has}; FRACTIONAL needs ${mask.data.length}`;
      throw new BiomedParseError('input', message);
    }
    return Uint8Array.from(probabilities, (p) => Math.round(Math.min(1, Math.max(0, p)) * FULL));
  });
}

/** A DICOM Segmentation of a series as the bytes of a file; the same for the same identifiers and date. */
export function writeSegmentation(
  source: DicomSource,
  segments: readonly DicomSegment[],
  options: DicomSegmentationOptions,
): Uint8Array {
  const from = identify(source);
  checkObjects(from, segments, MAX_SEGMENTS);
  const { uid = createUid, type = 'BINARY' } = options;
  const fractional = type === 'FRACTIONAL';
  const samples = samplesOf(segments, fractional);
  const [columns, rows, slices] = from.size;
  const area = columns * rows;
  const cut = ({ segment, slice }: Frame): Uint8Array => samples[segment].subarray(slice * area, (slice + 1) * area);

  const places = segments.flatMap((_, segment) => Array.from({ length: slices }, (_, slice) => ({ segment, slice })));
  const filled = places.filter((frame) => cut(frame).some((value) => value !== 0));
  const frames = filled.length === 0 ? [{ segment: 0, slice: 0 }] : filled;
  const bytes = fractional ? area * frames.length : Math.ceil((area * frames.length) / 8);
  if (bytes > MAX_PIXEL_BYTES) {
    const message = `${frames.length} frames of ${columns} x ${rows} take ${bytes} bytes; a DICOM file holds ${MAX_PIXEL_BYTES}`;
    throw new BiomedParseError('input', message);
  }
  const pixels = new Uint8Array(bytes);
  for (const [i, frame] of frames.entries()) {
    if (fractional) pixels.set(cut(frame), i * area);
    else packBits(cut(frame), pixels, i * area);
  }

  const { date, time } = momentOf(from, options.date);
  const common = commonModules(from, options, {
    sopClassUid: SEGMENTATION_CLASS,
    modality: 'SEG',
    description: 'Segmentation by biomedparse',
  });
  const items = segments.map((segment, i) => segmentItem(segment, i, options, uid()));
  const ownCodes = segments.some((segment) => isPrivate(codesOf(segment).type));
  const found = new Set(filled.map(({ segment }) => segment)).size;
  const { LossyImageCompression, LossyImageCompressionRatio, LossyImageCompressionMethod } = from.attributes;
  return encodeDicom({
    ...common,
    ImageType: ['DERIVED', 'PRIMARY'],
    ContentDate: date,
    ContentTime: time,
    ContentLabel: 'BIOMEDPARSE',
    ContentDescription: `${found} of ${segments.length} objects found`,
    ContentCreatorName: '',
    ReferencedSeriesSequence: [{ SeriesInstanceUID: from.seriesUid, ReferencedInstanceSequence: instancesOf(from) }],
    CodingSchemeIdentificationSequence: ownCodes ? [privateSchemeItem] : undefined,
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    NumberOfFrames: frames.length,
    Rows: rows,
    Columns: columns,
    BitsAllocated: fractional ? 8 : 1,
    BitsStored: fractional ? 8 : 1,
    HighBit: fractional ? 7 : 0,
    PixelRepresentation: 0,
    LossyImageCompression: LossyImageCompression ?? '00',
    LossyImageCompressionRatio,
    LossyImageCompressionMethod,
    SegmentationType: type,
    SegmentationFractionalType: fractional ? 'PROBABILITY' : undefined,
    MaximumFractionalValue: fractional ? FULL : undefined,
    SegmentsOverlap: overlapping(samples) ? 'YES' : 'NO',
    SegmentSequence: items,
    ...dimensions(uid()),
    ...functionalGroups(from, frames),
    PixelData: pixels,
  });
}
