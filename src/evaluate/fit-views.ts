/**
 * The classifier of kinds of image fitted to a data folder: features of every image from the model, then multinomial logistic
 * regression with a small ridge, by Adam over all images (Kingma and Ba 2015). Kinds weigh by the square root of their images.
 */
import { type Dataset, itemImage } from '../dataset/index.ts';
import { modalityFamily } from '../ontology/index.ts';
import type { Model } from '../parse/segment.ts';
import { guessViews, softmax, type ViewClassifier } from '../parse/views.ts';
import { chosenItems, type EvaluateOptions } from './evaluate.ts';

/** One image's features `[dim]` and what it is. */
export interface ViewSample {
  readonly features: Float32Array;
  readonly modality: string;
  readonly site: string;
}

/** Features of the images of a dataset. */
export async function viewSamples(
  model: Model,
  dataset: Dataset,
  options: Pick<EvaluateOptions, 'limit' | 'signal' | 'onProgress'> = {},
): Promise<ViewSample[]> {
  const { signal, onProgress } = options;
  const items = chosenItems(dataset, options.limit);
  const samples: ViewSample[] = [];
  for (const [done, item] of items.entries()) {
    signal?.throwIfAborted();
    const encoded = await model.encode(await itemImage(dataset, item), signal === undefined ? {} : { signal });
    samples.push({ features: encoded.summary(), modality: modalityFamily(item.modality), site: item.site });
    encoded.dispose();
    onProgress?.(done + 1, items.length);
  }
  return samples;
}

const STEPS = 300;
/** Falls linearly to 0. */
const RATE = 0.05;
const DECAYS = [0.9, 0.99] as const;
const RIDGE = 1e-3;
const round = (value: number): number => Number(value.toPrecision(5));

/** Fits a classifier to samples of at least one kind. */
export function fitViews(samples: readonly ViewSample[]): ViewClassifier {
  const dim = samples[0].features.length;
  const keyOf = ({ modality, site }: { modality: string; site: string }): string => `${modality}|${site}`;
  const keys = [...new Set(samples.map(keyOf))].sort();
  const views = keys.map((key) => ({ modality: key.split('|')[0], site: key.split('|')[1] }));
  const labels = samples.map((sample) => keys.indexOf(keyOf(sample)));
  const mean = Array.from({ length: dim }, (_, i) => round(average(samples.map(({ features }) => features[i]))));
  const scale = mean.map((middle, i) =>
    round(Math.sqrt(average(samples.map(({ features }) => (features[i] - middle) ** 2))) + 1e-6),
  );
  const inputs = samples.map(({ features }) => mean.map((middle, i) => (features[i] - middle) / scale[i]));
  const counts = keys.map((_, view) => labels.filter((label) => label === view).length);
  const shares = labels.map((label) => 1 / Math.sqrt(counts[label]));
  const whole = shares.reduce((a, b) => a + b, 0);

  const width = dim + 1; // the last weight of a kind is its bias
  const weights = new Float64Array(keys.length * width);
  const [first, second] = [new Float64Array(weights.length), new Float64Array(weights.length)];
  for (let step = 0; step < STEPS; step++) {
    const gradient = Float64Array.from(weights, (weight, i) => (i % width === dim ? 0 : RIDGE * weight));
    for (const [n, input] of inputs.entries()) {
      const scores = keys.map((_, view) => {
        let sum = weights[view * width + dim];
        for (let i = 0; i < dim; i++) sum += weights[view * width + i] * input[i];
        return sum;
      });
      for (const [view, probability] of softmax(scores).entries()) {
        const error = ((probability - (labels[n] === view ? 1 : 0)) * shares[n]) / whole;
        for (let i = 0; i < dim; i++) gradient[view * width + i] += error * input[i];
        gradient[view * width + dim] += error;
      }
    }
    for (let i = 0; i < weights.length; i++) {
      first[i] += (1 - DECAYS[0]) * (gradient[i] - first[i]);
      second[i] += (1 - DECAYS[1]) * (gradient[i] ** 2 - second[i]);
      const [mean, square] = [first[i] / (1 - DECAYS[0] ** (step + 1)), second[i] / (1 - DECAYS[1] ** (step + 1))];
      weights[i] -= (RATE * (1 - step / STEPS) * mean) / (Math.sqrt(square) + 1e-9);
    }
  }
  const rows = keys.map((_, view) => [...weights.subarray(view * width, (view + 1) * width)].map(round));
  return { views, mean, scale, weights: rows.map((row) => row.slice(0, dim)), bias: rows.map((row) => row[dim]) };
}

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Shares of images whose modality, and whose modality and site, are guessed first. */
export function viewAccuracy(
  classifier: ViewClassifier,
  samples: readonly ViewSample[],
): { modality: number; view: number } {
  let [modalities, views] = [0, 0];
  for (const { features, modality, site } of samples) {
    const best = guessViews(classifier, features)[0];
    if (best.modality === modality) modalities++;
    if (best.modality === modality && best.site === site) views++;
  }
  return { modality: modalities / samples.length, view: views / samples.length };
}
