/** `biomedparse data review`: decisions about labels as a table, and as a page with example images. The file is not changed. */
import { readDecisions } from '../curate/decisions.ts';
import { reviewOrder, reviewPage } from '../curate/report/review.ts';
import { openSplits } from '../dataset/index.ts';
import { BiomedParseError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import type { CliIo } from './io.ts';
import { table } from './table.ts';

/** Values of the command's options, as commander spells them. */
export interface ReviewCommand {
  readonly html?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** Runs the command; gives the exit status. */
export async function runReview(file: string, command: ReviewCommand, io: CliIo): Promise<number> {
  const { html, data, json } = command;
  if (data !== undefined && html === undefined) {
    throw new BiomedParseError('usage', '--data goes with --html: example images are shown in the page only');
  }
  const decisions = reviewOrder([...(await readDecisions(file)).decisions.values()]);
  if (decisions.length === 0) throw new BiomedParseError('input', `${file}: no such file, or no decision in it`);
  if (html !== undefined) {
    const datasets = data === undefined ? [] : await openSplits(data);
    await writeFileAtomic(html, await reviewPage(decisions, datasets));
  }
  if (json) {
    io.out(`${JSON.stringify(decisions)}\n`);
    return 0;
  }
  const lines = table(
    [
      { title: 'status' },
      { title: 'label', max: 40 },
      { title: 'set', max: 28 },
      { title: 'images', max: 24 },
      { title: 'concept', max: 36 },
      { title: 'confidence', align: 'right' },
      { title: 'by', max: 24 },
      { title: 'evidence', max: 60 },
    ],
    decisions.map(({ status, label, set, modality, site, concept, confidence, by, evidence }) => [
      ...[status, label, set ?? '', [site, modality].filter((one) => one !== null).join(' ')],
      ...[concept ?? 'none', confidence.toFixed(2), by, evidence],
    ]),
  );
  const count = (wanted: string): number => decisions.filter(({ status }) => status === wanted).length;
  const page = html === undefined ? '' : `; the page is ${html}`;
  io.out(
    `${lines.join('\n')}\n\n${count('accepted')} accepted, ${count('proposed')} proposed, ${count('open')} open${page}\n`,
  );
  return 0;
}
