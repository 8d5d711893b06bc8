/** Self-contained HTML pages: text is escaped unless it was made here, and nothing is loaded from anywhere. */
import { encodePng } from '../../formats/raster.ts';
import { contour } from '../../image/measure.ts';
import { colourOf } from '../../image/overlay.ts';
import { resizeBicubicPil, resizeNearest } from '../../image/resize.ts';
import { toRgb8 } from '../../image/rgb.ts';
import type { Image, Mask } from '../../image/types.ts';

/** HTML that was made here and needs no escaping. */
export interface Html {
  readonly html: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for the inside of an element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

type Piece = string | number | null | undefined | Html | readonly Html[];

function pieceOf(piece: Piece): string {
  if (piece === null || piece === undefined) return '';
  if (typeof piece === 'object') return 'html' in piece ? piece.html : piece.map(({ html: one }) => one).join('');
  return escapeHtml(String(piece));
}

/** A template of HTML: everything that is put in is escaped, but for HTML that came from here. */
export function html(texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return { html: texts.map((text, i) => `${text}${pieceOf(pieces[i])}`).join('') };
}

/** A table with a title row; cells are escaped unless they are HTML. */
export function htmlTable(titles: readonly string[], rows: readonly (readonly Piece[])[]): Html {
  const head = titles.map((title) => html`<th>${title}</th>`);
  const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`);
  return html`<table><thead><tr>${head}</tr></thead><tbody>\n${body}</tbody></table>\n`;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#1a1a1e;background:#fff}
table{border-collapse:collapse;margin:1em 0}th,td{padding:.3em .7em;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
th{border-bottom:2px solid #888}img{margin:2px;border-radius:3px}figure{display:inline-block;margin:0 1em 1em 0}
figcaption,.faint{color:#666;font-size:.85em}.accepted{color:#06662e}.open{color:#a33}.number{text-align:right}`;

/** A whole page. Its policy forbids scripts and all that is not in the page. */
export function htmlPage(title: string, body: Html): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width"><style>${{ html: STYLE }}</style></head>
<body><h1>${title}</h1>
${body}</body></html>
`.html;
}

const LONGEST = 192;

/** An image with the outline of a mask as an `<img>` of at most 192 pixels a side. */
export async function examplePicture(image: Image, mask: Mask, text: string): Promise<Html> {
  const factor = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * factor)));
  const small = resizeBicubicPil(toRgb8(image), width, height);
  const data = Uint8Array.from(small.data);
  const outline = contour(resizeNearest(mask, width, height));
  for (let i = 0; i < width * height; i++) if (outline.data[i] !== 0) data.set(colourOf(0), 3 * i);
  const png = Buffer.from(await encodePng({ data, width, height, channels: 3 })).toString('base64');
  return html`<img src="data:image/png;base64,${png}" width="${width}" height="${height}" alt="${text}" title="${text}">`;
}
