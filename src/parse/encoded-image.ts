/**
 * An image encoded once and asked many times: its features, what kind of image it is, and the answers to texts.
 * Refuses: what request.ts refuses, regions outside the image, a model that was disposed.
 */
import { fitMask, fitToSquare } from '../image/fit.ts';
import { regionMask } from '../image/regions.ts';
import { toRgb8 } from '../image/rgb.ts';
import type { Image } from '../image/types.ts';
import type { Resolution, Terms } from '../ontology/index.ts';
import type { Network, TextFeatures } from '../runtime/network.ts';
import { answer, probabilityMap, type Question, type RawAnswers } from './answer.ts';
import { describeResolution } from './concept.ts';
import type { ModelSettings } from './config.ts';
import { createMirrorImage } from './flips.ts';
import { type ContextOptions, type ImageContext, imageContext } from './image-context.ts';
import { prepareImage } from './prepare.ts';
import { rejectionTest } from './rejection.ts';
import { checkRegionSupport, checkRequest, PROMPT_BATCH } from './request.ts';
import type { EncodedImage, EncodeOptions, Segmentation, SegmentOptions } from './segment.ts';
import { likelyModality, PLAUSIBLE, plausibility, type ViewGuess } from './views.ts';

/** What an encoded image needs of its model. */
export interface ModelParts {
  readonly network: Network;
  readonly settings: ModelSettings;
  /** Whether mirror images are asked too. */
  readonly flips: boolean;
  /** Throws if the model was disposed. */
  assertOpen(): void;
  /** The features of a text, from a cache where they are known. */
  encodeText(text: string): Promise<TextFeatures>;
  /** What a text means, with the user's terms if there are some. */
  understand(text: string, terms: Terms | undefined): Resolution;
  /** What an image of that summary probably is; null if the model cannot tell. */
  guessViews(summary: Float32Array): ViewGuess[] | null;
}

/** What `make` gives, made at the first call. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A region without texts is one question. */
const regionQuestion: Question = { text: '', concept: null, note: null };

/** Reads, fits and encodes an image, a path (PNG, JPEG, WebP, TIFF, DICOM) or a raster, for any number of prompts. */
export async function encodeImage(
  model: ModelParts,
  source: Image | string,
  options: EncodeOptions = {},
): Promise<EncodedImage> {
  const { network, settings, flips, assertOpen, encodeText, understand } = model;
  assertOpen();
  const { signal, regions = [] } = options;
  signal?.throwIfAborted();
  if (regions.length > 0) checkRegionSupport(settings, options.forceRegions ?? false);
  const start = performance.now();
  const { image, known, findWarnings } = await prepareImage(source, options);
  if (regions.length > 0) regionMask(regions, image.width, image.height);
  const [across, down] = options.pixelSpacing ?? [1, 1];
  const mode = options.preprocess === 'published' ? 'pad' : settings.fit;
  const { pixels, fit } = fitToSquare(image, settings.imageSize, mode, down / across);
  signal?.throwIfAborted();
  const features = await network.encodeImage(pixels, settings.imageSize, settings.imageSize);
  const mirror = flips ? createMirrorImage(network, pixels, settings.imageSize, encodeText) : null;
  const seconds = { image: (performance.now() - start) / 1000, text: 0, decode: 0 };
  const { width, height } = image;
  // made for those who look at them only
  const rgb = once(() => toRgb8(image));
  const warnings = once(findWarnings);
  const summary = once(features.summary);
  const guesses = once(() => model.guessViews(summary()));

  /** What kind of image it is: as a question says, else as was said before or the file's header has it. */
  function knownOf(told: Pick<ContextOptions, 'modality' | 'site'>): ImageContext {
    const { modality, site } = imageContext(undefined, [], told);
    return { modality: modality ?? known.modality, site: site ?? known.site };
  }

  const plausible: EncodedImage['plausibility'] = (concept, told = {}) =>
    plausibility(guesses(), concept, knownOf(told));

  async function* ask(
    prompts: readonly string[],
    asking: SegmentOptions = {},
  ): AsyncGenerator<RawAnswers, void, undefined> {
    assertOpen();
    const { prompts: asked, regions, joint } = checkRequest(prompts, asking, settings);
    const region = regions.length === 0 ? {} : { region: fitMask(regionMask(regions, width, height), fit) };
    for (let first = 0; first < Math.max(1, asked.length); first += PROMPT_BATCH) {
      const batch = asked.slice(first, first + PROMPT_BATCH);
      asking.signal?.throwIfAborted();
      const textStart = performance.now();
      const batchTexts: TextFeatures[] = [];
      const understood = batch.map((text) => understand(text, asking.terms));
      for (const { prompt } of understood) batchTexts.push(await encodeText(prompt));
      asking.signal?.throwIfAborted();
      const decodeStart = performance.now();
      seconds.text += (decodeStart - textStart) / 1000;
      const plain = await network.decode(features, batchTexts, { joint, ...region });
      const question = { resolutions: understood, known: knownOf(asking), joint, ...region };
      const decoded = mirror === null ? plain : await mirror.average(plain, question);
      seconds.decode += (performance.now() - decodeStart) / 1000;
      const guessed = (): string | null => likelyModality(guesses());
      const context = { terms: asking.terms, known: question.known, guessed };
      const questions =
        batch.length === 0
          ? [regionQuestion]
          : batch.map((text, i) => ({ text, ...describeResolution(text, understood[i], context) }));
      yield { questions, decoded };
    }
  }

  async function* segment(
    prompts: readonly string[],
    options: SegmentOptions = {},
  ): AsyncGenerator<Segmentation, void, undefined> {
    assertOpen();
    const { limits } = checkRequest(prompts, options, settings);
    const test = options.rejection && rejectionTest(rgb(), options.rejection, options.imageType);
    const shown = knownOf(options);
    // who marks an object says that it is there
    const isMarked = (options.regions ?? []).length > 0;
    for await (const { questions, decoded } of ask(prompts, options)) {
      for (const [i, question] of questions.entries()) {
        options.signal?.throwIfAborted();
        const answerStart = performance.now();
        const map = once(() => probabilityMap(decoded, i, fit));
        const tested = test?.(question.text, map());
        const kind = isMarked ? PLAUSIBLE : plausibility(guesses(), question.concept, shown);
        const modality = shown.modality ?? question.concept?.modality ?? null;
        const evidence = { existence: decoded.existence?.[i] ?? null, modality, ...kind };
        const found = answer(question, map, fit, evidence, limits, tested);
        seconds.decode += (performance.now() - answerStart) / 1000;
        if (!options.probabilities) yield found;
        else {
          yield {
            ...found,
            get probabilities() {
              return map();
            },
          };
        }
      }
    }
  }

  return {
    ...{ width, height, seconds, fit, ask, segment },
    get image() {
      return rgb();
    },
    get warnings() {
      return warnings();
    },
    summary,
    plausibility: plausible,
    guessViews: guesses,
    dispose() {
      features.dispose();
      mirror?.dispose();
    },
  };
}
