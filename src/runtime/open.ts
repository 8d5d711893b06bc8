/**
 * Opens a network: writes its graphs, lowers them with the weights and keeps the sessions. The image encoder and the
 * text encoder are built at once or on first use; a decoder is built per size of prompt batch and kept.
 */
import { lowerToOnnx, type Weight } from '../graph/onnx/lower.ts';
import { cpuTarget, portableTarget } from '../graph/onnx/target.ts';
import { quantise } from '../graph/quantise.ts';
import { formatShape, input, type Shape, sameShape, sizeOf, type Tensor } from '../graph/tensor.ts';
import { attendInTurns } from '../graph/turns.ts';
import { type ModelConfig, maskStride } from '../model/config.ts';
import { answerGraph, imageGraph, memoryInputs, memoryOutputs, textGraph, textInputs } from '../model/network.ts';
import { createParameters, type ParameterSpec } from '../model/parameters.ts';
import { bearsInt8, type Precision } from '../model/precision.ts';
import { pointSlots, regionFeeds, regionInputs } from '../model/regions.ts';
import { BiomedParseError } from '../util/errors.ts';
import type { Decoded, DecodeOptions, ImageFeatures, Network, TextFeatures } from './network.ts';
import { int8Target } from './probe.ts';
import { decodeInParts, promptsAtOnce } from './prompt-parts.ts';
import { openSession, type Session, type SessionOptions, type Values } from './session.ts';
import { valuesOf } from './weight-values.ts';

/** Values of all parameters, in memory or, with the option `weightFolder`, in a file of that folder. */
export type Weights = ReadonlyMap<string, Weight>;

/** Keys of published checkpoints that text-prompted inference does not read; skipped by name. */
const unusedKeys =
  /^dilation_kernel$|\.biomed_encoder\.|\.(mask_sptial_embed\.\d|pn_indicator\.weight|spatial_embed\.weight|spatial_featured\.weight|logit_scale)$/;

/** Texts are encoded at the next of these lengths, so that few graphs serve all. */
function bucket(n: number, limit: number): number {
  let size = 8;
  while (size < n) size *= 2;
  return Math.min(size, limit);
}

/**
 * Above this many pixels decoders give their memory back after each run: one for each number of prompts, they would keep
 * gigabytes. The image encoder keeps its own, as fetching it anew would take a third of its time.
 */
const LARGE_IMAGE = 512 * 512;

/** Smallest power of two that holds n prompts. */
function promptBucket(n: number): number {
  return 2 ** Math.ceil(Math.log2(n));
}

/** Every parameter of a configuration with its shape: what a checkpoint must hold. */
export function parameterSpecs(config: ModelConfig): ReadonlyMap<string, ParameterSpec> {
  const p = createParameters();
  const side = 64;
  const image = imageGraph(p, input('pixels', [1, 3, side, side]), config);
  textGraph(p, 1, 8, config);
  const points =
    config.decoder.regions === true ? regionInputs(pointSlots(1), maskStride(config.pixelDecoder)) : undefined;
  const text = textInputs(1, 8, 1, config.decoder.dim);
  answerGraph(p, image.memory, text, config);
  if (points !== undefined) answerGraph(p, image.memory, text, config, points);
  return p.specs;
}

/** Refuses weights that are missing, unknown or of another shape, with a list of them. */
export function checkWeights(config: ModelConfig, weights: Weights): void {
  const specs = parameterSpecs(config);
  const problems: string[] = [];
  for (const [name, { shape }] of specs) {
    const found = weights.get(name);
    if (found === undefined) problems.push(`${name} is missing`);
    else if (!sameShape(found.shape, shape)) {
      problems.push(`${name} is ${formatShape(found.shape)}, must be ${formatShape(shape)}`);
    }
  }
  for (const name of weights.keys())
    if (!specs.has(name) && !unusedKeys.test(name)) problems.push(`${name} is unknown`);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 5).join('; ');
  const more = problems.length > 5 ? ` and ${problems.length - 5} more` : '';
  throw new BiomedParseError('model', `weights do not fit the configuration: ${shown}${more}`, { problems });
}

interface HeldFeatures extends ImageFeatures {
  readonly values: Readonly<Record<string, Values>>;
  readonly height: number;
  readonly width: number;
}

/** Means, then standard deviations, of features `[pixels, dim]`. */
function moments(features: Float32Array, dim: number): Float32Array {
  const pixels = features.length / dim;
  const [sums, squares] = [new Float64Array(dim), new Float64Array(dim)];
  for (let i = 0; i < features.length; i++) {
    sums[i % dim] += features[i] / pixels;
    squares[i % dim] += features[i] ** 2 / pixels;
  }
  const deviations = squares.map((square, i) => Math.sqrt(Math.max(0, square - sums[i] ** 2)));
  return Float32Array.of(...sums, ...deviations);
}

/** Keeps one open session per key, opening it on first use. */
function sessionStore(): {
  get(key: string, open: () => Promise<Session>): Promise<Session>;
  dispose(): Promise<void>;
} {
  const sessions = new Map<string, Promise<Session>>();
  return {
    get(key, open) {
      const known = sessions.get(key);
      if (known !== undefined) return known;
      const opened = open();
      sessions.set(key, opened);
      opened.catch(() => sessions.delete(key)); // who asked has the error; the next call tries again
      return opened;
    },
    async dispose() {
      const open = await Promise.all(sessions.values());
      sessions.clear();
      await Promise.all(open.map((session) => session.dispose()));
    },
  };
}

/** Named outputs after a rewrite. */
function rewritten(
  outputs: Readonly<Record<string, Tensor>>,
  rewrite: (tensors: readonly Tensor[]) => readonly Tensor[],
): Record<string, Tensor> {
  const found = rewrite(Object.values(outputs));
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, found[i] as Tensor]));
}

/** Text embeddings laid side by side with filler, as the decoder's inputs. */
function packTexts(texts: readonly TextFeatures[], groups: number, prompts: number, length: number, dim: number) {
  const tokens = new Float32Array(groups * length * dim);
  const filler = new Uint8Array(groups * length).fill(1);
  const classes = new Float32Array(groups * prompts * dim);
  for (let group = 0; group < groups; group++) {
    let at = group * length;
    for (let prompt = 0; prompt < prompts; prompt++) {
      // slots beyond the last text repeat it; their answers are dropped
      const text = texts[Math.min(group * prompts + prompt, texts.length - 1)] as TextFeatures;
      classes.set(text.classEmbedding, (group * prompts + prompt) * dim);
      if (prompts > 1 && group * prompts + prompt >= texts.length) continue;
      tokens.set(text.tokens, at * dim);
      filler.fill(0, at, at + text.length);
      at += text.length;
    }
  }
  return { tokens, filler, classes };
}

/** A text of no tokens. */
function noText(dim: number): TextFeatures {
  return { tokens: new Float32Array(0), classEmbedding: new Float32Array(dim), length: 0 };
}

export interface NetworkOptions extends SessionOptions {
  /** `int8`: most products of the image encoder in 8-bit integers, on the CPU only (default `float32`). */
  readonly precision?: Precision;
}

/** Opens the network of a configuration with its weights; errors of code `model` when they do not fit. */
export async function openNetwork(
  config: ModelConfig,
  weights: Weights,
  options: NetworkOptions = {},
): Promise<Network> {
  checkWeights(config, weights);
  const specs = parameterSpecs(config);
  const { precision = 'float32' } = options;
  const floatTarget = (options.device ?? 'cpu') === 'cpu' ? cpuTarget : portableTarget;
  const target = precision === 'int8' ? await int8Target() : floatTarget;
  const store = sessionStore();
  const { dim, layers } = config.decoder;
  const stride = maskStride(config.pixelDecoder);
  let device = options.device ?? 'cpu';
  const memoryShapes = new Map<string, Record<string, Shape>>();

  /** The same outputs with products rounded, if that was asked for. */
  const rounded = (outputs: Record<string, Tensor>): Record<string, Tensor> => {
    if (precision === 'float32') return outputs;
    const read = (name: string): Float32Array => valuesOf(weights.get(name) as Weight, options.weightFolder);
    return rewritten(outputs, (tensors) => quantise(tensors, bearsInt8, read));
  };
  const open = async (name: string, outputs: Record<string, Tensor>, keepMemory: boolean): Promise<Session> => {
    const model = lowerToOnnx(rewritten(outputs, attendInTurns), { name, target, weights });
    const session = await openSession(model, { ...options, device, keepMemory });
    // after a fall-back the later sessions go to the same device at once, without another message
    device = session.device;
    return session;
  };
  const imageSession = (height: number, width: number): Promise<Session> =>
    store.get(`image ${height} ${width}`, () => {
      const outputs = memoryOutputs(
        imageGraph(createParameters(), input('pixels', [1, 3, height, width]), config).memory,
      );
      const shapes = Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, t.shape]));
      memoryShapes.set(`${height} ${width}`, shapes);
      return open('image', rounded(outputs), true);
    });
  const textSession = (length: number): Promise<Session> =>
    store.get(`text ${length}`, () => open('text', { ...textGraph(createParameters(), 1, length, config) }, true));
  const decoderSession = (
    { height, width }: HeldFeatures,
    groups: number,
    prompts: number,
    length: number,
    slots: number,
  ): Promise<Session> => {
    const size = `${height} ${width}`;
    return store.get(`decoder ${size} ${groups} ${prompts} ${length} ${slots}`, () => {
      const memory = memoryInputs(memoryShapes.get(size) as Record<string, Shape>, layers);
      const points = slots === 0 ? undefined : regionInputs(slots, stride);
      const answer = answerGraph(createParameters(), memory, textInputs(groups, length, prompts, dim), config, points);
      const { logits, queries } = answer;
      const outputs = { logits, queries, ...(answer.existence === null ? {} : { existence: answer.existence }) };
      return open('decoder', outputs, height * width <= LARGE_IMAGE);
    });
  };

  const decodeTogether = async (
    image: ImageFeatures,
    texts: readonly TextFeatures[],
    decodeOptions: DecodeOptions,
  ): Promise<Decoded> => {
    const { values, height, width } = image as HeldFeatures;
    const joint = decodeOptions.joint === true;
    const region =
      decodeOptions.region === undefined ? null : regionFeeds(decodeOptions.region, { height, width }, stride);
    // a region without a text is asked beside an empty one: filler only, which nothing looks at
    const asked = texts.length === 0 ? [noText(dim)] : texts;
    const groups = joint ? 1 : promptBucket(asked.length);
    const prompts = joint ? asked.length : 1;
    const longest = joint ? asked.reduce((n, t) => n + t.length, 0) : Math.max(...asked.map((t) => t.length));
    const length = bucket(longest, Number.MAX_SAFE_INTEGER);
    const session = await decoderSession(image as HeldFeatures, groups, prompts, length, region?.slots ?? 0);
    const packed = packTexts(asked, groups, prompts, length, dim);
    const result = await session.run({ ...values, ...packed, ...region?.feeds });
    const [h, w] = [height / stride, width / stride];
    const existence = texts.length === 0 ? undefined : (result.existence as Float32Array | undefined);
    const decoded: Decoded = {
      logits: (result.logits as Float32Array).subarray(0, asked.length * h * w),
      height: h,
      width: w,
      queries: Int32Array.from((result.queries as BigInt64Array).subarray(0, asked.length), Number),
      existence: existence === undefined ? null : existence.slice(0, asked.length),
    };
    return decoded;
  };

  return {
    config,
    parameters: [...specs.values()].reduce((n, { shape }) => n + sizeOf(shape), 0),
    get device() {
      return device;
    },
    precision,
    async encodeImage(pixels, height, width) {
      const session = await imageSession(height, width);
      const values = await session.run({ pixels });
      const summary = () => moments(values.mask_features as Float32Array, config.pixelDecoder.maskDim);
      const held: HeldFeatures = { values, summary, height, width, dispose: () => {} };
      return held;
    },
    async encodeText(ids) {
      const length = bucket(ids.length, config.text.contextLength);
      const session = await textSession(length);
      const end = ids[ids.length - 1] as number;
      const padded = BigInt64Array.from({ length }, (_, i) => BigInt(ids[i] ?? end));
      const result = await session.run({ ids: padded, ends: BigInt64Array.of(BigInt(ids.length - 1)) });
      return {
        tokens: (result.tokens as Float32Array).slice(0, ids.length * dim),
        classEmbedding: result.classes as Float32Array,
        length: ids.length,
      };
    },
    async decode(image, texts, decodeOptions = {}) {
      const { height, width } = image as HeldFeatures;
      const most = decodeOptions.joint === true ? texts.length : promptsAtOnce(config, height, width);
      return decodeInParts(texts, most, (part) => decodeTogether(image, part, decodeOptions));
    },
    dispose: () => store.dispose(),
  };
}
