/** YOLO's text files, one per image: a class number and a polygon, or a box (centre, width, height), in shares of the image. Source: Ultralytics. */
import type { Polygon } from '../../image/contours.ts';
import { readFileChecked } from '../../util/files.ts';
import { type Layer, type MaskReading, refuseMask, stackLayers } from './layer.ts';
import { pairs, polygonPixels } from './shapes.ts';

function box([x, y, w, h]: readonly number[]): Polygon {
  return [
    [x - w / 2, y - h / 2],
    [x + w / 2, y - h / 2],
    [x + w / 2, y + h / 2],
    [x - w / 2, y + h / 2],
  ];
}

/** Layers of YOLO's polygons and boxes. */
export const readYolo: MaskReading = async (request) => {
  const [width, height] = request.grid.size;
  const layers: Layer[] = [];
  for (const file of request.files) {
    const lines = (await readFileChecked(file.path)).toString('utf8').split(/\r?\n/);
    const masks = lines.flatMap((line, i) => {
      if (line.trim() === '') return [];
      const [label, ...rest] = line.trim().split(/\s+/);
      const values = rest.map(Number);
      const polygon = values.length === 4 && values.every(Number.isFinite) ? box(values) : pairs(values);
      if (polygon === null || !/^\d+$/.test(label) || values.some((value) => value < -0.5 || value > 1.5)) {
        return refuseMask(file, `line ${i + 1} is no class number with shares of the image`);
      }
      const own = polygon.map(([x, y]) => [x * width, y * height] as const);
      return [{ label, voxels: polygonPixels([own], width, height) }];
    });
    layers.push(...stackLayers(masks, width * height, request, file, true));
  }
  return layers;
};
