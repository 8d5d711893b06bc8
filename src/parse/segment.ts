/**
 * The main task: an image and texts in, one mask per text out, at the image's own size.
 *
 * file -> raster -> 8-bit RGB -> square of the network's size -> image features (once per image); text -> features (once
 * per text, cached); features x texts -> mask logits -> the image's own size -> probability -> mask.
 * A text is looked up in the ontology: one in another language, or of the user's own terms, reaches the network as the
 * preferred term, any other as it is.
 * Prompts are independent unless `joint` is asked for. Absence is an answer: where the presence score stays under its
 * threshold the mask is empty and `reason` says why.
 * Refuses: what request.ts refuses, regions outside the image, images whose data do not fit their size.
 */
import type { Warning } from '../image/checks/warning.ts';
import type { Fit } from '../image/fit.ts';
import type { RegionPrompt } from '../image/regions.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import type { Window } from '../image/window.ts';
import type { Precision } from '../model/precision.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { type Resolution, resolve, type Terms } from '../ontology/index.ts';
import type { Network, TextFeatures } from '../runtime/network.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { RawAnswers } from './answer.ts';
import type { ResolvedConcept } from './concept.ts';
import type { ModelSettings } from './config.ts';
import { encodeImage, type ModelParts } from './encoded-image.ts';
import type { ContextOptions, ImageContext } from './image-context.ts';
import { createLruCache } from './lru.ts';
import { type PresenceOptions, type PresenceSettings, presenceLimit, presenceLimits } from './presence.ts';
import type { Rejection, RejectionOptions } from './rejection.ts';
import { checkRequest } from './request.ts';
import { guessViews, type Plausibility, type ViewClassifier, type ViewGuess } from './views.ts';

const TEXT_CACHE = 1024;

/** What encoding an image needs to know of what will be asked. */
export interface EncodeOptions extends Pick<ContextOptions, 'modality' | 'site'> {
  /** Regions that will be asked: refused before the work if the model or the image does not allow them. */
  readonly regions?: readonly RegionPrompt[];
  readonly forceRegions?: boolean;
  /** Intensities that become black and white where an image has more than 8 bits; default: what the file proposes. */
  readonly window?: Window;
  /** Which frame of a DICOM file with several, from 0. */
  readonly frame?: number;
  /**
   * `published`: the image as BiomedParseData prepares it. 16-bit and float samples of a CT are shown in the window of its image
   * type (samples must be Hounsfield units), others between percentiles, whatever a DICOM file proposes; the image is padded to a square with black. Not with `window`.
   */
  readonly preprocess?: 'published';
  /** What kind of image it is ("CT-Abdomen"), for `preprocess` and `rejection`, which otherwise reads it off published prompts. */
  readonly imageType?: string;
  /** What the prompts to come say of the image: for its warnings alone, as it is no knowledge (views.ts). */
  readonly said?: ImageContext;
  /** Distance between pixels [across, down] in any unit: a model that pads sees pixels that are not square in their true shape. */
  readonly pixelSpacing?: readonly [number, number];
  /** Stops the work between two steps; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SegmentOptions extends EncodeOptions, PresenceOptions {
  /** A pixel is inside where its probability is above this (0..1, default 0.5). */
  readonly threshold?: number;
  /** Test every mask against what its target looks like, as published; a mask that does not look like it is rejected. */
  readonly rejection?: RejectionOptions;
  /** All prompts in one sequence, as the published model does it (at most 32); default: each on its own. */
  readonly joint?: boolean;
  /**
   * Points, boxes and scribbles in pixels of the image that together mark the object. They are seen beside every prompt
   * and decide which part of the image answers; prompts may then be left out (`[]`), which gives one answer.
   */
  readonly regions?: readonly RegionPrompt[];
  /** Ask a model with region prompts although it was not trained for them. */
  readonly forceRegions?: boolean;
  /** Hand out the probability map of every prompt too. */
  readonly probabilities?: boolean;
  /** The user's own terms, from `loadTerms`. */
  readonly terms?: Terms;
}

/** The answer to one prompt. */
export interface Segmentation {
  /** The prompt, trimmed; empty if only regions were given. */
  readonly text: string;
  /** What the prompt was understood as; null if that is not certain. */
  readonly concept: ResolvedConcept | null;
  /** For a prompt outside what the default model was trained on (the object, or the object in this modality): that it is, and what is known instead; else null. */
  readonly note: string | null;
  /** Whether the object was found: presence at or above its threshold, at least one pixel, and not rejected. */
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
  /** How the mask was tested, only with `rejection`. */
  readonly rejection?: Rejection;
  /** `[height, width]` before thresholds, only with `probabilities`; made when it is first read. */
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
  /** What is worth knowing of the image before the answers are believed. */
  readonly warnings: readonly Warning[];
  readonly seconds: Seconds;
  /** How the network's square lies on the image. */
  readonly fit: Fit;
  /** Mean and standard deviation of every mask feature over the image, `[2 * maskDim]`. */
  summary(): Float32Array;
  /** What the image probably is, most probable first; null if the model has no views.json. */
  guessViews(): ViewGuess[] | null;
  /** Whether the image may show what a prompt was understood as, by the kind of image that is known or guessed. */
  plausibility(concept: ResolvedConcept | null, options?: Pick<ContextOptions, 'modality' | 'site'>): Plausibility;
  /** The network's own answers, a batch of prompts at a time: for what is put together from several images. */
  ask(prompts: readonly string[], options?: SegmentOptions): AsyncGenerator<RawAnswers, void, undefined>;
  /** One answer per prompt, in order, each handed out as soon as it is made. */
  segment(prompts: readonly string[], options?: SegmentOptions): AsyncGenerator<Segmentation, void, undefined>;
  dispose(): void;
}

/** An open model. */
export interface Model {
  readonly name: string;
  /** The folder it was opened from; null if it was not. */
  readonly directory: string | null;
  /** Number of learned values. */
  readonly parameters: number;
  /** Side of the square that the network sees, pixels. */
  readonly imageSize: number;
  /** Where it really runs. */
  readonly device: string;
  /** Numbers that the image encoder computes in: `float32` or `int8`. */
  readonly precision: Precision;
  /** Whether mirror images are asked too. */
  readonly flips: boolean;
  /** Presence from which an object counts as found in an image of that modality (null: unknown), unless a call says otherwise. */
  presenceLimit(modality: string | null): number;
  /** What an image of that `summary()` probably is, most probable first; null if the model has no views.json. */
  guessViews(summary: Float32Array): ViewGuess[] | null;
  /** How calls decide presence: the model's own settings. */
  readonly presence: PresenceSettings;
  /** One answer per prompt, in order; the image is a path (PNG, JPEG, WebP, TIFF, DICOM) or a raster. */
  segment(image: Image | string, prompts: readonly string[], options?: SegmentOptions): Promise<Segmentation[]>;
  /** Encodes an image once, to be asked many times. */
  encode(image: Image | string, options?: EncodeOptions): Promise<EncodedImage>;
  /** Frees the network; the model cannot be used after it. */
  dispose(): Promise<void>;
}

/** What a model may have beside network and settings. */
export interface ModelExtras {
  readonly directory?: string | null;
  readonly views?: ViewClassifier | null;
  readonly flips?: boolean;
}

/** A model from an open network: everything that is not reading files. The model owns the network and frees it. */
export function createModel(
  network: Network,
  tokenizer: Tokenizer,
  settings: ModelSettings,
  { directory = null, views = null, flips = false }: ModelExtras = {},
): Model {
  const texts = createLruCache<string, TextFeatures>(TEXT_CACHE);
  const resolutions = createLruCache<string, Resolution>(TEXT_CACHE);
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

  /** What a text means; the user's terms may change from call to call, so only answers without them are kept. */
  function understand(text: string, terms: Terms | undefined): Resolution {
    if (terms !== undefined) return resolve(text, { terms });
    const known = resolutions.get(text) ?? resolve(text);
    resolutions.set(text, known);
    return known;
  }

  const guessesOf = (summary: Float32Array): ViewGuess[] | null => views && guessViews(views, summary);
  const parts: ModelParts = { network, settings, flips, assertOpen, encodeText, understand, guessViews: guessesOf };

  return {
    name: settings.name,
    directory,
    parameters: network.parameters,
    imageSize: settings.imageSize,
    get device() {
      return network.device;
    },
    precision: network.precision,
    flips,
    presenceLimit: (modality) => presenceLimit(presenceLimits(settings), modality),
    guessViews: guessesOf,
    presence: settings,
    encode: (source, options) => encodeImage(parts, source, options),
    async segment(image, prompts, options = {}) {
      checkRequest(prompts, options, settings);
      const encoded = await encodeImage(parts, image, options);
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
      resolutions.clear();
      await network.dispose();
    },
  };
}
