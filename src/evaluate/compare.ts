/** Two runs on the same images compared, object by object. */
import { BiomedParseError } from '../util/errors.ts';
import { readFileChecked } from '../util/files.ts';
import { bootstrap, type Interval } from './bootstrap.ts';
import { mean } from './metrics.ts';
import type { AnswerReport } from './report.ts';
import { wilcoxon } from './wilcoxon.ts';

export interface Comparison {
  /** Objects that both runs have. */
  readonly n: number;
  /** Objects that only one of them has. */
  readonly unpaired: number;
  /** Mean Dice of this run and of the other one over the paired objects. */
  readonly dice_mean: number;
  readonly dice_mean_other: number;
  /** Mean of the differences, this run less the other, with its bootstrap 95 % interval. */
  readonly difference: number;
  readonly difference_interval: Interval | null;
  readonly better: number;
  readonly worse: number;
  /** Two-sided p of Wilcoxon's signed-rank test; null where no object differs. */
  readonly wilcoxon_p: number | null;
}

const keyOf = ({ set, image, target }: AnswerReport): string => JSON.stringify([set, image, target]);
const round = (value: number): number => Number(value.toFixed(6));

/** Compares runs by their Dice; refuses (`input`) runs that share no object. */
export function compareRuns(ours: readonly AnswerReport[], theirs: readonly AnswerReport[], seed = 0): Comparison {
  const others = new Map(theirs.map((one) => [keyOf(one), one.dice]));
  const paired = ours.flatMap((one) => {
    const other = others.get(keyOf(one));
    return other === undefined ? [] : [{ ...one, other, difference: round(one.dice - other) }];
  });
  if (paired.length === 0) throw new BiomedParseError('input', 'the two runs have no object in common');
  const differences = paired.map(({ difference }) => difference);
  const { overall } = bootstrap(
    paired.map(({ set, image, target, difference }) => ({ set, image, target, value: difference })),
    { seed, pooled: true },
  );
  const p = wilcoxon(differences);
  const meanOf = (values: readonly number[]): number => round(mean(values) as number);
  return {
    n: paired.length,
    unpaired: ours.length + others.size - 2 * paired.length,
    dice_mean: meanOf(paired.map(({ dice }) => dice)),
    dice_mean_other: meanOf(paired.map(({ other }) => other)),
    difference: meanOf(differences),
    difference_interval: overall === null ? null : [round(overall[0]), round(overall[1])],
    better: differences.filter((value) => value > 0).length,
    worse: differences.filter((value) => value < 0).length,
    wilcoxon_p: p === null ? null : Number(p.toPrecision(4)),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';

function isAnswer(value: unknown): value is AnswerReport {
  const { set, image, target, dice } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [set, image, target].every(isText) && typeof dice === 'number' && dice >= 0 && dice <= 1;
}

/** The answers of a report that `evaluate --json` printed; refuses (`input`) any other file. */
export async function readAnswers(path: string): Promise<readonly AnswerReport[]> {
  let report: unknown;
  try {
    report = JSON.parse((await readFileChecked(path)).toString('utf8'));
  } catch (error) {
    if (error instanceof BiomedParseError) throw error;
    throw new BiomedParseError('input', `${path} is not JSON`, { path }, error);
  }
  const { answers } = (report ?? {}) as { readonly answers?: unknown };
  if (Array.isArray(answers) && answers.every(isAnswer)) return answers;
  throw new BiomedParseError(
    'input',
    `${path} is no report of evaluate --json: its "answers" are missing or not as written`,
    {
      path,
    },
  );
}
