/**
 * From a graph to an ONNX model (opset 20). Parameters become initialisers (inference) or inputs (training, where they
 * change at every step). The target says which operators beyond the standard may be used.
 */
import { BiomedParseError } from '../../util/errors.ts';
import { fuseLayerNorm, simplify } from '../rewrite.ts';
import {
  type DType,
  formatShape,
  nameOf,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
  topologicalOrder,
} from '../tensor.ts';
import { createOnnxBuilder, type ExternalData } from './builder.ts';
import type { LoweringContext } from './context.ts';
import { loweringRule } from './operators.ts';
import type { OnnxTarget } from './target.ts';

/** A learned value given for lowering, in memory or in a file beside the model. */
export type Weight =
  | { readonly shape: Shape; readonly data: Float32Array }
  | { readonly shape: Shape; readonly external: ExternalData };

export interface LoweringOptions {
  readonly name: string;
  readonly target: OnnxTarget;
  /** Values of the parameters; without them parameters become inputs. */
  readonly weights?: ReadonlyMap<string, Weight>;
}

export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
}

function weightOf(t: Tensor, weights: ReadonlyMap<string, Weight>): Weight {
  const name = nameOf(t);
  const weight = weights.get(name);
  if (weight === undefined) throw new BiomedParseError('model', `weights: ${name} is missing`, { name });
  if (!sameShape(weight.shape, t.shape)) {
    const message = `weights: ${name} is ${formatShape(weight.shape)}, the configuration needs ${formatShape(t.shape)}`;
    throw new BiomedParseError('model', message, { name, found: weight.shape, expected: t.shape });
  }
  return weight;
}

/** Lowers named outputs to one ONNX model. */
export function lowerToOnnx(outputs: Readonly<Record<string, Tensor>>, options: LoweringOptions): OnnxModel {
  const builder = createOnnxBuilder(options.name);
  const context: LoweringContext = { builder, target: options.target, cache: new Map() };
  const names = Object.keys(outputs);
  const simple = fuseLayerNorm(simplify(names.map((name) => outputs[name] as Tensor)));
  const values = new Map<Tensor, string>();
  const inputs: { name: string; dtype: DType; shape: Shape }[] = [];
  const feed = (t: Tensor): string => {
    const name = nameOf(t);
    builder.input(name, t.dtype, t.shape);
    inputs.push({ name, dtype: t.dtype, shape: t.shape });
    return name;
  };
  const emit = (t: Tensor): string => {
    if (t.op === 'input') return feed(t);
    if (t.op === 'constant') return builder.initializer(t.attributes.value as Float64Array, t.shape, t.dtype);
    if (t.op === 'parameter') {
      if (options.weights === undefined) return feed(t);
      const weight = weightOf(t, options.weights);
      if ('external' in weight) return builder.external(nameOf(t), t.shape, weight.external);
      return builder.initializer(weight.data, t.shape, 'f32', nameOf(t));
    }
    return loweringRule(t)(
      t,
      t.inputs.map((i) => values.get(i) as string),
      context,
    );
  };
  for (const t of topologicalOrder(simple)) values.set(t, emit(t));
  const results = names.map((name, i) => {
    const t = simple[i] as Tensor;
    builder.output(name, values.get(t) as string, t.dtype, t.shape);
    return { name, dtype: t.dtype, shape: t.shape };
  });
  return { bytes: builder.finish(), inputs, outputs: results };
}

/** Number of multiplications and additions of the graph's products and convolutions, in FLOP (2 x MAC); of all, or of those that `counts` takes. */
export function countFlops(outputs: readonly Tensor[], counts: (t: Tensor) => boolean = () => true): number {
  let total = 0;
  for (const t of topologicalOrder(simplify(outputs)).filter(counts)) {
    const [a, b] = t.inputs as [Tensor, Tensor];
    if (t.op === 'matmul') {
      const inner = a.shape[a.shape.length - (t.attributes.transposeA ? 2 : 1)] as number;
      total += 2 * sizeOf(t.shape) * inner;
    } else if (t.op === 'linear') total += 2 * sizeOf(t.shape) * (b.shape[1] as number);
    else if (t.op === 'quantisedLinear' || t.op === 'quantisedConv2d')
      total += 2 * sizeOf(t.shape) * (b.shape[0] as number);
    else if (t.op === 'conv2d' || t.op === 'depthwise') total += 2 * sizeOf(t.shape) * sizeOf(b.shape.slice(1));
    else if (t.op === 'depthwiseWeightGradient') total += 2 * sizeOf(a.shape) * (t.attributes.kernel as number) ** 2;
  }
  return total;
}
