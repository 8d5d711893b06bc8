/**
 * The data elements that are read here, with the value representations that implicit VR files do not name.
 * `xs` is US or SS, by Pixel Representation. Source: DICOM PS3.6.
 */

/** Tags by keyword. */
export const TAG = {
  TransferSyntaxUID: 0x00020010,
  SpecificCharacterSet: 0x00080005,
  SOPClassUID: 0x00080016,
  SOPInstanceUID: 0x00080018,
  Modality: 0x00080060,
  StudyDescription: 0x00081030,
  SeriesDescription: 0x0008103e,
  PatientName: 0x00100010,
  PatientID: 0x00100020,
  SliceThickness: 0x00180050,
  SpacingBetweenSlices: 0x00180088,
  ImagerPixelSpacing: 0x00181164,
  StudyInstanceUID: 0x0020000d,
  SeriesInstanceUID: 0x0020000e,
  InstanceNumber: 0x00200013,
  ImagePositionPatient: 0x00200032,
  ImageOrientationPatient: 0x00200037,
  FrameOfReferenceUID: 0x00200052,
  PlanePositionSequence: 0x00209113,
  PlaneOrientationSequence: 0x00209116,
  SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004,
  PlanarConfiguration: 0x00280006,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  PixelSpacing: 0x00280030,
  BitsAllocated: 0x00280100,
  BitsStored: 0x00280101,
  HighBit: 0x00280102,
  PixelRepresentation: 0x00280103,
  PixelPaddingValue: 0x00280120,
  PixelPaddingRangeLimit: 0x00280121,
  WindowCenter: 0x00281050,
  WindowWidth: 0x00281051,
  RescaleIntercept: 0x00281052,
  RescaleSlope: 0x00281053,
  WindowExplanation: 0x00281055,
  VOILUTFunction: 0x00281056,
  RedPaletteDescriptor: 0x00281101,
  GreenPaletteDescriptor: 0x00281102,
  BluePaletteDescriptor: 0x00281103,
  RedPaletteData: 0x00281201,
  GreenPaletteData: 0x00281202,
  BluePaletteData: 0x00281203,
  SegmentedRedPaletteData: 0x00281221,
  ModalityLUTSequence: 0x00283000,
  LUTDescriptor: 0x00283002,
  LUTData: 0x00283006,
  VOILUTSequence: 0x00283010,
  PixelMeasuresSequence: 0x00289110,
  FrameVOILUTSequence: 0x00289132,
  PixelValueTransformationSequence: 0x00289145,
  SharedFunctionalGroupsSequence: 0x52009229,
  PerFrameFunctionalGroupsSequence: 0x52009230,
  ExtendedOffsetTable: 0x7fe00001,
  FloatPixelData: 0x7fe00008,
  DoubleFloatPixelData: 0x7fe00009,
  PixelData: 0x7fe00010,
} as const;

const BY_VR: Readonly<Record<string, readonly (keyof typeof TAG)[]>> = {
  UI: ['SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID', 'FrameOfReferenceUID'],
  CS: ['SpecificCharacterSet', 'Modality', 'PhotometricInterpretation', 'VOILUTFunction'],
  LO: ['StudyDescription', 'SeriesDescription', 'PatientID', 'WindowExplanation'],
  PN: ['PatientName'],
  IS: ['InstanceNumber', 'NumberOfFrames'],
  DS: [
    'SliceThickness',
    'SpacingBetweenSlices',
    'ImagerPixelSpacing',
    'ImagePositionPatient',
    'ImageOrientationPatient',
    'PixelSpacing',
    'WindowCenter',
    'WindowWidth',
    'RescaleIntercept',
    'RescaleSlope',
  ],
  US: [
    'SamplesPerPixel',
    'PlanarConfiguration',
    'Rows',
    'Columns',
    'BitsAllocated',
    'BitsStored',
    'HighBit',
    'PixelRepresentation',
  ],
  xs: [
    'PixelPaddingValue',
    'PixelPaddingRangeLimit',
    'RedPaletteDescriptor',
    'GreenPaletteDescriptor',
    'BluePaletteDescriptor',
    'LUTDescriptor',
  ],
  OW: ['RedPaletteData', 'GreenPaletteData', 'BluePaletteData', 'SegmentedRedPaletteData', 'LUTData', 'PixelData'],
  SQ: [
    'PlanePositionSequence',
    'PlaneOrientationSequence',
    'ModalityLUTSequence',
    'VOILUTSequence',
    'PixelMeasuresSequence',
    'FrameVOILUTSequence',
    'PixelValueTransformationSequence',
    'SharedFunctionalGroupsSequence',
    'PerFrameFunctionalGroupsSequence',
  ],
  OV: ['ExtendedOffsetTable'],
  OF: ['FloatPixelData'],
  OD: ['DoubleFloatPixelData'],
};

/** Value representation by tag, of what is read here. */
export const VR_OF: ReadonlyMap<number, string> = new Map(
  Object.entries(BY_VR).flatMap(([vr, names]) => names.map((name) => [TAG[name], vr] as const)),
);

/** `(0028,0010)` of a tag. */
export function tagName(tag: number): string {
  const hex = tag.toString(16).padStart(8, '0');
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}

/** Objects that hold no image, by the start of their SOP Class UID, in words. */
export const IMAGELESS: readonly (readonly [string, string])[] = [
  ['1.2.840.10008.1.3.10', 'a DICOMDIR'],
  ['1.2.840.10008.5.1.4.1.1.88', 'a structured report'],
  ['1.2.840.10008.5.1.4.1.1.104', 'an encapsulated document (PDF, CDA or model)'],
  ['1.2.840.10008.5.1.4.1.1.11', 'a presentation state'],
  ['1.2.840.10008.5.1.4.1.1.481.3', 'an RT structure set'],
  ['1.2.840.10008.5.1.4.1.1.481.5', 'an RT plan'],
  ['1.2.840.10008.5.1.4.1.1.481.8', 'an RT ion plan'],
  ['1.2.840.10008.5.1.4.1.1.9', 'a waveform'],
  ['1.2.840.10008.5.1.4.1.1.66', 'raw data, a registration or a surface'],
  ['1.2.840.10008.5.1.4.1.1.4.2', 'a spectroscopy object'],
];
