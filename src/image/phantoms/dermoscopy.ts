/** A dermoscopy image: one pigmented lesion with a network and darker parts on skin, some hairs, dim corners. */
import type { Random } from '../../util/random.ts';
import { fractalNoise, grain, smoothNoise } from './noise.ts';
import { add, blur, constant, fromFunction, paint, times, toImage, toMask } from './plane.ts';
import { drawStrokes, ellipse, fillPolygon, roundWobble, type Stroke, spline } from './shapes.ts';
import type { Phantom, Plane, Point } from './types.ts';

/** Ridges of smooth noise: a net of thin lines, 0..1. */
function network(size: number, random: Random): Plane {
  const noise = smoothNoise(size, 34, 34, random);
  const other = smoothNoise(size, 30, 30, random);
  return noise.map((value, i) => Math.max(0, 1 - 4.5 * Math.min(Math.abs(value), Math.abs(other[i]))));
}

/** A hair across the image. */
function hair(random: Random): Stroke {
  const angle = random.uniform(0, 2 * Math.PI);
  const [x, y] = [random.uniform(0.1, 0.9), random.uniform(0.1, 0.9)];
  const length = random.uniform(0.15, 0.4);
  const bend = random.uniform(-0.08, 0.08);
  const at = (t: number, off: number): Point => [
    x + t * length * Math.cos(angle) - off * Math.sin(angle),
    y + t * length * Math.sin(angle) + off * Math.cos(angle),
  ];
  return { points: spline([at(-1, 0), at(-0.4, bend), at(0.4, bend), at(1, 0)], false), from: 0.0024, to: 0.0012 };
}

/** Draws the image. */
export function drawDermoscopy(size: number, random: Random): Omit<Phantom, 'kind'> {
  const warmth = random.uniform(-0.03, 0.03);
  const tone = fractalNoise(size, 3, 4, random);
  const pores = fractalNoise(size, 40, 2, random);
  const light = fromFunction(size, (x, y) => 1 - 0.3 * Math.max(0, Math.hypot(x - 0.5, y - 0.5) - 0.32) * 2);
  const planes = [0.83 + warmth, 0.66, 0.58 - warmth].map((value, c) =>
    light.map((strength, i) => strength * value + (0.018 + 0.006 * c) * tone[i] + 0.012 * pores[i]),
  );

  const centre: Point = [0.5 + random.uniform(-0.05, 0.05), 0.5 + random.uniform(-0.05, 0.05)];
  const rx = random.uniform(0.2, 0.27);
  const ry = rx * random.uniform(0.75, 0.95);
  const outline = ellipse(centre, rx, ry, random.uniform(0, Math.PI), roundWobble(random, 0.07, 9));
  const lesion = fillPolygon(outline, size);
  const soft = blur(lesion, size, 0.009);
  const inner = blur(lesion, size, 0.045);

  const brown = [0.55, 0.36, 0.25].map((value, c) => {
    const colour = constant(size, value);
    add(colour, tone, 0.03);
    add(colour, pores, 0.03);
    add(colour, inner, -0.08 - 0.02 * c);
    return colour;
  });
  const patches = blur(
    fractalNoise(size, 5, 3, random).map((value) => (value > 0.42 ? 1 : 0)),
    size,
    0.012,
  );
  paint(brown, times(patches, inner), [0.23, 0.14, 0.11], 0.75);
  const net = blur(network(size, random), size, 0.002);
  paint(brown, net, [0.3, 0.18, 0.12], 0.4);
  paint(planes, soft, brown, 0.93);

  const hairs = Array.from({ length: 2 + random.integer(4) }, () => hair(random));
  paint(planes, drawStrokes(hairs, size), [0.2, 0.14, 0.12], 0.8);
  for (const plane of planes) add(plane, grain(size, random), 0.01);
  return {
    modality: 'dermoscopy',
    site: 'skin',
    image: toImage(planes, size),
    masks: [{ target: 'skin lesion', mask: toMask(lesion, size) }],
  };
}
