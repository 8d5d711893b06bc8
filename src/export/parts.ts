/**
 * The network and its losses as PyTorch methods: image encoder, text encoder, decoder, answer, losses. Every part is
 * cut from the graphs that inference and training run here, written at three sizes each (see graph/torch/symbols.ts):
 * B images, P prompts an image, L text tokens, images of 32 s pixels a side.
 */

import type { Tensor } from '../graph/tensor.ts';
import { cutGraph } from '../graph/torch/cut.ts';
import { createTorchLowering, type TorchPart } from '../graph/torch/lower.ts';
import type { ModelConfig } from '../model/config.ts';
import { answerGraph, memoryOutputs } from '../model/network.ts';
import { createParameters, type ParameterSpec } from '../model/parameters.ts';
import { fourierPosition, sinePosition } from '../model/position.ts';
import { type LossGraph, type LossWeights, lossGraph } from '../train/losses.ts';
import { BiomedParseError } from '../util/errors.ts';

const sizes = { B: [5, 7, 11], P: [13, 17, 19], L: [10, 6, 9], s: [3, 5, 7] } as const;
const copies = [0, 1, 2] as const;
const LEAST_CONTEXT = Math.max(...sizes.L) + 1;

/** Weights inside of one prediction's loss, at three values each; the others are factors of whole losses. */
const weightValues = { crossEntropy: [2.1, 3.3, 4.7], dice: [2.9, 3.7, 5.3], similarity: [0.3, 0.7, 1.9] } as const;

/** Tables that functions.py makes by formula. */
function knownConstant(values: Float64Array, shape: readonly number[]) {
  const equals = (other: ArrayLike<number>): boolean => values.every((v, i) => v === other[i]);
  const [, rows, columns] = shape;
  const side = Math.sqrt(rows);
  if (shape.length === 3 && Number.isInteger(side) && columns % 2 === 0) {
    const table = sinePosition(side, side, columns).attributes.value as Float64Array;
    if (equals(table)) return { name: 'sine_position', sizes: [side, side, columns] };
  }
  if (shape.length === 4 && columns === rows && shape[3] % 4 === 0) {
    const bands = shape[3] / 4;
    if (equals(fourierPosition(rows, columns, bands).attributes.value as Float64Array)) {
      return { name: 'fourier_position', sizes: [rows, columns, bands] };
    }
  }
  const n = shape[shape.length - 1];
  if (shape.length === 4 && shape[2] === n && values.every((v, i) => v === (i % n > Math.floor(i / n) ? 1 : 0))) {
    return { name: 'causal_mask', sizes: [n] };
  }
  return undefined;
}

export interface NetworkText {
  /** Methods of the class, parts first. */
  readonly methods: readonly string[];
  /** Shapes and start values of all parameters, in the order of training checkpoints. */
  readonly specs: ReadonlyMap<string, ParameterSpec>;
}

/** Writes the methods of a network. Refused (`model`): a text context below 11 tokens. */
export function networkMethods(config: ModelConfig): NetworkText {
  if (config.text.contextLength < LEAST_CONTEXT) {
    const message = `text.contextLength is ${config.text.contextLength}; an export to PyTorch needs at least ${LEAST_CONTEXT}`;
    throw new BiomedParseError('model', message);
  }
  const written = copies.map((i) => {
    const p = createParameters();
    const shape = { images: sizes.B[i], prompts: sizes.P[i], tokens: sizes.L[i], size: 32 * sizes.s[i] };
    const { crossEntropy, dice, similarity } = weightValues;
    const weights: LossWeights = {
      ...{ crossEntropy: crossEntropy[i], dice: dice[i], similarity: similarity[i] },
      ...{ existence: 1, intermediate: 1, pyramid: 1, separation: 1 },
    };
    const graph = lossGraph(p, shape, config, weights);
    const { memory, text } = graph.inner;
    return { p, graph, answer: answerGraph(p, memory, text, config) };
  });
  const { p } = written[0];
  const specs = p.specs;
  const lowering = createTorchLowering({
    sizes,
    numbers: Object.fromEntries(Object.entries(weightValues).map(([name, values]) => [`weights["${name}"]`, values])),
    knownConstant,
    names: [...specs.keys()],
  });
  const memoryText = (name: string): string =>
    /^(key|value|level|mask_features|summary|pyramid)/.test(name) ? `memory["${name}"]` : name;
  const part = (
    about: Pick<TorchPart, 'name' | 'about' | 'parameters' | 'returns'>,
    copy: (one: (typeof written)[number]) => Record<string, Tensor>,
  ): string => lowering.method({ ...about, inputText: memoryText, copies: written.map(copy) });
  const tuple = (outputs: Readonly<Record<string, string>>): string => Object.values(outputs).join(', ');
  const dictionary = (outputs: Readonly<Record<string, string>>): string =>
    `{${Object.entries(outputs)
      .map(([name, text]) => `"${name}": ${text}`)
      .join(', ')}}`;

  const memoryOf = ({ inner }: LossGraph): Record<string, Tensor> => ({
    ...memoryOutputs(inner.memory),
    ...Object.fromEntries(inner.pyramid.map((map, n) => [`pyramid_${n}`, map])),
  });
  const textOf = ({ inner }: LossGraph): Record<string, Tensor> => ({
    tokens: inner.text.tokens,
    classes: inner.text.classes,
  });
  const predictionsOf = ({ inner }: LossGraph): Record<string, Tensor> =>
    Object.fromEntries(
      inner.predictions.flatMap(({ queries, masks }, n) => [
        [`queries_${n}`, queries],
        [`masks_${n}`, masks],
      ]),
    );

  const methods = [
    part(
      {
        name: 'encode_image',
        about: 'Images [B, 3, 32 s, 32 s], 0 to 255, to all that prompts look at.',
        parameters: ['pixels'],
        returns: dictionary,
      },
      ({ graph }) => memoryOf(graph),
    ),
    part(
      {
        name: 'encode_text',
        about:
          'Token ids [B * P, L] and the place of each end token [B * P] to tokens [B * P, L, D] and classes [B, P, 1, D].',
        parameters: ['ids', 'ends', 'P'],
        returns: tuple,
      },
      ({ graph }) => textOf(graph),
    ),
    part(
      {
        name: 'decode',
        about:
          'Queries [B, P * Q, D] and mask embeddings [B, P * Q, M], before the first layer and after each. filler: bool [B * P, L].',
        parameters: ['memory', 'tokens', 'filler', 'classes'],
        returns: (outputs) => {
          const layers = Object.keys(outputs).length / 2;
          return `[${Array.from({ length: layers }, (_, n) => `(${outputs[`queries_${n}`]}, ${outputs[`masks_${n}`]})`).join(', ')}]`;
        },
      },
      ({ graph }) => cutGraph(predictionsOf(graph), { ...memoryOf(graph), ...textOf(graph) }),
    ),
    part(
      {
        name: 'answer',
        about:
          'Mask logits [B, P, 8 s * 8 s] of the query that text chooses, from the last prediction, and existence logits [B, P, 1].',
        parameters: ['memory', 'classes', 'queries', 'masks'],
        returns: tuple,
      },
      ({ graph, answer }) => {
        const last = answer.decoded.predictions[answer.decoded.predictions.length - 1];
        const outputs: Record<string, Tensor> = {
          logits: answer.logits,
          ...(answer.existence && { existence: answer.existence }),
        };
        return cutGraph(outputs, { ...memoryOf(graph), ...textOf(graph), queries: last.queries, masks: last.masks });
      },
    ),
    part(
      {
        name: 'prediction_loss',
        about:
          'Loss of one prediction: total, its parts, and the judged queries as a one-hot choice [B, P, 1, Q] and as mask embeddings [B, P, M].',
        parameters: ['memory', 'classes', 'queries', 'masks', 'targets', 'present', 'weights'],
        returns: dictionary,
      },
      ({ graph }) => {
        const { predictions, losses } = graph.inner;
        const { total, crossEntropy, dice, similarity, choice, masks: judged } = losses[losses.length - 1];
        const { queries, masks } = predictions[predictions.length - 1];
        const outputs = { total, cross_entropy: crossEntropy, dice, similarity, choice, judged };
        return cutGraph(outputs, { ...memoryOf(graph), ...textOf(graph), queries, masks });
      },
    ),
    part(
      {
        name: 'pyramid_loss',
        about:
          'Loss of the pyramid maps at 1/32, 1/16 and 1/8 for judged mask embeddings [B, P, M], which are detached.',
        parameters: ['memory', 'judged', 'targets', 'present', 'weights'],
        returns: tuple,
      },
      ({ graph }) => {
        const { masks: judged } = graph.inner.losses[graph.inner.losses.length - 1];
        return cutGraph({ pyramid: graph.parts.pyramid }, { ...memoryOf(graph), judged });
      },
    ),
    part(
      {
        name: 'separation_loss',
        about: 'Loss of texts that are alike though what they name differs, of classes [B, P, 1, D].',
        parameters: ['classes', 'targets', 'present'],
        returns: tuple,
      },
      ({ graph }) => cutGraph({ separation: graph.parts.separation }, textOf(graph)),
    ),
    ...(config.decoder.existence
      ? [
          part(
            {
              name: 'existence_loss',
              about: 'Cross-entropy of the existence head on the last prediction.',
              parameters: ['memory', 'classes', 'queries', 'masks', 'choice', 'present'],
              returns: tuple,
            },
            ({ graph }) => {
              const { predictions, losses } = graph.inner;
              const { queries, masks } = predictions[predictions.length - 1];
              const { choice } = losses[losses.length - 1];
              const outputs = { existence: graph.parts.existence };
              return cutGraph(outputs, { ...memoryOf(graph), ...textOf(graph), queries, masks, choice });
            },
          ),
        ]
      : []),
  ];
  return { methods: [...methods, ...lowering.repeated()], specs };
}
