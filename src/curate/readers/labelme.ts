/** labelme's JSON, one file per image: polygons, rectangles and circles by label; lines and points enclose nothing. Source: wkentaro/labelme. */
import type { Polygon } from '../../image/contours.ts';
import { type Layer, type MaskFile, type MaskReading, refuseMask, stackLayers } from './layer.ts';
import { ellipse, polygonPixels } from './shapes.ts';
import { readJson } from './shared-file.ts';

interface Shape {
  readonly label?: unknown;
  readonly points?: unknown;
  readonly shape_type?: unknown;
}

function outline({ points, shape_type: type = 'polygon' }: Shape, file: MaskFile): Polygon | null {
  const list = points as Polygon;
  const fine =
    Array.isArray(points) && list.every((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite));
  if (!fine) return refuseMask(file, 'a shape in it has no points [x, y]');
  if (type === 'polygon' || type === null) return list.length >= 3 ? list : null;
  const [[x0, y0], [x1, y1]] = list.length >= 2 ? list : [[0, 0] as const, [0, 0] as const];
  if (type === 'rectangle') {
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  }
  if (type === 'circle') return ellipse(x0, y0, Math.hypot(x1 - x0, y1 - y0), Math.hypot(x1 - x0, y1 - y0));
  if (['line', 'linestrip', 'point', 'points'].includes(String(type))) return null;
  return refuseMask(file, `shape_type ${JSON.stringify(type)} is not read; allowed: polygon, rectangle, circle`);
}

/** Layers of labelme's shapes. */
export const readLabelme: MaskReading = async (request) => {
  const [width, height] = request.grid.size;
  const layers: Layer[] = [];
  for (const file of request.files) {
    const value = (await readJson(file.path)) as Readonly<Record<string, unknown>> | null;
    const { shapes, imageWidth = width, imageHeight = height } = value ?? {};
    if (!Array.isArray(shapes)) return refuseMask(file, 'it is no labelme file: the list shapes is missing');
    if ((imageWidth ?? width) !== width || (imageHeight ?? height) !== height) {
      return refuseMask(file, `it says ${imageWidth} x ${imageHeight} pixels, its image has ${width} x ${height}`);
    }
    const masks = (shapes as Shape[]).flatMap((shape) => {
      const polygon = outline(shape, file);
      const label = String(shape.label ?? '');
      return polygon === null ? [] : [{ label, voxels: polygonPixels([polygon], width, height) }];
    });
    layers.push(...stackLayers(masks, width * height, request, file, true));
  }
  return layers;
};
