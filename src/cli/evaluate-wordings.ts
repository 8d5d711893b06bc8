/** The part `--wordings` of `biomedparse evaluate`: how much the wording of a prompt changes the masks of the same objects. */
import type { Dataset } from '../dataset/index.ts';
import { wordingsSection } from '../evaluate/page-wordings.ts';
import { type Part, reportedAs } from '../evaluate/parts.ts';
import { createWordingsPart, type WordingsReport } from '../evaluate/wordings.ts';
import type { EncodedImage, Model } from '../parse/segment.ts';
import type { EvaluateCommand } from './evaluate.ts';
import { type EvaluationPart, partOptions } from './evaluate-part.ts';
import type { CliIo } from './io.ts';
import { figure, table } from './table.ts';

function reportLines(report: WordingsReport): string[] {
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
  return [
    ...pairs,
    '',
    `Mean spread of Dice ${figure(report.mean_spread)}, without the model's refusals ${figure(report.mean_spread_ungated)}: standard deviation over up to ${report.wordings} wordings of each object, mean over ${report.pairs.length} (set, target) pairs`,
    `${report.images} images, ${report.prompts} prompts, ${report.prompts_per_second.toFixed(1)} a second`,
  ];
}

/** The targets of an open data folder in `count` wordings each. */
export async function wordingsPart(
  model: Model,
  count: number,
  dataset: Dataset,
  command: EvaluateCommand,
  io: CliIo,
): Promise<Part<EncodedImage, EvaluationPart>> {
  const part = await createWordingsPart(model, dataset, { count, ...partOptions(command, io) });
  return reportedAs(part, (report) => ({
    title: 'Wordings',
    lines: reportLines(report),
    json: { wordings: report },
    section: () => wordingsSection(report),
  }));
}
