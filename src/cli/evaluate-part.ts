/** What the parts of `biomedparse evaluate` have in common: overlap and presence, recognition, wordings. */
import type { Html } from '../curate/report/html.ts';
import type { EvaluateOptions } from '../evaluate/evaluate.ts';
import type { EvaluateCommand } from './evaluate.ts';
import type { CliIo } from './io.ts';

/** What is told of one part. */
export interface EvaluationPart {
  readonly title: string;
  /** Tables and figures for people. */
  readonly lines: readonly string[];
  /** Its members of what `--json` prints. */
  readonly json: object;
  /** Its section of the page. */
  section(): Html | Promise<Html>;
}

/** What all parts need to know. */
export function partOptions({ limit, seed }: EvaluateCommand, io: CliIo): EvaluateOptions {
  return {
    signal: io.signal,
    ...(limit === undefined ? {} : { limit }),
    ...(seed === undefined ? {} : { seed }),
  };
}
