/**
 * Chance in a sample: how the image is placed, and how its intensities are changed. The changes are small enough that
 * every object keeps its meaning: colour of colour images only, inversion of radiographs only (film and screen differ).
 */
import { isGreyModality, modalityFamily, turnAllowed } from '../ontology/index.ts';
import { createRandom, type Random } from '../util/random.ts';
import type { Placement, Wave } from './warp.ts';

/** The whole image, upright, mirrored or not. */
export function plainPlacement(mirror: boolean): Placement {
  return { scale: 1, stretch: 1, angle: 0, shiftX: 0, shiftY: 0, mirror };
}

/** How far the chance in a sample goes for a kind of image. "Most" is the end of a uniform range that starts at its negative. */
export interface AugmentationRanges {
  /** Scales are log-normal with this deviation of the logarithm, cut at the ends. */
  readonly scale: { readonly deviation: number; readonly least: number; readonly most: number };
  /** Most logarithm of width against height. */
  readonly stretch: number;
  /** Most angle, radians. */
  readonly angle: number;
  /** Most shift, longer sides of the image. */
  readonly shift: number;
  /** Waves of rows and columns: the most slope, and lengths (log-uniform) in sides of the output. */
  readonly waves: { readonly slope: number; readonly least: number; readonly most: number };
  /** Most logarithm of contrast, of gamma, and of the gain of single channels. */
  readonly contrast: number;
  readonly gamma: number;
  readonly gain: number;
  /** Most grey levels added. */
  readonly brightness: number;
  /** Most bend of the tones: an S-curve either way; beyond 1 the middle tones turn round. */
  readonly bend: number;
  /** Most logarithm of the saturation. */
  readonly saturation: number;
  /** Share of images (0..1) that are shaded, and the most logarithm of each term of the shading. */
  readonly shading: { readonly share: number; readonly most: number };
  /** Share of images with noise, its deviation in grey levels. */
  readonly noise: { readonly share: number; readonly least: number; readonly most: number };
  /** Share of images with blur, its deviation in output pixels. */
  readonly blur: { readonly share: number; readonly least: number; readonly most: number };
  /** Share of images that are inverted. */
  readonly inversion: number;
  /** Grey level that a change of contrast leaves: about the mean of medical images. */
  readonly pivot: number;
}

const COMMON = {
  waves: { slope: 0.3, least: 0.4, most: 1.5 },
  ...{ stretch: 0.12, shift: 0.12, contrast: 0.4, brightness: 30, gamma: 0.45, pivot: 110 },
  noise: { share: 0.3, least: 1, most: 12 },
  blur: { share: 0.2, least: 0.4, most: 1.5 },
};

/** Radians an image with an upright position is turned at most. */
const SMALL_ANGLE = 0.3;
/** Two of three images within a factor of 1.35, now and then a field of view twice as large. */
const PICTURE_SCALE = { deviation: 0.3, least: 0.4, most: 2 };
/** Scanners are told what to show: the same organ fills the picture of one protocol and a tenth of another's. */
const SCAN_SCALE = { deviation: 0.45, least: 0.3, most: 2.5 };
const SHADING = { share: 0.3, most: 0.3 };

/** The same ranges drawn together by a strength of 0 (nothing changes) to 1. */
function weaker(ranges: AugmentationRanges, strength: number): AugmentationRanges {
  const less = <T extends { readonly share: number }>(range: T): T => ({ ...range, share: strength * range.share });
  return {
    pivot: ranges.pivot,
    scale: { ...ranges.scale, deviation: strength * ranges.scale.deviation },
    waves: { ...ranges.waves, slope: strength * ranges.waves.slope },
    ...{ shading: less(ranges.shading), noise: less(ranges.noise), blur: less(ranges.blur) },
    ...{ stretch: strength * ranges.stretch, angle: strength * ranges.angle, shift: strength * ranges.shift },
    ...{ contrast: strength * ranges.contrast, gamma: strength * ranges.gamma, gain: strength * ranges.gain },
    ...{ brightness: strength * ranges.brightness, bend: strength * ranges.bend },
    ...{ saturation: strength * ranges.saturation, inversion: strength * ranges.inversion },
  };
}

/**
 * The ranges for images of a kind, by a strength of 0 (nothing changes) to 1. Tones of MRI mean little by themselves, those of CT are
 * units: the one may be bent and shaded, the other hardly.
 */
export function augmentationRanges(modality: string, site: string, strength = 1): AugmentationRanges {
  const family = modalityFamily(modality);
  const grey = isGreyModality(modality);
  const whole = {
    ...COMMON,
    scale: family === 'CT' || family === 'MRI' ? SCAN_SCALE : PICTURE_SCALE,
    angle: turnAllowed(modality, site) ? Math.PI : SMALL_ANGLE,
    bend: family === 'MRI' ? 1.3 : grey ? 0.6 : 0,
    shading: family === 'CT' ? { share: 0, most: 0 } : SHADING,
    gain: grey ? 0 : 0.15,
    saturation: grey ? 0 : 0.35,
    inversion: family === 'X-Ray' ? 0.03 : 0,
  };
  return weaker(whole, strength);
}

/** The same placement, half as far from the plain one. */
export function milder({ scale, stretch, angle, shiftX, shiftY, mirror, waves }: Placement): Placement {
  const halfway = { scale: Math.sqrt(scale), stretch: Math.sqrt(stretch) };
  const lower = (wave: Wave): Wave => ({ ...wave, height: wave.height / 2 });
  return {
    ...halfway,
    angle: angle / 2,
    shiftX: shiftX / 2,
    shiftY: shiftY / 2,
    mirror,
    waves: waves && [lower(waves[0]), lower(waves[1])],
  };
}

const spread = (random: Random, most: number): number => Math.exp(random.uniform(-most, most));

function drawWave(random: Random, { slope, least, most }: AugmentationRanges['waves']): Wave {
  const length = least * (most / least) ** random.next();
  const height = (random.uniform(-slope, slope) * length) / (2 * Math.PI);
  return { height, length, phase: random.uniform(0, 2 * Math.PI) };
}

/** Where the image lies in the output, at random. */
export function drawPlacement(random: Random, ranges: AugmentationRanges, mirror: boolean): Placement {
  const { scale, stretch, angle, shift, waves } = ranges;
  return {
    scale: Math.min(scale.most, Math.max(scale.least, Math.exp(scale.deviation * random.normal()))),
    stretch: spread(random, stretch),
    angle: random.uniform(-angle, angle),
    shiftX: random.uniform(-shift, shift),
    shiftY: random.uniform(-shift, shift),
    mirror,
    waves: [drawWave(random, waves), drawWave(random, waves)],
  };
}

/** A change of intensities, channel by channel, then of all together. */
export interface Intensity {
  /** New value of each 8-bit value, per channel. */
  readonly tones: readonly Float32Array[];
  /**
   * Slow shades across the picture: the logarithm of the factor is a u + b u^2 + c v + d v^2, u and v from -1 to 1 from
   * left to right and from top to bottom; `undefined` for none.
   */
  readonly shading: readonly [number, number, number, number] | undefined;
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
  return { tones: new Array(channels).fill(identity), shading: undefined, saturation: 1, noise: 0, blur: 0 };
}

/** A change of intensities at random, for an image of that many channels. */
export function drawIntensity(random: Random, ranges: AugmentationRanges, channels: 1 | 3): Intensity {
  const { pivot } = ranges;
  const contrast = spread(random, ranges.contrast);
  const brightness = random.uniform(-ranges.brightness, ranges.brightness);
  const gamma = spread(random, ranges.gamma);
  const bend = random.uniform(-ranges.bend, ranges.bend) / (2 * Math.PI);
  const inverts = random.next() < ranges.inversion;
  const tones = Array.from({ length: channels }, () => {
    const gain = contrast * (channels === 3 ? spread(random, ranges.gain) : 1);
    return identity.map((value) => {
      const curved = (value / 255) ** gamma;
      const bent = 255 * (curved + bend * Math.sin(2 * Math.PI * curved));
      const kept = Math.min(255, Math.max(0, (bent - pivot) * gain + pivot + brightness));
      return inverts ? 255 - kept : kept;
    });
  });
  const term = (): number => random.uniform(-ranges.shading.most, ranges.shading.most);
  const shaded = random.next() < ranges.shading.share;
  const sometimes = ({ share, least, most }: AugmentationRanges['noise']): number =>
    random.next() < share ? random.uniform(least, most) : 0;
  return {
    tones,
    shading: shaded ? [term(), term(), term(), term()] : undefined,
    saturation: channels === 3 ? spread(random, ranges.saturation) : 1,
    noise: sometimes(ranges.noise),
    blur: sometimes(ranges.blur),
  };
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

/** Multiplies planes `[channels, size, size]` by a shading; values stay in 0..255. */
function shade(planes: Float32Array, spans: Int32Array, size: number, shading: readonly number[]): void {
  const [a, b, c, d] = shading;
  const place = (i: number): number => (2 * i + 1) / size - 1;
  const factors = (linear: number, square: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => Math.exp(linear * place(i) + square * place(i) ** 2));
  const [across, down] = [factors(a, b), factors(c, d)];
  for (let row = 0; row < planes.length / size; row++) {
    const y = row % size;
    for (let x = spans[2 * y], i = row * size + x; x < spans[2 * y + 1]; x++, i++) {
      const value = planes[i] * across[x] * down[y];
      planes[i] = value > 255 ? 255 : value;
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
 * Planes `[3, size, size]` of 0..255 from 8-bit planes `[channels, size, size]`: tones, shading, saturation, noise (blur is
 * the warp's part). Only the pixels of the image are changed, what lies round it stays 0.
 */
export function applyIntensity(
  bytes: Uint8Array,
  spans: Int32Array,
  size: number,
  intensity: Intensity,
  random: Random,
): Float32Array {
  const { tones, shading, saturation, noise } = intensity;
  const n = size * size;
  const planes = new Float32Array(3 * n);
  for (const [c, tone] of tones.entries()) {
    for (let y = 0; y < size; y++) {
      const end = c * n + y * size + spans[2 * y + 1];
      for (let i = c * n + y * size + spans[2 * y]; i < end; i++) planes[i] = tone[bytes[i]];
    }
  }
  if (shading !== undefined) shade(planes.subarray(0, tones.length * n), spans, size, shading);
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
