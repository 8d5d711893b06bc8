/**
 * Reading config.json of a model directory: hand-written checks, so that a wrong field is named with what it may be
 * instead of failing deep inside a graph. Fields that are not known here are left alone: a model may carry notes.
 */
import type { ModelConfig } from '../model/config.ts';
import { BiomedParseError } from '../util/errors.ts';
import { type PresenceCalibration, presenceProblem } from './presence.ts';

/** A model's configuration, with what parsing needs beside the network's shape. */
export interface ModelSettings extends ModelConfig {
  /** Presence from which an object counts as found; the model's own operating point. */
  readonly presenceThreshold?: number;
  /** What calibration found; stands above `presenceThreshold`. */
  readonly presence?: PresenceCalibration;
}

/** What a value must be: the test, and the words of the error. */
interface Check {
  readonly ok: (value: unknown) => boolean;
  readonly allowed: string;
}

/** A check for every field of the configuration; a field added to ModelConfig without one fails to compile. */
type Checks<T> = {
  readonly [K in keyof T]-?: NonNullable<T[K]> extends string | number | boolean | readonly unknown[]
    ? Check
    : Checks<NonNullable<T[K]>>;
};

const isInteger = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const listOf = (length: number, ok: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length === length && value.every(ok);

const integer = (min: number, max: number): Check => ({
  ok: isInteger(min, max),
  allowed: `a whole number from ${min} to ${max}`,
});
const size = integer(1, 65536);
const flag: Check = { ok: (value) => typeof value === 'boolean', allowed: 'true or false' };
const optional = ({ ok, allowed }: Check): Check => ({
  ok: (value) => value === undefined || ok(value),
  allowed: `${allowed}, or left out`,
});
const oneOf = (...values: (string | number)[]): Check => ({
  ok: (value) => values.includes(value as string | number),
  allowed: values.map((value) => JSON.stringify(value)).join(' or '),
});

const checks: Checks<ModelConfig> = {
  name: { ok: (value) => typeof value === 'string' && value.trim() !== '', allowed: 'a name that is not empty' },
  imageSize: {
    ok: (value) => isInteger(32, 4096)(value) && (value as number) % 32 === 0,
    allowed: 'a multiple of 32 from 32 to 4096',
  },
  fit: oneOf('stretch', 'pad'),
  pixelMean: { ok: listOf(3, isNumber), allowed: 'three numbers' },
  pixelStd: { ok: listOf(3, (value) => isNumber(value) && value > 0), allowed: 'three numbers above 0' },
  backbone: {
    embedDim: size,
    depths: { ok: listOf(4, isInteger(1, 256)), allowed: 'four whole numbers from 1 to 256' },
    focalKernels: {
      ok: listOf(
        4,
        (stage) =>
          Array.isArray(stage) &&
          stage.length > 0 &&
          stage.every((kernel) => isInteger(1, 63)(kernel) && kernel % 2 === 1),
      ),
      allowed: 'four lists of odd kernel sizes from 1 to 63',
    },
    mlpRatio: { ok: (value) => isNumber(value) && value > 0 && value <= 64, allowed: 'a number above 0, at most 64' },
    embed: oneOf('conv', 'patch'),
    activation: oneOf('gelu', 'relu'),
    postNorm: flag,
    layerScale: flag,
    scalingModulator: flag,
  },
  pixelDecoder: {
    dim: size,
    maskDim: size,
    transformerLayers: integer(0, 64),
    heads: size,
    feedForward: size,
    norm: oneOf('group', 'layer'),
    groups: size,
    convolution: oneOf('dense', 'separable'),
    maskKernel: oneOf(1, 3),
    refinements: optional(integer(0, 64)),
    placeBands: optional(integer(1, 8)),
    contextLayers: optional(integer(0, 64)),
    detail: optional(size),
  },
  text: {
    vocabulary: integer(3, 1 << 24),
    contextLength: integer(3, 8192),
    width: size,
    heads: size,
    layers: integer(0, 64),
  },
  decoder: {
    dim: size,
    queries: integer(2, 4096),
    layers: integer(1, 64),
    heads: size,
    feedForward: size,
    textQueries: flag,
    existence: flag,
    regions: optional(flag),
    regionsTrained: optional(flag),
  },
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function isCheck(entry: unknown): entry is Check {
  return isRecord(entry) && typeof entry.ok === 'function';
}

function refuse(file: string, field: string, allowed: string, value: unknown): never {
  throw new BiomedParseError('model', `${file}: field "${field}" must be ${allowed}, got ${show(value)}`, {
    file,
    field,
    value,
  });
}

function verify(entries: object, value: Record<string, unknown>, prefix: string, file: string): void {
  for (const [key, entry] of Object.entries(entries)) {
    const field = `${prefix}${key}`;
    const found = value[key];
    if (isCheck(entry)) {
      if (!entry.ok(found)) refuse(file, field, entry.allowed, found);
    } else if (isRecord(found)) {
      verify(entry as object, found, `${field}.`, file);
    } else {
      refuse(file, field, `an object with ${Object.keys(entry as object).join(', ')}`, found);
    }
  }
}

/** Dimensions that must divide others: [field, divisor field]. */
function verifyDivisions(settings: ModelConfig, file: string): void {
  const { pixelDecoder, text, decoder } = settings;
  const rules: [string, number, string, number][] = [
    ['pixelDecoder.dim', pixelDecoder.dim, 'pixelDecoder.heads', pixelDecoder.heads],
    ['text.width', text.width, 'text.heads', text.heads],
    ['decoder.dim', decoder.dim, 'decoder.heads', decoder.heads],
  ];
  if (pixelDecoder.norm === 'group') {
    rules.push(['pixelDecoder.dim', pixelDecoder.dim, 'pixelDecoder.groups', pixelDecoder.groups]);
  }
  for (const [field, whole, divisorField, divisor] of rules) {
    if (whole % divisor !== 0) refuse(file, field, `a multiple of "${divisorField}" (${divisor})`, whole);
  }
}

/** The settings in a parsed config.json; `file` is named in the `model` error that a wrong field throws. */
export function checkModelSettings(value: unknown, file: string): ModelSettings {
  if (!isRecord(value)) {
    throw new BiomedParseError('model', `${file}: must hold a JSON object, got ${show(value)}`, { file });
  }
  verify(checks, value, '', file);
  const settings = value as unknown as ModelSettings;
  verifyDivisions(settings, file);
  const presence = value.presenceThreshold;
  if (presence !== undefined && !(isNumber(presence) && presence >= 0 && presence <= 1)) {
    refuse(file, 'presenceThreshold', 'a number from 0 to 1', presence);
  }
  const problem = value.presence === undefined ? null : presenceProblem(value.presence);
  if (problem !== null) refuse(file, problem.field, problem.allowed, problem.value);
  return settings;
}
