/** Wordings on the page of an evaluation: the spread of Dice per set and target, with the wording that fares worst. */
import { type Html, html, htmlTable } from '../curate/report/html.ts';
import { figure } from './page.ts';
import { barChart } from './plots.ts';
import type { WordingsReport } from './wordings.ts';

/** The section of a report. */
export function wordingsSection(report: WordingsReport): Html {
  const { pairs } = report;
  const rows = htmlTable(
    ['set', 'target', 'images', 'mean Dice', 'spread', 'spread without refusals', 'worst wording', 'its mean Dice'],
    pairs.map((one) => [
      ...[one.set, one.target, one.images, figure(one.dice_mean), figure(one.spread), figure(one.spread_ungated)],
      ...[one.worst_wording, figure(one.worst_dice)],
    ]),
  );
  const bars = pairs.map(({ set, target, dice_mean: value, spread }) => ({
    ...{ label: `${set}: ${target}`, value, interval: [value - spread, value + spread] as const },
  }));
  return html`<p>Mean spread of Dice ${figure(report.mean_spread)}, without the model's refusals ${figure(report.mean_spread_ungated)}: standard deviation over up to ${report.wordings} wordings of each object, mean over ${pairs.length} pairs of set and target (${report.images} images, ${report.prompts} prompts).</p>
<h3>Dice by set and target, with its spread over wordings</h3>${barChart(bars)}
${rows}`;
}
