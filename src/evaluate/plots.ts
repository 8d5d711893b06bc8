/** Plots of an evaluation as inline SVG, without scripts. */
import { type Html, html } from '../curate/report/html.ts';

export interface Bar {
  readonly label: string;
  /** 0..1; null: nothing to show. */
  readonly value: number | null;
  /** Drawn as a line over the bar. */
  readonly interval?: readonly [low: number, high: number] | null;
}

/** Narrowest column of labels, and what a letter takes of it, pixels. */
const LABEL = 260;
const LETTER = 6.5;
const LENGTH = 400;
const ROW = 22;

/** Horizontal bars of figures from 0 to 1. */
export function barChart(bars: readonly Bar[]): Html {
  const height = bars.length * ROW + 20;
  const start = Math.max(LABEL, ...bars.map(({ label }) => Math.ceil(LETTER * label.length)));
  const at = (value: number): number => Number((start + Math.min(1, Math.max(0, value)) * LENGTH).toFixed(1));
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) => html`<line x1="${at(tick)}" x2="${at(tick)}" y1="0" y2="${height - 18}" stroke="#ddd"/>
<text x="${at(tick)}" y="${height - 4}" text-anchor="middle" font-size="11" fill="#666">${tick}</text>`,
  );
  const rows = bars.map(({ label, value, interval = null }, i) => {
    const middle = i * ROW + ROW / 2;
    const name = html`<text x="${start - 8}" y="${middle + 4}" text-anchor="end" font-size="12">${label}</text>`;
    if (value === null)
      return html`${name}<text x="${start + 4}" y="${middle + 4}" font-size="12" fill="#666">-</text>`;
    const bar = html`<rect x="${start}" y="${i * ROW + 4}" width="${at(value) - start}" height="${ROW - 8}" fill="#5b8fc9"/>`;
    const line =
      interval === null
        ? null
        : html`<line x1="${at(interval[0])}" x2="${at(interval[1])}" y1="${middle}" y2="${middle}" stroke="#1a1a1e" stroke-width="2"/>`;
    const text = html`<text x="${start + LENGTH + 10}" y="${middle + 4}" font-size="12">${value.toFixed(3)}</text>`;
    return html`${name}${bar}${line}${text}\n`;
  });
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${start + LENGTH + 60}" height="${height}" role="img">${grid}${rows}</svg>`;
}
