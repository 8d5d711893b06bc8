/** Readers of masks by their name in a recipe. */
import type { MaskReader } from '../recipe/schema.ts';
import { readAperio } from './aperio.ts';
import { readCoco } from './coco.ts';
import { readRegions, readSegments } from './dicom-objects.ts';
import { readLabelme } from './labelme.ts';
import type { MaskReading } from './layer.ts';
import { readLidc } from './lidc.ts';
import { readRuns } from './runs.ts';
import { readValues } from './values.ts';
import { readYolo } from './yolo.ts';

export const maskReaders: Readonly<Record<MaskReader, MaskReading>> = {
  labels: readValues,
  binary: readValues,
  instances: readValues,
  colour: readValues,
  bits: readValues,
  coco: readCoco,
  labelme: readLabelme,
  yolo: readYolo,
  'dicom-seg': readSegments,
  rtstruct: readRegions,
  'lidc-xml': readLidc,
  'aperio-xml': readAperio,
  'rle-csv': readRuns,
};
