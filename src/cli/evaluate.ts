/** `biomedparse evaluate`: figures of a model on a data folder, as a table or JSON on standard output. */
import { holdOut, openDataset } from '../dataset/index.ts';
import { LEAVE_OUT } from '../dataset/leave-out.ts';
import { chosenItems, evaluate } from '../evaluate/evaluate.ts';
import { type EvaluationReport, MIN_MASKS } from '../evaluate/report.ts';
import { type CliIo, type ModelCommand, openModel, reportModel } from './io.ts';
import { startProgress } from './progress.ts';
import { table } from './table.ts';

/** Values of the command's options, as commander spells them. */
export interface EvaluateCommand extends ModelCommand {
  readonly split: 'train' | 'test';
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly seed?: number;
  readonly holdOut?: number;
  readonly json?: boolean;
}

const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3));

function printReport(io: CliIo, report: EvaluationReport, model: string): void {
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
    ],
    report.sets.map((pair) => [
      pair.set,
      pair.modality,
      pair.site,
      pair.target,
      String(pair.n),
      figure(pair.dice_mean),
      figure(pair.dice_median),
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
      `Mean Dice ${figure(report.mean_dice)} over ${report.pairs_with_5_masks} of ${report.pairs} (set, target) pairs, those with at least ${MIN_MASKS} masks`,
      `  without the model's refusals ${figure(report.mean_dice_ungated)}, over all pairs ${figure(report.mean_dice_all_pairs)}`,
      `Presence AUROC ${figure(report.presence_auroc)}: ${report.present_prompts} present against ${report.absent_prompts} absent prompts`,
      `  at ${figure(report.presence_threshold)}: sensitivity ${figure(report.sensitivity)}, specificity ${figure(report.specificity)}`,
      report.empty_ground_truth,
      `${report.images} images, ${report.images_per_second.toFixed(1)} a second`,
      `Model ${model}. Not a medical device: for research, not for diagnosis or treatment.`,
      '',
    ].join('\n'),
  );
}

/** Runs the command; gives the exit status. */
export async function runEvaluate(root: string, command: EvaluateCommand, io: CliIo): Promise<number> {
  const opened = await openDataset(root, {
    split: command.split,
    ...(command.sets === undefined ? {} : { sets: command.sets }),
  });
  const dataset = command.holdOut === undefined ? opened : await holdOut(opened, command.holdOut, 'held out');
  if (dataset.leftOut) io.err(`${dataset.leftOut} images are left out, as ${root}/${LEAVE_OUT} says\n`);
  const model = await openModel(command, io);
  try {
    const progress = startProgress(io, 'images', chosenItems(dataset, command.limit).length);
    let report: EvaluationReport;
    try {
      report = await evaluate(model, dataset, {
        signal: io.signal,
        onProgress: (done) => progress.update(done),
        ...(command.limit === undefined ? {} : { limit: command.limit }),
        ...(command.seed === undefined ? {} : { seed: command.seed }),
      });
    } finally {
      progress.stop();
    }
    if (command.json) {
      io.out(`${JSON.stringify({ model: reportModel(model), split: command.split, ...report })}\n`);
    } else {
      printReport(io, report, model.name);
    }
    return 0;
  } finally {
    await model.dispose();
  }
}
