/** Texture: grain, and smooth noise of several scales. Mean 0; about -1..1 for smooth noise, standard deviation 1 for grain. */
import type { Random } from '../../util/random.ts';
import type { Plane } from './types.ts';

/** Independent normal noise per pixel. */
export function grain(size: number, random: Random): Plane {
  return Float32Array.from({ length: size * size }, () => random.normal());
}

/** Noise that is smooth between the points of a lattice of `across` by `down` cells (Perlin's value noise). */
export function smoothNoise(size: number, across: number, down: number, random: Random): Plane {
  const columns = Math.ceil(across) + 2;
  const lattice = Float32Array.from({ length: columns * (Math.ceil(down) + 2) }, () => random.uniform(-1, 1));
  const ease = (t: number): number => t * t * (3 - 2 * t);
  const out = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    const v = (y / size) * down;
    const row = Math.floor(v) * columns;
    const dy = ease(v - Math.floor(v));
    for (let x = 0; x < size; x++) {
      const u = (x / size) * across;
      const at = row + Math.floor(u);
      const dx = ease(u - Math.floor(u));
      const upper = lattice[at] * (1 - dx) + lattice[at + 1] * dx;
      const lower = lattice[at + columns] * (1 - dx) + lattice[at + columns + 1] * dx;
      out[y * size + x] = upper * (1 - dy) + lower * dy;
    }
  }
  return out;
}

/** Sum of smooth noises, each of twice the cells and `gain` times the strength of the last. */
export function fractalNoise(size: number, cells: number, octaves: number, random: Random, gain = 0.55): Plane {
  const out = new Float32Array(size * size);
  let strength = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const layer = smoothNoise(size, cells * 2 ** octave, cells * 2 ** octave, random);
    for (let i = 0; i < out.length; i++) out[i] += strength * layer[i];
    strength *= gain;
  }
  return out;
}
