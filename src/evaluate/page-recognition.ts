/** Recognition and detection on the page of an evaluation: figures per set, and per set and target. */
import { type Html, html, htmlTable } from '../curate/report/html.ts';
import { figure } from './page.ts';
import { barChart } from './plots.ts';
import type { RecognitionReport, RecognitionTotals } from './recognition.ts';

const totalsRow = (name: string, totals: RecognitionTotals): (string | number)[] => [
  ...[name, figure(totals.precision), figure(totals.recall), figure(totals.f1)],
  ...[totals.right, totals.missed, totals.wrong, totals.refused],
];

/** The section of a report. */
export function recognitionSection(report: RecognitionReport): Html {
  const { given, guessed, guessed_modality: modality, sets, targets } = report;
  const totals = htmlTable(
    ['modality and site', 'precision', 'recall', 'F1', 'right', 'missed', 'wrong', 'images refused'],
    [totalsRow('as given', given), ...(guessed === null ? [] : [totalsRow('as guessed', guessed)])],
  );
  const bySet = htmlTable(
    ['set', 'images', 'precision', 'recall', 'F1', 'F1 guessed', 'AP50'],
    sets.map((one) => [
      ...[one.set, one.images, figure(one.given.precision), figure(one.given.recall), figure(one.given.f1)],
      ...[figure(one.guessed?.f1 ?? null), figure(one.ap50)],
    ]),
  );
  const byTarget = htmlTable(
    ['set', 'target', 'found', 'covered by others', 'wrongly found', 'single objects', 'AP50'],
    targets.map((one) => [
      ...[one.set, one.target, `${one.found} of ${one.present}`, one.covered, `${one.wrong} of ${one.absent}`],
      ...[one.objects, figure(one.ap50)],
    ]),
  );
  const f1 = sets.map((one) => ({ label: one.set, value: one.given.f1 }));
  const ap50 = targets.flatMap(({ set, target, ap50: value }) =>
    value === null ? [] : [{ label: `${set}: ${target}`, value }],
  );
  return html`<p>${report.what_counts} Precision, recall and F1 are of single images, then means over a set, then over sets; AP50 is the mean over pairs of set and target that are annotated in full.</p>
${totals}<p>Mean AP50 ${figure(report.ap50)}; share of images whose modality was guessed right ${figure(modality)}.</p>
<h3>F1 by set</h3>${barChart(f1)}
${bySet}<h3>AP50 by set and target</h3>${barChart(ap50)}
${byTarget}`;
}
