/** Outlines and lines in parts of the side, and how they cover pixels. */
import type { Random } from '../../util/random.ts';
import type { Plane, Point } from './types.ts';

/** A smooth curve through points (Catmull-Rom); closed ones run back to the first point. */
export function spline(points: readonly Point[], closed: boolean, steps = 10): Point[] {
  const n = points.length;
  const at = (i: number): Point => points[closed ? (i + n) % n : Math.min(n - 1, Math.max(0, i))];
  const curve: Point[] = [];
  for (let i = 0; i < (closed ? n : n - 1); i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      const along = (k: 0 | 1): number =>
        0.5 *
        (2 * b[k] +
          (c[k] - a[k]) * t +
          (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t +
          (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t * t * t);
      curve.push([along(0), along(1)]);
    }
  }
  if (!closed) curve.push(points[n - 1]);
  return curve;
}

/** Pixels whose centre lies inside a polygon (even-odd rule). */
export function fillPolygon(polygon: readonly Point[], size: number): Uint8Array {
  const inside = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    const v = (y + 0.5) / size;
    const crossings: number[] = [];
    for (let i = 0; i < polygon.length; i++) {
      const [x0, y0] = polygon[i];
      const [x1, y1] = polygon[(i + 1) % polygon.length];
      if (y0 <= v !== y1 <= v) crossings.push(x0 + ((v - y0) / (y1 - y0)) * (x1 - x0));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i] * size - 0.5));
      const to = Math.min(size, Math.ceil(crossings[i + 1] * size - 0.5));
      if (from < to) inside.fill(1, y * size + from, y * size + to);
    }
  }
  return inside;
}

/** Pixels inside a smooth closed curve through the points. */
export function region(points: readonly Point[], size: number): Uint8Array {
  return fillPolygon(spline(points, true), size);
}

/** An ellipse turned by `angle` (radians), its radius varied by `wobble(angle)` (1 = none). */
export function ellipse(
  [x, y]: Point,
  rx: number,
  ry: number,
  angle = 0,
  wobble: (angle: number) => number = () => 1,
): Point[] {
  return Array.from({ length: 48 }, (_, i) => {
    const t = (2 * Math.PI * i) / 48;
    const [u, v] = [rx * Math.cos(t) * wobble(t), ry * Math.sin(t) * wobble(t)];
    return [x + u * Math.cos(angle) - v * Math.sin(angle), y + u * Math.sin(angle) + v * Math.cos(angle)];
  });
}

/** A random smooth factor round a circle: 1 plus waves of 2 to `waves` periods, weaker the more periods they have. */
export function roundWobble(random: Random, amount: number, waves = 6): (angle: number) => number {
  const parts = Array.from({ length: waves - 1 }, (_, i) => ({
    periods: i + 2,
    phase: random.uniform(0, 2 * Math.PI),
    strength: (amount * random.uniform(0.5, 1.2)) / Math.sqrt(i + 2),
  }));
  return (angle) =>
    parts.reduce((sum, { periods, phase, strength }) => sum + strength * Math.sin(periods * angle + phase), 1);
}

/** A small random change of place, size and proportion, the same for every point of one phantom. */
export function pose(random: Random, shift: number, stretch: number): (point: Point) => Point {
  const [dx, dy] = [random.uniform(-shift, shift), random.uniform(-shift, shift)];
  const [sx, sy] = [1 + random.uniform(-stretch, stretch), 1 + random.uniform(-stretch, stretch)];
  return ([x, y]) => [0.5 + (x - 0.5) * sx + dx, 0.5 + (y - 0.5) * sy + dy];
}

/** Points each moved a little on their own. */
export function jitter(points: readonly Point[], random: Random, amount: number): Point[] {
  return points.map(([x, y]) => [x + amount * random.normal(), y + amount * random.normal()]);
}

/** A line with a half width at its start and end, in parts of the side. */
export interface Stroke {
  readonly points: readonly Point[];
  readonly from: number;
  readonly to: number;
}

/** How much of each pixel strokes cover, 0..1; where strokes cross, the greater. */
export function drawStrokes(strokes: readonly Stroke[], size: number): Plane {
  const cover = new Float32Array(size * size);
  for (const { points, from, to } of strokes) {
    const segments = points.length - 1;
    for (let i = 0; i < segments; i++) {
      const [ax, ay] = [points[i][0] * size, points[i][1] * size];
      const [bx, by] = [points[i + 1][0] * size, points[i + 1][1] * size];
      const radius = (from + ((to - from) * (i + 0.5)) / segments) * size;
      const reach = radius + 1;
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const [top, bottom] = [
        Math.max(0, Math.floor(Math.min(ay, by) - reach)),
        Math.min(size, Math.max(ay, by) + reach),
      ];
      const [left, right] = [
        Math.max(0, Math.floor(Math.min(ax, bx) - reach)),
        Math.min(size, Math.max(ax, bx) + reach),
      ];
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
          const t = length === 0 ? 0 : Math.min(1, Math.max(0, (px * (bx - ax) + py * (by - ay)) / length));
          const distance = Math.hypot(px - t * (bx - ax), py - t * (by - ay));
          // A line thinner than a pixel covers it in part only.
          const value = Math.min(1, Math.max(0, radius + 0.5 - distance)) * Math.min(1, 2 * radius);
          if (value > cover[y * size + x]) cover[y * size + x] = value;
        }
      }
    }
  }
  return cover;
}
