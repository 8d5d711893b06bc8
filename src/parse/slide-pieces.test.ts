import { describe, expect, it } from 'vitest';
import { type RowComponent, rowComponents } from '../image/row-components.ts';
import { slidePieces } from './slide-pieces.ts';

/** The only part of a mask that a rule draws. */
function partOf(width: number, height: number, rule: (x: number, y: number) => boolean): RowComponent {
  const rows = rowComponents();
  const weights = new Float32Array(width);
  const parts: RowComponent[] = [];
  for (let y = 0; y < height; y++) {
    parts.push(
      ...rows.add(
        Uint8Array.from({ length: width }, (_, x) => (rule(x, y) ? 1 : 0)),
        weights,
      ),
    );
  }
  parts.push(...rows.end());
  expect(parts).toHaveLength(1);
  return parts[0];
}

const disc = (x: number, y: number, cx: number, cy: number, r: number): boolean => Math.hypot(x - cx, y - cy) <= r;
const inside = (data: Uint8Array): number => data.reduce((sum, value) => sum + value, 0);

describe('slidePieces', () => {
  const pair = partOf(80, 50, (x, y) => disc(x, y, 25, 25, 11) || disc(x, y, 45, 25, 11));

  it('cuts two discs that touch, each with its pixels, box and middle', () => {
    const pieces = slidePieces(pair, 'watershed');
    expect(pieces).toHaveLength(2);
    expect(pieces.reduce((sum, { areaPx }) => sum + areaPx, 0)).toBe(pair.areaPx);
    for (const [i, { areaPx, box, centroid, mask, step }] of pieces.entries()) {
      expect(inside(mask.data)).toBe(areaPx);
      expect([mask.width, mask.height, step]).toEqual([box[2] - box[0], box[3] - box[1], 1]);
      expect(Math.abs(centroid[0] - [25.5, 45.5][i])).toBeLessThan(1);
      expect(Math.abs(centroid[1] - 25.5)).toBeLessThan(1);
    }
    expect([pieces[0].box[0], pieces[1].box[2]]).toEqual([14, 57]);
  });

  it('does not cut a block with a small notch, whose sides are those of its box', () => {
    const block = partOf(40, 40, (x, y) => x >= 10 && x < 30 && y >= 10 && y < 30 && !(x >= 19 && x <= 20 && y < 13));
    expect(slidePieces(block, 'watershed')).toHaveLength(1);
  });

  it('leaves them one where parts are asked for', () => {
    const [one, ...more] = slidePieces(pair, 'components');
    expect([one.areaPx, one.box, more.length]).toEqual([pair.areaPx, pair.box, 0]);
  });

  it('keeps the hole of a ring, whole or cut', () => {
    const ring = partOf(60, 60, (x, y) => disc(x, y, 30, 30, 20) && !disc(x, y, 30, 30, 8));
    for (const how of ['components', 'watershed'] as const) {
      const [{ mask, areaPx }] = slidePieces(ring, how);
      expect([areaPx, inside(mask.data), mask.data[20 * mask.width + 20]]).toEqual([ring.areaPx, ring.areaPx, 0]);
    }
  });

  it('gives a huge part in coarser steps, and does not cut it', () => {
    const frame = partOf(9000, 9000, (x, y) => (y === 0 || y === 8999 ? true : x === 0));
    const [{ mask, step, areaPx }, ...more] = slidePieces(frame, 'watershed');
    expect([step, mask.width, areaPx, more.length]).toEqual([2, 4500, 9000 * 3 - 2, 0]);
  });
});
