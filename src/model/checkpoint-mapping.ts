/**
 * From the names and shapes in a published checkpoint to the network's configuration, and from that back to the names and
 * shapes that must be there. Names are the published ones (`backbone.…`, `sem_seg_head.…`), which this package keeps.
 * Refused (`input`) with a list: tensors that are missing, of another shape, or unknown.
 */
import { formatShape, type Shape, sameShape } from '../graph/tensor.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type ModelConfig, publishedConfig } from './config.ts';
import type { ParameterSpec } from './parameters.ts';
import {
  checkSettings,
  colourSetting,
  countSetting,
  flagSetting,
  type PublishedSettings,
} from './published-settings.ts';

/** Shapes of a checkpoint's tensors by name. */
export type CheckpointShapes = ReadonlyMap<string, Shape>;

/** Tensors of published checkpoints that no text prompt or region prompt reads: left out by name. */
const UNUSED = [
  /^dilation_kernel$/,
  /^sem_seg_head\.predictor\.lang_encoder\.biomed_encoder\./,
  /^sem_seg_head\.predictor\.(spatial_embed|spatial_featured)\.weight$/,
];

/** Tensors that are kept when they are there, though text prompts do without: of region prompts, and a positive scale. */
const OPTIONAL = [
  /^sem_seg_head\.predictor\.mask_sptial_embed\.[012]$/,
  /^sem_seg_head\.predictor\.pn_indicator\.weight$/,
  /^sem_seg_head\.predictor\.lang_encoder\.logit_scale$/,
];

const MAX_LISTED = 10;

const FOCAL = 'backbone.layers';
const PIXEL = 'sem_seg_head.pixel_decoder';
const PREDICTOR = 'sem_seg_head.predictor';
const TEXT = `${PREDICTOR}.lang_encoder.lang_encoder`;

function refuse(label: string, reason: string, fields: Record<string, unknown> = {}): never {
  throw new BiomedParseError('input', `${label} is no BiomedParse v1 checkpoint: ${reason}`, {
    file: label,
    ...fields,
  });
}

/** A few of many, and how many more. */
function listed(items: readonly string[]): string {
  const more = items.length > MAX_LISTED ? ` and ${items.length - MAX_LISTED} more` : '';
  return `${items.slice(0, MAX_LISTED).join('; ')}${more}`;
}

/** Published names by the checkpoint's own: trainers write all of them behind `model.` or `module.`. */
export function publishedNames(names: Iterable<string>): Map<string, string> {
  const all = [...names];
  const prefix = ['model.', 'module.'].find((one) => all.length > 0 && all.every((name) => name.startsWith(one))) ?? '';
  return new Map(all.map((name) => [name.slice(prefix.length), name]));
}

/** The tensors that only region prompts read. */
const REGIONS = [0, 1, 2]
  .map((level) => `${PREDICTOR}.mask_sptial_embed.${level}`)
  .concat(`${PREDICTOR}.pn_indicator.weight`);

/** The tensors that tell the dimensions, with their number of axes. */
const TELLING: Readonly<Record<string, number>> = {
  'backbone.patch_embed.proj.weight': 4,
  [`${FOCAL}.0.blocks.0.mlp.fc1.weight`]: 2,
  [`${PIXEL}.input_proj.weight`]: 4,
  [`${PIXEL}.mask_features.weight`]: 4,
  [`${TEXT}.token_embedding.weight`]: 2,
  [`${TEXT}.positional_embedding`]: 2,
  [`${PREDICTOR}.query_feat.weight`]: 2,
  [`${PREDICTOR}.transformer_ffn_layers.0.linear1.weight`]: 2,
};

function checkTelling(shapes: CheckpointShapes, label: string): void {
  const problems = Object.entries(TELLING).flatMap(([name, axes]) => {
    const shape = shapes.get(name);
    if (shape === undefined) return [`${name} is missing`];
    return shape.length === axes && !shape.includes(0)
      ? []
      : [`${name} is ${formatShape(shape)}, must have ${axes} axes`];
  });
  if (problems.length > 0) refuse(label, listed(problems), { problems });
}

/** How many layers there are: `name(0)`, `name(1)`, ... as long as they go. */
function countLayers(shapes: CheckpointShapes, name: (layer: number) => string): number {
  let layers = 0;
  while (shapes.has(name(layers))) layers++;
  return layers;
}

function focalKernels(shapes: CheckpointShapes, stage: number): number[] {
  const name = (level: number): string => `${FOCAL}.${stage}.blocks.0.modulation.focal_layers.${level}.0.weight`;
  const levels = countLayers(shapes, name);
  return Array.from({ length: levels }, (_, level) => shapes.get(name(level))?.[2] ?? 0);
}

/** A head count, which no tensor tells: as configured, or the published one if the width is the published one too. */
function headCount(settings: PublishedSettings, name: string, width: number, published: [number, number]): number {
  const given = countSetting(settings, name);
  if (given !== undefined) return given;
  const [publishedWidth, heads] = published;
  if (width === publishedWidth) return heads;
  const message =
    `the checkpoint does not tell ${name}, and its width ${width} is not the published ${publishedWidth}; ` +
    `give --set ${name}=<number> or a --config that says it`;
  throw new BiomedParseError('usage', message, { name, width });
}

export interface InferenceOptions {
  /** The checkpoint, for errors. */
  readonly label: string;
  /** The model's name in its configuration. */
  readonly name: string;
  /** Side of the square input, pixels; the published code has it as a constant, 1024. */
  readonly imageSize: number;
}

/** The configuration of the network that a checkpoint holds: what tensors tell, the settings for the rest. */
export function inferConfig(
  shapes: CheckpointShapes,
  settings: PublishedSettings,
  { label, name, imageSize }: InferenceOptions,
): ModelConfig {
  checkTelling(shapes, label);
  const side = (tensor: string, axis: number): number => (shapes.get(tensor) as Shape)[axis] as number;
  const { backbone, pixelDecoder, text, decoder } = publishedConfig;
  const embedDim = side('backbone.patch_embed.proj.weight', 0);
  const dim = side(`${PREDICTOR}.query_feat.weight`, 1);
  const pixelDim = side(`${PIXEL}.input_proj.weight`, 0);
  const width = side(`${TEXT}.token_embedding.weight`, 1);
  const feedForward = side(`${PREDICTOR}.transformer_ffn_layers.0.linear1.weight`, 0);
  const encoderLayer = `${PIXEL}.transformer.encoder.layers`;
  // nothing published says that the region weights, which are there, were trained
  const regions = REGIONS.every((region) => shapes.has(region)) ? { regions: true, regionsTrained: false } : {};
  const heads = headCount(settings, 'MODEL.DECODER.NHEADS', dim, [decoder.dim, decoder.heads]);
  const config: ModelConfig = {
    ...publishedConfig,
    name,
    imageSize,
    pixelMean: colourSetting(settings, 'INPUT.PIXEL_MEAN', publishedConfig.pixelMean),
    pixelStd: colourSetting(settings, 'INPUT.PIXEL_STD', publishedConfig.pixelStd),
    backbone: {
      ...backbone,
      embedDim,
      depths: [0, 1, 2, 3].map((stage) =>
        countLayers(shapes, (block) => `${FOCAL}.${stage}.blocks.${block}.modulation.f.weight`),
      ) as unknown as ModelConfig['backbone']['depths'],
      focalKernels: [0, 1, 2, 3].map((stage) => focalKernels(shapes, stage)),
      mlpRatio: side(`${FOCAL}.0.blocks.0.mlp.fc1.weight`, 0) / embedDim,
      embed: side('backbone.patch_embed.proj.weight', 2) === 7 ? 'conv' : 'patch',
      layerScale: shapes.has(`${FOCAL}.0.blocks.0.gamma_1`),
      postNorm: flagSetting(settings, 'MODEL.BACKBONE.FOCAL.USE_POSTLN', backbone.postNorm),
      scalingModulator: flagSetting(settings, 'MODEL.BACKBONE.FOCAL.SCALING_MODULATOR', backbone.scalingModulator),
    },
    pixelDecoder: {
      ...pixelDecoder,
      dim: pixelDim,
      maskDim: side(`${PIXEL}.mask_features.weight`, 0),
      maskKernel: side(`${PIXEL}.mask_features.weight`, 2) === 1 ? 1 : 3,
      transformerLayers: countLayers(shapes, (n) => `${encoderLayer}.${n}.linear1.weight`),
      feedForward: shapes.get(`${encoderLayer}.0.linear1.weight`)?.[0] ?? feedForward,
      heads,
    },
    text: {
      ...text,
      vocabulary: side(`${TEXT}.token_embedding.weight`, 0),
      contextLength: side(`${TEXT}.positional_embedding`, 0),
      width,
      layers: countLayers(shapes, (n) => `${TEXT}.resblocks.${n}.ln_1.weight`),
      heads: headCount(settings, 'MODEL.TEXT.HEADS', width, [text.width, text.heads]),
    },
    decoder: {
      ...decoder,
      dim,
      queries: side(`${PREDICTOR}.query_feat.weight`, 0),
      layers: countLayers(shapes, (n) => `${PREDICTOR}.transformer_ffn_layers.${n}.linear1.weight`),
      feedForward,
      heads,
      ...regions,
    },
  };
  checkSettings(settings, config);
  return config;
}

/** What becomes of a checkpoint's tensors. */
export interface Mapping {
  /** Names that go into the model. */
  readonly kept: readonly string[];
  /** Names that are known to be of no use and are left out. */
  readonly skipped: readonly string[];
}

/** Checks every tensor of a checkpoint against the parameters of the network it is for. */
export function mapCheckpoint(
  shapes: CheckpointShapes,
  specs: ReadonlyMap<string, ParameterSpec>,
  label: string,
): Mapping {
  const matches = (patterns: readonly RegExp[], name: string): boolean => patterns.some((one) => one.test(name));
  const problems: string[] = [];
  for (const [name, { shape }] of specs) {
    const found = shapes.get(name);
    if (found === undefined) {
      if (!matches(OPTIONAL, name)) problems.push(`${name} is missing`);
    } else if (!sameShape(found, shape)) {
      problems.push(`${name} is ${formatShape(found)}, must be ${formatShape(shape)}`);
    }
  }
  const kept: string[] = [];
  const skipped: string[] = [];
  for (const name of shapes.keys()) {
    if (specs.has(name) || matches(OPTIONAL, name)) kept.push(name);
    else if (matches(UNUSED, name)) skipped.push(name);
    else problems.push(`${JSON.stringify(name.slice(0, 100)).slice(1, -1)} is unknown`);
  }
  if (problems.length > 0) refuse(label, `${problems.length} tensors do not fit: ${listed(problems)}`, { problems });
  return { kept, skipped };
}
