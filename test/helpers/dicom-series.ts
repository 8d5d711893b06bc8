/** A small CT series of a patient whose attributes must not be told. */
import { type Attributes, dicomFile, greyImage } from './dicom.ts';

export const STUDY = '1.2.826.0.1.3680043.10.1';
export const SERIES = `${STUDY}.1`;

/** What names the patient; nothing of it may stand in a message. */
export const PATIENT = {
  PatientName: 'Secretive^Jane',
  PatientID: 'SECRET-4711',
  PatientBirthDate: '19430217',
  AccessionNumber: 'ACC-99',
  StudyDescription: 'Secret study',
  ReferringPhysicianName: 'Secretdoc^John',
} as const;

/** Slice k of 5 of an oblique CT of 32 x 24 x 5 voxels with a bright block in slices 1 to 3. */
export function patientSlice(k: number, changes: Attributes = {}): Buffer {
  const samples = new Uint16Array(32 * 24).fill(24);
  for (let y = 6; y < 18; y++) if (k > 0 && k < 4) samples.fill(1324, y * 32 + 8, y * 32 + 20);
  const series = String(changes.SeriesInstanceUID ?? SERIES);
  return dicomFile(
    greyImage(32, 24, samples, {
      ...PATIENT,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      SOPInstanceUID: `${series}.${k + 1}`,
      Modality: 'CT',
      StudyInstanceUID: STUDY,
      SeriesInstanceUID: series,
      SeriesNumber: 3,
      FrameOfReferenceUID: `${STUDY}.9`,
      InstanceNumber: k + 1,
      ImagePositionPatient: [-20.5, 10, 30 + 2.5 * k],
      ImageOrientationPatient: [0.8, 0.6, 0, -0.6, 0.8, 0],
      PixelSpacing: [1.25, 0.75],
      SliceThickness: 2.5,
      RescaleSlope: 1,
      RescaleIntercept: -1024,
      ...changes,
    }),
  );
}
