/** `biomedparse evaluate --recognition`: what of an image's targets is recognised, and single objects detected. */
import type { Dataset } from '../dataset/index.ts';
import { chosenItems } from '../evaluate/evaluate.ts';
import { evaluateRecognition, type RecognitionReport, type RecognitionTotals } from '../evaluate/recognition.ts';
import { folderRecognizer, modelRecognizer, type Recognizer } from '../evaluate/recognizers.ts';
import type { EvaluateCommand } from './evaluate.ts';
import { type CliIo, openModel, reportModel } from './io.ts';
import { startProgress } from './progress.ts';
import { figure, table } from './table.ts';

const right = { align: 'right' } as const;

function totalsLine(name: string, totals: RecognitionTotals): string {
  const { precision, recall, f1, right: hits, missed, wrong, refused } = totals;
  return `${name}: precision ${figure(precision)}, recall ${figure(recall)}, F1 ${figure(f1)} (means over sets); ${hits} right, ${missed} missed, ${wrong} wrong, ${refused} images refused`;
}

function printRecognition(io: CliIo, report: RecognitionReport, by: string): void {
  const sets = table(
    [
      { title: 'set', max: 32 },
      { title: 'images', ...right },
      { title: 'precision', ...right },
      { title: 'recall', ...right },
      { title: 'F1', ...right },
      { title: 'F1 guessed', ...right },
      { title: 'AP50', ...right },
    ],
    report.sets.map(({ set, images, given, guessed, ap50 }) => [
      set,
      String(images),
      ...[given.precision, given.recall, given.f1, guessed?.f1 ?? null, ap50].map(figure),
    ]),
  );
  const targets = table(
    [
      { title: 'set', max: 32 },
      { title: 'target', max: 40 },
      { title: 'found', ...right },
      { title: 'covered', ...right },
      { title: 'wrong', ...right },
      { title: 'objects', ...right },
      { title: 'AP50', ...right },
    ],
    report.targets.map((one) => [
      one.set,
      one.target,
      `${one.found} of ${one.present}`,
      String(one.covered),
      `${one.wrong} of ${one.absent}`,
      String(one.objects),
      figure(one.ap50),
    ]),
  );
  const { guessed, guessed_modality: modality } = report;
  io.out(
    [
      ...sets,
      '',
      ...targets,
      '',
      totalsLine('Kind of image given', report.given),
      ...(guessed === null ? [] : [totalsLine(`Guessed (modality right in ${figure(modality)})`, guessed)]),
      `AP50 ${figure(report.ap50)}, mean over the (set, target) pairs that are annotated in full`,
      report.what_counts,
      `${report.images} images. ${by}. Not a medical device: for research, not for diagnosis or treatment.`,
      '',
    ].join('\n'),
  );
}

/** Runs `evaluate --recognition` on an open data folder; gives the exit status. */
export async function runRecognitionEvaluation(dataset: Dataset, command: EvaluateCommand, io: CliIo): Promise<number> {
  const run = async (recognizer: Recognizer, by: string, facts: object): Promise<number> => {
    const { limit } = command;
    const progress = startProgress(io, 'images', chosenItems(dataset, limit).length);
    let report: RecognitionReport;
    try {
      report = await evaluateRecognition(recognizer, dataset, {
        signal: io.signal,
        onProgress: (done) => progress.update(done),
        ...(limit === undefined ? {} : { limit }),
      });
    } finally {
      progress.stop();
    }
    if (command.json) io.out(`${JSON.stringify({ ...facts, split: command.split, ...report })}\n`);
    else printRecognition(io, report, by);
    return 0;
  };
  const { predictions } = command;
  if (predictions !== undefined) {
    return run(await folderRecognizer(predictions, dataset), `Masks of ${predictions}`, { predictions });
  }
  const model = await openModel(command, io);
  try {
    return await run(modelRecognizer(model), `Model ${model.name}`, { model: reportModel(model) });
  } finally {
    await model.dispose();
  }
}
