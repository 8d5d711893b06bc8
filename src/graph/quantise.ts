/**
 * Post-training quantisation as a rewrite: linear layers and dense convolutions whose weight is a piece of a parameter
 * become products in 8-bit integers. Weights get one symmetric scale per output (-127..127 times it), values their scales
 * at each run, so nothing has to be calibrated. It reads the weights' values, as it rounds them. Everything else
 * (depthwise convolutions, norms, activations, products of two computed tensors) stays as it is.
 */
import { foldWeight, sourceParameter } from './fold.ts';
import { quantisedConv2d, quantisedLinear, reshape, transpose } from './ops/index.ts';
import { rebuild } from './rewrite.ts';
import { constant, sizeOf, type Tensor } from './tensor.ts';

/** Whether products with a parameter of this name may be quantised. */
export type Chooses = (name: string) => boolean;

/** Products of fewer inputs or outputs than this stay: rounding the values costs more than it saves. */
const leastSide = 32;

/** Whether a tensor is a product that `quantise` puts into 8-bit integers. */
export function isQuantisable(t: Tensor, chooses: Chooses): boolean {
  const { dilation = 1, groups = 1 } = t.attributes as { dilation?: number; groups?: number };
  if ((t.op !== 'linear' && t.op !== 'conv2d') || dilation !== 1 || groups !== 1) return false;
  const weight = t.inputs[1] as Tensor;
  const out = weight.shape[0] as number;
  const name = sourceParameter(weight);
  return name !== null && chooses(name) && out >= leastSide && sizeOf(weight.shape) / out >= leastSide;
}

/** Outputs that are rounded side by side, so that neighbours in the result are written together. */
const together = 64;

/** A weight `[out,in]` as bytes `[in,out]`, with the size of a step per output. */
function roundWeight(values: Float32Array, out: number): { bytes: Int8Array; steps: Float64Array } {
  const inner = values.length / out;
  const bytes = new Int8Array(values.length);
  const steps = new Float64Array(out);
  for (let o = 0; o < out; o++) {
    let largest = 0;
    for (let i = o * inner; i < (o + 1) * inner; i++) largest = Math.max(largest, Math.abs(values[i] as number));
    steps[o] = Math.fround(largest / 127) || 1;
  }
  for (let start = 0; start < out; start += together) {
    const end = Math.min(out, start + together);
    for (let i = 0; i < inner; i++) {
      for (let o = start; o < end; o++) {
        bytes[i * out + o] = Math.round((values[o * inner + i] as number) / (steps[o] as number));
      }
    }
  }
  return { bytes, steps };
}

/** A weight `[out,in]` as the operands of a quantised product. */
function roundedOperands(weight: Tensor, read: (name: string) => Float32Array): [weight: Tensor, scale: Tensor] {
  const [out, inner] = weight.shape as [number, number];
  const { bytes, steps } = roundWeight(foldWeight(weight, read), out);
  return [constant(bytes, [inner, out], 's8'), constant(steps, [out])];
}

/** The graph with every chosen product in 8-bit integers; `read` gives a parameter's values in row-major order. */
export function quantise(outputs: readonly Tensor[], chooses: Chooses, read: (name: string) => Float32Array): Tensor[] {
  return rebuild(outputs, (t) => {
    if (!isQuantisable(t, chooses)) return t;
    const [x, weight, bias] = t.inputs as [Tensor, Tensor, Tensor?];
    if (t.op === 'linear') return quantisedLinear(x, ...roundedOperands(weight, read), bias);
    const [out, inner, kh, kw] = weight.shape as [number, number, number, number];
    const { stride, pads } = t.attributes as { stride: number; pads: [number, number, number, number] };
    const rows = reshape(transpose(weight, [0, 2, 3, 1]), [out, kh * kw * inner]);
    const options = { kernel: [kh, kw], stride, pads } as const;
    const y = quantisedConv2d(transpose(x, [0, 2, 3, 1]), ...roundedOperands(rows, read), options);
    return transpose(y, [0, 3, 1, 2]);
  });
}
