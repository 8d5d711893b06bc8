/**
 * What a header says of the patient in the pixels themselves, which no de-identification of attributes removes. Burnt-in text
 * is a warning of its own (image/checks). Source: DICOM PS3.3 C.7.6.1 (general image), PS3.15 E.3.2.
 */
import type { DataSet } from './dataset.ts';
import { TAG } from './tags.ts';
import { text } from './values.ts';

/** Sentences for the user; none if the header says nothing of the kind. */
export function pixelPrivacy(dataset: DataSet): string[] {
  return text(dataset, TAG.RecognizableVisualFeatures)?.toUpperCase() === 'YES'
    ? ['the header says that the patient can be recognised in the image: pictures and volumes made of it show it too']
    : [];
}
