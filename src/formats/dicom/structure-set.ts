/**
 * RT structure sets from masks: a region of interest (ROI) per object that was asked for, with CLOSED_PLANAR contours per slice.
 *
 * Contours run along the edges of voxels in the plane of the voxels' centres: they enclose the area of the mask and fill back
 * to it. A hole is joined to the contour round it by a channel of no width (keyhole). Points are LPS mm to 4 decimals. An
 * object without voxels is a ROI without contours. Written in implicit VR, as explicit VR holds no contour beyond 64 KiB.
 * Refused (`input`): objects that do not fit the source, a source that cannot be referred to.
 * Source: DICOM PS3.3 (A.19, C.8.8.5 structure set, C.8.8.6 ROI contour, C.8.8.8 RT ROI observations).
 */
import { traceContours } from '../../image/contours.ts';
import { colourOf } from '../../image/overlay.ts';
import { indexToLps } from '../../image/volume.ts';
import { codesOf, describeObject, isPrivate, oneValue, privateSchemeItem, typeCode } from './codes.ts';
import { IMPLICIT_LITTLE } from './dataset.ts';
import { type Attributes, decimalString, encodeDicom } from './encode.ts';
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

export const STRUCTURE_SET_CLASS = '1.2.840.10008.5.1.4.1.1.481.3';
/** A study, in references to it; retired, but what readers expect here. */
const STUDY_CLASS = '1.2.840.10008.3.1.2.3.1';
const MAX_ROIS = 65_535;
const DECIMALS = 4;

/** Contours of one object, slice by slice. */
function contourItems(source: IdentifiedSource, { mask }: FoundObject): Attributes[] {
  const [width, height, slices] = source.size;
  return Array.from({ length: slices }, (_, slice) => {
    const data = mask.data.subarray(slice * width * height, (slice + 1) * width * height);
    return traceContours({ data, width, height }).map((polygon) => ({
      ContourImageSequence: source.images[slice].map(imageReference),
      ContourGeometricType: 'CLOSED_PLANAR',
      NumberOfContourPoints: polygon.length,
      ContourData: polygon.flatMap(([x, y]) =>
        indexToLps(source, [x, y, slice]).map((value) => decimalString(value, DECIMALS)),
      ),
    }));
  }).flat();
}

function referencedFrame(source: IdentifiedSource): Attributes {
  const series = { SeriesInstanceUID: source.seriesUid, ContourImageSequence: instancesOf(source) };
  return {
    FrameOfReferenceUID: source.frameOfReferenceUid,
    RTReferencedStudySequence: [
      {
        ReferencedSOPClassUID: STUDY_CLASS,
        ReferencedSOPInstanceUID: source.studyUid,
        RTReferencedSeriesSequence: [series],
      },
    ],
  };
}

/** An RT structure set of a series as the bytes of a file; the same for the same identifiers and date. */
export function writeStructureSet(
  source: DicomSource,
  found: readonly FoundObject[],
  options: DicomWriteOptions,
): Uint8Array {
  const from = identify(source);
  const objects = checkObjects(from, found, MAX_ROIS);
  const { date, time } = momentOf(from, options.date);
  const { name, version } = options.algorithm;
  const codes = objects.map(codesOf);
  const description = 'Structure set by biomedparse';
  return encodeDicom(
    {
      ...commonModules(from, options, { sopClassUid: STRUCTURE_SET_CLASS, modality: 'RTSTRUCT', description }),
      OperatorsName: '',
      CodingSchemeIdentificationSequence: codes.some(({ type }) => isPrivate(type)) ? [privateSchemeItem] : undefined,
      StructureSetLabel: 'BIOMEDPARSE',
      StructureSetDate: date,
      StructureSetTime: time,
      ReferencedFrameOfReferenceSequence: [referencedFrame(from)],
      StructureSetROISequence: objects.map((object, i) => ({
        ROINumber: i + 1,
        ReferencedFrameOfReferenceUID: from.frameOfReferenceUid,
        ROIName: codes[i].label,
        ROIDescription: describeObject(object),
        ROIGenerationAlgorithm: 'AUTOMATIC',
        ROIGenerationDescription: oneValue(`${name} ${version}`, 64),
      })),
      ROIContourSequence: objects.map((object, i) => {
        const contours = contourItems(from, object);
        return {
          ROIDisplayColor: colourOf(i),
          ReferencedROINumber: i + 1,
          ContourSequence: contours.length === 0 ? undefined : contours,
        };
      }),
      RTROIObservationsSequence: codes.map((own, i) => ({
        ObservationNumber: i + 1,
        ReferencedROINumber: i + 1,
        RTROIIdentificationCodeSequence: [typeCode(own)],
        RTROIInterpretedType: own.category.CodeMeaning === 'Anatomical Structure' ? 'ORGAN' : '',
        ROIInterpreter: '',
      })),
      ApprovalStatus: 'UNAPPROVED',
    },
    IMPLICIT_LITTLE,
  );
}
