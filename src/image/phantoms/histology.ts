/** A field of tissue stained with haematoxylin and eosin: violet nuclei of tumour cells and lymphocytes in pink stroma. */
import type { Random } from '../../util/random.ts';
import { fractalNoise, grain, smoothNoise } from './noise.ts';
import { add, blur, constant, paint, toImage, toMask } from './plane.ts';
import { ellipse, fillPolygon, roundWobble } from './shapes.ts';
import type { Phantom, Plane, Point } from './types.ts';

interface Nucleus {
  readonly centre: Point;
  readonly radius: number;
  /** Small, round and dark. */
  readonly lymphocyte: boolean;
}

const ATTEMPTS = 2600;

/** Nuclei that do not touch, more of them where the tissue is dense (`density` > 0), none in gaps. */
function scatter(size: number, density: Plane, gaps: Plane, random: Random): Nucleus[] {
  const placed: Nucleus[] = [];
  for (let i = 0; i < ATTEMPTS; i++) {
    const centre: Point = [random.next(), random.next()];
    const at = Math.floor(centre[1] * size) * size + Math.floor(centre[0] * size);
    const lymphocyte = random.next() < (density[at] > 0.25 ? 0.1 : 0.5);
    const radius = lymphocyte ? random.uniform(0.014, 0.018) : random.uniform(0.02, 0.03);
    const lonely = density[at] < 0 ? 2.4 : 1.25;
    const free = placed.every(
      (other) =>
        Math.hypot(other.centre[0] - centre[0], other.centre[1] - centre[1]) > (other.radius + radius) * lonely,
    );
    if (free && gaps[at] < 0.2) placed.push({ centre, radius, lymphocyte });
  }
  return placed;
}

/** Draws the field. */
export function drawHistology(size: number, random: Random): Omit<Phantom, 'kind'> {
  const density = smoothNoise(size, 3, 3, random);
  const fibres = smoothNoise(size, 9, 60, random);
  const rough = fractalNoise(size, 10, 4, random);
  // Clefts in the tissue let the lamp's white through.
  const gaps = blur(
    fractalNoise(size, 5, 3, random).map((value) => (value > 0.78 ? 1 : 0)),
    size,
    0.005,
  );
  const planes = [0.84, 0.56, 0.74].map((value, c) => {
    const plane = constant(size, value);
    add(plane, rough, 0.05 + 0.03 * (c === 1 ? 1 : 0));
    add(plane, fibres, c === 1 ? 0.035 : 0.015);
    return plane;
  });
  const nuclei = scatter(size, density, gaps, random);

  // Cytoplasm: a violet veil round tumour cells.
  const bodies = new Float32Array(size * size);
  const mask = new Uint8Array(size * size);
  const drawn = nuclei.map(({ centre, radius, lymphocyte }) => {
    const stretch = lymphocyte ? random.uniform(0.9, 1) : random.uniform(0.62, 0.95);
    const angle = random.uniform(0, Math.PI);
    const wobble = roundWobble(random, 0.035, 5);
    if (!lymphocyte) add(bodies, fillPolygon(ellipse(centre, radius * 1.75, radius * 1.75 * stretch, angle), size), 1);
    const cover = fillPolygon(ellipse(centre, radius, radius * stretch, angle, wobble), size);
    for (let i = 0; i < mask.length; i++) mask[i] |= cover[i];
    return { cover, lymphocyte };
  });
  const veil = blur(
    bodies.map((value) => Math.min(1, value)),
    size,
    0.006,
  );
  paint(planes, veil, [0.72, 0.46, 0.7], 0.6);
  paint(planes, gaps, [0.96, 0.94, 0.96]);

  // Chromatin is coarse in tumour nuclei, which are darker at the rim; lymphocytes are dark throughout.
  const chromatin = fractalNoise(size, 60, 2, random);
  const pale = new Float32Array(size * size);
  for (const { cover, lymphocyte } of drawn) add(pale, cover, lymphocyte ? 0 : random.uniform(0.35, 1));
  const rim = blur(mask, size, 0.007);
  const stain = [
    [0.26, 0.3],
    [0.15, 0.24],
    [0.42, 0.22],
  ].map(([deep, range]) =>
    pale.map((value, i) => deep + range * value * Math.max(0, 2 * rim[i] - 0.9) + 0.05 * chromatin[i] * (0.4 + value)),
  );
  paint(planes, blur(mask, size, 0.0022), stain, 0.95);
  for (const plane of planes) add(plane, grain(size, random), 0.015);
  return {
    modality: 'pathology',
    site: 'cells',
    image: toImage(planes, size),
    masks: [{ target: 'cell nuclei', mask: toMask(mask, size) }],
  };
}
