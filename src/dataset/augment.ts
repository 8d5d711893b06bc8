/**
 * Chance in a sample: how the image is placed, and how its intensities are changed. The changes are small enough that
 * every object keeps its meaning: colour of colour images only, inversion of radiographs only (film and screen differ).
 */
import { isGreyModality, turnAllowed } from '../ontology/index.ts';
import { createRandom, type Random } from '../util/random.ts';
import type { Placement } from './warp.ts';

/** The whole image, upright, mirrored or not. */
export function plainPlacement(mirror: boolean): Placement {
  return { scale: 1, angle: 0, shiftX: 0, shiftY: 0, mirror };
}

/** Radians an image with an upright position is turned at most. */
const SMALL_ANGLE = 0.3;
/** Scales are log-normal: two of three images within a factor of 1.35, now and then a field of view twice as large. */
const SCALE = { deviation: 0.3, least: 0.4, most: 2 };
const SHIFT = 0.12;

/** The same placement, half as far from the plain one. */
export function milder({ scale, angle, shiftX, shiftY, mirror }: Placement): Placement {
  return { scale: Math.sqrt(scale), angle: angle / 2, shiftX: shiftX / 2, shiftY: shiftY / 2, mirror };
}

/** Where the image lies in the output, at random. */
export function drawPlacement(random: Random, modality: string, site: string, mirror: boolean): Placement {
  const most = turnAllowed(modality, site) ? Math.PI : SMALL_ANGLE;
  return {
    scale: Math.min(SCALE.most, Math.max(SCALE.least, Math.exp(SCALE.deviation * random.normal()))),
    angle: random.uniform(-most, most),
    shiftX: random.uniform(-SHIFT, SHIFT),
    shiftY: random.uniform(-SHIFT, SHIFT),
    mirror,
  };
}

/** A change of intensities, channel by channel, then of all together. */
export interface Intensity {
  /** New value of each 8-bit value, per channel. */
  readonly tones: readonly Float32Array[];
  /** Distance from grey, 1 as it is. */
  readonly saturation: number;
  /** Standard deviation of the noise, grey levels; 0 for none. */
  readonly noise: number;
  /** Standard deviation of the blur, output pixels; 0 for none. */
  readonly blur: number;
}

const identity = Float32Array.from({ length: 256 }, (_, value) => value);

/** Intensities as they are. */
export function plainIntensity(channels: 1 | 3): Intensity {
  return { tones: new Array(channels).fill(identity), saturation: 1, noise: 0, blur: 0 };
}

const CONTRAST = 0.4;
const BRIGHTNESS = 30;
const GAMMA = 0.45;
const GAIN = 0.12;
const SATURATION = 0.3;
const NOISE = { share: 0.3, least: 1, most: 12 };
const BLUR = { share: 0.2, least: 0.4, most: 1.5 };
const INVERSION = 0.03;
/** Grey level that a change of contrast leaves: about the mean of medical images. */
const PIVOT = 110;

/** The ranges of all chance in a sample, for training programs elsewhere. */
export const augmentationRanges = {
  ...{ smallAngle: SMALL_ANGLE, scale: SCALE, shift: SHIFT, contrast: CONTRAST, brightness: BRIGHTNESS, gamma: GAMMA },
  ...{ gain: GAIN, saturation: SATURATION, noise: NOISE, blur: BLUR, inversion: INVERSION, pivot: PIVOT },
};

/** A change of intensities at random, for an image of that many channels. */
export function drawIntensity(random: Random, modality: string, channels: 1 | 3): Intensity {
  const spread = (most: number): number => Math.exp(random.uniform(-most, most));
  const colour = channels === 3 && !isGreyModality(modality);
  const contrast = spread(CONTRAST);
  const brightness = random.uniform(-BRIGHTNESS, BRIGHTNESS);
  const gamma = spread(GAMMA);
  const inverts = modality === 'X-Ray' && random.next() < INVERSION;
  const tones = Array.from({ length: channels }, () => {
    const gain = contrast * (colour ? spread(GAIN) : 1);
    return identity.map((value) => {
      const tone = (255 * (value / 255) ** gamma - PIVOT) * gain + PIVOT + brightness;
      const kept = Math.min(255, Math.max(0, tone));
      return inverts ? 255 - kept : kept;
    });
  });
  const saturation = colour ? spread(SATURATION) : 1;
  const noise = random.next() < NOISE.share ? random.uniform(NOISE.least, NOISE.most) : 0;
  const blur = random.next() < BLUR.share ? random.uniform(BLUR.least, BLUR.most) : 0;
  return { tones, saturation, noise, blur };
}

/** Normal numbers drawn once; a row of noise starts anywhere in them. */
const NORMALS = 1 << 14;
const normals = ((): Float32Array => {
  const random = createRandom(77);
  return Float32Array.from({ length: NORMALS }, () => random.normal());
})();

/** Adds noise to the pixels of a plane `[size, size]` that lie in the image. */
function addNoise(plane: Float32Array, spans: Int32Array, size: number, deviation: number, random: Random): void {
  for (let y = 0; y < size; y++) {
    const start = random.integer(NORMALS);
    const end = y * size + spans[2 * y + 1];
    for (let i = y * size + spans[2 * y], k = start; i < end; i++, k++) {
      const value = plane[i] + deviation * normals[k & (NORMALS - 1)];
      plane[i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

function saturate(planes: Float32Array, spans: Int32Array, size: number, factor: number): void {
  const n = size * size;
  for (let y = 0; y < size; y++) {
    const end = y * size + spans[2 * y + 1];
    for (let i = y * size + spans[2 * y]; i < end; i++) {
      const grey = ((planes[i] + planes[n + i] + planes[2 * n + i]) / 3) * (1 - factor);
      for (let at = i; at < 3 * n; at += n) {
        const value = grey + planes[at] * factor;
        planes[at] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}

/**
 * Planes `[3, size, size]` of 0..255 from 8-bit planes `[channels, size, size]`: tones, saturation, noise (blur is the
 * warp's part). Only the pixels of the image are changed, what lies round it stays 0.
 */
export function applyIntensity(
  bytes: Uint8Array,
  spans: Int32Array,
  size: number,
  intensity: Intensity,
  random: Random,
): Float32Array {
  const { tones, saturation, noise } = intensity;
  const n = size * size;
  const planes = new Float32Array(3 * n);
  for (const [c, tone] of tones.entries()) {
    for (let y = 0; y < size; y++) {
      const end = c * n + y * size + spans[2 * y + 1];
      for (let i = c * n + y * size + spans[2 * y]; i < end; i++) planes[i] = tone[bytes[i]];
    }
  }
  if (saturation !== 1) saturate(planes, spans, size, saturation);
  if (noise > 0) {
    for (let c = 0; c < tones.length; c++) addNoise(planes.subarray(c * n, (c + 1) * n), spans, size, noise, random);
  }
  if (tones.length === 1) {
    planes.copyWithin(n, 0, n);
    planes.copyWithin(2 * n, 0, n);
  }
  return planes;
}
