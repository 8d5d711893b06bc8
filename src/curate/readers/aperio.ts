/** Aperio ImageScope's XML: regions of named annotations in pixels of the whole image; a negative region is a hole. Source: ImageScope's files. */
import { attribute, children, parseXml, type XmlElement } from '../../formats/xml.ts';
import type { Polygon } from '../../image/contours.ts';
import { readFileChecked } from '../../util/files.ts';
import { type Layer, type MaskFile, type MaskReading, refuseMask, stackLayers } from './layer.ts';
import { polygonPixels } from './shapes.ts';

function outline(region: XmlElement, file: MaskFile): Polygon {
  const vertices = children(region, 'Vertices').flatMap((list) => children(list, 'Vertex'));
  return vertices.map((vertex): readonly [number, number] => {
    const [x, y] = [attribute(vertex, 'X'), attribute(vertex, 'Y')].map((text) =>
      text === '' ? Number.NaN : Number(text),
    );
    return Number.isFinite(x) && Number.isFinite(y)
      ? [x, y]
      : refuseMask(file, 'a vertex in it has no numbers X and Y');
  });
}

/** Layers of an ImageScope file's regions. */
export const readAperio: MaskReading = async (request) => {
  const [width, height] = request.grid.size;
  const layers: Layer[] = [];
  for (const file of request.files) {
    const root = parseXml((await readFileChecked(file.path)).toString('utf8'), file.name);
    const annotations = children(root, 'Annotations').flatMap((list) => children(list, 'Annotation'));
    if (children(root, 'Annotations').length === 0) return refuseMask(file, 'it has no element Annotations');
    const masks = annotations.flatMap((annotation) => {
      const label = attribute(annotation, 'Name').trim() || attribute(annotation, 'Id');
      const regions = children(annotation, 'Regions').flatMap((list) => children(list, 'Region'));
      const negative = (region: XmlElement): boolean => attribute(region, 'NegativeROA') === '1';
      const holes = new Set(
        regions.filter(negative).flatMap((region) => polygonPixels([outline(region, file)], width, height)),
      );
      return regions
        .filter((region) => !negative(region))
        .map((region) => ({
          label,
          voxels: polygonPixels([outline(region, file)], width, height).filter((at) => !holes.has(at)),
        }));
    });
    layers.push(...stackLayers(masks, width * height, request, file, true));
  }
  return layers;
};
