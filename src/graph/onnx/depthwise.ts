/**
 * Depthwise convolution of channels-last tensors. Plain: Transpose, grouped Conv, Transpose. Blocked: the CPU provider's
 * own operators, whose memory is [B, C/block, H, W, block]; the same layout serves as the filter of the weight gradient,
 * where dy is an H x W depthwise filter over x seen as one image of B*C channels.
 */
import type { Tensor } from '../tensor.ts';
import type { LoweringContext, LoweringRule } from './context.ts';

const nchwc = 'com.microsoft.nchwc';
const toChannelsFirst = { perm: [0, 3, 1, 2] };
const toChannelsLast = { perm: [0, 2, 3, 1] };

/** Kernels from this size on run faster on an image padded beforehand than with padding in the operator. */
const padBeforehand = 5;

function usesBlocks(context: LoweringContext, channels: number): boolean {
  return context.target.blockedChannels > 0 && channels % context.target.blockedChannels === 0;
}

/** x padded by `margin` zeros around H and W, then brought to blocks. */
function toBlocks(context: LoweringContext, x: string, margin: number): string {
  const { builder, cache } = context;
  const key = `blocks ${x} ${margin}`;
  const known = cache.get(key)?.[0];
  if (known !== undefined) return known;
  const pads = builder.integers([0, margin, margin, 0, 0, margin, margin, 0]);
  const padded = margin === 0 ? x : builder.node('Pad', [x, pads]);
  const blocks = builder.node('ReorderInput', [padded], { channels_last: 1 }, nchwc);
  cache.set(key, [blocks]);
  return blocks;
}

export const lowerDepthwise: LoweringRule = (t, [x, weight], context) => {
  const { builder, target } = context;
  const [, , , channels] = t.shape as [number, number, number, number];
  const kernel = (t.inputs[1] as Tensor).shape[2] as number;
  const margin = (kernel - 1) / 2;
  const attributes = { group: channels, kernel_shape: [kernel, kernel] };
  if (!usesBlocks(context, channels)) {
    const planes = builder.node('Transpose', [x as string], toChannelsFirst);
    const pads = [margin, margin, margin, margin];
    const y = builder.node('Conv', [planes, weight as string], { ...attributes, pads });
    return builder.node('Transpose', [y], toChannelsLast);
  }
  const block = target.blockedChannels;
  const beforehand = kernel >= padBeforehand;
  const inside = beforehand ? 0 : margin;
  const image = toBlocks(context, x as string, beforehand ? margin : 0);
  // weights [C,1,k,k] in memory order [C/block,1,k,k,block]
  const grouped = builder.node('Reshape', [
    weight as string,
    builder.integers([channels / block, block, kernel * kernel]),
  ]);
  const turned = builder.node('Transpose', [grouped], { perm: [0, 2, 1] });
  const filter = builder.node('Reshape', [turned, builder.integers([channels, 1, kernel, kernel])]);
  const y = builder.node('Conv', [image, filter], { ...attributes, pads: [inside, inside, inside, inside] }, nchwc);
  return builder.node('ReorderOutput', [y], { channels, channels_last: 1 }, nchwc);
};

export const lowerDepthwiseWeightGradient: LoweringRule = (t, [x, dy], context) => {
  const { builder } = context;
  const [batch, height, width, channels] = (t.inputs[0] as Tensor).shape as [number, number, number, number];
  const kernel = t.attributes.kernel as number;
  const margin = (kernel - 1) / 2;
  const all = batch * channels;
  const attributes = { group: all, kernel_shape: [height, width] };
  const imageShape = builder.integers([1, all, height + 2 * margin, width + 2 * margin]);
  const filterShape = builder.integers([all, 1, height, width]);
  let perImage: string;
  if (usesBlocks(context, channels)) {
    const image = builder.node('Reshape', [toBlocks(context, x as string, margin), imageShape]);
    const filter = builder.node('Reshape', [toBlocks(context, dy as string, 0), filterShape]);
    const y = builder.node('Conv', [image, filter], attributes, nchwc);
    perImage = builder.node('ReorderOutput', [y], { channels: all }, nchwc);
  } else {
    const pads = builder.integers([0, 0, margin, margin, 0, 0, margin, margin]);
    const planes = builder.node('Pad', [builder.node('Transpose', [x as string], toChannelsFirst), pads]);
    const image = builder.node('Reshape', [planes, imageShape]);
    const gradient = builder.node('Transpose', [dy as string], toChannelsFirst);
    perImage = builder.node('Conv', [image, builder.node('Reshape', [gradient, filterShape])], attributes);
  }
  const stacked = builder.node('Reshape', [perImage, builder.integers([batch, channels, 1, kernel, kernel])]);
  return builder.node('ReduceSum', [stacked, builder.integers([0])], { keepdims: 0 });
};
