/** Labels that the rules leave open, put to a language model: in batches per set and kind of image. */
import { addTo } from '../../util/groups.ts';
import { decisionKey, type LabelSource } from '../decisions.ts';
import type { AskModel } from '../harmonise.ts';
import type { Verdict } from '../rules.ts';
import { askInBatches, type BatchOptions, type Form } from './batches.ts';
import { checkAnswer, type Question, type RawAnswer, readAnswers, requestBody } from './request.ts';

const BATCH = 40;

export interface AskOptions extends BatchOptions {
  readonly model: string;
  /** What sets say of themselves, by name. */
  readonly descriptions?: ReadonlyMap<string, string>;
}

/** A model that can be asked, and how many requests failed for good. */
export interface Asker {
  readonly ask: AskModel;
  failures(): number;
}

function groupsOf(sources: readonly LabelSource[]): LabelSource[][] {
  const groups = new Map<string, LabelSource[]>();
  for (const source of sources) {
    const key = JSON.stringify([source.set, source.modality, source.site]);
    addTo(groups, key, source);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / BATCH) }, (_, i) => group.slice(i * BATCH, (i + 1) * BATCH)),
  );
}

/** Prepares asking; nothing is sent before there is something to ask. */
export function createAsker(options: AskOptions): Asker {
  const { model, log, descriptions = new Map<string, string>() } = options;
  let failures = 0;
  const questionOf = (sources: readonly LabelSource[]): Question => {
    const [{ set, modality, site }] = sources;
    const description = set === null ? '' : (descriptions.get(set) ?? '');
    return { set, description, modality, site, labels: sources.map(({ label }) => label) };
  };
  const form: Form<LabelSource, RawAnswer> = {
    ...{ noun: 'labels', unanswered: 'stay open', tokensPerAnswer: 60, group: groupsOf, read: readAnswers },
    body: (sources) => requestBody(model, questionOf(sources)),
    nameOf: ({ label }) => label,
  };
  const ask: AskModel = async (sources) => {
    const verdicts = new Map<string, Verdict & { readonly by: string }>();
    failures += await askInBatches(options, form, sources, (source, answer) => {
      const { label } = source;
      const verdict = checkAnswer(label, questionOf([source]), answer);
      if (typeof verdict === 'string') log(`language model: answer to ${JSON.stringify(label)} refused: ${verdict}`);
      else verdicts.set(decisionKey(source), { ...verdict, by: `language model ${model}` });
    });
    return verdicts;
  };
  return { ask, failures: () => failures };
}
