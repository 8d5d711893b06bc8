/** The training step as one ONNX model: parameters and a batch in, loss, its parts and all gradients out. */
import { gradients } from '../graph/differentiate.ts';
import { countFlops, lowerToOnnx, type OnnxModel } from '../graph/onnx/lower.ts';
import type { OnnxTarget } from '../graph/onnx/target.ts';
import type { ModelConfig } from '../model/config.ts';
import { createParameters, type ParameterSpec } from '../model/parameters.ts';
import { type BatchShape, type LossWeights, lossGraph } from './losses.ts';

/** Prefix of the outputs that hold gradients. */
export const gradientPrefix = 'gradient:';

export interface TrainingGraph {
  readonly model: OnnxModel;
  readonly specs: ReadonlyMap<string, ParameterSpec>;
  /** Names of the loss and its parts. */
  readonly scalars: readonly string[];
  /** FLOP of a whole step, forward and backward. */
  readonly flops: number;
}

/** Writes, differentiates and lowers the loss of a batch; gradients are made of the trained parameters only. */
export function trainingGraph(
  config: ModelConfig,
  shape: BatchShape,
  weights: LossWeights,
  target: OnnxTarget,
  isTrained: (name: string) => boolean = () => true,
): TrainingGraph {
  const p = createParameters();
  const { loss, parts } = lossGraph(p, shape, config, weights);
  const names = [...p.tensors.keys()].filter(isTrained);
  const all = gradients(
    loss,
    names.map((name) => p.tensors.get(name) as NonNullable<ReturnType<typeof p.tensors.get>>),
  );
  const scalars = { loss, ...parts };
  const outputs = {
    ...scalars,
    ...Object.fromEntries(names.map((name, i) => [`${gradientPrefix}${name}`, all[i] as (typeof all)[number]])),
  };
  const model = lowerToOnnx(outputs, { name: 'training', target });
  return { model, specs: p.specs, scalars: Object.keys(scalars), flops: countFlops(Object.values(outputs)) };
}
