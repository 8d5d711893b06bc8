import { describe, expect, it } from 'vitest';
import type { Box } from '../image/types.ts';
import { boxIou, detectionAp, matchBoxes } from './detection-ap.ts';

const at = (left: number, width = 10): Box => [left, 0, left + width, 10];
const match = (score: number, hit: boolean) => ({ score, hit });

describe('overlap of boxes', () => {
  it('is what both have over what either has', () => {
    expect(boxIou(at(0), at(0))).toBe(1);
    expect(boxIou(at(0), at(5))).toBeCloseTo(50 / 150, 12);
    expect(boxIou(at(0), at(0, 20))).toBe(0.5);
    expect([boxIou(at(0), at(10)), boxIou([0, 0, 4, 4], [0, 9, 4, 12])]).toEqual([0, 0]);
  });
});

describe('matching', () => {
  it('lets the surest detection take an object, and only one of them', () => {
    const found = [
      { box: at(1), score: 0.6 },
      { box: at(0), score: 0.9 },
    ];
    expect(matchBoxes(found, [at(0)])).toEqual([match(0.9, true), match(0.6, false)]);
  });

  it('takes the object that it overlaps most, from one half on', () => {
    // IoU 12/20 with the first and 16/20 with the second; the next one is left the first
    const [wide, near]: Box[] = [at(0, 12), at(4, 16)];
    const found = [
      { box: at(0, 20), score: 0.9 },
      { box: at(0, 12), score: 0.8 },
    ];
    expect(matchBoxes(found, [wide, near]).map(({ hit }) => hit)).toEqual([true, true]);
    expect(matchBoxes([{ box: at(0, 20), score: 1 }], [at(0)])).toEqual([match(1, true)]); // exactly one half
    expect(matchBoxes([{ box: at(0, 21), score: 1 }], [at(0)])).toEqual([match(1, false)]);
  });

  it('of nothing is nothing', () => {
    expect(matchBoxes([], [at(0)])).toEqual([]);
    expect(matchBoxes([{ box: at(0), score: 1 }], [])).toEqual([match(1, false)]);
  });
});

describe('average precision', () => {
  it('of a perfect ranking is 1, of none found 0, of none there unknown', () => {
    expect(detectionAp([match(0.9, true), match(0.8, true), match(0.1, false)], 2)).toBe(1);
    expect(detectionAp([], 3)).toBe(0);
    expect(detectionAp([match(0.9, false)], 3)).toBe(0);
    expect(detectionAp([match(0.9, false)], 0)).toBeNull();
  });

  it('is the mean of the falling precision over 101 recalls', () => {
    // hit, miss, hit of two objects: precision 1 up to recall 0.5 (51 recalls), 2/3 beyond (50)
    const three = [match(0.9, true), match(0.8, false), match(0.7, true)];
    expect(detectionAp(three, 2)).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
    // a miss first: precision 1/2, then 2/3, made to fall: 2/3 everywhere up to recall 1
    const late = [match(0.9, false), match(0.8, true), match(0.7, true)];
    expect(detectionAp(late, 2)).toBeCloseTo(2 / 3, 12);
    // one of four found: recalls 0 to 0.25 (26 of them) at precision 1
    expect(detectionAp([match(0.9, true)], 4)).toBeCloseTo(26 / 101, 12);
  });

  it('lets detections of one score enter together, in any order', () => {
    // both at precision 1/2 and recall 1/2: 51 recalls
    const tied = [match(1, true), match(1, false)];
    expect(detectionAp(tied, 2)).toBeCloseTo((51 * 0.5) / 101, 12);
    expect(detectionAp([...tied].reverse(), 2)).toBe(detectionAp(tied, 2));
  });
});
