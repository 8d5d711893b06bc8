/**
 * From an existence logit to "it is there": the temperature that makes presence a probability (Guo et al., On Calibration of
 * Modern Neural Networks, ICML 2017), and thresholds per modality with a stated rate of false alarms (split-conformal:
 * Vovk et al., Algorithmic Learning in a Random World, 2005). `evaluate/calibrate.ts` makes them, config.json keeps them.
 */
import { modalityFamily } from '../ontology/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { checkUnit } from './unit.ts';

/** What calibration found, as config.json has it under `presence`. */
export interface PresenceCalibration {
  /** Presence is sigmoid(logit / temperature). */
  readonly temperature: number;
  /** Rates of false alarms that thresholds are known for, ascending: shares of absent objects that are called present. */
  readonly falseAlarmRates: readonly number[];
  /** The rate that is used unless a call names another. */
  readonly falseAlarmRate: number;
  /** Thresholds of presence per modality and for `all`, one for each rate. */
  readonly thresholds: Readonly<Record<string, readonly number[]>>;
}

/** How a model decides that an object is there. */
export interface PresenceSettings {
  readonly presenceThreshold?: number;
  readonly presence?: PresenceCalibration;
}

/** What presence must reach: `all` where the modality is unknown or has no threshold of its own. */
export interface PresenceLimits {
  readonly all: number;
  readonly byModality: Readonly<Record<string, number>>;
  readonly temperature: number;
}

/** What a call may say about presence. */
export interface PresenceOptions {
  /** An object is present from this presence on (0..1), whatever the modality. */
  readonly presenceThreshold?: number;
  /** Share of absent objects that may be called present: one of the rates that the model was calibrated at. */
  readonly falseAlarmRate?: number;
}

/** Threshold of a model that says nothing of its own. */
const DEFAULT_THRESHOLD = 0.5;

function rateIndex({ falseAlarmRates, falseAlarmRate }: PresenceCalibration, wanted = falseAlarmRate): number {
  const index = falseAlarmRates.indexOf(wanted);
  if (index >= 0) return index;
  throw new BiomedParseError(
    'usage',
    `falseAlarmRate is ${wanted}; this model was calibrated at ${falseAlarmRates.join(', ')}`,
    { falseAlarmRate: wanted },
  );
}

/** The limits of a call; `usage` errors for thresholds outside 0..1, unknown rates, and both given at once. */
export function presenceLimits(settings: PresenceSettings, options: PresenceOptions = {}): PresenceLimits {
  const { presence } = settings;
  const { presenceThreshold, falseAlarmRate } = options;
  const temperature = presence?.temperature ?? 1;
  if (presenceThreshold !== undefined) checkUnit('presenceThreshold', presenceThreshold);
  if (presenceThreshold !== undefined && falseAlarmRate !== undefined) {
    throw new BiomedParseError('usage', 'presenceThreshold and falseAlarmRate exclude each other; give one of them');
  }
  if (presence === undefined && falseAlarmRate !== undefined) {
    const message = 'falseAlarmRate needs a calibrated model; run biomedparse calibrate, or give presenceThreshold';
    throw new BiomedParseError('usage', message, { falseAlarmRate });
  }
  if (presence === undefined || presenceThreshold !== undefined) {
    const all = presenceThreshold ?? settings.presenceThreshold ?? DEFAULT_THRESHOLD;
    return { all, byModality: {}, temperature };
  }
  const index = rateIndex(presence, falseAlarmRate);
  const { all, ...modalities } = presence.thresholds;
  const byModality = Object.fromEntries(Object.entries(modalities).map(([name, limits]) => [name, limits[index]]));
  return { all: all[index], byModality, temperature };
}

/** What presence must reach in an image of that modality (any name of it), null where it is unknown. */
export function presenceLimit({ all, byModality }: PresenceLimits, modality: string | null): number {
  return modality === null ? all : (byModality[modalityFamily(modality)] ?? all);
}

/**
 * Presence 0..1 from an existence logit. `possible` is how probable it is that the image is of a kind that can show the object at all
 * (views.ts); it multiplies the odds, as a prior does by Bayes' rule.
 */
export function presenceOf(logit: number, { temperature }: Pick<PresenceLimits, 'temperature'>, possible = 1): number {
  return 1 / (1 + Math.exp(-logit / temperature) / possible);
}

/** Whether a parsed config.json's `presence` is one; the words of what is wrong, else null. */
export function presenceProblem(value: unknown): { field: string; allowed: string; value: unknown } | null {
  const unit = (one: unknown): boolean => typeof one === 'number' && one >= 0 && one <= 1;
  if (typeof value !== 'object' || value === null) {
    return { field: 'presence', allowed: 'an object as calibrate writes it', value };
  }
  const { temperature, falseAlarmRates: rates, falseAlarmRate: rate, thresholds } = value as Record<string, unknown>;
  const wrong = (field: string, allowed: string, value: unknown) => ({ field: `presence.${field}`, allowed, value });
  if (!(typeof temperature === 'number' && temperature > 0 && Number.isFinite(temperature))) {
    return wrong('temperature', 'a number above 0', temperature);
  }
  if (!(Array.isArray(rates) && rates.length > 0 && rates.every(unit))) {
    return wrong('falseAlarmRates', 'a list of numbers from 0 to 1', rates);
  }
  if (!rates.includes(rate)) return wrong('falseAlarmRate', `one of ${rates.join(', ')}`, rate);
  if (typeof thresholds !== 'object' || thresholds === null || !('all' in thresholds)) {
    return wrong('thresholds', 'an object with "all"', thresholds);
  }
  for (const [name, list] of Object.entries(thresholds)) {
    if (!(Array.isArray(list) && list.length === rates.length && list.every(unit))) {
      return wrong(`thresholds.${name}`, `${rates.length} numbers from 0 to 1`, list);
    }
  }
  return null;
}
