/** Option values from text: each refuses with what is allowed, in words that follow "--name". */
import { InvalidArgumentError } from 'commander';
import type { SliceRange } from '../image/slice.ts';
import { SITE_WINDOWS, type Window } from '../image/window.ts';

/** A number from 0 to 1. */
export function parseUnit(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > 1) {
    throw new InvalidArgumentError('allowed: a number from 0 to 1.');
  }
  return value;
}

/** A whole number within limits. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < min || value > max) {
      throw new InvalidArgumentError(`allowed: a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A window: the name of a site of CT, or two intensities that become black and white. */
export function parseWindow(text: string): Window {
  if (Object.hasOwn(SITE_WINDOWS, text)) return SITE_WINDOWS[text];
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [low, high] = numbers;
  if (numbers.length !== 2 || !Number.isFinite(low) || !Number.isFinite(high) || low >= high) {
    const names = Object.keys(SITE_WINDOWS).join(', ');
    throw new InvalidArgumentError(`allowed: ${names}, or two numbers low,high with low below high.`);
  }
  return { low, high };
}

/** A price of a million tokens sent and received: `in,out`. */
export function parsePrice(text: string): { readonly prompt: number; readonly completion: number } {
  const [prompt, completion, ...more] = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!(prompt >= 0 && completion >= 0) || prompt + completion === Number.POSITIVE_INFINITY || more.length > 0) {
    throw new InvalidArgumentError('allowed: two numbers in,out that are not negative.');
  }
  return { prompt, completion };
}

/** A range of slices, `start:stop:step` with stop exclusive, parts left out as wished; a number alone is that slice. */
export function parseSlices(text: string): SliceRange {
  const found = /^(\d{0,7})(?:(:)(\d{0,7})(?::(\d{0,7}))?)?$/.exec(text.trim());
  if (found === null || text.trim() === '') {
    throw new InvalidArgumentError('allowed: start:stop:step in whole numbers, stop exclusive, or one number.');
  }
  const [, start, colon, stop = '', step = ''] = found;
  if (colon === undefined) return { start: Number(start), stop: Number(start) + 1 };
  const given = { start, stop, step };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, part]) => (part === '' ? [] : [[name, Number(part)]])),
  );
}

/** A number within limits. */
export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max)) {
      throw new InvalidArgumentError(`allowed: a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A length in mm, from 0 to 100. */
export function parseMillimetres(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100)) {
    throw new InvalidArgumentError('allowed: a number of mm from 0 to 100.');
  }
  return value;
}

/** What is taken of one series of a DICOMweb server, and how often a request is sent again. */
export interface RemoteLimits {
  readonly instances: number;
  readonly megabytes: number;
  readonly seconds: number;
  readonly retries: number;
}

export const DEFAULT_LIMITS: RemoteLimits = { instances: 10_000, megabytes: 8000, seconds: 3600, retries: 4 };

/** Limits by name, `instances=500,seconds=60`; the others keep their defaults. */
export function parseLimits(text: string): RemoteLimits {
  const pairs = text.split(',').map((part) => /^\s*([a-z]+)=(\d{1,9})\s*$/.exec(part));
  if (pairs.some((pair) => pair === null || !Object.hasOwn(DEFAULT_LIMITS, pair[1]))) {
    const names = Object.keys(DEFAULT_LIMITS).map((name) => `${name}=n`);
    throw new InvalidArgumentError(`allowed: ${names.join(',')} with whole numbers, or some of them.`);
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(pairs.map((pair) => [pair?.[1], Number(pair?.[2])])) };
}

/** A comma-separated list without empty parts. */
export function parseList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '')) {
    throw new InvalidArgumentError('allowed: names separated by commas.');
  }
  return parts;
}

/** Adds one value of an option that may be given many times. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}
