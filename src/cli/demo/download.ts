/**
 * Files of known size and SHA-256 by HTTP, kept in the user's cache folder. A file already there is checked again and used
 * without a network. Refuses (`io`), naming the file: an unreachable server, an answer other than 200, a wrong size, a
 * wrong checksum; what is wrong is not kept.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { makeFolder, systemReason, writeFileAtomic } from '../../util/files.ts';

/** A file to have: its name (also its name in the cache) and what proves that it is the right one. */
export interface KnownFile {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Address that file names are appended to. */
  readonly baseUrl: string;
  /** Folder that keeps the files; made if need be. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Called before a file is fetched, with its address; not for files that are in the cache. */
  readonly onFetch?: (url: string, file: KnownFile) => void;
}

/** Longest wait for one file, milliseconds. */
const TIMEOUT = 120_000;

/** What is wrong with these bytes, in words; null if they are the file. */
function mismatch(bytes: Uint8Array, file: KnownFile): string | null {
  if (bytes.byteLength !== file.bytes) return `it has ${bytes.byteLength} bytes instead of ${file.bytes}`;
  const sum = createHash('sha256').update(bytes).digest('hex');
  return sum === file.sha256 ? null : `its SHA-256 is ${sum} instead of ${file.sha256}`;
}

/** fetch() hides the reason ("fetch failed") in its cause. */
function networkReason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${TIMEOUT / 1000} seconds`;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors.length > 0) return errorLine(cause.errors[0]);
  return errorLine(cause ?? error);
}

async function fetchBytes(url: string, file: KnownFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(TIMEOUT);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body as AsyncIterable<Uint8Array>) {
      length += part.byteLength;
      parts.push(part);
      // Whatever this is, it is not the file: read no further.
      if (length > file.bytes) throw new Error(`it has more than ${file.bytes} bytes, its known size`);
    }
    return Buffer.concat(parts);
  } catch (error) {
    signal?.throwIfAborted();
    throw new BiomedParseError('io', `cannot download ${url}: ${networkReason(error)}`, { url }, error);
  }
}

/** The path of a file in the cache, fetched first if it is not there or not what it should be. */
export async function download(file: KnownFile, options: DownloadOptions): Promise<string> {
  const path = join(options.folder, file.file);
  const cached = await readFile(path).catch(() => null);
  if (cached !== null && mismatch(cached, file) === null) return path;

  const url = `${options.baseUrl.replace(/\/*$/, '/')}${encodeURIComponent(file.file)}`;
  options.onFetch?.(url, file);
  const bytes = await fetchBytes(url, file, options.signal);
  const wrong = mismatch(bytes, file);
  if (wrong !== null) {
    throw new BiomedParseError('io', `${url} is not the expected file: ${wrong}; it was not kept`, { url });
  }
  try {
    await makeFolder(options.folder);
  } catch (error) {
    throw new BiomedParseError(
      'io',
      `cannot make the cache folder ${options.folder}: ${systemReason(error)}`,
      {},
      error,
    );
  }
  await writeFileAtomic(path, bytes);
  return path;
}
