/**
 * A published checkpoint to a model folder: `config.json` (with where it came from), `model.safetensors`, `tokenizer.json`.
 * Everything is checked before anything is written: dimensions against the configuration, every tensor against the
 * network, the tokenizer against the text encoder. Values go through one tensor at a time. The folder appears whole or not
 * at all; one that already holds something is refused.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { openCheckpoint } from '../formats/checkpoint.ts';
import { fromFloat32, streamSafetensors, toFloat32 } from '../formats/safetensors.ts';
import { byteCount, type TensorInfo, type TensorSource } from '../formats/tensor-source.ts';
import { inferConfig, mapCheckpoint, publishedNames } from '../model/checkpoint-mapping.ts';
import type { PublishedSettings } from '../model/published-settings.ts';
import { parameterSpecs } from '../runtime/open.ts';
import { BiomedParseError } from '../util/errors.ts';
import { readError, systemReason, writeFileAtomic } from '../util/files.ts';
import { checkModelSettings, type ModelSettings } from './config.ts';
import { packageVersion } from './package-root.ts';
import { readTokenizerFile } from './tokenizer-file.ts';

export interface ConvertOptions {
  /** Values of the published configuration by dotted name; for what the tensors do not tell. */
  readonly settings?: PublishedSettings;
  /** Side of the square input, pixels (default 1024, as the published code has it). */
  readonly imageSize?: number;
  /** Data type of the written weights (default: float16 if the checkpoint is float16 throughout, else float32). */
  readonly dtype?: 'f32' | 'f16';
  /** `tokenizer.json` or CLIP's list of merges. */
  readonly tokenizer: string;
  /** The model's name in its configuration (default `BiomedParse v1`). */
  readonly name?: string;
  /** Where the checkpoint was fetched from, kept in the configuration. */
  readonly origin?: string;
  readonly signal?: AbortSignal;
  /** Called after each tensor. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Where a converted model came from, in its config.json. */
export interface Provenance {
  /** File name of the checkpoint. */
  readonly source: string;
  readonly origin?: string;
  readonly format: string;
  readonly bytes: number;
  /** Of the whole file, lower-case hexadecimal. */
  readonly sha256: string;
  /** This package and its version. */
  readonly convertedBy: string;
}

export interface Converted {
  readonly config: ModelSettings;
  readonly provenance: Provenance;
  /** Tensors written and left out. */
  readonly kept: number;
  readonly skipped: readonly string[];
}

/** SHA-256 and size of a file, read once through. */
export async function fileDigest(path: string, signal?: AbortSignal): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      hash.update(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw readError(path, error);
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Refuses (`io`) a model folder to be made that holds something, before any work. */
export async function checkOutput(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory() || (await readdir(out)).length > 0) {
    const message = `cannot write ${out}: it is there already; a new name or an empty folder is needed`;
    throw new BiomedParseError('io', message, { out });
  }
}

const FLOATS = ['F64', 'F32', 'F16', 'BF16'];

/** One tensor as it is written: float32 or float16, every value finite; perhaps in `memory`. */
async function convertTensor(
  source: TensorSource,
  name: string,
  dtype: 'F32' | 'F16',
  memory: Uint8Array,
): Promise<Uint8Array> {
  const tensor = await source.read(name, memory);
  const values = toFloat32(tensor);
  const limit = dtype === 'F16' ? 65504 : Number.MAX_VALUE;
  const wrong = values.findIndex((value) => !(Math.abs(value) <= limit));
  if (wrong >= 0) {
    const why = dtype === 'F16' && Number.isFinite(values[wrong]) ? 'beyond float16; use --dtype f32' : 'not finite';
    throw new BiomedParseError('input', `${source.path}: ${name} holds ${values[wrong]}, which is ${why}`, { name });
  }
  return tensor.dtype === dtype ? tensor.bytes : fromFloat32(values, tensor.shape, dtype).bytes;
}

/** The configuration of a checkpoint, checked, and what becomes of its tensors. */
function planConversion(source: TensorSource, options: ConvertOptions) {
  const own = publishedNames(source.tensors.keys());
  const infos = new Map([...own].map(([name, inFile]) => [name, source.tensors.get(inFile) as TensorInfo]));
  const shapes = new Map([...infos].map(([name, { shape }]) => [name, shape]));
  const inferred = inferConfig(shapes, options.settings ?? new Map(), {
    label: source.path,
    name: options.name ?? 'BiomedParse v1',
    imageSize: options.imageSize ?? 1024,
  });
  const config = checkModelSettings(inferred, source.path);
  const { kept, skipped } = mapCheckpoint(shapes, parameterSpecs(config), source.path);
  const types = kept.map((name) => infos.get(name)?.dtype as string);
  const odd = types.findIndex((type) => !FLOATS.includes(type));
  if (odd >= 0) {
    const message = `${source.path}: ${kept[odd]} has type ${types[odd]}; allowed: ${FLOATS.join(', ')}`;
    throw new BiomedParseError('input', message, { name: kept[odd] });
  }
  const half = options.dtype === undefined ? types.every((type) => type === 'F16') : options.dtype === 'f16';
  const dtype = half ? ('F16' as const) : ('F32' as const);
  const written = new Map(kept.map((name): [string, TensorInfo] => [name, { dtype, shape: shapes.get(name) ?? [] }]));
  const largest = Math.max(...kept.map((name) => byteCount(infos.get(name) as TensorInfo)));
  return { config, written, skipped, own, dtype, largest };
}

/** Converts a checkpoint to a model folder `out`; gives what was written. */
export async function convertCheckpoint(path: string, out: string, options: ConvertOptions): Promise<Converted> {
  await checkOutput(out);
  const source = await openCheckpoint(path);
  let staging: string | undefined;
  try {
    const { config, written, skipped, own, dtype, largest } = planConversion(source, options);
    const tokenizer = await readTokenizerFile(options.tokenizer, config.text);
    const provenance: Provenance = {
      source: basename(path),
      ...(options.origin === undefined ? {} : { origin: options.origin }),
      format: source.format,
      ...(await fileDigest(path, options.signal)),
      convertedBy: `biomedparse ${packageVersion()}`,
    };
    const parent = dirname(resolve(out));
    staging = join(parent, `.biomedparse-${randomBytes(6).toString('hex')}`);
    await mkdir(staging, { recursive: true });
    let done = 0;
    const memory = new Uint8Array(largest);
    const bytesOf = async (name: string): Promise<Uint8Array> => {
      options.signal?.throwIfAborted();
      const bytes = await convertTensor(source, own.get(name) as string, dtype, memory);
      options.onProgress?.(++done, written.size);
      return bytes;
    };
    await streamSafetensors(join(staging, 'model.safetensors'), written, bytesOf, { format: 'biomedparse' });
    await writeFileAtomic(join(staging, 'tokenizer.json'), `${JSON.stringify(tokenizer)}\n`);
    await writeFileAtomic(join(staging, 'config.json'), `${JSON.stringify({ ...config, provenance }, null, 2)}\n`);
    await rename(staging, resolve(out));
    return { config, provenance, kept: written.size, skipped };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof BiomedParseError) throw error;
    throw new BiomedParseError('io', `cannot write ${out}: ${systemReason(error)}`, { out }, error);
  } finally {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
    await source.close();
  }
}
