/**
 * Everything that the default model knows in an image: its modality and site as given or, with a model that can, as guessed;
 * candidates for them from the ontology, asked in batches; what is not present is left out; then every pixel goes to one object
 * (overlaps.ts).
 */

import { type Component, components, labelMask } from '../image/components.ts';
import { measure } from '../image/measure.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import { type Concept, concepts, modalityFamily, publishedPrompt } from '../ontology/index.ts';
import { checkModality, checkSite } from '../ontology/resolve/context.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type Found, resolveOverlaps } from './overlaps.ts';
import type { EncodedImage, Model, Segmentation, SegmentOptions } from './segment.ts';
import type { ViewGuess } from './views.ts';

export interface RecognizeOptions
  extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate' | 'signal'> {
  /** What the image is, by any name of the ontology; without it, it is guessed. */
  readonly modality?: string;
  /** Where it is of; without it, it is guessed, or candidates of all sites of the modality are asked. */
  readonly site?: string;
}

/** One object that was found. */
export interface RecognizedObject {
  /** Its number in the label map, from 1; null where it yielded to its parts. */
  readonly label: number | null;
  readonly name: string;
  readonly snomed: string | null;
  readonly presence: number;
  /** Mean probability inside the mask before overlaps were resolved. */
  readonly probability: number;
  /** The mask before overlaps were resolved. */
  readonly mask: Mask;
  /** Of the pixels that the label map gives it; of the whole mask where it yielded. */
  readonly areaPx: number;
  readonly areaFraction: number;
  readonly box: Box | null;
  readonly components: readonly Component[];
  /** Present objects that it is made of and yielded to. */
  readonly yieldedTo: readonly string[];
}

export interface Recognition {
  readonly width: number;
  readonly height: number;
  readonly modality: string;
  /** Null where candidates of all sites were asked. */
  readonly site: string | null;
  /** What the image may be, most probable first; null where modality was given or the model cannot guess. */
  readonly guesses: readonly ViewGuess[] | null;
  /** `[height, width]`: 0 nothing, else the object's label. */
  readonly labels: Uint8Array;
  /** Found objects: those of the label map by label, then those that yielded. */
  readonly objects: readonly RecognizedObject[];
  /** Present by their score, but covered by another object of the label map: left out of it. */
  readonly covered: readonly { readonly name: string; readonly presence: number; readonly by: string }[];
  /** Candidates that were not found, with their presence. */
  readonly absent: readonly { readonly name: string; readonly presence: number }[];
}

/** A label map has a byte a pixel. */
const MAX_OBJECTS = 255;

/** Trained concepts of a modality and site; refuses a view that the default model does not know (`usage`). */
export function candidates(
  modality: string,
  site?: string,
): { modality: string; site: string | null; found: Concept[] } {
  const family = modalityFamily(checkModality(modality));
  const place = site === undefined ? null : checkSite(site);
  const inModality = concepts.filter(({ trainedViews }) => trainedViews.some((view) => view.modality === family));
  const found = inModality.filter(({ trainedViews }) =>
    trainedViews.some((view) => view.modality === family && (place === null || view.site === place)),
  );
  if (found.length === 0) {
    const known = new Set(
      inModality.flatMap(({ trainedViews }) =>
        trainedViews.filter((view) => view.modality === family).map((view) => view.site),
      ),
    );
    throw new BiomedParseError(
      'usage',
      `The default model was not trained on ${family} of the site "${place}"; allowed: ${[...known].sort().join(', ')}`,
      { modality: family, site: place },
    );
  }
  return { modality: family, site: place, found };
}

/** The published form, with the site that the concept was learned at where none is given. */
function promptFor(concept: Concept, modality: string, site: string | null): string {
  const learned = concept.trainedViews.find((view) => view.modality === modality)?.site as string;
  return publishedPrompt(concept.targets[0], modality, site ?? learned);
}

/** A guess under this is no guess: the user has to say what the image is. */
const LEAST_SURE = 0.5;
/** Guesses that are told. */
const MOST_TOLD = 5;

const total = (guesses: readonly ViewGuess[]): number => guesses.reduce((sum, { probability }) => sum + probability, 0);

/**
 * Modality and site of an image from the guesses: the modality of most probability, which must reach one half (`input` error
 * otherwise), and its site where that has half of the modality's probability.
 */
export function chooseView(guesses: readonly ViewGuess[]): { readonly modality: string; readonly site: string | null } {
  const modalities = [...new Set(guesses.map(({ modality }) => modality))];
  const ofModality = (name: string): ViewGuess[] => guesses.filter(({ modality }) => modality === name);
  const best = modalities.reduce((a, b) => (total(ofModality(b)) > total(ofModality(a)) ? b : a));
  const probability = total(ofModality(best));
  if (probability < LEAST_SURE) {
    const told = guesses.slice(0, 3).map((one) => `${one.site} ${one.modality} ${one.probability.toFixed(2)}`);
    throw new BiomedParseError(
      'input',
      `Cannot tell what kind of image this is (most probable: ${told.join(', ')}); give the modality`,
      { guesses: told },
    );
  }
  const site = ofModality(best).find((one) => one.probability >= LEAST_SURE * probability)?.site ?? null;
  return { modality: best, site };
}

/** What an encoded image is, as given or guessed; `usage` where neither is there. */
function viewOf(
  encoded: EncodedImage,
  { modality, site }: RecognizeOptions,
): { modality: string; site: string | undefined; guesses: readonly ViewGuess[] | null } {
  if (modality !== undefined) return { modality, site, guesses: null };
  const guesses = encoded.guessViews();
  if (guesses === null) {
    throw new BiomedParseError(
      'usage',
      'This model cannot guess what kind of image it sees (no views.json); give the modality',
    );
  }
  const inSite = site === undefined ? guesses : guesses.filter((one) => one.site === checkSite(site));
  const chosen = chooseView(inSite.length === 0 ? guesses : inSite);
  return { modality: chosen.modality, site: site ?? chosen.site ?? undefined, guesses: guesses.slice(0, MOST_TOLD) };
}

/** A found object with the whole answer. */
interface FoundObject extends Found {
  readonly answer: Segmentation;
}

/** Probabilities as 0..255. */
function levelsOf(probabilities: Float32Array): Uint8Array {
  const levels = new Uint8Array(probabilities.length);
  for (let i = 0; i < levels.length; i++) levels[i] = Math.round(probabilities[i] * 255);
  return levels;
}

/** Recognizes what is in an encoded image. */
export async function recognizeEncoded(encoded: EncodedImage, options: RecognizeOptions): Promise<Recognition> {
  const view = viewOf(encoded, options);
  const { modality, site, found: asked } = candidates(view.modality, view.site);
  const { guesses } = view;
  const { width, height } = encoded;
  const found: FoundObject[] = [];
  const absent: { name: string; presence: number }[] = [];
  const seen = { ...options, modality, ...(site === null ? {} : { site }) };
  let i = 0;
  const prompts = asked.map((concept) => promptFor(concept, modality, site));
  for await (const one of encoded.segment(prompts, { ...seen, probabilities: true })) {
    const concept = asked[i++];
    if (!one.present) absent.push({ name: concept.name, presence: one.presence });
    else {
      const { probabilities, ...answer } = one;
      found.push({ concept, answer, levels: levelsOf(probabilities as Float32Array) });
    }
  }
  if (found.length > MAX_OBJECTS) {
    throw new BiomedParseError('runtime', `${found.length} objects found; a label map holds at most ${MAX_OBJECTS}`);
  }
  const { labels, order, yielded, covered } = resolveOverlaps(found, width * height);
  const describe = ({ concept, answer }: FoundObject, label: number | null, mask: Mask): RecognizedObject => ({
    label,
    name: concept.name,
    snomed: concept.snomed,
    presence: answer.presence,
    probability: answer.probability,
    mask: answer.mask,
    ...measure(mask),
    components: components(mask).parts,
    yieldedTo: [],
  });
  const objects = order.map((one, j) => describe(one, j + 1, labelMask(labels, j + 1, width, height)));
  for (const [one, yieldedTo] of yielded) objects.push({ ...describe(one, null, one.answer.mask), yieldedTo });
  const coveredBy = [...covered].map(([{ concept, answer }, by]) => ({
    name: concept.name,
    presence: answer.presence,
    by,
  }));
  return { width, height, modality, site, guesses, labels, objects, covered: coveredBy, absent };
}

/** Recognizes everything that the default model knows in an image (a path or a raster). */
export async function recognize(
  model: Model,
  image: Image | string,
  options: RecognizeOptions = {},
): Promise<Recognition> {
  if (options.modality !== undefined) candidates(options.modality, options.site);
  const encoded = await model.encode(image, options.signal === undefined ? {} : { signal: options.signal });
  try {
    return await recognizeEncoded(encoded, options);
  } finally {
    encoded.dispose();
  }
}
