/**
 * Everything that the default model knows in an image of a given modality and site: candidates from the ontology, asked in
 * batches; what is not present is left out; then every pixel goes to one object.
 *
 * - A concept that only gathers present ones of its own ("kidney" beside left and right kidney, "polyp" beside neoplastic
 *   polyp) yields to them: it is named in `yielded` and has no pixels of the map, but those that none of them takes if it covers
 *   at least a tenth of it.
 * - Any other pixel that several objects claim goes to the part before the whole (optic cup before optic disc), else to the
 *   highest probability.
 */

import { type Component, components } from '../image/components.ts';
import { measure } from '../image/measure.ts';
import type { Box, Image, Mask } from '../image/types.ts';
import { type Concept, concepts, modalityFamily, publishedPrompt } from '../ontology/index.ts';
import { checkModality, checkSite } from '../ontology/resolve/context.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { EncodedImage, Model, Segmentation, SegmentOptions } from './segment.ts';

export interface RecognizeOptions extends Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'signal'> {
  /** What the image is, by any name of the ontology. */
  readonly modality: string;
  /** Where it is of; without it, candidates of all sites of the modality. */
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
  /** Present objects that it yielded to. */
  readonly yieldedTo: readonly string[];
}

export interface Recognition {
  readonly width: number;
  readonly height: number;
  readonly modality: string;
  readonly site: string | null;
  /** `[height, width]`: 0 nothing, else the object's label. */
  readonly labels: Uint8Array;
  /** Found objects: those of the label map by label, then those that yielded. */
  readonly objects: readonly RecognizedObject[];
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

/** A present object on its way to the label map. */
export interface Found {
  readonly concept: Concept;
  readonly answer: Segmentation;
  /** `[height, width]` probabilities as 0..255: enough to compare, a quarter of the memory. */
  readonly levels: Uint8Array;
}

function isUnder(concept: Concept, ancestor: string, byName: ReadonlyMap<string, Concept>): boolean {
  for (let at = concept.parent; at !== null; at = byName.get(at)?.parent ?? null) if (at === ancestor) return true;
  return false;
}

/** Share of a whole's pixels that its present parts leave it, from which on it keeps them. */
const LEAST_KEPT = 0.1;

/** Gives every pixel to one object: the label map and the order of its objects. */
export function resolveOverlaps(
  found: readonly Found[],
  pixels: number,
): {
  readonly labels: Uint8Array;
  readonly order: readonly Found[];
  readonly yielded: ReadonlyMap<Found, readonly string[]>;
} {
  const byName = new Map(concepts.map((concept) => [concept.name, concept]));
  const yielded = new Map<Found, readonly string[]>();
  for (const whole of found) {
    const parts = found.filter((other) => isUnder(other.concept, whole.concept.name, byName));
    if (parts.length === 0) continue;
    let rest = 0;
    const { data } = whole.answer.mask;
    for (let i = 0; i < pixels; i++) {
      if (data[i] === 1 && !parts.some((part) => part.answer.mask.data[i] === 1)) rest++;
    }
    if (rest < LEAST_KEPT * whole.answer.areaPx)
      yielded.set(
        whole,
        parts.map(({ concept }) => concept.name),
      );
  }
  const order = found.filter((one) => !yielded.has(one));
  const above = order.map((a) => order.map((b) => isUnder(b.concept, a.concept.name, byName)));
  const labels = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let best = -1;
    for (let j = 0; j < order.length; j++) {
      if (order[j].answer.mask.data[i] === 0) continue;
      const isPart = best >= 0 && above[best][j];
      const isWhole = best >= 0 && above[j][best];
      const surer = best >= 0 && order[j].levels[i] > order[best].levels[i];
      if (best < 0 || isPart || (!isWhole && surer)) best = j;
    }
    labels[i] = best + 1;
  }
  return { labels, order, yielded };
}

/** Recognizes what is in an encoded image. */
export async function recognizeEncoded(encoded: EncodedImage, options: RecognizeOptions): Promise<Recognition> {
  const { modality, site, found: asked } = candidates(options.modality, options.site);
  const { width, height } = encoded;
  const found: Found[] = [];
  const absent: { name: string; presence: number }[] = [];
  const { modality: _, site: __, ...limits } = options;
  let i = 0;
  const prompts = asked.map((concept) => promptFor(concept, modality, site));
  for await (const { probabilities, ...answer } of encoded.segment(prompts, { ...limits, probabilities: true })) {
    const concept = asked[i++];
    if (!answer.present) absent.push({ name: concept.name, presence: answer.presence });
    else
      found.push({ concept, answer, levels: Uint8Array.from(probabilities ?? [], (value) => Math.round(value * 255)) });
  }
  if (found.length > MAX_OBJECTS) {
    throw new BiomedParseError('runtime', `${found.length} objects found; a label map holds at most ${MAX_OBJECTS}`);
  }
  found.sort((a, b) => b.answer.areaPx - a.answer.areaPx);
  const { labels, order, yielded } = resolveOverlaps(found, width * height);
  const describe = ({ concept, answer }: Found, label: number | null, mask: Mask): RecognizedObject => ({
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
  const objects = order.map((one, j) => {
    const data = Uint8Array.from(labels, (value) => (value === j + 1 ? 1 : 0));
    return describe(one, j + 1, { data, width, height });
  });
  for (const [one, yieldedTo] of yielded) objects.push({ ...describe(one, null, one.answer.mask), yieldedTo });
  return { width, height, modality, site, labels, objects, absent };
}

/** Recognizes everything that the default model knows in an image (a path or a raster). */
export async function recognize(model: Model, image: Image | string, options: RecognizeOptions): Promise<Recognition> {
  candidates(options.modality, options.site);
  const encoded = await model.encode(image, options.signal === undefined ? {} : { signal: options.signal });
  try {
    return await recognizeEncoded(encoded, options);
  } finally {
    encoded.dispose();
  }
}
