/**
 * The network's configuration: everything that decides shapes and formulas, nothing about training.
 * `publishedConfig` holds the values of BiomedParse v1; the default model's values lie in models/default/config.json.
 */

export interface BackboneConfig {
  /** Channels of the first stage; each later stage doubles them. */
  readonly embedDim: number;
  /** Blocks per stage, four stages at 1/4, 1/8, 1/16, 1/32. */
  readonly depths: readonly [number, number, number, number];
  /** Kernel sizes of the focal levels, per stage. */
  readonly focalKernels: readonly (readonly number[])[];
  readonly mlpRatio: number;
  /** `conv`: overlapping stem 7/4 (padding 2) and down-sampling 3/2; `patch`: kernel = stride 4, then 2. */
  readonly embed: 'conv' | 'patch';
  readonly activation: 'gelu' | 'relu';
  /** Norm after the branch (published) or before it. */
  readonly postNorm: boolean;
  readonly layerScale: boolean;
  /** Divide the modulator by the number of levels. */
  readonly scalingModulator: boolean;
}

export interface PixelDecoderConfig {
  readonly dim: number;
  readonly maskDim: number;
  readonly transformerLayers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Norm of the pyramid: group norm (published) or layer norm over channels. */
  readonly norm: 'group' | 'layer';
  /** Groups of the group norm. */
  readonly groups: number;
  /** 3x3 convolutions of the pyramid: dense (published), or depthwise followed by pointwise. */
  readonly convolution: 'dense' | 'separable';
  /** Kernel of the mask-feature convolution. */
  readonly maskKernel: 1 | 3;
  /** Residual blocks behind every layer of the pyramid (an option of ours); left out, none. */
  readonly refinements?: number;
  /** Fourier bands of the place of each cell, given to every layer of the pyramid (an option of ours); left out, none. */
  readonly placeBands?: number;
  /** Layers of self-attention at 1/16 of the pyramid (an option of ours); left out, none. */
  readonly contextLayers?: number;
  /** Channels of a level at 1/2 that adds fine shape to the mask features (an option of ours); left out, there is none and they are at 1/4. */
  readonly detail?: number;
}

/** Pixels of the network's input that one mask logit stands for, across and down. */
export function maskStride({ detail }: Pick<PixelDecoderConfig, 'detail'>): 2 | 4 {
  return detail === undefined ? 4 : 2;
}

export interface TextConfig {
  readonly vocabulary: number;
  readonly contextLength: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
}

export interface DecoderConfig {
  readonly dim: number;
  readonly queries: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Add the prompt's class embedding to the queries before the first layer (an option of ours). */
  readonly textQueries: boolean;
  /** One logit per prompt that says whether the object is there (v2's idea). */
  readonly existence: boolean;
  /** The network has the published parameters of region prompts (points, boxes, scribbles); left out, it has not. */
  readonly regions?: boolean;
  /** It was also trained with region prompts; left out, it was not, and such prompts are refused unless forced. */
  readonly regionsTrained?: boolean;
}

export interface ModelConfig {
  readonly name: string;
  /** Side of the square input, pixels. */
  readonly imageSize: number;
  /** How an image becomes a square: stretched (published inference) or padded with black on both sides. */
  readonly fit: 'stretch' | 'pad';
  readonly pixelMean: readonly [number, number, number];
  readonly pixelStd: readonly [number, number, number];
  readonly backbone: BackboneConfig;
  readonly pixelDecoder: PixelDecoderConfig;
  readonly text: TextConfig;
  readonly decoder: DecoderConfig;
}

const publishedKernels = [3, 5, 7, 9];

/** BiomedParse v1 as published (microsoft/BiomedParse, configs/biomedparse_inference.yaml). */
export const publishedConfig: ModelConfig = {
  name: 'BiomedParse v1',
  imageSize: 1024,
  fit: 'stretch',
  pixelMean: [123.675, 116.28, 103.53],
  pixelStd: [58.395, 57.12, 57.375],
  backbone: {
    embedDim: 192,
    depths: [2, 2, 18, 2],
    focalKernels: [publishedKernels, publishedKernels, publishedKernels, publishedKernels],
    mlpRatio: 4,
    embed: 'conv',
    activation: 'gelu',
    postNorm: true,
    layerScale: true,
    scalingModulator: true,
  },
  pixelDecoder: {
    dim: 512,
    maskDim: 512,
    transformerLayers: 6,
    heads: 8,
    feedForward: 2048,
    norm: 'group',
    groups: 32,
    convolution: 'dense',
    maskKernel: 3,
  },
  text: { vocabulary: 49408, contextLength: 77, width: 512, heads: 8, layers: 12 },
  decoder: { dim: 512, queries: 101, layers: 9, heads: 8, feedForward: 2048, textQueries: false, existence: false },
};
