/**
 * What a set says of itself in its `dataset.json`: licence, remarks, subjects, and which targets were annotated in full.
 * Refused with an `input` error: what is no JSON object, and an `annotation` of another form.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { systemReason } from '../util/files.ts';

/** Targets of a kind of image (`MODALITY_SITE`) whose missing mask means absence; a kind that is not named is not declared. */
export type Exhaustive = Readonly<Record<string, readonly string[]>>;

function refuse(message: string, cause?: unknown): never {
  throw new BiomedParseError('input', message, {}, cause);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The content of a set's `dataset.json`; empty without one. */
export async function readAbout(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const file = join(folder, 'dataset.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    refuse(`cannot read ${file}: ${systemReason(error)}`, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse(`${file} is not valid JSON (${errorLine(error)})`, error);
  }
  return isObject(value) ? value : refuse(`${file} is no JSON object`);
}

/** Text of a field, which may be a list of sentences; empty where it is neither. */
export function wordsOf(value: unknown): string {
  return Array.isArray(value) ? value.join('; ') : typeof value === 'string' ? value : '';
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/**
 * What `annotation` declares for the set's kinds of image: `"exhaustive"` or `"partial"` for all, or by kind
 * `{"exhaustive": [targets], "partial": [targets]}`; `undefined` where nothing is declared.
 */
export function exhaustiveTargets(
  annotation: unknown,
  targets: Readonly<Record<string, readonly string[]>>,
  file: string,
): Exhaustive | undefined {
  if (annotation === undefined || annotation === 'exhaustive' || annotation === 'partial') {
    if (annotation === undefined) return undefined;
    return Object.fromEntries(
      Object.entries(targets).map(([kind, own]) => [kind, annotation === 'partial' ? [] : own]),
    );
  }
  const allowed = 'allowed: "exhaustive", "partial", or {"MODALITY_SITE": {"exhaustive": [...], "partial": [...]}}';
  if (!isObject(annotation)) refuse(`${file}: annotation is ${JSON.stringify(annotation)}; ${allowed}`);
  return Object.fromEntries(
    Object.entries(annotation).map(([kind, value]) => {
      const named = isObject(value) ? (value.exhaustive ?? []) : undefined;
      if (!isNames(named)) refuse(`${file}: annotation.${kind} is ${JSON.stringify(value)}; ${allowed}`);
      return [kind, named];
    }),
  );
}
