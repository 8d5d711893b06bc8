/** `biomedparse evaluate --wordings`: how much the wording of a prompt changes the masks of the same objects. */
import type { Dataset } from '../dataset/index.ts';
import { evaluateWordings, type WordingsReport } from '../evaluate/wordings.ts';
import type { EvaluateCommand } from './evaluate.ts';
import { type CliIo, openModel, reportModel } from './io.ts';
import { figure, table } from './table.ts';

function printWordings(io: CliIo, report: WordingsReport, by: string): void {
  const right = { align: 'right' } as const;
  const pairs = table(
    [
      { title: 'set', max: 32 },
      { title: 'target', max: 40 },
      { title: 'images', ...right },
      { title: 'mean Dice', ...right },
      { title: 'spread', ...right },
      { title: 'ungated', ...right },
      { title: 'worst Dice', ...right },
      { title: 'worst wording', max: 60 },
    ],
    report.pairs.map((one) => [
      one.set,
      one.target,
      String(one.images),
      ...[one.dice_mean, one.spread, one.spread_ungated, one.worst_dice].map(figure),
      one.worst_wording,
    ]),
  );
  io.out(
    [
      ...pairs,
      '',
      `Mean spread of Dice ${figure(report.mean_spread)}, without the model's refusals ${figure(report.mean_spread_ungated)}: standard deviation over up to ${report.wordings} wordings of each object, mean over ${report.pairs.length} (set, target) pairs`,
      `${report.images} images, ${report.prompts} prompts, ${report.prompts_per_second.toFixed(1)} a second`,
      `${by}. Not a medical device: for research, not for diagnosis or treatment.`,
      '',
    ].join('\n'),
  );
}

/** Runs `evaluate --wordings` on an open data folder; gives the exit status. */
export async function runWordingsEvaluation(
  dataset: Dataset,
  count: number,
  command: EvaluateCommand,
  io: CliIo,
): Promise<number> {
  const { limit, seed, json, split } = command;
  const model = await openModel(command, io);
  try {
    const report = await evaluateWordings(model, dataset, {
      count,
      signal: io.signal,
      ...(limit === undefined ? {} : { limit }),
      ...(seed === undefined ? {} : { seed }),
    });
    if (json) io.out(`${JSON.stringify({ model: reportModel(model), split, ...report })}\n`);
    else printWordings(io, report, `Model ${model.name}`);
    return 0;
  } finally {
    await model.dispose();
  }
}
