/**
 * The settings of the published YAML (microsoft/BiomedParse, configs/biomedparse_inference.yaml) that bear on the network,
 * by dotted name, and what is done with each: `tensors` the checkpoint itself tells it, and a configuration that says
 * otherwise is refused; `configuration` only the configuration tells it; `fixed` this package implements these values only;
 * `unread` of no effect on text prompts. All other names of the file are about training and are left alone.
 */
import { BiomedParseError } from '../util/errors.ts';
import type { ModelConfig } from './config.ts';

/** Values by dotted name, as given by a file or on the command line. */
export type PublishedSettings = ReadonlyMap<string, unknown>;

export type SettingRule =
  | { readonly from: 'tensors'; readonly value: (config: ModelConfig) => unknown }
  | { readonly from: 'configuration' }
  | { readonly from: 'fixed'; readonly allowed: readonly unknown[] }
  | { readonly from: 'unread' };

const told = (value: (config: ModelConfig) => unknown): SettingRule => ({ from: 'tensors', value });
const fixed = (...allowed: unknown[]): SettingRule => ({ from: 'fixed', allowed });
const configuration: SettingRule = { from: 'configuration' };
const unread: SettingRule = { from: 'unread' };

const FOCAL = 'MODEL.BACKBONE.FOCAL';

/** Every setting that is read, and where its value comes from. */
export const publishedSettings: ReadonlyMap<string, SettingRule> = new Map([
  ['INPUT.PIXEL_MEAN', configuration],
  ['INPUT.PIXEL_STD', configuration],
  ['INPUT.SIZE_DIVISIBILITY', fixed(32)],
  ['MODEL.DIM_PROJ', told(({ decoder }) => decoder.dim)],
  ['MODEL.TEXT.TOKENIZER', fixed('clip')],
  ['MODEL.TEXT.CONTEXT_LENGTH', told(({ text }) => text.contextLength)],
  ['MODEL.TEXT.WIDTH', told(({ text }) => text.width)],
  ['MODEL.TEXT.HEADS', configuration],
  ['MODEL.TEXT.LAYERS', told(({ text }) => text.layers)],
  ['MODEL.TEXT.AUTOGRESSIVE', fixed(true)],
  [`${FOCAL}.PATCH_SIZE`, fixed(4)],
  [`${FOCAL}.EMBED_DIM`, told(({ backbone }) => backbone.embedDim)],
  [`${FOCAL}.DEPTHS`, told(({ backbone }) => backbone.depths)],
  [`${FOCAL}.FOCAL_LEVELS`, told(({ backbone }) => backbone.focalKernels.map((kernels) => kernels.length))],
  [`${FOCAL}.FOCAL_WINDOWS`, told(({ backbone }) => backbone.focalKernels.map((kernels) => kernels[0]))],
  [`${FOCAL}.MLP_RATIO`, told(({ backbone }) => backbone.mlpRatio)],
  [`${FOCAL}.PATCH_NORM`, fixed(true)],
  [`${FOCAL}.USE_CONV_EMBED`, told(({ backbone }) => backbone.embed === 'conv')],
  [`${FOCAL}.SCALING_MODULATOR`, configuration],
  [`${FOCAL}.USE_POSTLN`, configuration],
  [`${FOCAL}.USE_POSTLN_IN_MODULATION`, fixed(false)],
  [`${FOCAL}.USE_LAYERSCALE`, told(({ backbone }) => backbone.layerScale)],
  [`${FOCAL}.OUT_FEATURES`, fixed(['res2', 'res3', 'res4', 'res5'])],
  ['MODEL.ENCODER.NAME', fixed('transformer_encoder_fpn')],
  ['MODEL.ENCODER.CONVS_DIM', told(({ pixelDecoder }) => pixelDecoder.dim)],
  ['MODEL.ENCODER.MASK_DIM', told(({ pixelDecoder }) => pixelDecoder.maskDim)],
  ['MODEL.ENCODER.NORM', fixed('GN')],
  ['MODEL.ENCODER.TRANSFORMER_ENC_LAYERS', told(({ pixelDecoder }) => pixelDecoder.transformerLayers)],
  ['MODEL.DECODER.HIDDEN_DIM', told(({ decoder }) => decoder.dim)],
  ['MODEL.DECODER.NUM_OBJECT_QUERIES', told(({ decoder }) => decoder.queries)],
  ['MODEL.DECODER.NHEADS', configuration],
  ['MODEL.DECODER.DIM_FEEDFORWARD', told(({ decoder }) => decoder.feedForward)],
  ['MODEL.DECODER.PRE_NORM', fixed(false)],
  ['MODEL.DECODER.DEC_LAYERS', told(({ decoder }) => decoder.layers + 1)],
  ['MODEL.DECODER.MAX_SPATIAL_LEN', unread],
  ['ATTENTION_ARCH.SPATIAL_MEMORIES', unread],
]);

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function refuse(name: string, value: unknown, allowed: string): never {
  throw new BiomedParseError('input', `${name} is ${show(value)} in the configuration; ${allowed}`, { name, value });
}

/** The settings that a parsed YAML file holds, looked up by their dotted names. */
export function settingsOfTree(tree: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const name of publishedSettings.keys()) {
    let value = tree;
    for (const part of name.split('.')) {
      const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
      value = holds ? (value as Record<string, unknown>)[part] : undefined;
    }
    if (value !== undefined && value !== null) found.set(name, value);
  }
  return found;
}

/** Refuses (`usage`) a name that is none of the settings. */
export function checkSettingName(name: string): void {
  if (publishedSettings.has(name)) return;
  const allowed = [...publishedSettings.keys()].join(', ');
  throw new BiomedParseError('usage', `--set: unknown setting ${show(name)}; allowed: ${allowed}`, { name });
}

/** A setting that must be a whole number from 1; undefined if it is not given. */
export function countSetting(settings: PublishedSettings, name: string): number | undefined {
  const value = settings.get(name);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 1) refuse(name, value, 'allowed: a whole number from 1');
  return value as number;
}

/** A setting that must be true or false. */
export function flagSetting(settings: PublishedSettings, name: string, otherwise: boolean): boolean {
  const value = settings.get(name) ?? otherwise;
  if (typeof value !== 'boolean') refuse(name, value, 'allowed: true or false');
  return value;
}

/** A setting that must be three numbers, one per colour. */
export function colourSetting(
  settings: PublishedSettings,
  name: string,
  otherwise: readonly [number, number, number],
): readonly [number, number, number] {
  const value = settings.get(name) ?? otherwise;
  const isNumbers = Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
  if (!isNumbers) refuse(name, value, 'allowed: three numbers');
  return value as unknown as readonly [number, number, number];
}

/** Refuses (`input`) settings that the checkpoint contradicts or that are not implemented. */
export function checkSettings(settings: PublishedSettings, config: ModelConfig): void {
  for (const [name, value] of settings) {
    const rule = publishedSettings.get(name);
    if (rule?.from === 'tensors' && !same(value, rule.value(config))) {
      refuse(name, value, `the checkpoint says ${show(rule.value(config))}`);
    }
    if (rule?.from === 'fixed' && !rule.allowed.some((allowed) => same(value, allowed))) {
      refuse(name, value, `allowed: ${rule.allowed.map(show).join(' or ')}`);
    }
  }
}
