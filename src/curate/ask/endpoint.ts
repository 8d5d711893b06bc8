/**
 * An OpenAI-compatible endpoint for chat completions. A request is repeated where that can help (429 with its Retry-After, 408, 5xx,
 * time-outs, a broken connection, an answer that is cut off) and refused at once where it cannot (a wrong key or address).
 * Redirections are not followed, so that the key reaches no other host.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { MAX_DELAY, retryAfter } from '../../util/retry.ts';

const ATTEMPTS = 5;
const FIRST_DELAY = 1000;
const TIMEOUT = 120_000;
const MAX_REPLY = 4_000_000;

export interface EndpointOptions {
  /** Base address ("http://localhost:11434/v1"), or that of the completions themselves. */
  readonly url: string;
  readonly key?: string;
  /** Milliseconds until a request is given up (default: two minutes). */
  readonly timeout?: number;
  /** Milliseconds before the first repetition; doubled each time (default: a second). */
  readonly firstDelay?: number;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

/** Tokens as the endpoint counted them. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** An endpoint that cannot be helped by asking again; what failed is in the message. */
export class EndpointError extends BiomedParseError {
  /** Whether every other request would fail too. */
  readonly final: boolean;

  constructor(message: string, final: boolean, cause?: unknown) {
    super('io', message, {}, cause);
    this.final = final;
  }
}

/** The address of the completions; refuses (`usage`) what is no http address, and names and passwords in one, which it does not repeat. */
export function completionsUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    const shown = url.replace(/^.*@/s, '…@');
    throw new BiomedParseError('usage', `--llm-url "${shown}" is no address; allowed: http://... or https://...`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    const reason = 'holds a name or password; a key goes by the variable BIOMEDPARSE_LLM_KEY';
    throw new BiomedParseError('usage', `--llm-url of ${parsed.host} ${reason}`);
  }
  if (!/\/chat\/completions\/?$/.test(parsed.pathname)) {
    parsed.pathname = `${parsed.pathname.replace(/\/$/, '')}/chat/completions`;
  }
  return parsed;
}

async function bodyText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_REPLY) throw new Error(`the answer has more than ${MAX_REPLY} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

interface Completion {
  readonly choices?: readonly { readonly message?: { readonly content?: unknown } }[];
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown };
}

const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);

/** Why an attempt failed, and how long to wait if the endpoint said so. */
interface Failure {
  readonly reason: string;
  readonly delay: number | undefined;
  readonly cause?: unknown;
}

/**
 * Posts a request until `read` takes its text; `onUsage` hears of every reply that was paid, taken or not.
 * Fails with an `EndpointError`.
 */
export async function complete<T>(
  options: EndpointOptions,
  body: string,
  read: (content: string) => T,
  onUsage: (usage: Usage) => void,
): Promise<T> {
  const { key, timeout = TIMEOUT, firstDelay = FIRST_DELAY, signal, log } = options;
  const url = completionsUrl(options.url);
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const attempt = async (): Promise<{ readonly value: T } | Failure> => {
    const limit = AbortSignal.timeout(timeout);
    const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    let text: string;
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: either });
      text = await bodyText(response);
      if (!response.ok) {
        const reason = `HTTP ${response.status}`;
        if (response.status !== 429 && response.status !== 408 && response.status < 500) {
          throw new EndpointError(
            `${url.host} refused the request: ${reason} ${errorLine(text).slice(0, 200)}`.trim(),
            true,
          );
        }
        return { reason, delay: retryAfter(response.headers.get('retry-after'), Date.now()) };
      }
    } catch (error) {
      if (error instanceof EndpointError || signal?.aborted) throw error;
      const cause = (error as Error).cause ?? error;
      return { reason: limit.aborted ? `no answer in ${timeout / 1000} s` : errorLine(cause), delay: undefined, cause };
    }
    try {
      const completion = JSON.parse(text) as Completion;
      const { prompt_tokens, completion_tokens } = completion.usage ?? {};
      onUsage({ promptTokens: count(prompt_tokens), completionTokens: count(completion_tokens) });
      return { value: read(String(completion.choices?.[0]?.message?.content)) };
    } catch (error) {
      return { reason: `an answer that cannot be read (${errorLine(error)})`, delay: undefined, cause: error };
    }
  };
  for (let tried = 1; ; tried++) {
    const outcome = await attempt();
    if ('value' in outcome) return outcome.value;
    if (tried === ATTEMPTS) {
      throw new EndpointError(`${url.host} failed ${ATTEMPTS} times, last: ${outcome.reason}`, false, outcome.cause);
    }
    const delay = outcome.delay ?? Math.min(firstDelay * 2 ** (tried - 1), MAX_DELAY);
    log(
      `language model: ${outcome.reason}; asked again in ${(delay / 1000).toFixed(1)} s (${tried + 1} of ${ATTEMPTS})`,
    );
    await wait(delay, undefined, signal === undefined ? {} : { signal });
  }
}
