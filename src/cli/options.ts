/** Option values from text: each refuses with what is allowed, in words that follow "--name". */
import { InvalidArgumentError } from 'commander';

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
