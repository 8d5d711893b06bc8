/**
 * The main task: an image and texts in, one mask per text out, at the image's own size.
 *
 * file -> raster -> 8-bit RGB -> square of the network's size -> image features (once per image); text -> features (once
 * per text, cached); features x texts -> mask logits -> the image's own size -> probability -> mask.
 * Prompts are independent unless `joint` is asked for. Absence is an answer: where the presence score stays under its
 * threshold the mask is empty and `reason` says why.
 * Refuses: prompts outside the limits of prompts.ts, thresholds outside 0..1, images whose data do not fit their size.
 */
import { readRaster } from '../formats/raster.ts';
import { type Fit, fitToSquare, unfitLogits } from '../image/fit.ts';
import { measure } from '../image/measure.ts';
import { toRgb8 } from '../image/rgb.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import type { Decoded, Network, TextFeatures } from '../runtime/network.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { ModelSettings } from './config.ts';
import { createLruCache } from './lru.ts';
import { checkPrompts } from './prompts.ts';

/** Prompts decoded at a time: bounds the memory of one decoder run. Also the most that may be asked jointly. */
export const PROMPT_BATCH = 32;
const TEXT_CACHE = 1024;
const DEFAULT_THRESHOLD = 0.5;

export interface SegmentOptions {
  /** A pixel is inside where its probability is above this (0..1, default 0.5). */
  readonly threshold?: number;
  /** An object is present from this presence on (0..1, default: the model's own, else 0.5). */
  readonly presenceThreshold?: number;
  /** All prompts in one sequence, as the published model does it (at most 32); default: each on its own. */
  readonly joint?: boolean;
  /** Hand out the probability map of every prompt too. */
  readonly probabilities?: boolean;
  /** Stops the work between two steps; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The answer to one prompt. */
export interface Segmentation {
  /** The prompt, trimmed. */
  readonly text: string;
  /** Whether the object was found: presence at or above its threshold and at least one pixel. */
  readonly present: boolean;
  /** How sure the model is that the object is in the image, 0..1; without an existence head the highest pixel probability. */
  readonly presence: number;
  /** Mean probability inside the mask, 0 if the mask is empty. */
  readonly probability: number;
  /** Why the mask is empty; null if it is not. */
  readonly reason: string | null;
  /** `[height, width]` at the image's own size; all 0 unless present. */
  readonly mask: Mask;
  /** Pixels inside. */
  readonly areaPx: number;
  /** Share of the image inside, 0..1. */
  readonly areaFraction: number;
  /** Smallest box round the mask: left, top, right, bottom in pixels, right and bottom exclusive; null if empty. */
  readonly box: Box | null;
  /** `[height, width]` before thresholds, only with `probabilities`. */
  readonly probabilities?: Float32Array;
}

/** Seconds spent on an image so far. */
export interface Seconds {
  /** Reading, fitting and encoding the image. */
  readonly image: number;
  /** Encoding texts that were not cached. */
  readonly text: number;
  /** Decoding, resizing and thresholding masks. */
  readonly decode: number;
}

/** An image ready for any number of prompts; free it with `dispose`. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** The image as 8-bit RGB at its own size. */
  readonly image: Image;
  readonly seconds: Seconds;
  /** One answer per prompt, in order, each handed out as soon as it is made. */
  segment(prompts: readonly string[], options?: SegmentOptions): AsyncGenerator<Segmentation, void, undefined>;
  dispose(): void;
}

/** An open model. */
export interface Model {
  readonly name: string;
  /** Number of learned values. */
  readonly parameters: number;
  /** Side of the square that the network sees, pixels. */
  readonly imageSize: number;
  /** Where it really runs. */
  readonly device: string;
  /** Presence from which an object counts as found, unless a call says otherwise. */
  readonly presenceThreshold: number;
  /** One answer per prompt, in order; the image is a path (PNG, JPEG, WebP, TIFF) or a raster. */
  segment(image: Image | string, prompts: readonly string[], options?: SegmentOptions): Promise<Segmentation[]>;
  /** Encodes an image once, to be asked many times. */
  encode(image: Image | string, options?: { readonly signal?: AbortSignal }): Promise<EncodedImage>;
  /** Frees the network; the model cannot be used after it. */
  dispose(): Promise<void>;
}

function unit(name: string, value: number): number {
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) {
    throw new BiomedParseError('usage', `${name} must be a number from 0 to 1, got ${value}`, { [name]: value });
  }
  return value;
}

function checkImage(image: Image): Image {
  const { data, width, height, channels } = image;
  if (!(width >= 1 && height >= 1) || ![1, 3, 4].includes(channels) || data.length !== width * height * channels) {
    throw new BiomedParseError(
      'input',
      `An image of ${width} x ${height} x ${channels} must hold ${width * height * channels} samples in 1, 3 or 4 channels, got ${data.length}`,
      { width, height, channels },
    );
  }
  return image;
}

/** "0.03 < 0.50", with as many digits as it takes to tell the two apart. */
function comparison(value: number, limit: number): string {
  for (let digits = 2; digits < 8; digits++) {
    if (value.toFixed(digits) !== limit.toFixed(digits)) return `${value.toFixed(digits)} < ${limit.toFixed(digits)}`;
  }
  return `${value} < ${limit}`;
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Prompt `i`'s probabilities `[height, width]` at the image's own size. */
function probabilityMap(decoded: Decoded, i: number, fit: Fit): Float32Array {
  const { height, width } = decoded;
  const logits = decoded.logits.subarray(i * height * width, (i + 1) * height * width);
  const map = unfitLogits(logits, width, height, fit);
  for (let j = 0; j < map.length; j++) map[j] = sigmoid(map[j]);
  return map;
}

interface Thresholds {
  readonly pixel: number;
  readonly presence: number;
}

/** Turns one prompt's probability map `[height, width]` and existence logit into the answer. */
function answer(
  text: string,
  probabilities: Float32Array,
  size: Fit,
  existence: number | null,
  limits: Thresholds,
): Segmentation {
  const { width, height } = size;
  const data = new Uint8Array(width * height);
  let sum = 0;
  let inside = 0;
  let highest = 0;
  for (let i = 0; i < data.length; i++) {
    const value = probabilities[i];
    if (value > highest) highest = value;
    if (value > limits.pixel) {
      data[i] = 1;
      sum += value;
      inside++;
    }
  }
  const presence = existence === null ? highest : sigmoid(existence);
  const absent = presence < limits.presence;
  const present = !absent && inside > 0;
  const mask = { data: present ? data : data.fill(0), width, height };
  const { areaPx, areaFraction, box } = measure(mask);
  const reason = absent
    ? `absent: presence ${comparison(presence, limits.presence)}`
    : inside === 0
      ? `empty: no pixel has a probability above ${limits.pixel}`
      : null;
  return { text, present, presence, probability: present ? sum / inside : 0, reason, mask, areaPx, areaFraction, box };
}

/** A model from an open network: everything that is not reading files. The model owns the network and frees it. */
export function createModel(network: Network, tokenizer: Tokenizer, settings: ModelSettings): Model {
  const texts = createLruCache<string, TextFeatures>(TEXT_CACHE);
  const presenceThreshold = settings.presenceThreshold ?? 0.5;
  let disposed = false;

  const assertOpen = (): void => {
    if (disposed)
      throw new BiomedParseError('usage', `The model ${settings.name} was disposed and cannot be used any more`);
  };

  async function encodeText(text: string): Promise<TextFeatures> {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const features = await network.encodeText(tokenizer.encode(text));
    texts.set(text, features);
    return features;
  }

  async function encode(
    source: Image | string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<EncodedImage> {
    assertOpen();
    signal?.throwIfAborted();
    const start = performance.now();
    const image = toRgb8(typeof source === 'string' ? await readRaster(source) : checkImage(source));
    const { pixels, fit } = fitToSquare(image, settings.imageSize, settings.fit);
    signal?.throwIfAborted();
    const features = await network.encodeImage(pixels, settings.imageSize, settings.imageSize);
    const seconds = { image: (performance.now() - start) / 1000, text: 0, decode: 0 };
    const { width, height } = image;

    async function* segment(
      prompts: readonly string[],
      options: SegmentOptions = {},
    ): AsyncGenerator<Segmentation, void, undefined> {
      assertOpen();
      const asked = checkPrompts(prompts);
      const limits = {
        pixel: unit('threshold', options.threshold ?? DEFAULT_THRESHOLD),
        presence: unit('presenceThreshold', options.presenceThreshold ?? presenceThreshold),
      };
      const joint = options.joint ?? false;
      if (joint && asked.length > PROMPT_BATCH) {
        throw new BiomedParseError(
          'usage',
          `${asked.length} prompts given; at most ${PROMPT_BATCH} are allowed together (joint)`,
        );
      }
      for (let first = 0; first < asked.length; first += PROMPT_BATCH) {
        const batch = asked.slice(first, first + PROMPT_BATCH);
        options.signal?.throwIfAborted();
        const textStart = performance.now();
        const batchTexts: TextFeatures[] = [];
        for (const text of batch) batchTexts.push(await encodeText(text));
        options.signal?.throwIfAborted();
        const decodeStart = performance.now();
        seconds.text += (decodeStart - textStart) / 1000;
        const decoded = await network.decode(features, batchTexts, { joint });
        seconds.decode += (performance.now() - decodeStart) / 1000;
        for (const [i, text] of batch.entries()) {
          options.signal?.throwIfAborted();
          const answerStart = performance.now();
          const map = probabilityMap(decoded, i, fit);
          const found = answer(text, map, fit, decoded.existence?.[i] ?? null, limits);
          seconds.decode += (performance.now() - answerStart) / 1000;
          yield options.probabilities ? { ...found, probabilities: map } : found;
        }
      }
    }

    return { width, height, image, seconds, segment, dispose: () => features.dispose() };
  }

  return {
    name: settings.name,
    parameters: network.parameters,
    imageSize: settings.imageSize,
    get device() {
      return network.device;
    },
    presenceThreshold,
    encode,
    async segment(image, prompts, options = {}) {
      checkPrompts(prompts);
      const encoded = await encode(image, options);
      try {
        const found: Segmentation[] = [];
        for await (const one of encoded.segment(prompts, options)) found.push(one);
        return found;
      } finally {
        encoded.dispose();
      }
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      texts.clear();
      await network.dispose();
    },
  };
}
