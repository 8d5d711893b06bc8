/** Decisions about labels as a page for reviewers, open ones first, with example images where there is data. Nothing is decided here. */
import type { Dataset } from '../../dataset/index.ts';
import type { Decision } from '../decisions.ts';
import { examplesOf } from './examples.ts';
import { type Html, html, htmlPage, htmlTable } from './html.ts';

const EXAMPLES = 3;
const ORDER = ['open', 'proposed', 'accepted'] as const;

/** Open decisions first, then proposed ones by rising confidence, then accepted ones. */
export function reviewOrder(decisions: readonly Decision[]): Decision[] {
  const rank = ({ status }: Decision): number => ORDER.indexOf(status);
  return [...decisions].sort((a, b) => rank(a) - rank(b) || a.confidence - b.confidence);
}

const alternatives = (decision: Decision): string =>
  decision.alternatives.map(({ concept, confidence }) => `${concept} ${confidence.toFixed(2)}`).join(', ');

async function row(decision: Decision, data: readonly Dataset[]) {
  const { label, set, modality, site, concept, published, confidence, by, status, evidence } = decision;
  const pictures: Html[] = await examplesOf(data, { set, target: label, modality, site }, EXAMPLES);
  const state = html`<span class="${status}">${status}</span>`;
  const image = [site, modality].filter((one) => one !== null).join(' ');
  return [
    ...[label, set, image, concept ?? 'none', published, confidence.toFixed(2), by, state],
    ...[evidence, alternatives(decision), pictures],
  ];
}

/** The page. */
export async function reviewPage(decisions: readonly Decision[], data: readonly Dataset[]): Promise<string> {
  const rows = [];
  for (const decision of reviewOrder(decisions)) rows.push(await row(decision, data));
  const counts = ORDER.map((status) => `${decisions.filter((one) => one.status === status).length} ${status}`);
  const titles = ['label', 'set', 'images', 'concept', 'published', 'confidence', 'by', 'status', 'evidence'];
  const how = html`<p>${counts.join(', ')}. To accept a decision write <code>"status":"accepted"</code> into its line of the file,
with another concept, or <code>null</code> for none, where it was wrong: such a line is never changed again.</p>`;
  return htmlPage('Decisions about labels', html`${how}\n${htmlTable([...titles, 'alternatives', 'examples'], rows)}`);
}
