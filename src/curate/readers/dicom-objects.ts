/** DICOM segmentations and RT structure sets on the grid of their image, by the labels of segments and the names of regions. */
import { readSegmentation } from '../../formats/dicom/segmentation-read.ts';
import { readStructureSet } from '../../formats/dicom/structure-set-read.ts';
import type { MaskVolume } from '../../image/volume.ts';
import {
  type Layer,
  type MaskFile,
  type MaskReading,
  type MaskRequest,
  refuseMask,
  stackLayers,
  targetsBy,
} from './layer.ts';

function* marked({ data }: MaskVolume): Iterable<number> {
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) yield i;
}

/** What is wanted of labels; those that mean nothing are not made into masks. */
function wanted(label: string, request: MaskRequest, file: MaskFile): boolean {
  return targetsBy(request.source, file, request.field)(label).length > 0;
}

function checkPlace(request: MaskRequest, file: MaskFile): void {
  if (!request.placed)
    refuseMask(file, 'its image does not say where it lies, so that the two cannot be brought together');
}

/** Layers of the segments of DICOM SEG objects. */
export const readSegments: MaskReading = async (request) => {
  const layers: Layer[] = [];
  for (const file of request.files) {
    checkPlace(request, file);
    const { segments, mask } = await readSegmentation(file.path, { grid: request.grid });
    const masks: { label: string; voxels: Iterable<number> }[] = [];
    for (const { number, label, type } of segments) {
      const name = label ?? type?.meaning ?? String(number);
      if (wanted(name, request, file)) masks.push({ label: name, voxels: marked(await mask(number)) });
    }
    const { size } = request.grid;
    layers.push(...stackLayers(masks, size[0] * size[1] * size[2], request, file));
  }
  return layers;
};

/** Layers of the regions of RT structure sets. */
export const readRegions: MaskReading = async (request) => {
  const layers: Layer[] = [];
  for (const file of request.files) {
    checkPlace(request, file);
    const { rois, mask } = await readStructureSet(file.path);
    const masks = rois.flatMap(({ number, name }) => {
      const label = name ?? String(number);
      return wanted(label, request, file) ? [{ label, voxels: marked(mask(number, request.grid)) }] : [];
    });
    const { size } = request.grid;
    layers.push(...stackLayers(masks, size[0] * size[1] * size[2], request, file));
  }
  return layers;
};
