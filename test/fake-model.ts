/**
 * A network without learning, for tests of everything round it. It "finds" bright pixels: a prompt's mask logits are
 * (grey - 128) / 16 on a quarter of the input, the existence logit is +4, or -4 for a prompt that holds the word "absent".
 * The first value of an image's summary is the mean of those logits, the others are 0. It counts how often its parts were called.
 */
import type { ModelConfig } from '../src/model/config.ts';
import type { Tokenizer } from '../src/model/tokenizer.ts';
import type { ModelSettings } from '../src/parse/config.ts';
import { createModel, type Model } from '../src/parse/segment.ts';
import type { ViewClassifier } from '../src/parse/views.ts';
import type { Network } from '../src/runtime/network.ts';

export const fakeConfig: ModelConfig = {
  name: 'fake',
  imageSize: 64,
  fit: 'pad',
  pixelMean: [0, 0, 0],
  pixelStd: [1, 1, 1],
  backbone: {
    embedDim: 8,
    depths: [1, 1, 1, 1],
    focalKernels: [[3], [3], [3], [3]],
    mlpRatio: 2,
    embed: 'conv',
    activation: 'gelu',
    postNorm: true,
    layerScale: false,
    scalingModulator: true,
  },
  pixelDecoder: {
    dim: 8,
    maskDim: 8,
    transformerLayers: 1,
    heads: 2,
    feedForward: 16,
    norm: 'group',
    groups: 2,
    convolution: 'dense',
    maskKernel: 3,
  },
  text: { vocabulary: 300, contextLength: 32, width: 8, heads: 2, layers: 1 },
  decoder: { dim: 8, queries: 4, layers: 1, heads: 2, feedForward: 16, textQueries: false, existence: true },
};

const tokenizer: Tokenizer = { encode: (text: string) => [...text].map((character) => character.charCodeAt(0)) };

export interface Calls {
  images: number;
  texts: string[];
  /** Prompts per decoder run. */
  decodes: number[];
  joint: boolean[];
  /** Pixels of the region prompt per decoder run, 0 without one. */
  regions: number[];
  freed: number;
  disposed: number;
}

/** A model on the fake network, with its counters. */
export function fakeModel(
  settings: Partial<ModelSettings> = {},
  views: ViewClassifier | null = null,
  flips = false,
): { model: Model; calls: Calls } {
  const config = { ...fakeConfig, ...settings };
  const calls: Calls = { images: 0, texts: [], decodes: [], joint: [], regions: [], freed: 0, disposed: 0 };
  const side = config.imageSize / 4;
  const grey = new WeakMap<object, Float32Array>();
  const absent = new WeakSet<object>();
  const network: Network = {
    config,
    parameters: 1234,
    device: 'cpu',
    precision: 'float32',
    async encodeImage(pixels, height, width) {
      calls.images++;
      const logits = new Float32Array(side * side);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) logits[y * side + x] = (pixels[(4 * y + 2) * width + 4 * x + 2] - 128) / 16;
      }
      if (pixels.length !== 3 * height * width) throw new Error('pixels do not fill [3, size, size]');
      const features = {
        summary: () => {
          const moments = new Float32Array(2 * config.pixelDecoder.maskDim);
          moments[0] = logits.reduce((sum, value) => sum + value, 0) / logits.length;
          return moments;
        },
        dispose: () => {
          calls.freed++;
        },
      };
      grey.set(features, logits);
      return features;
    },
    async encodeText(ids) {
      const text = String.fromCharCode(...ids);
      calls.texts.push(text);
      const features = { tokens: new Float32Array(8), classEmbedding: new Float32Array(8), length: 1 };
      if (/\babsent\b/.test(text)) absent.add(features);
      return features;
    },
    async decode(image, texts, options) {
      calls.decodes.push(texts.length);
      calls.joint.push(options?.joint ?? false);
      calls.regions.push(options?.region?.reduce((sum, value) => sum + value, 0) ?? 0);
      const answers = Math.max(1, texts.length);
      const logits = new Float32Array(answers * side * side);
      for (let i = 0; i < answers; i++) logits.set(grey.get(image) as Float32Array, i * side * side);
      const existence =
        config.decoder.existence && texts.length > 0
          ? Float32Array.from(texts, (text) => (absent.has(text) ? -4 : 4))
          : null;
      return { logits, height: side, width: side, queries: new Int32Array(answers), existence };
    },
    async dispose() {
      calls.disposed++;
    },
  };
  return { model: createModel(network, tokenizer, config, { views, flips }), calls };
}
