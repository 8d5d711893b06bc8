/** An evaluation as one self-contained HTML page, a section for each of its parts. */
import { type Html, html, htmlPage } from '../curate/report/html.ts';
import { NOTICE } from '../util/notice.ts';

export interface Section {
  readonly title: string;
  readonly body: Html;
}

/** A figure with so many decimals, or a dash where there is none. */
export const figure = (value: number | null, digits = 3): string => (value === null ? '-' : value.toFixed(digits));

/** The page; `by` says who answered. */
export function evaluationPage(by: string, sections: readonly Section[]): string {
  return htmlPage(
    'Evaluation',
    html`<p>${by}. ${NOTICE}</p>
${sections.map(({ title, body }) => html`<h2>${title}</h2>\n${body}`)}`,
  );
}
