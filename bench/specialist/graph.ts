/** The specialist's two graphs: loss with all gradients, and logits of one image. */
import { gradients } from '../../src/graph/differentiate.ts';
import { countFlops, lowerToOnnx, type OnnxModel } from '../../src/graph/onnx/lower.ts';
import { cpuTarget, type OnnxTarget } from '../../src/graph/onnx/target.ts';
import { add, binaryCrossEntropy, div, mean, mul, sigmoid, sumAll } from '../../src/graph/ops/index.ts';
import { input, type Tensor } from '../../src/graph/tensor.ts';
import { createParameters, type ParameterSpec } from '../../src/model/parameters.ts';
import { trainingDefaults } from '../../src/train/config.ts';
import { gradientPrefix } from '../../src/train/graph.ts';
import { diceLoss, emphasis } from '../../src/train/losses.ts';
import { CELL, type NetworkSettings, networkGraph } from './network.ts';

/** Mean of values `[B,T]` where the weights `[B,T]` are 1. */
function weightedMean(values: Tensor, weights: Tensor): Tensor {
  return div(sumAll(mul(values, weights)), add(sumAll(weights), 1e-6));
}

export interface SpecialistGraph {
  readonly model: OnnxModel;
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  /** Names of the loss and its parts. */
  readonly scalars: readonly string[];
  /** FLOP of a whole step. */
  readonly flops: number;
}

/**
 * Loss of a batch and the gradients of all parameters: cross-entropy where it is known whether the target is there, Dice where it is,
 * both as in the main model's training. Inputs: `pixels` `[B,3,S,S]` 0..255, `targets` `[B,T,S/2*S/2]` coverage 0..1, `present` and
 * `known` `[B,T]` 0 or 1.
 */
export function trainingGraph(
  { size, channels }: NetworkSettings,
  images: number,
  outputs: number,
  target: OnnxTarget,
): SpecialistGraph {
  const p = createParameters();
  const logits = networkGraph(p, input('pixels', [images, 3, size, size]), channels, outputs);
  const targets = input('targets', [images, outputs, (size / CELL) ** 2]);
  const perPixel = mul(binaryCrossEntropy(logits, targets), emphasis(targets));
  const entropy = weightedMean(mean(perPixel, [-1]), input('known', [images, outputs]));
  const dice = weightedMean(diceLoss(sigmoid(logits), targets), input('present', [images, outputs]));
  const weights = trainingDefaults.losses;
  const loss = add(mul(entropy, weights.crossEntropy), mul(dice, weights.dice));
  const scalars = { loss, cross_entropy: entropy, dice };
  const names = [...p.tensors.keys()];
  const found = gradients(loss, [...p.tensors.values()]);
  const outputsByName = {
    ...scalars,
    ...Object.fromEntries(names.map((name, i) => [`${gradientPrefix}${name}`, found[i] as Tensor])),
  };
  return {
    model: lowerToOnnx(outputsByName, { name: 'specialist-training', target }),
    specs: p.specs,
    scalars: Object.keys(scalars),
    flops: countFlops(Object.values(outputsByName)),
  };
}

/** Logits `[1,T,S/2*S/2]` of `pixels` `[1,3,S,S]`. */
export function inferenceGraph({ size, channels }: NetworkSettings, outputs: number): OnnxModel {
  const p = createParameters();
  const logits = networkGraph(p, input('pixels', [1, 3, size, size]), channels, outputs);
  return lowerToOnnx({ logits }, { name: 'specialist', target: cpuTarget });
}
