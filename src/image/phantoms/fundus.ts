/**
 * A colour photograph of the retina: optic disc with cup, vessels that branch from it, macula, round field of view.
 * The vessel mask holds pixels that a vessel covers by more than half: in small pictures the thinnest ones are left out.
 */
import type { Random } from '../../util/random.ts';
import { fractalNoise, grain } from './noise.ts';
import { add, blur, constant, fromFunction, paint, times, toImage, toMask } from './plane.ts';
import { drawStrokes, ellipse, fillPolygon, roundWobble, type Stroke, spline } from './shapes.ts';
import type { Phantom, Plane, Point } from './types.ts';

interface Vessel {
  readonly start: Point;
  /** Radians, measured from the direction of the macula; upper vessels have negative headings. */
  readonly heading: number;
  /** Heading that it bends to. */
  readonly aim: number;
  /** Length in parts of the side, half width at the start. */
  readonly length: number;
  readonly width: number;
}

const STEP = 0.012;

/** Strokes of a vessel and its branches; `towards` is 1 if the macula lies to the right of the disc. */
function grow(vessel: Vessel, depth: number, towards: number, random: Random, strokes: Stroke[]): void {
  const { aim, length, width } = vessel;
  let [x, y] = vessel.start;
  let heading = vessel.heading;
  let drift = 0;
  const points: Point[] = [[x, y]];
  const count = Math.max(3, Math.round(length / STEP));
  const end = width * (depth > 1 ? 0.45 : 0.55);
  let next = Math.round(random.uniform(0.15, 0.3) * count);
  let side = random.next() < 0.5 ? -1 : 1;
  for (let i = 1; i <= count; i++) {
    drift = 0.75 * drift + 0.07 * random.normal();
    heading += (aim - heading) * 0.045 + drift;
    x += STEP * Math.cos(heading) * towards;
    y += STEP * Math.sin(heading);
    points.push([x, y]);
    if (i !== next || depth === 0) continue;
    next += Math.max(3, Math.round(random.uniform(0.14, 0.26) * count));
    const turn = side * random.uniform(0.5, 0.95);
    const here = width + (end - width) * (i / count);
    grow(
      {
        start: [x, y],
        heading: heading + turn,
        aim: heading + turn * 0.6,
        length: length * random.uniform(0.3, 0.5),
        width: here * random.uniform(0.55, 0.72),
      },
      depth - 1,
      towards,
      random,
      strokes,
    );
    side = -side;
  }
  strokes.push({ points: spline(points, false, 3), from: width, to: end });
}

/** Arteries and veins: two arcades round the macula and smaller ones to the nasal side. */
function vesselTree(disc: Point, towards: number, random: Random): { arteries: Stroke[]; veins: Stroke[] } {
  const tree = { arteries: [] as Stroke[], veins: [] as Stroke[] };
  for (const [strokes, width, turn] of [
    [tree.veins, 0.0078, 0],
    [tree.arteries, 0.0055, 0.22],
  ] as const) {
    for (const up of [-1, 1]) {
      const start: Point = [disc[0] + 0.012 * random.normal(), disc[1] + up * 0.012];
      const arcade = { start, heading: up * (1.55 - turn), aim: up * random.uniform(-0.1, 0.12), length: 0.75, width };
      grow(arcade, 3, towards, random, strokes);
      const heading = up * (2.1 + turn + random.uniform(-0.15, 0.15));
      grow({ start, heading, aim: heading * 1.05, length: 0.35, width: width * 0.75 }, 2, towards, random, strokes);
    }
    for (const heading of [-0.55, 0.5]) {
      grow(
        { start: disc, heading: heading + turn, aim: 0, length: 0.2, width: width * 0.4 },
        1,
        towards,
        random,
        strokes,
      );
    }
  }
  return tree;
}

/** Draws the photograph. */
export function drawFundus(size: number, random: Random): Omit<Phantom, 'kind'> {
  const towards = random.next() < 0.5 ? 1 : -1;
  const disc: Point = [0.5 - towards * random.uniform(0.17, 0.23), 0.49 + random.uniform(-0.02, 0.02)];
  const macula: Point = [disc[0] + towards * 0.33, disc[1] + 0.025];
  const field = fillPolygon(ellipse([0.5, 0.5], 0.475, 0.475), size);
  const distance = ([cx, cy]: Point): Plane => fromFunction(size, (x, y) => Math.hypot(x - cx, y - cy));

  const toMacula = distance(macula);
  const toMiddle = distance([0.5, 0.5]);
  const toDisc = distance(disc);
  const clouds = fractalNoise(size, 4, 4, random);
  const fine = fractalNoise(size, 30, 3, random);
  const light = Float32Array.from(toMiddle, (r, i) => {
    const vignette = 1 - 0.55 * Math.min(1, r / 0.475) ** 3;
    const glow = 1 + 0.22 * Math.exp(-((toDisc[i] / 0.2) ** 2));
    const dark = 1 - 0.34 * Math.exp(-((toMacula[i] / 0.075) ** 2));
    return vignette * glow * dark * (1 + 0.05 * clouds[i] + 0.018 * fine[i]);
  });
  const warmth = random.uniform(-0.03, 0.03);
  const retina = [0.78, 0.4 + warmth, 0.16 + warmth].map((value) => light.map((strength) => value * strength));

  const radius = random.uniform(0.072, 0.084);
  const outline = ellipse(disc, radius * 0.95, radius * 1.05, random.uniform(-0.3, 0.3), roundWobble(random, 0.015));
  const ratio = random.uniform(0.5, 0.62);
  const cupCentre: Point = [disc[0] + towards * radius * 0.08, disc[1]];
  const cupOutline = ellipse(cupCentre, radius * ratio, radius * ratio * 1.05, 0, roundWobble(random, 0.02));
  const discCover = fillPolygon(outline, size);
  const cup = fillPolygon(cupOutline, size);
  paint(retina, blur(discCover, size, 0.006), [0.96, 0.7, 0.36], 0.9);
  paint(retina, blur(cup, size, 0.008), [1, 0.9, 0.62], 0.9);

  const { arteries, veins } = vesselTree(disc, towards, random);
  const veinCover = drawStrokes(veins, size);
  const arteryCover = drawStrokes(arteries, size);
  const darker = (factors: readonly number[]): Plane[] =>
    retina.map((plane, c) => plane.map((value, i) => Math.min(value, light[i] * 0.9) * factors[c]));
  paint(retina, blur(arteryCover, size, 0.0016), darker([0.84, 0.58, 0.55]), 0.9);
  paint(retina, blur(veinCover, size, 0.0016), darker([0.68, 0.42, 0.45]), 0.95);

  const edge = blur(field, size, 0.004);
  const planes = retina.map((plane) => {
    const out = constant(size, 0.012);
    add(out, times(plane, edge), 1);
    add(out, times(grain(size, random), edge), 0.012);
    return out;
  });
  const vessels = veinCover.map((value, i) => (field[i] ? Math.max(value, arteryCover[i]) : 0));
  return {
    modality: 'fundus',
    site: 'retinal',
    image: toImage(planes, size),
    masks: [
      { target: 'optic disc', mask: toMask(discCover, size) },
      { target: 'optic cup', mask: toMask(cup, size) },
      { target: 'retinal vessel', mask: toMask(vessels, size) },
    ],
  };
}
