/** From single answers to the figures of an evaluation, in the JSON form that `biomedparse evaluate --json` prints. */
import { addTo } from '../util/groups.ts';
import { bootstrap, type Interval } from './bootstrap.ts';
import { type Group, groupByShape } from './groups.ts';
import { auroc, averagePrecision, calibrationError, mean, median } from './metrics.ts';
import type { MaskScores } from './score.ts';

/** Fewest masks of a (set, target) pair that counts in the headline means. */
export const MIN_MASKS = 5;

/** The answer for an object that is in the image. */
export interface PresentAnswer extends MaskScores {
  readonly set: string;
  /** Name of the image. */
  readonly image: string;
  readonly modality: string;
  readonly site: string;
  readonly target: string;
  readonly presence: number;
}

/** The answer for an object that is not in the image. */
export interface AbsentAnswer {
  readonly modality: string;
  /** `set`: annotated elsewhere in the set; `impossible`: cannot be in such an image at all. */
  readonly kind: 'set' | 'impossible';
  readonly presence: number;
}

/** One (set, target) pair. */
export interface PairReport {
  readonly set: string;
  readonly modality: string;
  readonly site: string;
  readonly target: string;
  readonly n: number;
  readonly dice_mean: number;
  readonly dice_median: number;
  readonly dice_mean_ungated: number;
  /** Bootstrap 95 % interval of `dice_mean`. */
  readonly dice_interval: Interval | null;
  readonly iou_mean: number;
  /** Means over the masks that are not empty; null where all are, and in mm where the size of pixels is not known. */
  readonly hd95_px: number | null;
  readonly assd_px: number | null;
  readonly hd95_mm: number | null;
  readonly assd_mm: number | null;
  /** Tolerance 2 pixels; empty masks count as 0. */
  readonly surface_dice_mean: number;
}

/** One present object, for comparisons of runs. */
export interface AnswerReport {
  readonly set: string;
  readonly image: string;
  readonly target: string;
  readonly dice: number;
  readonly presence: number;
}

export interface EvaluationReport {
  readonly sets: readonly PairReport[];
  /** Mean of `dice_mean` over the pairs with at least 5 masks. */
  readonly mean_dice: number | null;
  /** The same per modality, over all nine; null where no pair has 5 masks. */
  readonly by_modality: Readonly<Record<string, number | null>>;
  /** Present prompts against all absent ones. */
  readonly presence_auroc: number | null;
  readonly images_per_second: number;
  readonly mean_dice_ungated: number | null;
  readonly mean_dice_all_pairs: number | null;
  readonly median_dice: number | null;
  readonly pairs: number;
  readonly pairs_with_5_masks: number;
  readonly pairs_by_modality: Readonly<Record<string, number>>;
  readonly presence_auroc_same_set: number | null;
  readonly presence_auroc_impossible: number | null;
  /** Of images of unknown modality; a calibrated model has one per modality. */
  readonly presence_threshold: number;
  /** Share of absent objects that a calibrated model says it calls present; null of others. */
  readonly false_alarm_rate_stated: number | null;
  /** The measured share per modality, over all nine; null where nothing absent was asked. */
  readonly false_alarm_rate_by_modality: Readonly<Record<string, number | null>>;
  /** Share of present prompts found present, and of absent ones found absent. */
  readonly sensitivity: number | null;
  readonly specificity: number | null;
  readonly images: number;
  readonly present_prompts: number;
  readonly absent_prompts: number;
  readonly seconds: number;
  readonly empty_ground_truth: string;
  /** Bootstrap 95 % interval of `mean_dice`: images of each set drawn again. */
  readonly mean_dice_interval: Interval | null;
  /** Means over the same pairs as `mean_dice`. */
  readonly mean_iou: number | null;
  readonly mean_hd95_px: number | null;
  readonly mean_assd_px: number | null;
  readonly mean_surface_dice: number | null;
  /** Present objects whose mask is empty, which are in no mean of distances. */
  readonly empty_masks: number;
  readonly presence_auprc: number | null;
  /** Expected calibration error of presence over all prompts, ten bins. */
  readonly presence_calibration_error: number | null;
  /** Measured share of absent objects called present. */
  readonly false_alarm_rate: number | null;
  /** Mean Dice by shape and size of the ground truth. */
  readonly groups: Readonly<Record<string, readonly Group[]>>;
  readonly answers: readonly AnswerReport[];
}

export interface RunFacts {
  readonly images: number;
  readonly seconds: number;
  /** What presence must reach in an image of that modality; null: unknown. */
  readonly presenceLimit: (modality: string | null) => number;
  readonly statedFalseAlarmRate: number | null;
  /** Names of the modalities to report. */
  readonly modalities: readonly string[];
  /** The modality's family among them: `MRI-T1` -> `MRI`. */
  readonly familyOf: (modality: string) => string;
  /** Of the bootstrap (default 0). */
  readonly seed?: number;
}

/** What is said of an empty ground truth wherever figures are printed. */
export const EMPTY_GROUND_TRUTH =
  'An empty ground truth is not in the Dice mean; it counts as an absent prompt in the presence AUROC.';

const round = (value: number): number => Number(value.toFixed(6));
const rounded = (value: number | null): number | null => (value === null ? null : round(value));
const share = (part: number, whole: number): number | null => (whole === 0 ? null : round(part / whole));

const keyOf = ({ set, target }: Pick<PresentAnswer, 'set' | 'target'>): string => JSON.stringify([set, target]);

/** An interval as reports show it. */
const roundedEnds = (of: Interval | null): Interval | null => (of === null ? null : [round(of[0]), round(of[1])]);

/** Answers by (set, target) pair. */
function pairsOf(present: readonly PresentAnswer[]): Map<string, PresentAnswer[]> {
  const groups = new Map<string, PresentAnswer[]>();
  for (const one of present) {
    addTo(groups, keyOf(one), one);
  }
  return groups;
}

const isNumber = (value: number | null): value is number => value !== null;

function pairReport(group: readonly PresentAnswer[], dice_interval: Interval | null): PairReport {
  const scores = group.map((one) => one.dice);
  const names = (values: string[]): string => [...new Set(values)].sort().join(', ');
  const known = (of: (one: PresentAnswer) => number | null): number | null =>
    rounded(mean(group.map(of).filter(isNumber)));
  return {
    set: group[0].set,
    modality: names(group.map((one) => one.modality)),
    site: names(group.map((one) => one.site)),
    target: group[0].target,
    n: group.length,
    dice_mean: round(mean(scores) as number),
    dice_median: round(median(scores) as number),
    dice_mean_ungated: round(mean(group.map((one) => one.diceUngated)) as number),
    dice_interval,
    iou_mean: round(mean(group.map((one) => one.iou)) as number),
    hd95_px: known((one) => one.hd95),
    assd_px: known((one) => one.assd),
    hd95_mm: known((one) => one.hd95Mm),
    assd_mm: known((one) => one.assdMm),
    surface_dice_mean: round(mean(group.map((one) => one.surfaceDice)) as number),
  };
}

/** The figures of a run. */
export function makeReport(
  present: readonly PresentAnswer[],
  absent: readonly AbsentAnswer[],
  facts: RunFacts,
): EvaluationReport {
  const pairs = pairsOf(present);
  const intervals = bootstrap(
    present.map(({ dice, ...one }) => ({ ...one, value: dice })),
    {
      counts: (set, target) => (pairs.get(keyOf({ set, target }))?.length ?? 0) >= MIN_MASKS,
      ...(facts.seed === undefined ? {} : { seed: facts.seed }),
    },
  );
  const sets = [...pairs.values()]
    .map((group) => pairReport(group, roundedEnds(intervals.of(group[0].set, group[0].target))))
    .sort((a, b) => (a.set < b.set ? -1 : a.set > b.set ? 1 : a.target < b.target ? -1 : 1));
  const counted = sets.filter((pair) => pair.n >= MIN_MASKS);
  // a set may hold several sequences ("MRI-T1, MRI-FLAIR") and, in folders of one's own, several families
  const dicesOf = (name: string): number[] =>
    [...pairs.values()]
      .map((group) => group.filter(({ modality }) => facts.familyOf(modality) === name))
      .filter((group) => group.length >= MIN_MASKS)
      .map((group) => mean(group.map(({ dice }) => dice)) as number);
  const families = facts.modalities.map((name) => [name, dicesOf(name)] as const);
  const presences = present.map((one) => one.presence);
  const absentOf = (kind?: AbsentAnswer['kind']): number[] =>
    absent.filter((one) => kind === undefined || one.kind === kind).map((one) => one.presence);
  const isFound = (one: PresentAnswer | AbsentAnswer): boolean => one.presence >= facts.presenceLimit(one.modality);
  const meanOf = (of: (pair: PairReport) => number | null): number | null =>
    rounded(mean(counted.map(of).filter(isNumber)));
  const falseAlarms = (of: readonly AbsentAnswer[]): number | null => share(of.filter(isFound).length, of.length);
  return {
    sets,
    mean_dice: rounded(mean(counted.map((pair) => pair.dice_mean))),
    by_modality: Object.fromEntries(families.map(([name, dices]) => [name, rounded(mean(dices))])),
    presence_auroc: rounded(auroc(presences, absentOf())),
    images_per_second: facts.seconds > 0 ? round(facts.images / facts.seconds) : 0,
    mean_dice_ungated: rounded(mean(counted.map((pair) => pair.dice_mean_ungated))),
    mean_dice_all_pairs: rounded(mean(sets.map((pair) => pair.dice_mean))),
    median_dice: rounded(median(counted.map((pair) => pair.dice_median))),
    pairs: sets.length,
    pairs_with_5_masks: counted.length,
    pairs_by_modality: Object.fromEntries(families.map(([name, dices]) => [name, dices.length])),
    presence_auroc_same_set: rounded(auroc(presences, absentOf('set'))),
    presence_auroc_impossible: rounded(auroc(presences, absentOf('impossible'))),
    presence_threshold: facts.presenceLimit(null),
    false_alarm_rate_stated: facts.statedFalseAlarmRate,
    false_alarm_rate_by_modality: Object.fromEntries(
      facts.modalities.map((name) => [
        name,
        falseAlarms(absent.filter(({ modality }) => facts.familyOf(modality) === name)),
      ]),
    ),
    sensitivity: share(present.filter(isFound).length, present.length),
    specificity: share(absent.filter((one) => !isFound(one)).length, absent.length),
    images: facts.images,
    present_prompts: present.length,
    absent_prompts: absent.length,
    seconds: round(facts.seconds),
    empty_ground_truth: EMPTY_GROUND_TRUTH,
    mean_dice_interval: roundedEnds(intervals.overall),
    mean_iou: meanOf((pair) => pair.iou_mean),
    mean_hd95_px: meanOf((pair) => pair.hd95_px),
    mean_assd_px: meanOf((pair) => pair.assd_px),
    mean_surface_dice: meanOf((pair) => pair.surface_dice_mean),
    empty_masks: present.filter(({ hd95 }) => hd95 === null).length,
    presence_auprc: rounded(averagePrecision(presences, absentOf())),
    presence_calibration_error: rounded(calibrationError(presences, absentOf())),
    false_alarm_rate: falseAlarms(absent),
    groups: groupByShape(present),
    answers: present.map(({ set, image, target, dice, presence }) => ({
      ...{ set, image, target },
      ...{ dice: round(dice), presence: round(presence) },
    })),
  };
}
