/**
 * Beta distributions of mask statistics per image type and target: the published ones, or a user's own from a JSON file as
 * `fit-rejection` writes it:
 *
 *     {"format": "biomedparse-distributions", "imageTypes": {"CT-Abdomen": {"liver":
 *       {"probability": [a, b], "red": [a, b], "green": [a, b], "blue": [a, b]}}}}
 *
 * Other fields are left alone. Refused with an `input` error that names file and field: anything else, more than 16 MB.
 */
import { publishedRows } from '../ontology/index.ts';
import type { Beta } from '../util/beta.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';

/** Distributions of mean probability, red, green and blue inside a mask. */
export type ChannelDistributions = readonly [Beta, Beta, Beta, Beta];

/** By image type, then by target. */
export type Distributions = ReadonlyMap<string, ReadonlyMap<string, ChannelDistributions>>;

export const DISTRIBUTIONS_FORMAT = 'biomedparse-distributions';
/** Names of the channels in files. */
export const CHANNELS = ['probability', 'red', 'green', 'blue'] as const;
const MAX_BYTES = 16 * 2 ** 20;

function publishedTable(): Distributions {
  const table = new Map<string, Map<string, ChannelDistributions>>();
  for (const [imageType, rows] of Object.entries(publishedRows)) {
    const targets = new Map<string, ChannelDistributions>();
    for (const [target, a, b, redA, redB, greenA = redA, greenB = redB, blueA = redA, blueB = redB] of rows) {
      targets.set(target, [
        [a, b],
        [redA, redB],
        [greenA, greenB],
        [blueA, blueB],
      ]);
    }
    table.set(imageType, targets);
  }
  return table;
}

/** The distributions published with BiomedParse v1: 13 image types. */
export const publishedDistributions: Distributions = publishedTable();

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBeta(value: unknown): value is Beta {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((n) => typeof n === 'number' && n > 0 && Number.isFinite(n))
  );
}

function refuse(file: string, why: string, cause?: unknown): never {
  throw new BiomedParseError('input', `${file}: ${why}`, { file }, cause);
}

/** The distributions in a parsed file; `file` is named in errors. */
export function checkDistributions(value: unknown, file: string): Distributions {
  if (!isRecord(value) || value.format !== DISTRIBUTIONS_FORMAT) {
    refuse(file, `field "format" must be "${DISTRIBUTIONS_FORMAT}", as fit-rejection writes it`);
  }
  if (!isRecord(value.imageTypes)) refuse(file, 'field "imageTypes" must be an object');
  const table = new Map<string, Map<string, ChannelDistributions>>();
  for (const [imageType, targets] of Object.entries(value.imageTypes)) {
    if (!isRecord(targets)) refuse(file, `field "imageTypes.${imageType}" must be an object of targets`);
    const known = new Map<string, ChannelDistributions>();
    for (const [target, channels] of Object.entries(targets)) {
      const found = CHANNELS.map((channel) => (isRecord(channels) ? channels[channel] : undefined));
      const wrong = found.findIndex((one) => !isBeta(one));
      if (wrong !== -1) {
        const field = `imageTypes.${imageType}.${target}.${CHANNELS[wrong]}`;
        refuse(file, `field "${field}" must be two numbers above 0`);
      }
      known.set(target, found as unknown as ChannelDistributions);
    }
    table.set(imageType, known);
  }
  return table;
}

/** Reads a file of distributions. */
export async function readDistributions(file: string): Promise<Distributions> {
  const bytes = await readFileChecked(file);
  if (bytes.byteLength > MAX_BYTES) refuse(file, `it has ${bytes.byteLength} bytes; at most ${MAX_BYTES} are allowed`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    refuse(file, `not valid JSON (${errorLine(error)})`, error);
  }
  return checkDistributions(value, file);
}
