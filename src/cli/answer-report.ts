/** What reports of images, volumes and slides say alike of an answer, and the lines under their tables. */
import type { ResolvedConcept } from '../parse/concept.ts';
import { type Warned, warningLines } from './warnings.ts';

/** The part of one prompt's JSON that does not depend on what was asked. */
export interface AnswerReport {
  readonly text: string;
  readonly concept: ResolvedConcept | null;
  readonly note: string | null;
  readonly present: boolean;
  readonly presence: number;
  readonly probability: number;
  readonly reason: string | null;
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** An answer as it is reported. */
export function answerReport({
  text,
  concept,
  note,
  present,
  presence,
  probability,
  reason,
}: AnswerReport): AnswerReport {
  return { text, concept, note, present, presence: round(presence, 6), probability: round(probability, 6), reason };
}

/** Notes of inputs and prompts, each once, then warnings: lines under a table. */
export function noteLines(
  results: readonly (Warned & {
    readonly input: string;
    readonly notes: readonly string[];
    readonly prompts: readonly Pick<AnswerReport, 'note'>[];
  })[],
): string[] {
  const notes = results.flatMap(({ notes, prompts }) => [...notes, ...prompts.flatMap(({ note }) => note ?? [])]);
  return [...[...new Set(notes)].map((note) => `Note: ${note}`), ...warningLines(results)];
}
