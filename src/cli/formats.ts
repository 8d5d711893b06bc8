/** `--format`: results in further formats beside a command's own, by the table in formats/results.ts. */
import { type DicomOrigin, dicomSource } from '../formats/dicom/results.ts';
import {
  formatsOf,
  type ImageResult,
  RESULT_FORMATS,
  type ResultWriter,
  type VolumeResult,
} from '../formats/results.ts';
import type { ReadVolume } from '../formats/volume.ts';
import { packageVersion } from '../parse/package-root.ts';
import { BiomedParseError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import type { ResultFiles } from './names.ts';
import { inputKind } from './segment-kind.ts';

/** A format with its writer for one kind of input. */
export interface ChosenFormat<R> {
  readonly name: string;
  readonly writer: ResultWriter<R>;
}

/** What a written file is of. */
export interface WrittenFile {
  readonly format: string;
  readonly path: string;
}

interface Results {
  readonly image: ImageResult;
  readonly volume: VolumeResult;
}

/** The formats asked for, each once, those of `always` first; refuses (`usage`) a format that cannot hold such masks. */
export function chooseFormats<K extends keyof Results>(
  kind: K,
  names: readonly string[],
  always: readonly string[],
): ChosenFormat<Results[K]>[] {
  return [...new Set([...always, ...names])].map((name) => {
    const format = Object.hasOwn(RESULT_FORMATS, name) ? RESULT_FORMATS[name] : undefined;
    const allowed = formatsOf(kind).join(', ');
    if (format === undefined) {
      throw new BiomedParseError('usage', `--format ${name} is unknown; allowed for ${kind}s: ${allowed}`, { name });
    }
    const writer = format[kind] as ResultWriter<Results[K]> | null;
    if (writer !== null) return { name, writer };
    throw new BiomedParseError('usage', `--format ${name} cannot hold masks of ${kind}s; allowed: ${allowed}`, {
      name,
    });
  });
}

/** Refuses (`usage`) formats that refer to a DICOM series where an input is none, and options of such formats without one. */
export async function checkDicomFormats(
  formats: readonly ChosenFormat<VolumeResult>[],
  inputs: readonly string[],
  { deidentify, segType }: { readonly deidentify?: boolean; readonly segType?: string },
): Promise<void> {
  const chosen = formats.find(({ writer }) => writer.dicom);
  if (segType !== undefined && !formats.some(({ name }) => name === 'dicom-seg')) {
    throw new BiomedParseError('usage', '--seg-type goes with --format dicom-seg');
  }
  if (chosen === undefined) {
    if (!deidentify) return;
    const names = formatsOf('volume').filter((name) => RESULT_FORMATS[name].volume?.dicom);
    throw new BiomedParseError('usage', `--deidentify goes with --format ${names.join(' or ')}`);
  }
  for (const input of inputs) {
    const kind = await inputKind(input);
    if (kind === 'DICOM series' || kind === 'DICOM multi-frame') continue;
    const message = `--format ${chosen.name} needs a DICOM series or frames with their places, and ${input} is read as ${kind}`;
    throw new BiomedParseError('usage', message, { path: input });
  }
}

/** How `dicom-seg` holds masks, by the command's names. */
export const SEG_TYPES = { binary: 'BINARY', fractional: 'FRACTIONAL', labelmap: 'LABELMAP' } as const;
export type SegType = keyof typeof SEG_TYPES;

/** What DICOM formats refer to and how: null if there are none. With `secret` it tells nothing of the patient. */
export function dicomOrigin(
  formats: readonly ChosenFormat<VolumeResult>[],
  { source }: ReadVolume,
  model: string,
  segType: SegType | undefined,
  secret: string | null,
): DicomOrigin | null {
  if (source === undefined || !formats.some(({ writer }) => writer.dicom)) return null;
  const algorithm = { name: model, version: packageVersion() };
  return { source: dicomSource(source, secret), algorithm, type: SEG_TYPES[segType ?? 'binary'] };
}

/** The endings of file names that formats need, per prompt and per input. */
export function formatEndings(formats: readonly ChosenFormat<never>[]): { prompt: string[]; input: string[] } {
  const of = (per: 'prompt' | 'input') => formats.flatMap(({ writer }) => (writer.per === per ? [writer.ending] : []));
  return { prompt: of('prompt'), input: of('input') };
}

/**
 * Writes the files of one kind: per prompt for finding `at` of the plan, or per input. `stage` says where a file goes for now.
 */
export async function writeFormats<R>(
  formats: readonly ChosenFormat<R>[],
  per: 'prompt' | 'input',
  result: R,
  paths: readonly string[],
  stage: (path: string) => string,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = [];
  for (const { name, writer } of formats) {
    if (writer.per !== per) continue;
    const path = paths.find((one) => one.endsWith(`_${writer.ending}`)) as string;
    await writeFileAtomic(stage(path), await writer.write(result));
    written.push({ format: name, path });
  }
  return written;
}

/** Writes all that an image's masks are asked for. */
export async function writeImageFormats(
  formats: readonly ChosenFormat<ImageResult>[],
  result: ImageResult,
  files: ResultFiles,
  stage: (path: string) => string,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = [];
  for (const [i, finding] of result.findings.entries()) {
    const one = { ...result, findings: [finding] };
    written.push(...(await writeFormats(formats, 'prompt', one, files.prompts[i], stage)));
  }
  return [...written, ...(await writeFormats(formats, 'input', result, files.input, stage))];
}
