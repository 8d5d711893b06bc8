/** An axial abdomen CT in a soft-tissue window, contrast given: organs in fat inside the body wall. The patient's left is on the right. */
import type { Random } from '../../util/random.ts';
import { fractalNoise, grain } from './noise.ts';
import { add, blur, constant, mix, times, toImage, toMask } from './plane.ts';
import { drawStrokes, ellipse, fillPolygon, jitter, pose, region, roundWobble, type Stroke, spline } from './shapes.ts';
import type { Phantom, Point } from './types.ts';

// biome-ignore format: rows of points
const LIVER: readonly Point[] = [
  [0.13, 0.42], [0.17, 0.335], [0.24, 0.275], [0.34, 0.24], [0.45, 0.235], [0.54, 0.25], [0.55, 0.28], [0.5, 0.31],
  [0.45, 0.345], [0.4, 0.385], [0.375, 0.43], [0.36, 0.48], [0.33, 0.51], [0.27, 0.545], [0.22, 0.61], [0.17, 0.61],
  [0.135, 0.53],
];
// biome-ignore format: rows of points
const SPLEEN: readonly Point[] = [
  [0.79, 0.43], [0.83, 0.44], [0.86, 0.49], [0.865, 0.56], [0.84, 0.63], [0.79, 0.675], [0.765, 0.66], [0.785, 0.61],
  [0.795, 0.55], [0.785, 0.49],
];
// biome-ignore format: rows of points
const STOMACH: readonly Point[] = [
  [0.55, 0.31], [0.62, 0.27], [0.71, 0.28], [0.775, 0.33], [0.79, 0.39], [0.75, 0.44], [0.68, 0.42], [0.61, 0.39],
];
// biome-ignore format: rows of points
const BACK_MUSCLE: readonly Point[] = [
  [0.42, 0.685], [0.36, 0.68], [0.3, 0.7], [0.285, 0.74], [0.33, 0.775], [0.42, 0.79], [0.475, 0.78], [0.48, 0.73],
];
const PSOAS: readonly Point[] = [
  [0.425, 0.6],
  [0.44, 0.64],
  [0.425, 0.68],
  [0.385, 0.675],
  [0.385, 0.62],
];

/** The same outline on the patient's other side. */
const mirrored = (points: readonly Point[]): Point[] => points.map(([x, y]) => [1 - x, y]);

/** What lies in the first and not in the second. */
const without = (inside: Uint8Array, taken: Uint8Array): Uint8Array =>
  inside.map((value, i) => (taken[i] === 0 ? value : 0));

/** A kidney: an ellipse with a notch, the hilum, towards the spine. `side` is -1 on the left of the image. */
function kidney(centre: Point, side: number, random: Random): Point[] {
  const wobble = roundWobble(random, 0.02);
  return ellipse(centre, 0.062, 0.078, side * random.uniform(0.15, 0.35), (angle) => {
    const towards = Math.cos(angle - (side < 0 ? -0.3 : Math.PI + 0.3));
    return wobble(angle) * (1 - 0.55 * Math.max(0, towards) ** 10);
  });
}

/** Loops of bowel in the front of the belly: a wall round fluid or air. */
function bowel(size: number, place: (point: Point) => Point, random: Random, image: Float32Array): void {
  const loops: Point[] = [
    [0.4, 0.46],
    [0.47, 0.42],
    [0.55, 0.45],
    [0.63, 0.48],
    [0.7, 0.5],
    [0.48, 0.5],
    [0.72, 0.57],
    [0.58, 0.52],
  ];
  for (const loop of jitter(loops, random, 0.008)) {
    const radius = random.uniform(0.026, 0.04);
    const outline = ellipse(
      place(loop),
      radius,
      radius * random.uniform(0.7, 1),
      random.uniform(0, 3),
      roundWobble(random, 0.07),
    );
    mix(image, blur(fillPolygon(outline, size), size, 0.003), random.uniform(0.4, 0.5));
    const [x, y] = place(loop);
    const air = random.next() < 0.3;
    const lumen = ellipse([x, air ? y - radius * 0.25 : y], radius * 0.62, radius * (air ? 0.4 : 0.5));
    mix(image, blur(fillPolygon(lumen, size), size, 0.003), air ? 0 : random.uniform(0.32, 0.4));
  }
}

/** Vertebra with canal and processes, and ribs cut across in the body wall. */
function bones(size: number, place: (point: Point) => Point, random: Random, image: Float32Array): void {
  const body = blur(
    fillPolygon(ellipse(place([0.5, 0.625]), 0.068, 0.056, 0, roundWobble(random, 0.02)), size),
    size,
    0.0025,
  );
  mix(image, body, 0.98);
  const marrow = blur(fillPolygon(ellipse(place([0.5, 0.625]), 0.056, 0.044), size), size, 0.004);
  const spongy = constant(size, 0.72);
  add(spongy, fractalNoise(size, 70, 2, random), 0.09);
  mix(image, marrow, spongy);
  const line = (points: readonly Point[], from: number, to: number): Stroke => ({
    points: points.map(place),
    from,
    to,
  });
  const processes = [
    line(
      [
        [0.5, 0.735],
        [0.5, 0.795],
      ],
      0.011,
      0.007,
    ),
    ...[-1, 1].flatMap((side) => [
      line(
        [
          [0.5 + side * 0.045, 0.66],
          [0.5 + side * 0.04, 0.7],
          [0.5, 0.74],
        ],
        0.014,
        0.012,
      ),
      line(
        [
          [0.5 + side * 0.045, 0.695],
          [0.5 + side * 0.105, 0.705],
        ],
        0.013,
        0.008,
      ),
    ]),
  ];
  mix(image, blur(drawStrokes(processes, size), size, 0.0025), 0.96);
  mix(image, blur(fillPolygon(ellipse(place([0.5, 0.695]), 0.026, 0.021), size), size, 0.003), 0.36);
  const ribs = [-1, 1].flatMap((side) =>
    [1.05, 0.75, 0.4, 0.0, -0.35, -0.7].map((angle): Stroke => {
      const turn = angle + random.uniform(-0.05, 0.05);
      const at = (t: number): Point => place([0.5 + side * 0.395 * Math.cos(t), 0.515 + 0.285 * Math.sin(t)]);
      return { points: [at(turn), at(turn + 0.05), at(turn + 0.1)], from: 0.011, to: 0.01 };
    }),
  );
  mix(image, blur(drawStrokes(ribs, size), size, 0.0025), 0.93);
}

/** Draws the slice. */
export function drawAbdomen(size: number, random: Random): Omit<Phantom, 'kind'> {
  const place = pose(random, 0.012, 0.035);
  const shape = (points: readonly Point[], amount = 0.004): Uint8Array =>
    region(jitter(points, random, amount).map(place), size);
  const round = (centre: Point, rx: number, ry: number, amount = 0.015): Uint8Array =>
    fillPolygon(ellipse(place(centre), rx, ry, 0, roundWobble(random, amount)), size);
  const soft = (cover: Uint8Array | Float32Array, sigma = 0.003): Float32Array => blur(cover, size, sigma);
  const image = constant(size, 0);

  // From the outside in: skin, fat under it, the wall's muscle, fat between the organs.
  const wall = roundWobble(random, 0.006, 4);
  const layer = (inset: number): Uint8Array =>
    fillPolygon(ellipse(place([0.5, 0.515]), 0.45 - inset, 0.335 - inset, 0, wall), size);
  const fat = constant(size, 0.16);
  add(fat, fractalNoise(size, 18, 3, random), 0.025);
  mix(image, soft(layer(0)), 0.4);
  mix(image, soft(layer(0.008)), fat);
  mix(image, soft(layer(0.035)), 0.4);
  mix(image, soft(layer(0.072)), fat);
  const strands = fractalNoise(size, 26, 3, random).map((value) => Math.max(0, value - 0.35));
  add(image, times(strands, soft(layer(0.09), 0.01)), 0.22);
  for (const muscle of [BACK_MUSCLE, PSOAS]) {
    for (const points of [muscle, mirrored(muscle)]) mix(image, soft(shape(points)), 0.42);
  }

  bowel(size, place, random, image);
  mix(image, soft(shape(STOMACH)), 0.43);
  const stomachAir = region(
    jitter(
      [
        [0.6, 0.295],
        [0.66, 0.278],
        [0.73, 0.3],
        [0.755, 0.335],
        [0.68, 0.335],
      ],
      random,
      0.004,
    ).map(place),
    size,
  );
  mix(image, soft(stomachAir), 0.01);
  const pancreas: Stroke = {
    points: spline(
      (
        [
          [0.42, 0.475],
          [0.5, 0.455],
          [0.58, 0.46],
          [0.67, 0.44],
        ] as Point[]
      ).map(place),
      false,
    ),
    from: 0.022,
    to: 0.015,
  };
  mix(image, soft(drawStrokes([pancreas], size)), 0.46);

  // Organs end where the ribs begin.
  const cavity = layer(0.078);
  const liver = shape(LIVER).map((value, i) => value & cavity[i]);
  const liverTone = constant(size, random.uniform(0.54, 0.58));
  const tree = [0.1, 0.45, 0.9, 2.6, 3.1].map((angle): Stroke => {
    const start: Point = [0.33, 0.4];
    const end: Point = [0.33 - 0.14 * Math.cos(angle), 0.4 + 0.12 * Math.sin(angle)];
    const middle: Point = [(start[0] + end[0]) / 2 + random.uniform(-0.02, 0.02), (start[1] + end[1]) / 2];
    return { points: spline([start, middle, end].map(place), false), from: 0.009, to: 0.003 };
  });
  add(liverTone, soft(drawStrokes(tree, size)), 0.1);
  mix(image, soft(liver), liverTone);
  const spleen = shape(SPLEEN).map((value, i) => value & cavity[i]);
  mix(image, soft(spleen), random.uniform(0.58, 0.62));

  const kidneys = [-1, 1].map((side) => {
    const centre: Point = [0.5 + side * random.uniform(0.195, 0.21), 0.585 + random.uniform(-0.008, 0.008)];
    const outline = kidney(place(centre), side, random);
    const cover = fillPolygon(outline, size);
    mix(image, soft(cover), 0.78);
    const [x, y] = place([centre[0] - side * 0.02, centre[1]]);
    const sinus = fillPolygon(ellipse([x, y], 0.022, 0.032, 0, roundWobble(random, 0.18)), size);
    // The sinus is mostly fat and no part of the kidney's mask.
    mix(image, soft(sinus, 0.004), 0.3);
    return without(cover, sinus);
  });
  const aorta = round([0.525, 0.54], 0.027, 0.027);
  const cava = round([0.46, 0.545], 0.034, 0.024);
  mix(image, soft(cava), 0.58);
  bones(size, place, random, image);
  mix(image, soft(aorta), 0.74);

  const table: Stroke = {
    points: spline(
      [
        [0.08, 0.84],
        [0.3, 0.905],
        [0.5, 0.92],
        [0.7, 0.905],
        [0.92, 0.84],
      ],
      false,
    ),
    from: 0.003,
    to: 0.003,
  };
  add(image, drawStrokes([table], size), 0.4);
  // Noise of a scan, slightly smoothed by its kernel; none where the window cuts the air off.
  const noise = blur(grain(size, random), size, 0.0022);
  add(image, times(noise, soft(layer(0))), 0.055);

  const [right, left] = kidneys;
  return {
    modality: 'CT',
    site: 'abdomen',
    image: toImage([image], size),
    masks: [
      { target: 'liver', mask: toMask(without(without(liver, left), right), size) },
      { target: 'left kidney', mask: toMask(left, size) },
      { target: 'right kidney', mask: toMask(right, size) },
      { target: 'spleen', mask: toMask(without(spleen, left), size) },
      { target: 'aorta', mask: toMask(aorta, size) },
    ],
  };
}
