/**
 * Evaluation of 8-bit products. What decides where a value is rounded to is computed in float32, as ONNX Runtime does
 * it, so that both round alike; sums are whole numbers and exact.
 */
import { sizeOf } from '../tensor.ts';
import type { Evaluator } from './values.ts';

const { fround } = Math;

/** Rounds halves to the even neighbour. */
function roundEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** Values as steps of `scale` from their zero point, all alike: whole numbers in -255..255. */
function quantiseValues(data: Float64Array): { readonly steps: Float64Array; readonly scale: number } {
  const low = data.reduce((least, v) => Math.min(least, v), 0);
  const high = data.reduce((most, v) => Math.max(most, v), 0);
  const scale = high === low ? 1 : fround(fround(high - low) / 255);
  const zero = roundEven(fround(-low / scale));
  const steps = data.map((v) => Math.min(255 - zero, Math.max(-zero, roundEven(fround(v / scale)))));
  return { steps, scale };
}

const quantisedLinear: Evaluator = (t, [x, weight, weightScale, bias]) => {
  const [inner, out] = weight.shape;
  const y = new Float64Array(sizeOf(t.shape));
  for (let row = 0; row < x.data.length / inner; row++) {
    const values = x.data.subarray(row * inner, (row + 1) * inner);
    const scale = fround(values.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-30) / 127);
    const steps = values.map((v) => roundEven(fround(v / scale)));
    for (let o = 0; o < out; o++) {
      const total = steps.reduce((sum, step, i) => sum + step * weight.data[i * out + o], 0);
      y[row * out + o] = total * scale * weightScale.data[o] + (bias === undefined ? 0 : bias.data[o]);
    }
  }
  return y;
};

const quantisedConv2d: Evaluator = (t, [x, weight, weightScale]) => {
  const stride = t.attributes.stride as number;
  const [kh, kw] = t.attributes.kernel as readonly number[];
  const [top, left] = t.attributes.pads as readonly number[];
  const [, height, width, channels] = x.shape;
  const [, h, w, out] = t.shape;
  const { steps, scale } = quantiseValues(x.data);
  return new Float64Array(sizeOf(t.shape)).map((_, at) => {
    const o = at % out;
    const [b, i, j] = [Math.floor(at / (h * w * out)), Math.floor(at / (w * out)) % h, Math.floor(at / out) % w];
    let total = 0;
    for (let tap = 0; tap < kh * kw; tap++) {
      const [row, column] = [i * stride + Math.floor(tap / kw) - top, j * stride + (tap % kw) - left];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      for (let c = 0; c < channels; c++) {
        const value = steps[((b * height + row) * width + column) * channels + c];
        total += value * weight.data[(tap * channels + c) * out + o];
      }
    }
    return total * scale * weightScale.data[o];
  });
};

export const quantisedEvaluators: Record<string, Evaluator> = { quantisedLinear, quantisedConv2d };
