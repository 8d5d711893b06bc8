/**
 * Text in images: wrapping to a number of characters and drawing with the bitmap font. Accents are dropped, blanks
 * and control characters are blanks, what the font lacks is a box.
 */
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './font.ts';

export type Colour = readonly [number, number, number];

/** An 8-bit RGB raster that is drawn on. */
export interface Canvas {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels from one character's left edge to the next one's, and from line to line, at scale 1. */
export const CHARACTER_ADVANCE = GLYPH_WIDTH + 1;
export const LINE_ADVANCE = GLYPH_HEIGHT + 2;

/** The characters that will be drawn. */
function plain(text: string): string[] {
  const simple = text.normalize('NFKD').replace(/\p{M}/gu, '');
  return [...simple.replace(/[\s\p{Cc}]+/gu, ' ').trim()];
}

/**
 * Text as lines of at most `columns` characters, broken at blanks where there are any; after `maximum` lines it ends
 * in "...". `columns` must be at least 4.
 */
export function wrap(text: string, columns: number, maximum: number): string[] {
  const lines: string[] = [];
  let rest = plain(text);
  while (rest.length > columns && lines.length < maximum - 1) {
    const blank = rest.lastIndexOf(' ', columns);
    const end = blank > 0 ? blank : columns;
    lines.push(rest.slice(0, end).join(''));
    rest = rest.slice(blank > 0 ? end + 1 : end);
  }
  if (rest.length > columns) rest = [...rest.slice(0, columns - 3), '...'];
  lines.push(rest.join(''));
  return lines;
}

/** Fills a rectangle; what lies outside the canvas is left out. */
export function fillRectangle(
  canvas: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  for (let y = Math.max(0, top); y < Math.min(canvas.height, top + height); y++) {
    for (let x = Math.max(0, left); x < Math.min(canvas.width, left + width); x++) {
      canvas.data.set(colour, (y * canvas.width + x) * 3);
    }
  }
}

/** Draws one line of text with its cell's top left corner at (left, top); `scale` is the side of a font pixel. */
export function drawText(canvas: Canvas, text: string, left: number, top: number, scale: number, colour: Colour): void {
  let x = left;
  for (const letter of text) {
    const codePoint = letter.codePointAt(0) as number;
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if (glyphPixel(codePoint, column, row)) {
          fillRectangle(canvas, x + column * scale, top + row * scale, scale, scale, colour);
        }
      }
    }
    x += CHARACTER_ADVANCE * scale;
  }
}
