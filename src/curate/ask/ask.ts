/**
 * Labels that the rules leave open, put to a language model: in batches per set and kind of image, each label paid for once. Every
 * answer is kept in a cache by content (model, instructions, set and label), refused ones too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '../../util/files.ts';
import { decisionKey, type LabelSource } from '../decisions.ts';
import type { AskModel } from '../harmonise.ts';
import type { Verdict } from '../rules.ts';
import { complete, EndpointError, type EndpointOptions } from './endpoint.ts';
import { checkAnswer, type Question, type RawAnswer, readAnswers, requestBody } from './request.ts';

const BATCH = 40;
/** Rules of thumb for an estimate: English and JSON have about four characters a token, an answer about sixty tokens. */
const CHARACTERS_PER_TOKEN = 4;
const TOKENS_PER_ANSWER = 60;

/** Price of a million tokens, in whatever money. */
export interface Price {
  readonly prompt: number;
  readonly completion: number;
}

export interface AskOptions extends EndpointOptions {
  readonly model: string;
  /** Where answers are kept. */
  readonly cache: string;
  readonly price?: Price;
  /** What sets say of themselves, by name. */
  readonly descriptions?: ReadonlyMap<string, string>;
}

/** A model that can be asked, and how many requests failed for good. */
export interface Asker {
  readonly ask: AskModel;
  failures(): number;
}

function questionsOf(sources: readonly LabelSource[], descriptions: ReadonlyMap<string, string>): Question[] {
  const groups = new Map<string, LabelSource[]>();
  for (const source of sources) {
    const key = JSON.stringify([source.set, source.modality, source.site]);
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  return [...groups.values()].flatMap((group) => {
    const [{ set, modality, site }] = group;
    const description = set === null ? '' : (descriptions.get(set) ?? '');
    const labels = group.map(({ label }) => label);
    return Array.from({ length: Math.ceil(labels.length / BATCH) }, (_, i) => ({
      ...{ set, description, modality, site },
      labels: labels.slice(i * BATCH, (i + 1) * BATCH),
    }));
  });
}

const sourceOf = ({ set, modality, site }: Question, label: string): LabelSource => ({ label, set, modality, site });

function money(price: Price | undefined, promptTokens: number, completionTokens: number): string {
  if (price === undefined) return '';
  return `, cost ${((price.prompt * promptTokens + price.completion * completionTokens) / 1e6).toFixed(4)}`;
}

/** Prepares asking; nothing is sent before there is something to ask. */
export function createAsker(options: AskOptions): Asker {
  const { model, cache, price, log, descriptions = new Map<string, string>() } = options;
  let failures = 0;

  // what a label costs is decided by all that is sent with it, but for the other labels
  const fileOf = (question: Question, label: string): string => {
    const content = requestBody(model, { ...question, labels: [label] });
    return join(cache, `${createHash('sha256').update(content).digest('hex')}.json`);
  };
  const cached = async (question: Question, label: string): Promise<RawAnswer | undefined> => {
    try {
      return JSON.parse(await readFile(fileOf(question, label), 'utf8')) as RawAnswer;
    } catch {
      return undefined; // not asked before, or not whole: it is asked again
    }
  };

  const ask: AskModel = async (sources) => {
    const verdicts = new Map<string, Verdict & { readonly by: string }>();
    const take = (question: Question, label: string, answer: RawAnswer): void => {
      const verdict = checkAnswer(label, question, answer);
      if (typeof verdict === 'string') log(`language model: answer to ${JSON.stringify(label)} refused: ${verdict}`);
      else verdicts.set(decisionKey(sourceOf(question, label)), { ...verdict, by: `language model ${model}` });
    };
    const unasked: LabelSource[] = [];
    for (const question of questionsOf(sources, descriptions)) {
      for (const label of question.labels) {
        const known = await cached(question, label);
        if (known === undefined) unasked.push(sourceOf(question, label));
        else take(question, label, known);
      }
    }
    const questions = questionsOf(unasked, descriptions);
    if (questions.length === 0) return verdicts;
    const bodies = questions.map((question) => requestBody(model, question));
    const letters = bodies.reduce((sum, body) => sum + body.length, 0);
    const expected = [Math.ceil(letters / CHARACTERS_PER_TOKEN), unasked.length * TOKENS_PER_ANSWER] as const;
    log(
      `language model: ${unasked.length} labels in ${questions.length} requests, about ${expected[0]} tokens in and ${expected[1]} out${money(price, ...expected)}`,
    );
    await makeFolder(cache);
    const paid: [prompt: number, completion: number] = [0, 0];
    for (const [i, question] of questions.entries()) {
      try {
        const answers = await complete(options, bodies[i], readAnswers, ({ promptTokens, completionTokens }) => {
          paid[0] += promptTokens;
          paid[1] += completionTokens;
        });
        for (const label of question.labels) {
          const answer = answers.get(label);
          if (answer === undefined) log(`language model: no answer to ${JSON.stringify(label)}`);
          else {
            await writeFileAtomic(fileOf(question, label), JSON.stringify(answer));
            take(question, label, answer);
          }
        }
        const foreign = [...answers.keys()].filter((label) => !question.labels.includes(label));
        if (foreign.length > 0) log(`language model: ${foreign.length} answers to labels that were not asked, refused`);
      } catch (error) {
        if (!(error instanceof EndpointError)) throw error;
        failures++;
        log(`language model: ${error.message}; ${question.labels.length} labels stay open`);
        if (error.final) break;
      }
    }
    log(`language model: ${paid[0]} tokens in and ${paid[1]} out as counted by the endpoint${money(price, ...paid)}`);
    return verdicts;
  };
  return { ask, failures: () => failures };
}
