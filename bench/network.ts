/** The compact network opened for measuring: forward alone, and the training step, one thread each. */
import { countFlops, lowerToOnnx } from '../src/graph/onnx/lower.ts';
import { cpuTarget } from '../src/graph/onnx/target.ts';
import { matmul, reshape } from '../src/graph/ops/index.ts';
import { input } from '../src/graph/tensor.ts';
import type { ModelConfig } from '../src/model/config.ts';
import { answerGraph, imageGraph, textGraph } from '../src/model/network.ts';
import { createParameters } from '../src/model/parameters.ts';
import { trainingTarget } from '../src/runtime/probe.ts';
import { openSession, type Values } from '../src/runtime/session.ts';
import { gradientPrefix, trainingGraph } from '../src/train/graph.ts';
import type { BatchShape } from '../src/train/losses.ts';
import { adamW, averageGradients } from '../src/train/optimiser.ts';
import { makeBatch, makeParameters } from './batch.ts';
import { lossWeights, optimiser } from './config.ts';

export interface ForwardBench {
  /** FLOP of one run, all images together. */
  readonly flops: number;
  /** Image encoder, text encoder and decoder of the whole batch: `logits` `[B,P,(S/s)*(S/s)]` at the stride s of masks, `existence` `[B,P,1]`. */
  run(): Promise<Record<string, Values>>;
  dispose(): Promise<void>;
}

/** Inference with the weights inside the model, as `parse` runs it, every prompt on its own. */
export async function openForward(config: ModelConfig, shape: BatchShape): Promise<ForwardBench> {
  const { images, prompts, tokens, size } = shape;
  const groups = images * prompts;
  const p = createParameters();
  const { memory } = imageGraph(p, input('pixels', [images, 3, size, size]), config);
  const text = textGraph(p, groups, tokens, config);
  const classes = reshape(text.classes, [images, prompts, 1, config.decoder.dim]);
  const filler = input('filler', [groups, tokens], 'bool');
  const answer = answerGraph(p, memory, { tokens: text.tokens, filler, classes }, config);
  const outputs = {
    logits: answer.logits,
    ...(answer.existence === null ? {} : { existence: answer.existence }),
  };
  const { slots, values } = makeParameters(p.specs);
  const weights = new Map(
    slots.map(({ name, shape, start, size }) => [name, { shape, data: values.subarray(start, start + size) }]),
  );
  const session = await openSession(lowerToOnnx(outputs, { name: 'forward', target: cpuTarget, weights }), {
    threads: 1,
  });
  const feeds = makeBatch(shape, config);
  return {
    flops: countFlops(Object.values(outputs)),
    run: () => session.run(feeds),
    dispose: () => session.dispose(),
  };
}

export interface TrainingBench {
  readonly flops: number;
  /** Number of learned values. */
  readonly parameters: number;
  readonly slots: ReturnType<typeof makeParameters>['slots'];
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  /** The batch, and the shape of each of its arrays. */
  readonly feeds: Readonly<Record<string, Values>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Forward and backward; fills `gradient` and gives the loss. */
  step(): Promise<number>;
  /** Clipping by norm and AdamW with the running average, in place. */
  update(): void;
  dispose(): Promise<void>;
}

/** The trainer's step with one worker. */
export async function openTraining(config: ModelConfig, shape: BatchShape): Promise<TrainingBench> {
  const graph = trainingGraph(config, shape, lossWeights, await trainingTarget());
  const session = await openSession(graph.model, { threads: 1 });
  const { slots, values } = makeParameters(graph.specs);
  const total = values.length;
  const gradient = new Float32Array(total);
  const batch = makeBatch(shape, config);
  const feeds: Record<string, Values> = { ...batch };
  const into: Record<string, Float32Array> = {};
  for (const { name, start, size } of slots) {
    feeds[name] = values.subarray(start, start + size);
    into[`${gradientPrefix}${name}`] = gradient.subarray(start, start + size);
  }
  const arrays = {
    parameters: values,
    average: values.slice(),
    firstMoment: new Float32Array(total),
    secondMoment: new Float32Array(total),
    gradient: new Float32Array(total),
  };
  let steps = 0;
  return {
    flops: graph.flops,
    parameters: total,
    slots,
    values,
    gradient,
    feeds: batch,
    shapes: Object.fromEntries(graph.model.inputs.map((given) => [given.name, given.shape])),
    step: async () => Number((await session.run(feeds, into)).loss[0]),
    update: () => {
      const norm = Math.sqrt(averageGradients([gradient], arrays.gradient, 0, total));
      const given = { ...optimiser, scale: Math.min(1, optimiser.clip / norm), step: steps++ };
      for (const { start, size, decays } of slots) adamW(arrays, start, start + size, decays, given);
    },
    dispose: () => session.dispose(),
  };
}

/** Side of the matrices that stand for the machine's peak. */
export const peakSide = 1024;

/** One large square MatMul through the same door: what this machine can do. */
export async function openMatMul(side = peakSide, threads = 1): Promise<ForwardBench> {
  const product = matmul(input('a', [side, side]), input('b', [side, side]));
  const session = await openSession(lowerToOnnx({ product }, { name: 'peak', target: cpuTarget }), { threads });
  const matrix = Float32Array.from({ length: side * side }, (_, i) => (i % 7) / 7);
  const into = { product: new Float32Array(side * side) };
  return {
    flops: countFlops([product]),
    run: () => session.run({ a: matrix, b: matrix }, into),
    dispose: () => session.dispose(),
  };
}
