/** One model for all beside one model for each: two reports of `evaluate --json` as tables in Markdown. */
import { compareRuns } from '../../src/evaluate/compare.ts';
import { mean } from '../../src/evaluate/metrics.ts';
import { type EvaluationReport, MIN_MASKS, type PairReport } from '../../src/evaluate/report.ts';
import { BiomedParseError } from '../../src/util/errors.ts';

type Report = Pick<EvaluationReport, 'sets' | 'answers'>;

const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3));
const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
const ends = (of: readonly [number, number] | null, write: (value: number) => string = figure): string =>
  of === null ? '-' : `${write(of[0])} to ${write(of[1])}`;

function markdown(titles: readonly string[], right: number, rows: readonly (readonly string[])[]): string[] {
  const rule = titles.map((_, i) => (i < titles.length - right ? '---' : '---:'));
  return [titles, rule, ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** Pairs with enough masks that both reports have, the specialist's first. */
function sharedPairs(specialist: Report, main: Report): [PairReport, PairReport][] {
  return specialist.sets.flatMap((own): [PairReport, PairReport][] => {
    const other = main.sets.find(({ set, target }) => set === own.set && target === own.target);
    return other === undefined || own.n < MIN_MASKS ? [] : [[own, other]];
  });
}

/**
 * A table of the (set, target) pairs with at least 5 masks and one of the sets, differences being one model less specialist. Refuses
 * (`input`) reports that share no such pair, or that were made of different images.
 */
export function comparisonTables(specialist: Report, main: Report): string[] {
  const pairs = sharedPairs(specialist, main);
  if (pairs.length === 0) {
    throw new BiomedParseError('input', `the two reports share no set and target with at least ${MIN_MASKS} masks`);
  }
  for (const [{ set, target, n }, other] of pairs) {
    if (n === other.n) continue;
    const message = `${set}, ${target}: ${n} masks in one report, ${other.n} in the other; both must be of the same images`;
    throw new BiomedParseError('input', message, { set, target });
  }
  const perPair = markdown(
    ['set', 'modality', 'target', 'masks', 'specialist', '95 %', 'one model', '95 %', 'without refusals'],
    6,
    pairs.map(([own, other]) => [
      ...[own.set, own.modality, own.target, String(own.n)],
      ...[figure(own.dice_mean), ends(own.dice_interval), figure(other.dice_mean), ends(other.dice_interval)],
      figure(other.dice_mean_ungated),
    ]),
  );
  const names = [...new Set(pairs.map(([{ set }]) => set))];
  const meansOf = (chosen: readonly [PairReport, PairReport][]): string[] => [
    ...[String(chosen.length), figure(mean(chosen.map(([own]) => own.dice_mean)))],
    ...[
      figure(mean(chosen.map(([, other]) => other.dice_mean))),
      figure(mean(chosen.map(([, other]) => other.dice_mean_ungated))),
    ],
  ];
  const counted = new Set(pairs.map(([{ set, target }]) => JSON.stringify([set, target])));
  const answersOf = ({ answers }: Report, sets: readonly string[]) =>
    answers.filter(({ set, target }) => sets.includes(set) && counted.has(JSON.stringify([set, target])));
  const differenceOf = (sets: readonly string[]): string[] => {
    const found = compareRuns(answersOf(main, sets), answersOf(specialist, sets));
    return [signed(found.difference), ends(found.difference_interval, signed)];
  };
  const perSet = markdown(
    ['set', 'targets', 'specialist', 'one model', 'without refusals', 'difference by mask', '95 %'],
    6,
    [
      ...names.map((name) => [name, ...meansOf(pairs.filter(([{ set }]) => set === name)), ...differenceOf([name])]),
      ['all', ...meansOf(pairs), ...differenceOf(names)],
    ],
  );
  return [...perSet, '', ...perPair];
}
