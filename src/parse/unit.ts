/** Options that are shares or probabilities. */
import { BiomedParseError } from '../util/errors.ts';

/** The value of an option that goes from 0 to 1; any other is a `usage` error with the option's name. */
export function checkUnit(name: string, value: number): number {
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) {
    throw new BiomedParseError('usage', `${name} must be a number from 0 to 1, got ${value}`, { [name]: value });
  }
  return value;
}
