/**
 * Files of a Hugging Face-style hub, `<hub>/<owner/name>/resolve/<revision>/<file>`, kept in a cache folder. A download that
 * was cut off goes on where it stopped (HTTP Range, RFC 9110); the SHA-256 that the hub states (`x-linked-etag`, else an
 * `etag` of that form) or the caller demands is checked. Refused (`usage`): names that are none; (`io`): a repository that
 * needs a token, a file that is not there, other answers, a cut connection after some tries, a wrong size or checksum.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileDigest } from '../parse/convert.ts';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { systemReason } from '../util/files.ts';

export interface HubFile {
  /** `owner/name`. */
  readonly repository: string;
  readonly revision: string;
  /** Path inside the repository. */
  readonly file: string;
}

export interface HubOptions {
  /** Address of the hub. */
  readonly hub: string;
  readonly token?: string | undefined;
  /** Cache folder; made if need be. */
  readonly folder: string;
  /** What the SHA-256 must be, whatever the hub says. */
  readonly sha256?: string | undefined;
  readonly signal: AbortSignal;
  /** Bytes that are here and bytes in all; called as they come. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Longest wait for the next bytes, milliseconds (default 60,000). */
  readonly patience?: number;
}

/** How often a cut connection is taken up again in one call. */
const TRIES = 3;
const REDIRECTS = 5;

/** Refuses names that could lead out of their folder or are no names of a hub. */
function checkNames({ repository, revision, file }: HubFile): void {
  const refuse = (what: string, value: string, allowed: string): never => {
    throw new BiomedParseError('usage', `${what} ${JSON.stringify(value)}: allowed: ${allowed}`, { value });
  };
  const part = /^(?!\.{1,2}$)[\w.-]{1,100}$/;
  const parts = repository.split('/');
  if (parts.length !== 2 || !parts.every((one) => part.test(one))) {
    refuse('repository', repository, 'owner/name, such as microsoft/BiomedParse');
  }
  if (!file.split('/').every((one) => part.test(one))) refuse('--file', file, 'a path inside the repository');
  if (!revision.split('/').every((one) => part.test(one))) refuse('--revision', revision, 'a branch, tag or commit');
}

/** fetch() hides the reason ("fetch failed") in its cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return errorLine(cause instanceof AggregateError ? (cause.errors[0] ?? cause) : (cause ?? error));
}

/** A request that is given up when nothing comes for too long; `alive` is called whenever something came. */
async function request(url: string, init: RequestInit, options: HubOptions) {
  const patience = options.patience ?? 60_000;
  const idle = new AbortController();
  const giveUp = (): void => idle.abort(new Error(`nothing came for ${patience / 1000} seconds`));
  let timer = setTimeout(giveUp, patience);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, patience);
  };
  const stop = (): void => clearTimeout(timer);
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.any([options.signal, idle.signal]) });
    return { response, alive, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** The error for an answer that is not the file. */
function refusal(status: number, url: string, { repository, revision, file }: HubFile, hub: string): BiomedParseError {
  const reasons: Readonly<Record<number, string>> = {
    401: `the hub wants to know who asks (401): accept the conditions at ${hub}/${repository} and give a token by --token or HF_TOKEN`,
    403: `the token may not read ${repository} (403): accept the conditions at ${hub}/${repository}`,
    404: `${repository} has no file ${file} at revision ${revision} (404)`,
  };
  const reason = reasons[status] ?? `the server answered ${status}`;
  return new BiomedParseError('io', `cannot download ${url}: ${reason}`, { url, status });
}

interface Stated {
  readonly etag: string;
  readonly sha256: string | undefined;
  readonly commit: string | undefined;
}

/** What the hub says of a file. The answer that leads to the file's store carries it, so that redirects off the hub are not followed. */
async function askHub(address: string, wanted: HubFile, options: HubOptions, headers: Headers): Promise<Stated> {
  let url = address;
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const { response, stop } = await request(url, { method: 'HEAD', headers, redirect: 'manual' }, options);
    stop();
    const { status } = response;
    const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag');
    if (status >= 400) throw refusal(status, address, wanted, options.hub);
    const location = response.headers.get('location');
    const next = location === null ? undefined : new URL(location, url);
    if (status >= 300 && etag === null && next?.origin === new URL(address).origin) {
      url = next.href;
      continue;
    }
    const plain = (etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
    return {
      etag: plain,
      sha256: options.sha256 ?? (/^[0-9a-f]{64}$/i.test(plain) ? plain.toLowerCase() : undefined),
      commit: response.headers.get('x-repo-commit') ?? undefined,
    };
  }
  throw new BiomedParseError('io', `cannot download ${address}: more than ${REDIRECTS} redirects`, { url: address });
}

/** One attempt: appends to what is there; gives whether the file is whole. */
async function fetchRest(
  url: string,
  part: string,
  wanted: HubFile,
  options: HubOptions,
  headers: Headers,
): Promise<void> {
  const before = (await stat(part).catch(() => undefined))?.size ?? 0;
  const ranged = new Headers(headers);
  if (before > 0) ranged.set('range', `bytes=${before}-`);
  const { response, alive, stop } = await request(url, { headers: ranged }, options);
  try {
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    const resumed = response.status === 206 && range !== null && Number(range[1]) === before;
    if (response.status === 416 && before > 0) {
      // nothing is left to send: all is here, or more than all, which the checksum tells
      const all = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
      if (all !== null && Number(all[1]) === before) return;
      await rm(part, { force: true });
      throw new Error('the part that was kept is longer than the file');
    }
    if (!resumed && response.status !== 200) throw refusal(response.status, url, wanted, options.hub);
    const start = resumed ? before : 0;
    const total = resumed ? Number(range[2]) : Number(response.headers.get('content-length') ?? Number.NaN);
    const file = await open(part, resumed ? 'a' : 'w');
    let done = start;
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        await file.writeFile(chunk);
        done += chunk.byteLength;
        options.onProgress?.(done, total);
      }
    } finally {
      await file.close();
    }
    if (Number.isFinite(total) && done !== total) throw new Error(`it ended after ${done} of ${total} bytes`);
  } finally {
    stop();
  }
}

/** A file of the hub in the cache folder: fetched, or found there with the right checksum. */
export async function downloadFromHub(
  wanted: HubFile,
  options: HubOptions,
): Promise<{ path: string; commit: string | undefined }> {
  checkNames(wanted);
  const { repository, revision, file } = wanted;
  const hub = options.hub.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(hub) || !URL.canParse(hub)) {
    throw new BiomedParseError('usage', `--hub ${JSON.stringify(options.hub)}: allowed: an address with http or https`);
  }
  const encoded = file.split('/').map(encodeURIComponent).join('/');
  const url = `${hub}/${repository}/resolve/${encodeURIComponent(revision)}/${encoded}`;
  const headers = new Headers({ 'accept-encoding': 'identity' });
  if (options.token) headers.set('authorization', `Bearer ${options.token}`);
  const failed = (error: unknown, kept: string): BiomedParseError =>
    new BiomedParseError('io', `cannot download ${url}: ${networkReason(error)}${kept}`, { url }, error);

  const path = join(options.folder, repository, revision, file);
  let stated: Stated;
  try {
    stated = await askHub(url, wanted, { ...options, hub }, headers);
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof BiomedParseError ? error : failed(error, '');
  }
  const { etag, sha256, commit } = stated;
  const here = await stat(path).catch(() => undefined);
  if (here?.isFile() && sha256 !== undefined && (await fileDigest(path, options.signal)).sha256 === sha256) {
    return { path, commit };
  }
  // named after what the hub says of it, so that a part of another version is never gone on with
  const part = `${path}.${createHash('sha256').update(`${etag} ${sha256}`).digest('hex').slice(0, 12)}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    const message = `cannot make the cache folder ${dirname(path)}: ${systemReason(error)}`;
    throw new BiomedParseError('io', message, { path }, error);
  }
  // without a name for its version nothing proves that a part kept from an earlier call belongs to this file
  if (etag === '' && sha256 === undefined) await rm(part, { force: true });
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(url, part, wanted, { ...options, hub }, headers);
      break;
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof BiomedParseError) throw error;
      if (attempt === TRIES) {
        throw failed(error, '; what came is kept, and the same call goes on from there');
      }
    }
  }
  const found = await fileDigest(part, options.signal);
  if (sha256 !== undefined && found.sha256 !== sha256) {
    await rm(part, { force: true });
    const message = `${url} is not the expected file: its SHA-256 is ${found.sha256} instead of ${sha256}; it was not kept`;
    throw new BiomedParseError('io', message, { url });
  }
  await rename(part, path);
  return { path, commit };
}
