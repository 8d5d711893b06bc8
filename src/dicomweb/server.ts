/**
 * Requests to one DICOMweb server by Node's own http and https: `fetch` takes no certificate authority of the caller's, and
 * browser-oriented clients hold whole answers in memory.
 *
 * A request is sent again, after waits that double, where that can help: 408, 429 and 503 with their Retry-After, 502, 504, a
 * connection that is refused, cut or silent, an answer that ends early. Certificates are always checked. Redirections are
 * not followed, so that credentials reach no other host. What a server says in its error pages is not repeated, nor what was
 * searched by, as both may tell the patient. Refused: see `refusal`. Source: DICOM PS3.18 (8), RFC 9110.
 */
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { BiomedParseError, errorLine } from '../util/errors.ts';
import { MAX_DELAY, retryAfter } from '../util/retry.ts';
import { withoutSearch } from './address.ts';

/** Requests at a time. */
export const CONNECTIONS = 4;
const FIRST_DELAY = 500;
const PATIENCE = 60_000;
const AGAIN = new Set([408, 429, 502, 503, 504]);

export interface ServerOptions {
  /** Value of the Authorization header. */
  readonly authorization?: string | undefined;
  /** Certificate authorities beside the well-known ones, PEM. */
  readonly ca?: string | undefined;
  /** How often a request is sent again. */
  readonly retries: number;
  /** Milliseconds before the first repetition (default 500). */
  readonly firstDelay?: number;
  /** Longest wait for the next bytes, milliseconds (default a minute). */
  readonly patience?: number;
  readonly signal: AbortSignal;
  /** Takes a line for people. */
  readonly log: (line: string) => void;
}

export interface ServerRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly accept: string;
  /** Type and bytes of what is sent. */
  readonly content?: { readonly type: string; readonly pieces: readonly Uint8Array[] };
  /** Answers to be read although they are no success. */
  readonly also?: readonly number[];
  readonly signal?: AbortSignal;
}

export interface DicomWebServer {
  /** Sends a request and reads its answer; what `read` throws is tried again unless it is a `BiomedParseError`. */
  send<T>(request: ServerRequest, read: (answer: IncomingMessage) => Promise<T>): Promise<T>;
  /** Ends connections that are kept. */
  close(): void;
}

/** The error for an answer that asking again does not better. */
function refusal(status: number, url: string, authorized: boolean, location: string | undefined): BiomedParseError {
  const { origin } = new URL(url);
  const from = authorized ? 'what --auth gave' : 'requests without --auth basic:VARIABLE or bearer:VARIABLE';
  const target = location !== undefined && URL.canParse(location, url) ? new URL(location, url).origin : 'elsewhere';
  const redirected = `${origin} sends on to ${target} (${status}), which is not followed: give that address`;
  const reasons: Readonly<Record<number, string>> = {
    401: `${origin} does not take ${from} (401)`,
    403: `${origin} does not allow ${withoutSearch(url)} (403)`,
    404: `there is no ${withoutSearch(url)} (404)`,
    406: `${origin} cannot send ${withoutSearch(url)} as DICOM (406)`,
    413: `${origin} takes no objects of that size (413)`,
  };
  const other = status >= 300 && status < 400 ? redirected : `${origin} answered ${status} to ${withoutSearch(url)}`;
  return new BiomedParseError(status === 404 ? 'input' : 'io', reasons[status] ?? other, {
    url: withoutSearch(url),
    status,
  });
}

/** What is wrong with a certificate or its connection, which no repetition betters; undefined for other errors. */
function certificateReason(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (/^(ERR_SSL|EPROTO)/.test(code)) return 'it does not speak TLS';
  if (!/CERT|SIGNATURE|ERR_TLS/.test(code)) return undefined;
  return `its certificate is refused: ${errorLine(error)}; a certificate authority of your own goes by --ca`;
}

/** Node joins the errors of several addresses of one host under an empty message. */
const reasonOf = (error: unknown): string => errorLine(error instanceof AggregateError ? error.errors[0] : error);

/** A server to talk to; close it in the end. */
export function openServer(options: ServerOptions): DicomWebServer {
  const { authorization, ca, retries, firstDelay = FIRST_DELAY, patience = PATIENCE, log } = options;
  const kept = { keepAlive: true, maxSockets: CONNECTIONS };
  const agents = {
    'http:': new HttpAgent(kept),
    'https:': new HttpsAgent({ ...kept, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) }),
  };

  async function answerTo({ method, url, accept, content }: ServerRequest, signal: AbortSignal) {
    const protocol = new URL(url).protocol as keyof typeof agents;
    const length = content?.pieces.reduce((sum, piece) => sum + piece.length, 0);
    const headers = {
      accept,
      'accept-encoding': 'identity',
      ...(authorization === undefined ? {} : { authorization }),
      ...(content === undefined ? {} : { 'content-type': content.type, 'content-length': length }),
    };
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    // from the start: a host that does not answer at all is not waited for longer than one that falls silent
    const asked = send(url, { method, headers, agent: agents[protocol], signal, timeout: patience });
    // an error after the answer began is told by its body; without a listener it would end the process
    asked.on('error', () => undefined);
    asked.on('timeout', () => asked.destroy(new Error(`nothing came for ${patience / 1000} seconds`)));
    for (const piece of content?.pieces ?? []) asked.write(piece);
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return answer;
  }

  async function send<T>(request: ServerRequest, read: (answer: IncomingMessage) => Promise<T>): Promise<T> {
    const { url, also = [] } = request;
    const signal = request.signal ?? options.signal;
    const { origin } = new URL(url);
    for (let tried = 1; ; tried++) {
      let reason: string;
      let delay: number | undefined;
      try {
        const answer = await answerTo(request, signal);
        const status = answer.statusCode as number;
        if ((status >= 200 && status < 300) || also.includes(status)) return await read(answer);
        answer.destroy();
        if (!AGAIN.has(status)) throw refusal(status, url, authorization !== undefined, answer.headers.location);
        reason = `it answered ${status}`;
        delay = retryAfter(answer.headers['retry-after'], Date.now());
      } catch (error) {
        if (error instanceof BiomedParseError) throw error;
        signal.throwIfAborted();
        const certificate = certificateReason(error);
        if (certificate !== undefined) throw new BiomedParseError('io', `${origin}: ${certificate}`, {}, error);
        reason = reasonOf(error);
      }
      if (tried > retries) {
        const times = tried === 1 ? '' : ` ${tried} times, last`;
        throw new BiomedParseError('io', `${withoutSearch(url)} failed${times}: ${reason}`, {
          url: withoutSearch(url),
        });
      }
      delay ??= Math.min(firstDelay * 2 ** (tried - 1), MAX_DELAY);
      log(`${origin}: ${reason}; asked again in ${(delay / 1000).toFixed(1)} s (${tried + 1} of ${retries + 1})`);
      await wait(delay, undefined, { signal });
    }
  }

  return {
    send,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Longest time that a timer can take, milliseconds: 25 days. */
const LONGEST = 2 ** 31 - 1;

/** Runs work under a limit of seconds; beyond it (`io`) the error names `what`. */
export async function within<T>(
  seconds: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(Math.min(seconds * 1000, LONGEST));
  try {
    return await work(AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted || error instanceof BiomedParseError) throw error;
    throw new BiomedParseError('io', `${what} took longer than ${seconds} seconds; --limits seconds=… allows more`);
  }
}
