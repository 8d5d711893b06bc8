/** What a model folder holds, without opening it for work: architecture, parameters and cost per part, tokenizer, provenance. */
import { join } from 'node:path';
import { openSafetensors } from '../formats/safetensors.ts';
import { elementCount } from '../formats/tensor.ts';
import { countFlops } from '../graph/onnx/lower.ts';
import { isQuantisable } from '../graph/quantise.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import { answerGraph, imageGraph, memoryOutputs, textGraph, textInputs } from '../model/network.ts';
import { createParameters } from '../model/parameters.ts';
import { bearsInt8 } from '../model/precision.ts';
import type { ModelSettings } from './config.ts';
import { asModelError, readModelParts } from './load.ts';

/** The parts of the network, as the published cost table divides them. */
export const PARTS = ['backbone', 'pixel decoder', 'text encoder', 'decoder'] as const;
export type Part = (typeof PARTS)[number];

/** Length of the text whose cost is counted, tokens; most prompts are shorter. */
export const COUNTED_TOKENS = 8;

export interface PartFigures {
  readonly part: Part;
  readonly parameters: number;
  /** 10^9 floating-point operations (2 a multiply-add; products and convolutions) for one image and one prompt of `COUNTED_TOKENS`. */
  readonly gflop: number;
  /** How many of them the precision int8 computes in 8-bit integers; the rest stays float32. */
  readonly gflopInt8: number;
}

export interface ModelDescription {
  readonly directory: string;
  readonly settings: ModelSettings;
  readonly parts: readonly PartFigures[];
  readonly parameters: number;
  /** Number of weight tensors of each data type. */
  readonly types: Readonly<Record<string, number>>;
  readonly tokenizer: { readonly tokens: number; readonly start: number; readonly end: number };
  /** As `convert` wrote it; null for models that were trained here. */
  readonly provenance: Readonly<Record<string, unknown>> | null;
}

function partOf(name: string): Part {
  if (name.startsWith('backbone.')) return 'backbone';
  if (name.startsWith('sem_seg_head.pixel_decoder.')) return 'pixel decoder';
  return name.includes('.lang_encoder.') ? 'text encoder' : 'decoder';
}

/** GFLOP of one part: of all its products and convolutions, and of those that bear 8-bit integers. */
interface Work {
  readonly all: number;
  readonly int8: number;
}

/** GFLOP of each part at the model's own image size. Work that is done once per image for the decoder counts as the decoder's. */
export function countParts(settings: ModelSettings): Record<Part, Work> {
  const p = createParameters();
  const side = settings.imageSize;
  const { maps, pixels, memory } = imageGraph(p, input('pixels', [1, 3, side, side]), settings);
  const { tokens, classes } = textGraph(p, 1, COUNTED_TOKENS, settings);
  const answer = answerGraph(p, memory, textInputs(1, COUNTED_TOKENS, 1, settings.decoder.dim), settings);
  const features = [pixels.transformer, ...pixels.memories, pixels.maskFeatures];
  const last: Tensor[] = [answer.logits, answer.queries, ...(answer.existence === null ? [] : [answer.existence])];
  const handed = Object.values(memoryOutputs(memory));
  const work = (tensors: readonly Tensor[], without: readonly Tensor[] = []): Work => {
    const gflop = (t: readonly Tensor[], counts?: (t: Tensor) => boolean): number => countFlops(t, counts) / 1e9;
    const bears = (t: Tensor): boolean => isQuantisable(t, bearsInt8);
    return { all: gflop(tensors) - gflop(without), int8: gflop(tensors, bears) - gflop(without, bears) };
  };
  return {
    backbone: work(maps),
    'pixel decoder': work([...maps, ...features], maps),
    'text encoder': { ...work([tokens, classes]), int8: 0 },
    // of the decoder's work only what is done once per image is the image encoder's
    decoder: {
      ...work([...features, ...handed, ...last], features),
      int8: work([...features, ...handed], features).int8,
    },
  };
}

/** Reads a model folder's description; refuses it as `loadModel` does, but leaves the weights' values alone. */
export async function describeModel(directory: string): Promise<ModelDescription> {
  const { settings, tokenizer, config } = await readModelParts(directory);
  const source = await asModelError(() => openSafetensors(join(directory, 'model.safetensors')));
  await source.close();
  const counts = new Map<Part, number>(PARTS.map((part) => [part, 0]));
  const types: Record<string, number> = {};
  for (const [name, { dtype, shape }] of source.tensors) {
    const part = partOf(name);
    counts.set(part, (counts.get(part) as number) + elementCount(shape));
    types[dtype] = (types[dtype] ?? 0) + 1;
  }
  const work = countParts(settings);
  const parts = PARTS.map((part) => {
    return { part, parameters: counts.get(part) as number, gflop: work[part].all, gflopInt8: work[part].int8 };
  });
  const provenance = (config as { provenance?: unknown }).provenance;
  return {
    directory,
    settings,
    parts,
    parameters: parts.reduce((sum, one) => sum + one.parameters, 0),
    types,
    tokenizer: { tokens: tokenizer.vocabulary, start: tokenizer.start, end: tokenizer.end },
    provenance: typeof provenance === 'object' && provenance !== null ? { ...provenance } : null,
  };
}
