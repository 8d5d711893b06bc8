/**
 * Sentences of masks in the published form: `<set>/<split>.json`, COCO whose annotations carry `mask_file` and
 * `sentences[{raw, sent, sent_id}]` (BiomedParse's `create-customer-datasets.py`). Sentences may say their `language`; without one
 * they are English. Refused (`input`): what is no such JSON, and files of more than 400 MB.
 */
import { stat } from 'node:fs/promises';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { readError, readFileChecked } from '../util/files.ts';

const MAX_BYTES = 400_000_000;

/** One sentence as the file has it. */
export interface SentenceEntry {
  readonly raw?: string;
  readonly sent: string;
  readonly sent_id?: number;
  readonly language?: string;
  readonly [field: string]: unknown;
}

/** One mask as the file has it. */
export interface AnnotationEntry {
  readonly mask_file: string;
  readonly sentences: readonly SentenceEntry[];
  readonly [field: string]: unknown;
}

export interface AnnotationFile {
  readonly annotations: readonly AnnotationEntry[];
  readonly [field: string]: unknown;
}

function refuse(path: string, problem: string, cause?: unknown): never {
  throw new BiomedParseError('input', `${path}: ${problem}`, { path }, cause);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkAnnotation(path: string, at: number, value: unknown): AnnotationEntry {
  const here = `annotations[${at}]`;
  if (!isObject(value) || typeof value.mask_file !== 'string') return refuse(path, `${here} has no mask_file`);
  const sentences = value.sentences ?? [];
  if (!Array.isArray(sentences) || sentences.some((one) => !isObject(one) || typeof one.sent !== 'string')) {
    return refuse(path, `${here}.sentences is no list of {"sent": "..."}`);
  }
  return { ...value, mask_file: value.mask_file, sentences };
}

/** The file as it is; `undefined` where there is none. */
export async function readAnnotationFile(path: string): Promise<AnnotationFile | undefined> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw readError(path, error);
  });
  if (about === undefined) return undefined;
  if (about.size > MAX_BYTES) refuse(path, `${about.size} bytes, at most ${MAX_BYTES} are read`);
  let value: unknown;
  try {
    value = JSON.parse((await readFileChecked(path)).toString('utf8'));
  } catch (error) {
    if (error instanceof BiomedParseError) throw error;
    return refuse(path, `not valid JSON (${errorLine(error)})`, error);
  }
  if (!isObject(value) || !Array.isArray(value.annotations)) return refuse(path, 'no list `annotations` in it');
  return { ...value, annotations: value.annotations.map((one, i) => checkAnnotation(path, i, one)) };
}

/** A sentence of a mask. */
export interface Sentence {
  readonly text: string;
  /** ISO 639-1. */
  readonly language: string;
}

/** Sentences by the mask's file name; empty where there is no such file. */
export async function readSentences(path: string): Promise<ReadonlyMap<string, readonly Sentence[]>> {
  const found = await readAnnotationFile(path);
  return new Map(
    (found?.annotations ?? []).map(({ mask_file, sentences }) => [
      mask_file.split('/').at(-1) as string,
      sentences.map(({ sent, language = 'en' }) => ({ text: sent, language })),
    ]),
  );
}
