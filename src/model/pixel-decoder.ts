/**
 * Transformer-FPN pixel decoder (of Mask2Former's family): a transformer at 1/32, then a pyramid down to 1/4.
 * Gives the memories the query decoder looks at (1/32, 1/16, 1/8) and the mask features (1/4). Channels last.
 * Options of ours, whose fresh weights change nothing until they are trained: residual blocks behind the pyramid's layers; the place of
 * each cell, and self-attention at 1/16, for objects that only their place and neighbours tell apart (vertebrae, sides); a level at 1/2 that
 * sees the image itself, as a U-Net's finest skip.
 */
import { add, concat, expand, linear, relu, reshape } from '../graph/ops/index.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { PixelDecoderConfig } from './config.ts';
import {
  convolution,
  eachChannel,
  enlarge,
  feedForward,
  groupNorm,
  multiHeadAttention,
  norm,
  patchConvolution,
  pointwise,
  separable,
} from './layers.ts';
import type { Parameters } from './parameters.ts';
import { fourierPosition, sinePosition } from './position.ts';

const prefix = 'sem_seg_head.pixel_decoder';

export interface PixelFeatures {
  /** Output of the transformer, `[B,H/32,W/32,D]`. */
  readonly transformer: Tensor;
  /** Memories at 1/32, 1/16, 1/8, `[B,h,w,D]`. */
  readonly memories: readonly [Tensor, Tensor, Tensor];
  /** `[B,H/s,W/s,M]`, s the stride of the masks (`maskStride`). */
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

/** x and a correction to it, which starts at 0: depthwise 5 x 5, pointwise, norm, ReLU, pointwise, norm. */
function refine(p: Parameters, name: string, x: Tensor): Tensor {
  const channels = x.shape[3] as number;
  const inner = pointwise(p, `${name}.inner`, eachChannel(p, name, x, 5), channels, false);
  const outer = pointwise(p, `${name}.outer`, relu(norm(p, `${name}.inner.norm`, inner)), channels, false);
  return add(x, norm(p, `${name}.outer.norm`, outer, 1e-5, 0));
}

/** A map and where each of its cells lies, by a linear layer of Fourier features that starts at 0. */
function place(p: Parameters, name: string, x: Tensor, bands: number): Tensor {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const weight = p.get(`${name}.place.weight`, [channels, 4 * bands], { value: 0 });
  return add(x, linear(fourierPosition(height, width, bands), weight));
}

/** Self-attention between all cells of a map and a feed-forward layer, norms before them (Xiong et al. 2020); both start as corrections of 0. */
function contextLayer(p: Parameters, name: string, x: Tensor, config: PixelDecoderConfig): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const cells = reshape(x, [batch, height * width, channels]);
  const start = { value: 0 };
  const y = norm(p, `${name}.norm1`, cells);
  const inputs = { query: y, key: y, value: y, heads: config.heads, start };
  const mixed = add(cells, multiHeadAttention(p, `${name}.self_attn`, inputs));
  const grown = feedForward(p, name, norm(p, `${name}.norm2`, mixed), config.feedForward, start);
  return reshape(add(mixed, grown), x.shape);
}

/** The cells' places, 3 x 3 convolution (dense, or depthwise then pointwise), norm, ReLU, then the residual blocks. */
function pyramidLayer(p: Parameters, name: string, x: Tensor, config: PixelDecoderConfig): Tensor {
  const { dim, placeBands } = config;
  const options = { kernel: 3, stride: 1, padding: 1, bias: false };
  const placed = placeBands === undefined ? x : place(p, name, x, placeBands);
  const y =
    config.convolution === 'dense' ? convolution(p, name, placed, dim, options) : separable(p, name, placed, dim);
  let z = relu(pyramidNorm(p, `${name}.norm`, y, config));
  for (let n = 0; n < (config.refinements ?? 0); n++) z = refine(p, `${name}.refine.${n}`, z);
  return z;
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

/**
 * Mask features at 1/2, `[B,H/2,W/2,M]`: those at 1/4, each repeated 2 x 2, and a correction that starts at 0, of the pyramid's finest
 * map and the image itself (Ronneberger et al. 2015).
 */
function detailed(p: Parameters, image: Tensor, finest: Tensor, coarse: Tensor, channels: number): Tensor {
  const name = `${prefix}.detail`;
  const skip = relu(norm(p, `${name}.stem.norm`, patchConvolution(p, `${name}.stem`, image, channels, 2)));
  let x = concat([enlarge(p, `${name}.enlarge`, finest, channels), skip], 3);
  for (const layer of ['first', 'second']) {
    x = relu(norm(p, `${name}.${layer}.norm`, separable(p, `${name}.${layer}`, x, channels)));
  }
  const maskDim = coarse.shape[3] as number;
  const weight = p.get(`${name}.mask_features.weight`, [maskDim, channels], { value: 0 });
  return add(upsampleNearest(coarse), linear(x, weight));
}

/** The normalised image `[B,H,W,3]` and its four backbone maps to memories and mask features. */
export function pixelDecoder(
  p: Parameters,
  image: Tensor,
  maps: readonly [Tensor, Tensor, Tensor, Tensor],
  config: PixelDecoderConfig,
): PixelFeatures {
  const projected = pointwise(p, `${prefix}.input_proj`, maps[3], config.dim, true);
  const [batch, height, width] = projected.shape as [number, number, number, number];
  const position = sinePosition(height, width, config.dim);
  let tokens = reshape(projected, [batch, height * width, config.dim]);
  for (let n = 0; n < config.transformerLayers; n++) {
    tokens = encoderLayer(p, `${prefix}.transformer.encoder.layers.${n}`, tokens, position, config);
  }
  const transformer = reshape(tokens, projected.shape);
  const pyramid = [pyramidLayer(p, `${prefix}.layer_4`, transformer, config)];
  for (const level of [3, 2, 1]) {
    const lateral = pointwise(p, `${prefix}.adapter_${level}`, maps[level - 1] as Tensor, config.dim, false);
    const sum = add(
      pyramidNorm(p, `${prefix}.adapter_${level}.norm`, lateral, config),
      upsampleNearest(pyramid.at(-1) as Tensor),
    );
    let map = pyramidLayer(p, `${prefix}.layer_${level}`, sum, config);
    const context = level === 3 ? (config.contextLayers ?? 0) : 0;
    for (let n = 0; n < context; n++) map = contextLayer(p, `${prefix}.context.layers.${n}`, map, config);
    pyramid.push(map);
  }
  const [first, second, third, finest] = pyramid as [Tensor, Tensor, Tensor, Tensor];
  const coarse = maskFeaturesOf(p, finest, config);
  const maskFeatures = config.detail === undefined ? coarse : detailed(p, image, finest, coarse, config.detail);
  return { transformer, memories: [first, second, third], maskFeatures };
}
