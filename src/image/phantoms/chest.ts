/** A chest radiograph from the front: lungs beside spine and heart, ribs, clavicles, vessels. The patient's left is on the right. */
import type { Random } from '../../util/random.ts';
import { fractalNoise, grain } from './noise.ts';
import { add, blur, constant, mix, times, toImage, toMask } from './plane.ts';
import { drawStrokes, fillPolygon, jitter, pose, region, type Stroke, spline } from './shapes.ts';
import type { Phantom, Point } from './types.ts';

// biome-ignore format: rows of points
const RIGHT_LUNG: readonly Point[] = [
  [0.41, 0.06], [0.465, 0.085], [0.475, 0.15], [0.465, 0.26], [0.46, 0.4], [0.435, 0.5], [0.42, 0.58], [0.43, 0.67],
  [0.4, 0.71], [0.32, 0.725], [0.24, 0.775], [0.185, 0.85], [0.16, 0.79], [0.15, 0.7], [0.155, 0.55], [0.175, 0.4],
  [0.2, 0.27], [0.25, 0.16], [0.33, 0.08],
];
// biome-ignore format: rows of points
const LEFT_LUNG: readonly Point[] = [
  [0.62, 0.055], [0.7, 0.075], [0.79, 0.145], [0.84, 0.25], [0.87, 0.38], [0.888, 0.54], [0.9, 0.69], [0.895, 0.8],
  [0.875, 0.86], [0.83, 0.8], [0.76, 0.755], [0.7, 0.74], [0.74, 0.68], [0.735, 0.6], [0.67, 0.49], [0.625, 0.42],
  [0.62, 0.34], [0.64, 0.28], [0.61, 0.21], [0.575, 0.16], [0.575, 0.09],
];
// biome-ignore format: rows of points
const HEART: readonly Point[] = [
  [0.6, 0.41], [0.53, 0.425], [0.46, 0.46], [0.425, 0.53], [0.415, 0.6], [0.43, 0.69], [0.48, 0.735], [0.58, 0.75],
  [0.69, 0.755], [0.745, 0.73], [0.76, 0.67], [0.74, 0.6], [0.68, 0.5],
];
// biome-ignore format: rows of points
const TORSO: readonly Point[] = [
  [0.4, -0.2], [0.41, 0], [0.34, 0.03], [0.18, 0.06], [0.06, 0.13], [-0.02, 0.25], [-0.05, 0.45], [0.03, 0.5],
  [0.085, 0.6], [0.1, 0.8], [0.09, 1.1], [0.92, 1.1], [0.92, 0.8], [0.93, 0.6], [0.99, 0.5], [1.05, 0.45],
  [1.02, 0.25], [0.94, 0.13], [0.82, 0.06], [0.66, 0.03], [0.59, 0], [0.6, -0.2],
];

/** Posterior ribs slope down from the spine, anterior ribs run the other way and lie between them. */
function ribs(place: (point: Point) => Point, random: Random): { front: Stroke[]; back: Stroke[] } {
  const [front, back]: [Stroke[], Stroke[]] = [[], []];
  const lean = random.uniform(-0.01, 0.02);
  for (const side of [-1, 1]) {
    for (let i = 0; i < 9; i++) {
      const y = 0.1 + i * 0.076 + random.uniform(-0.004, 0.004);
      const reach = 0.2 + 0.19 * Math.sqrt(i / 8);
      const path: Point[] = [
        [0.52 + side * 0.04, y],
        [0.52 + side * reach * 0.5, y - 0.02 + lean],
        [0.52 + side * reach * 0.86, y + 0.025 + lean],
        [0.52 + side * reach, y + 0.09 + lean],
      ];
      back.push({ points: spline(path.map(place), false), from: 0.014, to: 0.012 });
      if (i > 5) continue;
      const low = y + 0.1;
      const arc: Point[] = [
        [0.52 + side * (reach + 0.02), low],
        [0.52 + side * reach * 0.8, low + 0.08],
        [0.52 + side * reach * 0.45, low + 0.125],
      ];
      front.push({ points: spline(arc.map(place), false), from: 0.013, to: 0.017 });
    }
  }
  return { front, back };
}

/** Vessels that branch from each hilum and get thinner. */
function vessels(place: (point: Point) => Point, random: Random): Stroke[] {
  const strokes: Stroke[] = [];
  const grow = (start: Point, heading: number, width: number, depth: number): void => {
    const points: Point[] = [start];
    let [x, y] = start;
    let angle = heading;
    for (let i = 0; i < 5; i++) {
      angle += random.uniform(-0.35, 0.35);
      x += 0.022 * Math.cos(angle);
      y += 0.022 * Math.sin(angle);
      points.push([x, y]);
    }
    strokes.push({ points: spline(points, false, 4), from: width, to: width * 0.7 });
    if (depth === 0) return;
    grow([x, y], angle + random.uniform(0.15, 0.6), width * 0.68, depth - 1);
    grow([x, y], angle - random.uniform(0.15, 0.6), width * 0.68, depth - 1);
  };
  for (const [x, y, towards] of [
    [0.43, 0.39, Math.PI],
    [0.645, 0.37, 0],
  ]) {
    for (const turn of [-1.2, -0.6, 0, 0.5, 0.95, 1.3]) grow(place([x, y]), towards + turn, 0.0085, 3);
  }
  return strokes;
}

/** Draws the radiograph. */
export function drawChest(size: number, random: Random): Omit<Phantom, 'kind'> {
  const place = pose(random, 0.012, 0.03);
  const shape = (points: readonly Point[], amount = 0.003): Uint8Array =>
    region(jitter(points, random, amount).map(place), size);
  const heart = shape(HEART);
  const outside = (cover: Uint8Array): Uint8Array => cover.map((value, i) => (heart[i] ? 0 : value));
  const rightLung = outside(shape(RIGHT_LUNG));
  const leftLung = outside(shape(LEFT_LUNG));
  const lungs = rightLung.map((value, i) => value | leftLung[i]);
  const torso = shape(TORSO, 0.004);

  const image = constant(size, 0.02);
  const softTorso = blur(torso, size, 0.012);
  mix(image, softTorso, 0.6);
  // Thicker in the middle and below the diaphragm, thinner towards the skin.
  mix(image, times(blur(torso, size, 0.09), torso), 0.9, 0.8);
  const belly = fillPolygon(
    [
      [0.08, 0.72],
      [0.5, 0.7],
      [0.92, 0.72],
      [0.92, 1.1],
      [0.08, 1.1],
    ].map((p) => place(p as unknown as Point)),
    size,
  );
  mix(image, times(blur(belly, size, 0.05), softTorso), 0.97, 0.8);
  const middle = fillPolygon(
    (
      [
        [0.46, -0.1],
        [0.58, -0.1],
        [0.61, 0.3],
        [0.62, 0.8],
        [0.42, 0.8],
        [0.45, 0.3],
      ] as Point[]
    ).map(place),
    size,
  );
  mix(image, blur(middle, size, 0.02), 0.93, 0.8);

  // Air in the lungs: darker in the middle of each lung, lighter at the edges and the bases.
  const air = blur(lungs, size, 0.0035);
  const depth = blur(lungs, size, 0.045);
  const lung = Float32Array.from(depth, (value) => 0.66 - 0.36 * value);
  add(lung, fractalNoise(size, 14, 4, random), 0.026);
  add(lung, blur(heart, size, 0.05), 0.12);
  add(lung, blur(drawStrokes(vessels(place, random), size), size, 0.004), 0.085);
  mix(image, air, lung);

  const cage = ribs(place, random);
  const inside = blur(lungs, size, 0.012);
  for (const [strokes, amount] of [
    [cage.back, 0.085],
    [cage.front, 0.05],
  ] as const) {
    const body = blur(drawStrokes(strokes, size), size, 0.004);
    const edges = strokes.map((stroke) => ({ ...stroke, from: stroke.from * 0.6, to: stroke.to * 0.6 }));
    add(body, blur(drawStrokes(edges, size), size, 0.003), -0.35);
    add(image, times(body, inside), amount);
    add(image, times(body, softTorso), amount * 0.25);
  }
  // The heart is brighter than the lungs and fades into the diaphragm.
  mix(image, blur(heart, size, 0.004), 0.92, 0.75);

  const clavicles = [-1, 1].map((side): Stroke => {
    const path: Point[] = [
      [0.52 + side * 0.045, 0.165],
      [0.52 + side * 0.16, 0.12],
      [0.52 + side * 0.27, 0.1],
      [0.52 + side * 0.37, 0.06],
    ];
    return { points: spline(path.map(place), false), from: 0.016, to: 0.013 };
  });
  add(image, blur(drawStrokes(clavicles, size), size, 0.004), 0.08);
  const airway: Stroke[] = [
    {
      points: spline(
        (
          [
            [0.522, -0.05],
            [0.522, 0.15],
            [0.527, 0.3],
          ] as Point[]
        ).map(place),
        false,
      ),
      from: 0.024,
      to: 0.02,
    },
    {
      points: (
        [
          [0.527, 0.3],
          [0.475, 0.36],
        ] as Point[]
      ).map(place),
      from: 0.014,
      to: 0.01,
    },
    {
      points: (
        [
          [0.527, 0.3],
          [0.59, 0.36],
        ] as Point[]
      ).map(place),
      from: 0.014,
      to: 0.01,
    },
  ];
  add(image, blur(drawStrokes(airway, size), size, 0.006), -0.14);
  const discs = Array.from({ length: 18 }, (_, i): Stroke => {
    const y = 0.04 + i * 0.055;
    return { points: [place([0.485, y]), place([0.565, y])], from: 0.004, to: 0.004 };
  });
  add(image, blur(drawStrokes(discs, size), size, 0.005), -0.03);
  add(image, fractalNoise(size, 4, 3, random), 0.012);
  add(image, grain(size, random), 0.008);

  return {
    modality: 'X-Ray',
    site: 'chest',
    image: toImage([image], size),
    masks: [
      { target: 'left lung', mask: toMask(leftLung, size) },
      { target: 'right lung', mask: toMask(rightLung, size) },
      { target: 'heart', mask: toMask(heart, size) },
    ],
  };
}
