/**
 * Questions put to a language model in batches, each paid for once: every answer is kept in a cache by content (model, instructions,
 * question), what is refused later too. What fails for good is logged and left unanswered.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '../../util/files.ts';
import { complete, EndpointError, type EndpointOptions } from './endpoint.ts';

/** A rule of thumb for an estimate: English and JSON have about four characters a token. */
const CHARACTERS_PER_TOKEN = 4;

/** Price of a million tokens, in whatever money. */
export interface Price {
  readonly prompt: number;
  readonly completion: number;
}

export interface BatchOptions extends EndpointOptions {
  /** Where answers are kept. */
  readonly cache: string;
  readonly price?: Price;
}

/** How questions are asked. */
export interface Form<Q, A> {
  /** What a question is about, in words: "labels". */
  readonly noun: string;
  /** What becomes of the unanswered, in words: "stay open". */
  readonly unanswered: string;
  /** Tokens of one answer, for the estimate. */
  readonly tokensPerAnswer: number;
  /** Questions that go into one request each. */
  readonly group: (questions: readonly Q[]) => Q[][];
  /** The body of a request. */
  readonly body: (questions: readonly Q[]) => string;
  /** The answers in a reply's text, by name; throws on another form. */
  readonly read: (content: string) => ReadonlyMap<string, A>;
  /** The name by which an answer says what it is about. */
  readonly nameOf: (question: Q) => string;
}

function money(price: Price | undefined, promptTokens: number, completionTokens: number): string {
  if (price === undefined) return '';
  return `, cost ${((price.prompt * promptTokens + price.completion * completionTokens) / 1e6).toFixed(4)}`;
}

/** Asks; `take` gets every answer, from the cache or new. Gives the number of requests that failed for good. */
export async function askInBatches<Q, A>(
  options: BatchOptions,
  form: Form<Q, A>,
  questions: readonly Q[],
  take: (question: Q, answer: A) => void,
): Promise<number> {
  const { cache, price, log } = options;
  const { noun, nameOf } = form;
  // what an answer costs is decided by all that is sent with its question, but for the other questions
  const fileOf = (question: Q): string =>
    join(
      cache,
      `${createHash('sha256')
        .update(form.body([question]))
        .digest('hex')}.json`,
    );
  const cached = async (question: Q): Promise<A | undefined> => {
    try {
      return JSON.parse(await readFile(fileOf(question), 'utf8')) as A;
    } catch {
      return undefined; // not asked before, or not whole: it is asked again
    }
  };
  const unasked: Q[] = [];
  for (const question of questions) {
    const known = await cached(question);
    if (known === undefined) unasked.push(question);
    else take(question, known);
  }
  const groups = form.group(unasked);
  if (groups.length === 0) return 0;
  const bodies = groups.map((group) => form.body(group));
  const letters = bodies.reduce((sum, body) => sum + body.length, 0);
  const expected = [Math.ceil(letters / CHARACTERS_PER_TOKEN), unasked.length * form.tokensPerAnswer] as const;
  log(
    `language model: ${unasked.length} ${noun} in ${groups.length} requests, about ${expected[0]} tokens in and ${expected[1]} out${money(price, ...expected)}`,
  );
  await makeFolder(cache);
  const paid: [prompt: number, completion: number] = [0, 0];
  let failures = 0;
  for (const [i, group] of groups.entries()) {
    try {
      const answers = await complete(options, bodies[i], form.read, ({ promptTokens, completionTokens }) => {
        paid[0] += promptTokens;
        paid[1] += completionTokens;
      });
      for (const question of group) {
        const answer = answers.get(nameOf(question));
        if (answer === undefined) log(`language model: no answer to ${JSON.stringify(nameOf(question))}`);
        else {
          await writeFileAtomic(fileOf(question), JSON.stringify(answer));
          take(question, answer);
        }
      }
      const names = new Set(group.map(nameOf));
      const foreign = [...answers.keys()].filter((name) => !names.has(name));
      if (foreign.length > 0) log(`language model: ${foreign.length} answers to ${noun} that were not asked, refused`);
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      failures++;
      log(`language model: ${error.message}; ${group.length} ${noun} ${form.unanswered}`);
      if (error.final) break;
    }
  }
  log(`language model: ${paid[0]} tokens in and ${paid[1]} out as counted by the endpoint${money(price, ...paid)}`);
  return failures;
}
