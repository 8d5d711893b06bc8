/**
 * Transformer-FPN pixel decoder (of Mask2Former's family): a transformer at 1/32, then a pyramid down to 1/4.
 * Gives the memories the query decoder looks at (1/32, 1/16, 1/8) and the mask features (1/4). Channels last.
 */
import { add, depthwise, expand, relu, reshape } from '../graph/ops/index.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { PixelDecoderConfig } from './config.ts';
import { convolution, feedForward, groupNorm, multiHeadAttention, norm, pointwise } from './layers.ts';
import { fanIn, type Parameters } from './parameters.ts';
import { sinePosition } from './position.ts';

const prefix = 'sem_seg_head.pixel_decoder';

export interface PixelFeatures {
  /** Output of the transformer, `[B,H/32,W/32,D]`. */
  readonly transformer: Tensor;
  /** Memories at 1/32, 1/16, 1/8, `[B,h,w,D]`. */
  readonly memories: readonly [Tensor, Tensor, Tensor];
  /** `[B,H/4,W/4,M]`. */
  readonly maskFeatures: Tensor;
}

/** One post-norm encoder layer; position is added to queries and keys, not to values. */
function encoderLayer(p: Parameters, name: string, x: Tensor, position: Tensor, config: PixelDecoderConfig): Tensor {
  const placed = add(x, position);
  const heads = config.heads;
  const attended = multiHeadAttention(p, `${name}.self_attn`, { query: placed, key: placed, value: x, heads });
  const y = norm(p, `${name}.norm1`, add(x, attended));
  return norm(p, `${name}.norm2`, add(y, feedForward(p, name, y, config.feedForward)));
}

function pyramidNorm(p: Parameters, name: string, x: Tensor, config: PixelDecoderConfig): Tensor {
  return config.norm === 'group' ? groupNorm(p, name, x, config.groups) : norm(p, name, x);
}

/** 3 x 3 convolution (dense, or depthwise then pointwise), norm, ReLU. */
function pyramidLayer(p: Parameters, name: string, x: Tensor, config: PixelDecoderConfig): Tensor {
  const options = { kernel: 3, stride: 1, padding: 1, bias: false };
  const channels = x.shape[3] as number;
  const y =
    config.convolution === 'dense'
      ? convolution(p, name, x, config.dim, options)
      : pointwise(
          p,
          name,
          depthwise(x, p.get(`${name}.depthwise.weight`, [channels, 1, 3, 3], fanIn(9))),
          config.dim,
          false,
        );
  return relu(pyramidNorm(p, `${name}.norm`, y, config));
}

/** Each value repeated 2 x 2. */
function upsampleNearest(x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const repeated = expand(reshape(x, [batch, height, 1, width, 1, channels]), [batch, height, 2, width, 2, channels]);
  return reshape(repeated, [batch, 2 * height, 2 * width, channels]);
}

/** Mask features of one pyramid map, `[B,h,w,M]`: the finest one's make the masks, and coarser ones can be judged in training. */
export function maskFeaturesOf(p: Parameters, map: Tensor, config: PixelDecoderConfig): Tensor {
  const name = `${prefix}.mask_features`;
  if (config.maskKernel === 1) return pointwise(p, name, map, config.maskDim, true);
  return convolution(p, name, map, config.maskDim, { kernel: 3, stride: 1, padding: 1, bias: true });
}

/** The four backbone maps to memories and mask features. */
export function pixelDecoder(
  p: Parameters,
  maps: readonly [Tensor, Tensor, Tensor, Tensor],
  config: PixelDecoderConfig,
): PixelFeatures {
  const coarse = pointwise(p, `${prefix}.input_proj`, maps[3], config.dim, true);
  const [batch, height, width] = coarse.shape as [number, number, number, number];
  const position = sinePosition(height, width, config.dim);
  let tokens = reshape(coarse, [batch, height * width, config.dim]);
  for (let n = 0; n < config.transformerLayers; n++) {
    tokens = encoderLayer(p, `${prefix}.transformer.encoder.layers.${n}`, tokens, position, config);
  }
  const transformer = reshape(tokens, coarse.shape);
  const pyramid = [pyramidLayer(p, `${prefix}.layer_4`, transformer, config)];
  for (const level of [3, 2, 1]) {
    const lateral = pointwise(p, `${prefix}.adapter_${level}`, maps[level - 1] as Tensor, config.dim, false);
    const sum = add(
      pyramidNorm(p, `${prefix}.adapter_${level}.norm`, lateral, config),
      upsampleNearest(pyramid.at(-1) as Tensor),
    );
    pyramid.push(pyramidLayer(p, `${prefix}.layer_${level}`, sum, config));
  }
  const [first, second, third, finest] = pyramid as [Tensor, Tensor, Tensor, Tensor];
  return { transformer, memories: [first, second, third], maskFeatures: maskFeaturesOf(p, finest, config) };
}
