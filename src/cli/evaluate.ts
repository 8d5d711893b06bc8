/** `biomedparse evaluate`: figures of a model on a data folder, as a table or JSON on standard output. */
import { type Dataset, holdOut, openDataset } from '../dataset/index.ts';
import { LEAVE_OUT } from '../dataset/leave-out.ts';
import { type Answerer, folderAnswerer, modelAnswerer } from '../evaluate/answerers.ts';
import { type Comparison, compareRuns, readAnswers } from '../evaluate/compare.ts';
import { chosenItems, evaluateAnswers } from '../evaluate/evaluate.ts';
import { evaluationPage } from '../evaluate/page.ts';
import { type EvaluationReport, MIN_MASKS } from '../evaluate/report.ts';
import { writeFileAtomic } from '../util/files.ts';
import { runRecognitionEvaluation } from './evaluate-recognition.ts';
import { runWordingsEvaluation } from './evaluate-wordings.ts';
import { type CliIo, type ModelCommand, openModel, reportModel } from './io.ts';
import { startProgress } from './progress.ts';
import { figure, table } from './table.ts';

/** Values of the command's options, as commander spells them. */
export interface EvaluateCommand extends ModelCommand {
  readonly split: 'train' | 'test';
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly seed?: number;
  readonly holdOut?: number;
  readonly predictions?: string;
  readonly against?: string;
  readonly html?: string;
  readonly recognition?: boolean;
  readonly wordings?: number;
  readonly json?: boolean;
}

const ends = (of: readonly [number, number] | null): string =>
  of === null ? '' : ` (95 % interval ${of[0].toFixed(3)} to ${of[1].toFixed(3)})`;

function printComparison({ difference_interval: range, wilcoxon_p: p, ...found }: Comparison): string {
  const { n, dice_mean: ours, dice_mean_other: theirs, better, worse, unpaired } = found;
  return [
    `Against the other run: Dice ${figure(ours)} and ${figure(theirs)} over ${n} objects that both have (${unpaired} that only one has)`,
    `  difference ${figure(found.difference)}${ends(range)}, better ${better}, worse ${worse}, Wilcoxon p ${p ?? '-'}`,
  ].join('\n');
}

function printReport(io: CliIo, report: EvaluationReport, by: string, comparison: Comparison | null): void {
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
  io.out(
    [
      ...sets,
      '',
      ...modalities,
      '',
      `Mean Dice ${figure(report.mean_dice)}${ends(report.mean_dice_interval)} over ${report.pairs_with_5_masks} of ${report.pairs} (set, target) pairs, those with at least ${MIN_MASKS} masks`,
      `  without the model's refusals ${figure(report.mean_dice_ungated)}, over all pairs ${figure(report.mean_dice_all_pairs)}`,
      `  IoU ${figure(report.mean_iou)}, HD95 ${figure(report.mean_hd95_px)} px, ASSD ${figure(report.mean_assd_px)} px, surface Dice (2 px) ${figure(report.mean_surface_dice)}; ${report.empty_masks} empty masks in no distance`,
      `Presence AUROC ${figure(report.presence_auroc)}, AUPRC ${figure(report.presence_auprc)}, calibration error ${figure(report.presence_calibration_error)}: ${report.present_prompts} present against ${report.absent_prompts} absent prompts`,
      `  at ${figure(report.presence_threshold)}: sensitivity ${figure(report.sensitivity)}, specificity ${figure(report.specificity)}; false alarms stated ${figure(report.false_alarm_rate_stated)}, measured ${figure(report.false_alarm_rate)}`,
      ...(comparison === null ? [] : [printComparison(comparison)]),
      report.empty_ground_truth,
      `${report.images} images, ${report.images_per_second.toFixed(1)} a second`,
      `${by}. Not a medical device: for research, not for diagnosis or treatment.`,
      '',
    ].join('\n'),
  );
}

async function withProgress(
  answerer: Answerer,
  dataset: Dataset,
  { limit, seed }: EvaluateCommand,
  io: CliIo,
): Promise<EvaluationReport> {
  const progress = startProgress(io, 'images', chosenItems(dataset, limit).length);
  try {
    return await evaluateAnswers(answerer, dataset, {
      signal: io.signal,
      onProgress: (done) => progress.update(done),
      ...(limit === undefined ? {} : { limit }),
      ...(seed === undefined ? {} : { seed }),
    });
  } finally {
    progress.stop();
  }
}

/** Runs the command; gives the exit status. */
export async function runEvaluate(root: string, command: EvaluateCommand, io: CliIo): Promise<number> {
  const opened = await openDataset(root, {
    split: command.split,
    ...(command.sets === undefined ? {} : { sets: command.sets }),
  });
  const dataset = command.holdOut === undefined ? opened : await holdOut(opened, command.holdOut, 'held out');
  if (dataset.leftOut) io.err(`${dataset.leftOut} images are left out, as ${root}/${LEAVE_OUT} says\n`);
  if (command.recognition) return runRecognitionEvaluation(dataset, command, io);
  if (command.wordings !== undefined) return runWordingsEvaluation(dataset, command.wordings, command, io);
  const other = command.against === undefined ? null : await readAnswers(command.against);
  const run = async (answerer: Answerer, by: string, facts: object): Promise<number> => {
    const report = await withProgress(answerer, dataset, command, io);
    const comparison = other === null ? null : compareRuns(report.answers, other, command.seed);
    if (command.html !== undefined) {
      await writeFileAtomic(command.html, await evaluationPage(report, by, dataset, answerer));
    }
    const compared = comparison === null ? {} : { comparison };
    if (!command.json) printReport(io, report, by, comparison);
    else io.out(`${JSON.stringify({ ...facts, split: command.split, ...report, ...compared })}\n`);
    return 0;
  };
  if (command.predictions !== undefined) {
    const { predictions } = command;
    return run(await folderAnswerer(predictions, dataset), `Masks of ${predictions}`, { predictions });
  }
  const model = await openModel(command, io);
  try {
    return await run(modelAnswerer(model), `Model ${model.name}`, { model: reportModel(model) });
  } finally {
    await model.dispose();
  }
}
