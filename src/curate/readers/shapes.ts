/**
 * Outlines as voxels. Coordinates are those of the formats: x to the right and y down from the upper left corner of the first pixel, whose centre
 * is at 0.5; a pixel is inside where its centre is, by the even-odd rule.
 */
import { fillPolygon, type Polygon } from '../../image/contours.ts';

/** Rows of pixels that one polygon may be filled over: bounds the work. */
const MOST_SIDE = 100_000;

/** Places in an image `[height, width]` of the pixels in polygons; a polygon within another is a hole. */
export function polygonPixels(polygons: readonly Polygon[], width: number, height: number): number[] {
  const points = polygons.flat();
  if (points.length === 0) return [];
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  [left, top] = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top))];
  [right, bottom] = [Math.min(width, Math.ceil(right)), Math.min(height, Math.ceil(bottom))];
  const [w, h] = [right - left, bottom - top];
  if (!(w > 0 && h > 0 && w <= MOST_SIDE && h <= MOST_SIDE)) return [];
  const mask = { data: new Uint8Array(w * h), width: w, height: h };
  for (const polygon of polygons) {
    fillPolygon(
      mask,
      polygon.map(([x, y]) => [x - left - 0.5, y - top - 0.5] as const),
    );
  }
  const found: number[] = [];
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] !== 0) found.push((top + Math.floor(i / w)) * width + left + (i % w));
  }
  return found;
}

/** Pairs of numbers as a polygon; null where they are none. */
export function pairs(values: unknown): Polygon | null {
  if (!Array.isArray(values) || values.length < 6 || values.length % 2 !== 0) return null;
  if (!values.every((value) => typeof value === 'number' && Number.isFinite(value))) return null;
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]] as const);
}

/** A circle or ellipse as a polygon. */
export function ellipse(x: number, y: number, rx: number, ry: number): Polygon {
  return Array.from({ length: 64 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 64;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const;
  });
}
