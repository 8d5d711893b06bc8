/**
 * A picture of what was found: the image, every mask as a see-through fill with a contour in a colour of its own, and
 * below it a legend with a swatch and a line per mask, the model's name if given, and what the picture may be used for.
 * Small images are enlarged by a whole factor, so that the picture is at least 384 pixels wide.
 * Refuses masks of another size than the image.
 */
import { BiomedParseError } from '../util/errors.ts';
import { contour } from './measure.ts';
import { resizeNearest } from './resize.ts';
import { toRgb8 } from './rgb.ts';
import { type Canvas, CHARACTER_ADVANCE, type Colour, drawText, fillRectangle, LINE_ADVANCE, wrap } from './text.ts';
import type { Image, Mask } from './types.ts';

/** One mask of a picture. */
export interface OverlayLayer {
  /** `[height, width]` of the image; an empty one is named in the legend only. */
  readonly mask: Mask;
  /** The legend's text, for example the prompt. */
  readonly label: string;
  /** Scores 0..1 that the legend shows after the label. */
  readonly probability?: number;
  readonly presence?: number;
}

export interface OverlayOptions {
  /** Name of the model, for the legend. */
  readonly model?: string;
}

const MIN_WIDTH = 384;
/** Enlarging stops here, for images that are much higher than wide. */
const MAX_ENLARGED_HEIGHT = 4096;
const FILL = 0.3;
const NOTICE = 'Research use only. Not a medical device.';
const LABEL_LINES = 3;
const BACKGROUND: Colour = [24, 24, 28];
const TEXT: Colour = [235, 235, 235];
const FAINT: Colour = [160, 160, 168];

/** Colours that stand out on grey, skin, retina and stained tissue; they repeat after ten masks. */
const COLOURS: readonly Colour[] = [
  [0, 225, 255],
  [255, 205, 0],
  [255, 70, 200],
  [90, 235, 70],
  [255, 75, 60],
  [150, 120, 255],
  [255, 150, 50],
  [0, 240, 170],
  [255, 160, 190],
  [80, 140, 255],
];

/** How many masks of a picture have colours of their own. */
export const COLOUR_COUNT = COLOURS.length;

/** The colour of a mask by its place among the masks, counted from 0. */
export const colourOf = (layer: number): Colour => COLOURS[layer % COLOURS.length];

function blend(data: Uint8Array, mask: Mask, colour: Colour): void {
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 0) continue;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = Math.round(data[i * 3 + c] * (1 - FILL) + colour[c] * FILL);
  }
}

/** Copies an RGB raster onto the canvas from (left, 0) on, every pixel as a square of `factor`. */
function paste(canvas: Canvas, data: Uint8Array, width: number, height: number, factor: number, left: number): void {
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) {
      const from = (row + Math.floor(x / factor)) * 3;
      const to = (y * canvas.width + left + x) * 3;
      for (let c = 0; c < 3; c++) canvas.data[to + c] = data[from + c];
    }
  }
}

/** Draws a mask's contour, `thickness` pixels of the canvas wide. */
function drawContour(
  canvas: Canvas,
  mask: Mask,
  factor: number,
  left: number,
  thickness: number,
  colour: Colour,
): void {
  const width = mask.width * factor;
  const outline = contour(factor === 1 ? mask : resizeNearest(mask, width, mask.height * factor));
  const before = thickness >> 1;
  for (let i = 0; i < outline.data.length; i++) {
    if (outline.data[i] === 0) continue;
    const [x, y] = [left + (i % width) - before, Math.floor(i / width) - before];
    // Kept off the legend, which is drawn later.
    fillRectangle(canvas, x, y, thickness, thickness, colour);
  }
}

interface LegendLine {
  readonly text: string;
  /** Colour of the swatch before the line; null for a hollow one; left out where there is none. */
  readonly swatch?: Colour | null;
  readonly indent: boolean;
  readonly colour: Colour;
}

function legendLines(layers: readonly OverlayLayer[], options: OverlayOptions, columns: number): LegendLine[] {
  const lines: LegendLine[] = [];
  for (const [i, { mask, label, probability, presence }] of layers.entries()) {
    const scores = [
      ...(probability === undefined ? [] : [`probability ${probability.toFixed(2)}`]),
      ...(presence === undefined ? [] : [`presence ${presence.toFixed(2)}`]),
    ];
    const swatch = mask.data.includes(1) ? colourOf(i) : null;
    for (const [j, text] of wrap([label, ...scores].join('  '), columns - 2, LABEL_LINES).entries()) {
      lines.push({ text, indent: true, colour: TEXT, ...(j === 0 ? { swatch } : {}) });
    }
  }
  const below = options.model === undefined ? [NOTICE] : [`Model ${options.model}`, NOTICE];
  for (const part of below) {
    for (const text of wrap(part, columns, LABEL_LINES)) lines.push({ text, indent: false, colour: FAINT });
  }
  return lines;
}

function drawLegend(canvas: Canvas, lines: readonly LegendLine[], top: number, scale: number): void {
  const margin = 4 * scale;
  fillRectangle(canvas, 0, top, canvas.width, canvas.height - top, BACKGROUND);
  for (const [i, { text, swatch, indent, colour }] of lines.entries()) {
    const y = top + margin + i * LINE_ADVANCE * scale;
    if (swatch !== undefined) {
      fillRectangle(canvas, margin, y, 7 * scale, 7 * scale, swatch ?? FAINT);
      if (swatch === null) fillRectangle(canvas, margin + scale, y + scale, 5 * scale, 5 * scale, BACKGROUND);
    }
    drawText(canvas, text, margin + (indent ? 2 * CHARACTER_ADVANCE * scale : 0), y, scale, colour);
  }
}

/** The picture of masks over an image, as 8-bit RGB. */
export function overlay(image: Image, layers: readonly OverlayLayer[], options: OverlayOptions = {}): Image {
  const { width, height } = image;
  for (const { mask, label } of layers) {
    if (mask.width === width && mask.height === height) continue;
    throw new BiomedParseError(
      'input',
      `The mask "${label}" is ${mask.width} x ${mask.height}, its image ${width} x ${height}; they must be of one size`,
      { label },
    );
  }
  const factor = Math.max(1, Math.min(Math.ceil(MIN_WIDTH / width), Math.floor(MAX_ENLARGED_HEIGHT / height)));
  const fullWidth = Math.max(MIN_WIDTH, width * factor);
  const scale = Math.max(1, Math.round(fullWidth / 480));
  const lines = legendLines(layers, options, Math.floor((fullWidth / scale - 8) / CHARACTER_ADVANCE));
  const top = height * factor;
  const fullHeight = top + (lines.length * LINE_ADVANCE + 6) * scale;
  const canvas: Canvas = { data: new Uint8Array(fullWidth * fullHeight * 3), width: fullWidth, height: fullHeight };

  const tinted = toRgb8(image).data.slice();
  for (const [i, { mask }] of layers.entries()) blend(tinted, mask, colourOf(i));
  const left = Math.floor((fullWidth - width * factor) / 2);
  paste(canvas, tinted, width, height, factor, left);
  const thickness = Math.max(1, Math.round(fullWidth / 512));
  for (const [i, { mask }] of layers.entries()) drawContour(canvas, mask, factor, left, thickness, colourOf(i));
  drawLegend(canvas, lines, top, scale);
  return { data: canvas.data, width: fullWidth, height: fullHeight, channels: 3 };
}
