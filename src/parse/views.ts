/**
 * What an image is, guessed from mean and deviation of its mask features: multinomial logistic regression over the kinds of image
 * (modality and site) that the model was trained on. `evaluate/fit-views.ts` fits it, `views.json` of a model folder keeps it.
 */
import { conceptNamed, mayShowConcept, modalityFamily } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { ResolvedConcept } from './concept.ts';
import type { ImageContext } from './image-context.ts';

/** A kind of image with how probable it is, 0..1; over all kinds they add up to 1. */
export interface ViewGuess {
  readonly modality: string;
  readonly site: string;
  readonly probability: number;
}

/** A linear classifier of `dim` features. */
export interface ViewClassifier {
  readonly views: readonly { readonly modality: string; readonly site: string }[];
  /** Features are shifted by `mean` and divided by `scale`, each `[dim]`. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** `[views][dim]` and `[views]`. */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** Probabilities of scores of any size. */
export function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** All kinds of image by probability, most probable first, from features `[dim]`. */
export function guessViews({ views, mean, scale, weights, bias }: ViewClassifier, features: Float32Array): ViewGuess[] {
  const scaled = mean.map((value, i) => (features[i] - value) / scale[i]);
  const scores = weights.map((row, view) => row.reduce((sum, weight, i) => sum + weight * scaled[i], bias[view]));
  const probabilities = softmax(scores);
  return views
    .map((view, i) => ({ ...view, probability: probabilities[i] }))
    .sort((a, b) => b.probability - a.probability);
}

/** The mean of what several images of one thing are guessed as, such as the slices of a volume: steadier than each guess. */
export interface ViewMean {
  add(guesses: readonly ViewGuess[] | null): void;
  /** Most probable first; null before anything was added. */
  guesses(): ViewGuess[] | null;
}

/** A mean of guesses, which holds one number for each kind of image. */
export function createViewMean(): ViewMean {
  const sums = new Map<string, ViewGuess>();
  let count = 0;
  return {
    add(guesses) {
      if (guesses === null) return;
      count++;
      for (const { modality, site, probability } of guesses) {
        const key = `${site} ${modality}`;
        sums.set(key, { modality, site, probability: (sums.get(key)?.probability ?? 0) + probability });
      }
    },
    guesses() {
      if (count === 0) return null;
      return [...sums.values()]
        .map((view) => ({ ...view, probability: view.probability / count }))
        .sort((a, b) => b.probability - a.probability);
    },
  };
}

/** The modality that guesses of the kind of image agree on with a probability of at least `least`; null where they do not. */
export function likelyModality(guesses: readonly ViewGuess[] | null, least = 0.9): string | null {
  const sums = new Map<string, number>();
  for (const { modality, probability } of guesses ?? []) {
    sums.set(modality, (sums.get(modality) ?? 0) + probability);
  }
  return [...sums].find(([, probability]) => probability >= least)?.[0] ?? null;
}

/** What an image may show, by its guessed kind. */
export interface Plausibility {
  /** How probable it is that the image is of a kind that can show an object, 0..1. */
  readonly possible: number;
  /** The most probable kind, in words; null where nothing was guessed. */
  readonly looksLike: string | null;
}

/** Nothing is known against it. */
export const PLAUSIBLE: Plausibility = { possible: 1, looksLike: null };

/** What a prompt says of its image is mostly so: a kind of image gains by these odds for its modality, and for its site. */
const SAID = 20;

/**
 * Whether an image may show what a prompt was understood as, by guesses of its kind, most probable first; what is known of the image
 * (`known`) leaves only the guesses that agree with it, what the prompt says of it makes those that agree more probable. Nothing is said
 * against a concept where no guess is left, where nothing was guessed, or where the ontology does not have it.
 */
export function plausibility(
  guesses: readonly ViewGuess[] | null,
  asked: Pick<ResolvedConcept, 'name' | 'modality' | 'site'> | null,
  known: ImageContext,
): Plausibility {
  const concept = asked === null ? undefined : conceptNamed(asked.name);
  if (guesses === null || asked === null || concept === undefined) return PLAUSIBLE;
  const familyOf = (modality: string | null): string | null => modality && modalityFamily(modality);
  const [family, saidFamily] = [familyOf(known.modality), familyOf(asked.modality)];
  const left = guesses
    .filter(
      ({ modality, site }) => (family === null || modality === family) && (known.site === null || site === known.site),
    )
    .map((guess) => {
      const odds = (guess.modality === saidFamily ? SAID : 1) * (guess.site === asked.site ? SAID : 1);
      return { ...guess, probability: guess.probability * odds };
    });
  const sum = (of: readonly ViewGuess[]): number => of.reduce((total, { probability }) => total + probability, 0);
  const all = sum(left);
  if (all === 0) return PLAUSIBLE;
  const able = left.filter(({ modality, site }) => mayShowConcept(concept, modality, site));
  if (able.length === left.length) return PLAUSIBLE;
  const likeliest = left.reduce((best, one) => (one.probability > best.probability ? one : best));
  return { possible: sum(able) / all, looksLike: `${likeliest.site} ${likeliest.modality}` };
}

/** The classifier in a parsed views.json; the `model` error names the wrong field of `file`. */
export function checkViewClassifier(value: unknown, dim: number, file: string): ViewClassifier {
  const refuse = (field: string, allowed: string): never => {
    throw new BiomedParseError('model', `${file}: field "${field}" must be ${allowed}`, { file, field });
  };
  const numbers = (list: unknown, length: number, least = -1e9): boolean =>
    Array.isArray(list) &&
    list.length === length &&
    list.every((one) => typeof one === 'number' && Math.abs(one) < 1e9 && one > least);
  if (typeof value !== 'object' || value === null) refuse('', 'an object as fit-views writes it');
  const { views, mean, scale, weights, bias } = value as Record<string, unknown>;
  const isView = (view: unknown): boolean =>
    typeof view === 'object' &&
    view !== null &&
    typeof (view as Record<string, unknown>).modality === 'string' &&
    typeof (view as Record<string, unknown>).site === 'string';
  if (!(Array.isArray(views) && views.length > 0 && views.every(isView))) {
    return refuse('views', 'a list of { modality, site }');
  }
  if (!numbers(mean, dim)) refuse('mean', `${dim} numbers`);
  if (!numbers(scale, dim, 0)) refuse('scale', `${dim} numbers above 0`);
  if (!(Array.isArray(weights) && weights.length === views.length && weights.every((row) => numbers(row, dim)))) {
    refuse('weights', `${views.length} lists of ${dim} numbers`);
  }
  if (!numbers(bias, views.length)) refuse('bias', `${views.length} numbers`);
  return value as ViewClassifier;
}
