import { describe, expect, it } from 'vitest';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './font.ts';
import { drawText, wrap } from './text.ts';

const glyph = (letter: string): string =>
  Array.from({ length: GLYPH_HEIGHT * GLYPH_WIDTH }, (_, i) =>
    glyphPixel(letter.codePointAt(0) as number, i % GLYPH_WIDTH, Math.floor(i / GLYPH_WIDTH)) ? '#' : '.',
  ).join('');

describe('font', () => {
  it('has a glyph of its own for every printable character and a box for others', () => {
    const glyphs = Array.from({ length: 95 }, (_, i) => glyph(String.fromCharCode(32 + i)));
    expect(new Set([...glyphs, glyph('\u809d')]).size).toBe(96);
    expect(glyph('L')).toBe(`${'#....'.repeat(6)}#####${'.'.repeat(10)}`);
    expect(glyph(' ')).toBe('.'.repeat(45));
    expect(glyph('\u{1f600}')).toBe(glyph('\u809d'));
  });
});

describe('wrap', () => {
  it('breaks at blanks, within words where it must, and ends in dots', () => {
    expect(wrap('left lung in chest X-ray', 10, 5)).toEqual(['left lung', 'in chest', 'X-ray']);
    expect(wrap('abcdefghij', 4, 5)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('one two three four five', 8, 2)).toEqual(['one two', 'three...']);
    expect(wrap('', 8, 2)).toEqual(['']);
  });

  it('drops accents and treats control characters as blanks', () => {
    expect(wrap('tête\n\tfœtale', 20, 2)).toEqual(['tete fœtale']);
  });
});

describe('drawText', () => {
  it('draws at a scale and stays on the canvas', () => {
    const canvas = { data: new Uint8Array(20 * 20 * 3), width: 20, height: 20 };
    drawText(canvas, 'LL', 2, 1, 2, [1, 2, 3]);
    const at = (x: number, y: number): number => canvas.data[(y * 20 + x) * 3 + 2];
    expect([at(2, 1), at(3, 2), at(4, 1), at(11, 14), at(14, 1), at(1, 1)]).toEqual([3, 3, 0, 3, 3, 0]);
    drawText(canvas, 'WWWW', 10, 15, 2, [1, 2, 3]);
    expect(canvas.data).toHaveLength(1200);
  });
});
