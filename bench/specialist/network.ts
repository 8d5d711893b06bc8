/**
 * A plain U-Net (Ronneberger et al. 2015) for one data set, without text: one channel of logits per target. Five levels at 1/2 to
 * 1/32 of the image; two 3 x 3 convolutions a level, each depthwise and then pointwise, which is what runs fast on a processor, with a
 * norm over channels and ReLU; 2 x 2 strided convolutions down, 2 x 2 transposed ones up, skips by concatenation. Channels last.
 */
import { concat, mul, relu, reshape, sub, transpose } from '../../src/graph/ops/index.ts';
import { constant, type Tensor } from '../../src/graph/tensor.ts';
import { dense, enlarge, norm, patchConvolution, separable } from '../../src/model/layers.ts';
import type { Parameters } from '../../src/model/parameters.ts';

export interface NetworkSettings {
  /** Side of the square image, pixels; a multiple of 2 to the power of the number of levels. */
  readonly size: number;
  /** Channels of each level, the finest first; multiples of 16 are fast. */
  readonly channels: readonly number[];
}

/** What the specialists of the table are: 1.7 M parameters. */
export const unet: NetworkSettings = { size: 256, channels: [16, 64, 128, 256, 320] };

/** Pixels of the image that one logit stands for, across and down. */
export const CELL = 2;

/** Mean and deviation of the colours that networks of this field are fed with, 0..255. */
const MEAN = [123.675, 116.28, 103.53];
const DEVIATION = [58.395, 57.12, 57.375];

/** Two 3 x 3 convolutions, `[B,H,W,C]` to `[B,H,W,outputs]`. */
function convolutions(p: Parameters, name: string, x: Tensor, outputs: number): Tensor {
  return [1, 2].reduce((y, n) => {
    return relu(norm(p, `${name}.${n}.norm`, separable(p, `${name}.${n}`, y, outputs)));
  }, x);
}

/** Planes `[B,3,S,S]` of 0..255 to logits `[B,outputs,S/2*S/2]`. */
export function networkGraph(p: Parameters, planes: Tensor, channels: readonly number[], outputs: number): Tensor {
  const scale = constant(
    DEVIATION.map((deviation) => 1 / deviation),
    [3],
  );
  let x = mul(sub(transpose(planes, [0, 2, 3, 1]), constant(MEAN, [3])), scale);
  const skips: Tensor[] = [];
  for (const [level, width] of channels.entries()) {
    x = convolutions(p, `down.${level}`, patchConvolution(p, `down.${level}.reduce`, x, width, 2), width);
    skips.push(x);
  }
  for (let level = channels.length - 2; level >= 0; level--) {
    const width = channels[level] as number;
    const joined = concat([enlarge(p, `up.${level}.enlarge`, x, width), skips[level] as Tensor], 3);
    x = convolutions(p, `up.${level}`, joined, width);
  }
  const [batch, height, width] = x.shape as [number, number, number];
  const logits = dense(p, 'head', x, outputs);
  return transpose(reshape(logits, [batch, height * width, outputs]), [0, 2, 1]);
}
