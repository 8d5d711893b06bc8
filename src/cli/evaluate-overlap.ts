/** The part of `biomedparse evaluate` on overlap and presence: Dice and distances per set and target, one run against another. */
import type { Dataset } from '../dataset/index.ts';
import type { Answerer } from '../evaluate/answerers.ts';
import { type Comparison, compareRuns, readAnswers } from '../evaluate/compare.ts';
import { createOverlapPart } from '../evaluate/evaluate.ts';
import { overlapSection } from '../evaluate/page-overlap.ts';
import { type Part, reportedAs } from '../evaluate/parts.ts';
import { type EvaluationReport, MIN_MASKS } from '../evaluate/report.ts';
import type { EvaluateCommand } from './evaluate.ts';
import { type EvaluationPart, partOptions } from './evaluate-part.ts';
import type { CliIo } from './io.ts';
import { figure, table } from './table.ts';

const ends = (of: readonly [number, number] | null): string =>
  of === null ? '' : ` (95 % interval ${of[0].toFixed(3)} to ${of[1].toFixed(3)})`;

function comparisonLines({ difference_interval: range, wilcoxon_p: p, ...found }: Comparison): string[] {
  const { n, dice_mean: ours, dice_mean_other: theirs, better, worse, unpaired } = found;
  return [
    `Against the other run: Dice ${figure(ours)} and ${figure(theirs)} over ${n} objects that both have (${unpaired} that only one has)`,
    `  difference ${figure(found.difference)}${ends(range)}, better ${better}, worse ${worse}, Wilcoxon p ${p ?? '-'}`,
  ];
}

function reportLines(report: EvaluationReport, comparison: Comparison | null): string[] {
  const right = { align: 'right' } as const;
  const sets = table(
    [
      { title: 'set', max: 32 },
      { title: 'modality', max: 24 },
      { title: 'site', max: 20 },
      { title: 'target', max: 40 },
      { title: 'n', ...right },
      { title: 'mean Dice', ...right },
      { title: 'median', ...right },
      { title: 'IoU', ...right },
      { title: 'HD95 px', ...right },
      { title: 'surface', ...right },
    ],
    report.sets.map((pair) => [
      pair.set,
      pair.modality,
      pair.site,
      pair.target,
      String(pair.n),
      figure(pair.dice_mean),
      figure(pair.dice_median),
      figure(pair.iou_mean),
      pair.hd95_px === null ? '-' : pair.hd95_px.toFixed(1),
      figure(pair.surface_dice_mean),
    ]),
  );
  const modalities = table(
    [{ title: 'modality' }, { title: 'mean Dice', ...right }, { title: 'pairs', ...right }],
    Object.entries(report.by_modality).map(([name, value]) => [
      name,
      figure(value),
      String(report.pairs_by_modality[name]),
    ]),
  );
  return [
    ...sets,
    '',
    ...modalities,
    '',
    `Mean Dice ${figure(report.mean_dice)}${ends(report.mean_dice_interval)} over ${report.pairs_with_5_masks} of ${report.pairs} (set, target) pairs, those with at least ${MIN_MASKS} masks`,
    `  without the model's refusals ${figure(report.mean_dice_ungated)}, over all pairs ${figure(report.mean_dice_all_pairs)}`,
    `  IoU ${figure(report.mean_iou)}, HD95 ${figure(report.mean_hd95_px)} px, ASSD ${figure(report.mean_assd_px)} px, surface Dice (2 px) ${figure(report.mean_surface_dice)}; ${report.empty_masks} empty masks in no distance`,
    `Presence AUROC ${figure(report.presence_auroc)}, AUPRC ${figure(report.presence_auprc)}, calibration error ${figure(report.presence_calibration_error)}: ${report.present_prompts} present against ${report.absent_prompts} absent prompts`,
    `  at ${figure(report.presence_threshold)}: sensitivity ${figure(report.sensitivity)}, specificity ${figure(report.specificity)}; false alarms stated ${figure(report.false_alarm_rate_stated)}, measured ${figure(report.false_alarm_rate)}`,
    ...(comparison === null ? [] : comparisonLines(comparison)),
    report.empty_ground_truth,
    `${report.images} images, ${report.images_per_second.toFixed(1)} a second`,
  ];
}

/** Overlap and presence of the answers on an open data folder, also against the run that `--against` names. */
export async function overlapPart<Opened>(
  answerer: Answerer<Opened>,
  dataset: Dataset,
  command: EvaluateCommand,
  io: CliIo,
): Promise<Part<Opened, EvaluationPart>> {
  const other = command.against === undefined ? null : await readAnswers(command.against);
  return reportedAs(createOverlapPart(answerer, dataset, partOptions(command, io)), (report) => {
    const comparison = other === null ? null : compareRuns(report.answers, other, command.seed);
    return {
      title: 'Overlap and presence',
      lines: reportLines(report, comparison),
      json: { ...report, ...(comparison === null ? {} : { comparison }) },
      section: () => overlapSection(report, dataset, answerer),
    };
  });
}
