/**
 * Masks as GeoJSON (RFC 7946) in pixel coordinates, as QuPath opens them: one annotation per object with its class, x to the
 * right, y down, (0, 0) the upper left corner of the first pixel; `plane.z` says which slice of a stack it lies in.
 * Source: RFC 7946; QuPath documentation, "Exporting annotations".
 */
import { outlines, type Polygon } from '../image/outlines.ts';
import type { Mask } from '../image/types.ts';

/** One object that was found. */
export interface GeoJsonObject {
  readonly name: string;
  readonly mask: Mask;
  /** Slice of a stack, from 0; left out for a single image. */
  readonly z?: number;
  readonly measurements: Readonly<Record<string, number>>;
}

/** Polygons as a geometry. */
export function geoJsonShape(polygons: readonly Polygon[]) {
  return polygons.length === 1
    ? { type: 'Polygon', coordinates: polygons[0] }
    : { type: 'MultiPolygon', coordinates: polygons };
}

/** A feature collection; objects with an empty mask are left out. */
export function geoJson(objects: readonly GeoJsonObject[]) {
  const features = objects.flatMap(({ name, mask, z, measurements }) => {
    const polygons = outlines(mask);
    if (polygons.length === 0) return [];
    return [
      {
        type: 'Feature',
        geometry: { ...geoJsonShape(polygons), ...(z === undefined ? {} : { plane: { c: -1, z, t: 0 } }) },
        properties: { objectType: 'annotation', name, classification: { name }, measurements },
      },
    ];
  });
  return { type: 'FeatureCollection', features };
}
