/** Random volumes for property tests: every sample type, sheared or turned axes, colour. */
import { type Samples, splitSteps, type Vector, type Volume } from '../../src/image/volume.ts';
import type { Random } from '../../src/util/random.ts';

const TYPES = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

/** A volume of up to 7 voxels a side with any geometry. */
export function randomVolume(random: Random, orthogonal = false): Volume {
  const vector = (): Vector => [random.normal(), random.normal(), random.normal()];
  const size: Vector = [1 + random.integer(7), 1 + random.integer(7), 1 + random.integer(7)];
  const channels = random.pick([1, 1, 1, 3, 4] as const);
  const type = channels === 1 ? random.pick(TYPES) : Uint8Array;
  const data: Samples = new type(size[0] * size[1] * size[2] * channels);
  for (let i = 0; i < data.length; i++) data[i] = random.uniform(-40_000, 40_000);
  for (;;) {
    const [a, b, c] = [vector(), vector(), vector()];
    const split = splitSteps(orthogonal ? rightAngles(random) : [a, b, c]);
    if (split === null) continue;
    const spacing: Vector = [random.uniform(0.1, 5), random.uniform(0.1, 5), random.uniform(0.1, 5)];
    const origin: Vector = [random.uniform(-300, 300), random.uniform(-300, 300), random.uniform(-300, 300)];
    return { size, origin, spacing, direction: split.direction, data, channels, identifiers: {} };
  }
}

/** Axes at right angles, of either handedness, turned anyhow. */
function rightAngles(random: Random): [Vector, Vector, Vector] {
  const q = [random.normal(), random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...q);
  const [a, b, c, d] = q.map((v) => v / length);
  const side = random.pick([1, -1]);
  return [
    [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
    [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
    [side * 2 * (b * d + a * c), side * 2 * (c * d - a * b), side * (a * a + d * d - b * b - c * c)],
  ];
}
