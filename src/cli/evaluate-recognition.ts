/** The part `--recognition` of `biomedparse evaluate`: what of an image's targets is recognised, and single objects detected. */
import type { Dataset } from '../dataset/index.ts';
import { recognitionSection } from '../evaluate/page-recognition.ts';
import { type Part, reportedAs } from '../evaluate/parts.ts';
import { createRecognitionPart, type RecognitionReport, type RecognitionTotals } from '../evaluate/recognition.ts';
import type { Recognizer } from '../evaluate/recognizers.ts';
import type { EvaluateCommand } from './evaluate.ts';
import { type EvaluationPart, partOptions } from './evaluate-part.ts';
import type { CliIo } from './io.ts';
import { figure, table } from './table.ts';

const right = { align: 'right' } as const;

function totalsLine(name: string, totals: RecognitionTotals): string {
  const { precision, recall, f1, right: hits, missed, wrong, refused } = totals;
  return `${name}: precision ${figure(precision)}, recall ${figure(recall)}, F1 ${figure(f1)} (means over sets); ${hits} right, ${missed} missed, ${wrong} wrong, ${refused} images refused`;
}

function reportLines(report: RecognitionReport): string[] {
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
  return [
    ...sets,
    '',
    ...targets,
    '',
    totalsLine('Kind of image given', report.given),
    ...(guessed === null ? [] : [totalsLine(`Guessed (modality right in ${figure(modality)})`, guessed)]),
    `AP50 ${figure(report.ap50)}, mean over the (set, target) pairs that are annotated in full`,
    report.what_counts,
    `${report.images} images`,
  ];
}

/** Recognition and detection on an open data folder. */
export function recognitionPart<Opened>(
  recognizer: Recognizer<Opened>,
  dataset: Dataset,
  command: EvaluateCommand,
  io: CliIo,
): Part<Opened, EvaluationPart> {
  return reportedAs(createRecognitionPart(recognizer, dataset, partOptions(command, io)), (report) => ({
    title: 'Recognition and detection',
    lines: reportLines(report),
    json: { recognition: report },
    section: () => recognitionSection(report),
  }));
}
