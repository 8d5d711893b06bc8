/**
 * COCO object detection: polygons and run lengths (compressed or not) of an image's annotations, by category. Annotations with a box alone are
 * its rectangle. One file for many images. Source: cocodataset.org, data format; pycocotools' maskApi.c for the packed counts.
 */
import type { Polygon } from '../../image/contours.ts';
import { addTo } from '../../util/groups.ts';
import { fillTemplate } from '../recipe/pattern.ts';
import { type Layer, type MaskFile, type MaskReading, refuseMask, stackLayers } from './layer.ts';
import { pairs, polygonPixels } from './shapes.ts';
import { baseName, readJson, sharedReading } from './shared-file.ts';

interface CocoImage {
  readonly id: number | string;
  readonly file_name: string;
  readonly width?: number;
  readonly height?: number;
}

interface CocoShape {
  readonly image_id: number | string;
  readonly category_id: number | string;
  readonly segmentation?: unknown;
  readonly bbox?: unknown;
}

interface Index {
  readonly images: ReadonlyMap<string, readonly CocoImage[]>;
  readonly shapes: ReadonlyMap<number | string, readonly CocoShape[]>;
  readonly categories: ReadonlyMap<number | string, string>;
}

function group<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    addTo(groups, key(item), item);
  }
  return groups;
}

const readIndex = sharedReading(async (path): Promise<Index | string> => {
  const value = (await readJson(path)) as Readonly<Record<string, unknown>> | null;
  const { images, annotations, categories } = value ?? {};
  if (!Array.isArray(images) || !Array.isArray(annotations) || !Array.isArray(categories)) {
    return 'it is no COCO file: the lists images, annotations and categories are needed';
  }
  const named = (images as CocoImage[]).filter((image) => typeof image?.file_name === 'string');
  return {
    images: group(named, ({ file_name }) => baseName(file_name)),
    shapes: group(annotations as CocoShape[], (shape) => shape.image_id),
    categories: new Map((categories as { id: number; name: string }[]).map(({ id, name }) => [id, String(name)])),
  };
});

/** Run lengths packed into text, six bits a letter, differences from the second before. */
function unpackCounts(text: string): number[] {
  const counts: number[] = [];
  for (let at = 0; at < text.length; ) {
    let [value, shift, more] = [0, 0, true];
    while (more && at < text.length) {
      const letter = text.charCodeAt(at++) - 48;
      value |= (letter & 0x1f) << shift;
      more = (letter & 0x20) !== 0;
      shift += 5;
      if (!more && (letter & 0x10) !== 0) value |= -1 << shift;
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}

/** Pixels of run lengths down columns, the first run outside. */
function runPixels(counts: readonly number[], width: number, height: number): number[] | null {
  const found: number[] = [];
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (!(Number.isInteger(count) && count >= 0 && at + count <= width * height)) return null;
    if (i % 2 === 1) for (let k = at; k < at + count; k++) found.push((k % height) * width + Math.floor(k / height));
    at += count;
  }
  return at === width * height ? found : null;
}

function pixelsOf(shape: CocoShape, width: number, height: number, file: MaskFile): number[] {
  const { segmentation, bbox } = shape;
  if (Array.isArray(segmentation) && segmentation.length > 0) {
    const polygons = segmentation.map(pairs);
    if (polygons.includes(null)) return refuseMask(file, 'a polygon in it has fewer than 3 points');
    // separate parts of one object are united, not turned round where they overlap
    return [...new Set(polygons.flatMap((polygon) => polygonPixels([polygon as Polygon], width, height)))];
  }
  if (typeof segmentation === 'object' && segmentation !== null && 'counts' in segmentation) {
    const { counts, size } = segmentation as { readonly counts: unknown; readonly size?: readonly number[] };
    const runs = typeof counts === 'string' ? unpackCounts(counts) : Array.isArray(counts) ? counts : [];
    const fits = size === undefined || (size[0] === height && size[1] === width);
    return (
      (fits ? runPixels(runs, width, height) : null) ?? refuseMask(file, 'run lengths in it do not fill their image')
    );
  }
  if (Array.isArray(bbox) && bbox.length === 4) {
    const [x, y, w, h] = bbox as number[];
    const corners = [
      [x, y],
      [x + w, y],
      [x + w, y + h],
      [x, y + h],
    ] as const;
    return polygonPixels([corners], width, height);
  }
  return [];
}

/** Layers of COCO annotations. */
export const readCoco: MaskReading = async (request) => {
  const layers: Layer[] = [];
  const [width, height] = request.grid.size;
  for (const file of request.files) {
    const index = await readIndex(file.path);
    if (typeof index === 'string') return refuseMask(file, index);
    const key = fillTemplate(request.source.key ?? '{file}', { ...request.captures, ...file.captures });
    const same = index.images.get(baseName(key)) ?? index.images.get(key) ?? [];
    const path = request.captures.path ?? '';
    const image = same.length < 2 ? same[0] : same.find((one) => path.endsWith(one.file_name.replace(/\.[^./]+$/, '')));
    if (image === undefined) {
      if (request.source.missing === 'empty') continue;
      return refuseMask(file, `${same.length < 2 ? 'no' : 'no single'} image in it is named ${key}`);
    }
    if ((image.width ?? width) !== width || (image.height ?? height) !== height) {
      return refuseMask(
        file,
        `it says ${image.width} x ${image.height} pixels of ${key}, the image has ${width} x ${height}`,
      );
    }
    const masks = (index.shapes.get(image.id) ?? []).map((shape) => ({
      label: index.categories.get(shape.category_id) ?? String(shape.category_id),
      voxels: pixelsOf(shape, width, height, file),
    }));
    layers.push(...stackLayers(masks, width * height, request, file, true));
  }
  return layers;
};
