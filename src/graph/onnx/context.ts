/** What a lowering rule sees. */
import type { Tensor } from '../tensor.ts';
import type { OnnxBuilder } from './builder.ts';
import type { OnnxTarget } from './target.ts';

export interface LoweringContext {
  readonly builder: OnnxBuilder;
  readonly target: OnnxTarget;
  /** Values that several tensors share, such as the outputs of one LayerNormalization. */
  readonly cache: Map<string, string[]>;
}

/** Emits the nodes of one tensor and returns the name of its value. */
export type LoweringRule = (t: Tensor, inputs: readonly string[], context: LoweringContext) => string;
