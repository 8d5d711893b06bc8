/** Overlap and presence on the page of an evaluation: figures, plots, and the best, median and worst object of every set. */

import { type Html, html, htmlTable } from '../curate/report/html.ts';
import { type Dataset, readItemImage, readItemMask } from '../dataset/index.ts';
import { encodePng } from '../formats/raster.ts';
import { overlay } from '../image/overlay.ts';
import { resizeBicubicPil, resizeNearest } from '../image/resize.ts';
import { toRgb8 } from '../image/rgb.ts';
import type { Mask } from '../image/types.ts';
import type { Answerer } from './answerers.ts';
import type { Group } from './groups.ts';
import { figure } from './page.ts';
import { barChart } from './plots.ts';
import type { AnswerReport, EvaluationReport } from './report.ts';

const LONGEST = 384;

/** The best, the median and the worst answer of a set; fewer where it has fewer. */
export function exemplary(answers: readonly AnswerReport[]): (readonly [rank: string, answer: AnswerReport])[] {
  const sorted = [...answers].sort((a, b) => b.dice - a.dice);
  const places = new Map([
    [0, 'best'],
    [sorted.length - 1, 'worst'],
    [sorted.length >> 1, 'median'],
  ]);
  return [...places]
    .sort(([a], [b]) => a - b)
    .flatMap(([place, rank]) => (sorted.length === 0 ? [] : [[rank, sorted[place]] as const]));
}

/** Truth and answer over the image, as a figure with its caption. */
async function example<Opened>(
  dataset: Dataset,
  answerer: Answerer<Opened>,
  rank: string,
  one: AnswerReport,
): Promise<Html | null> {
  const item = dataset.items.find(({ set, name }) => set === one.set && name === one.image);
  const own = item?.targets.find(({ target }) => target === one.target);
  if (item === undefined || own === undefined) return null;
  const image = toRgb8(await readItemImage(dataset, item));
  const truth = await readItemMask(dataset, own.maskFile);
  const opened = await answerer.open(item);
  const answering = answerer.answer(opened, item, [one.target]);
  const [{ mask, presence }] = await answering.finally(() => answerer.close(opened));
  const found = presence >= answerer.presenceLimit(item.modality) ? mask : null;
  const factor = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * factor)));
  const none: Mask = { data: new Uint8Array(width * height), width, height };
  const picture = overlay(resizeBicubicPil(image, width, height), [
    { mask: found === null ? none : resizeNearest(found, width, height), label: 'answer', presence },
    { mask: resizeNearest(truth, width, height), label: 'ground truth' },
  ]);
  const png = Buffer.from(await encodePng(picture)).toString('base64');
  const text = `${rank}: ${one.target}, Dice ${one.dice.toFixed(3)}, ${one.image}`;
  return html`<figure><img src="data:image/png;base64,${png}" width="${picture.width}" height="${picture.height}" alt="${text}"><figcaption>${text}</figcaption></figure>\n`;
}

const ends = (of: readonly [number, number] | null): string =>
  of === null ? '-' : `${of[0].toFixed(3)} to ${of[1].toFixed(3)}`;

const groupChart = (name: string, groups: readonly Group[]): Html =>
  html`<h4>${name.replaceAll('_', ' ')}</h4>${barChart(
    groups.map(({ from, to, n, dice_mean }) => ({ label: `${from} to ${to} (${n} masks)`, value: dice_mean })),
  )}`;

/** The section of a report; the objects that it shows are answered once more. */
export async function overlapSection<Opened>(
  report: EvaluationReport,
  dataset: Dataset,
  answerer: Answerer<Opened>,
): Promise<Html> {
  const headline = htmlTable(
    ['figure', 'value'],
    [
      ['mean Dice over pairs with at least 5 masks', figure(report.mean_dice)],
      ['its bootstrap 95 % interval', ends(report.mean_dice_interval)],
      ['mean IoU', figure(report.mean_iou)],
      [
        'HD95, ASSD (pixels, of masks that are not empty)',
        `${figure(report.mean_hd95_px)}, ${figure(report.mean_assd_px)}`,
      ],
      ['surface Dice, tolerance 2 pixels', figure(report.mean_surface_dice)],
      ['empty masks of present objects', report.empty_masks],
      ['presence AUROC', figure(report.presence_auroc)],
      ['presence AUPRC', figure(report.presence_auprc)],
      ['calibration error of presence', figure(report.presence_calibration_error)],
      ['false alarms stated', figure(report.false_alarm_rate_stated)],
      ['false alarms measured', figure(report.false_alarm_rate)],
      ['images, present and absent prompts', `${report.images}, ${report.present_prompts}, ${report.absent_prompts}`],
      ['images a second', figure(report.images_per_second, 1)],
    ],
  );
  const pairs = htmlTable(
    ['set', 'modality', 'target', 'n', 'Dice', '95 % interval', 'IoU', 'HD95 px', 'HD95 mm', 'ASSD px', 'surface Dice'],
    report.sets.map((pair) => [
      ...[pair.set, pair.modality, pair.target, pair.n, figure(pair.dice_mean), ends(pair.dice_interval)],
      ...[figure(pair.iou_mean), figure(pair.hd95_px, 1), figure(pair.hd95_mm, 1), figure(pair.assd_px, 2)],
      figure(pair.surface_dice_mean),
    ]),
  );
  const bars = report.sets.map(({ set, target, dice_mean, dice_interval }) => ({
    ...{ label: `${set}: ${target}`, value: dice_mean, interval: dice_interval },
  }));
  const modalities = Object.entries(report.by_modality).map(([label, value]) => ({ label, value }));
  const groups = Object.entries(report.groups).map(([name, of]) => groupChart(name, of));
  const examples: Html[] = [];
  for (const set of new Set(report.answers.map((one) => one.set))) {
    examples.push(html`<h4>${set}</h4>\n`);
    for (const [rank, one] of exemplary(report.answers.filter((answer) => answer.set === set))) {
      const shown = await example(dataset, answerer, rank, one);
      if (shown !== null) examples.push(shown);
    }
  }
  return html`<p>${report.empty_ground_truth}</p>
${headline}<h3>Dice by modality</h3>${barChart(modalities)}<h3>Dice by set and target</h3>${barChart(bars)}
${pairs}<h3>Dice by shape and size of the ground truth</h3>${groups}<h3>Best, median and worst</h3>${examples}`;
}
