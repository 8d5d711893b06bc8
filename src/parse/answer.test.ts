import { describe, expect, it, vi } from 'vitest';
import { answer } from './answer.ts';

const question = { text: 'liver', concept: null, note: null };
const size = { width: 2, height: 2 } as Parameters<typeof answer>[2];
const sure = (existence: number | null, possible = 1, modality: string | null = null) => ({
  ...{ existence, possible, modality },
  looksLike: 'chest X-Ray',
});
const limits = { pixel: 0.5, presence: { all: 0.5, byModality: {}, temperature: 1 }, rejection: 0 };
const map = () => vi.fn(() => Float32Array.of(0.9, 0.7, 0.2, 0.1));

describe('answer', () => {
  it('makes no map of what is absent by its logit', () => {
    const make = map();
    const found = answer(question, make, size, sure(-2), limits);
    expect(make).not.toHaveBeenCalled();
    expect(found).toMatchObject({ present: false, probability: 0, areaPx: 0, areaFraction: 0, box: null });
    expect([...found.mask.data]).toEqual([0, 0, 0, 0]);
    expect(found.presence).toBeCloseTo(1 / (1 + Math.exp(2)), 12);
    expect(found.reason).toBe('absent: presence 0.12 < 0.50');
  });

  it('says where a kind of image that cannot show it is the reason', () => {
    const make = map();
    const found = answer(question, make, size, sure(3, 0.01), limits);
    expect(make).not.toHaveBeenCalled();
    expect(found.presence).toBeCloseTo((0.01 * Math.exp(3)) / (1 + 0.01 * Math.exp(3)), 12);
    expect(found.reason).toBe('absent: presence 0.17 < 0.50, as the image looks like chest X-Ray, where it cannot be');
    expect(answer(question, map(), size, sure(3, 0), limits)).toMatchObject({ present: false, presence: 0 });
    expect(answer(question, map(), size, sure(3, 0.5), limits)).toMatchObject({ present: true, reason: null });
  });

  it('measures what is there', () => {
    const found = answer(question, map(), size, sure(2), limits);
    expect(found).toMatchObject({ present: true, areaPx: 2, areaFraction: 0.5, box: [0, 0, 2, 1], reason: null });
    expect(found.probability).toBeCloseTo(0.8, 6);
  });

  it('takes the threshold of the modality that is known', () => {
    const strict = { ...limits, presence: { ...limits.presence, byModality: { CT: 0.95 } } };
    expect(answer(question, map(), size, sure(2, 1, 'CT'), strict).reason).toBe('absent: presence 0.88 < 0.95');
    expect(answer(question, map(), size, sure(2, 1, 'MRI'), strict).present).toBe(true);
  });

  it('judges presence by the highest probability where there is no logit', () => {
    const strict = { ...limits, presence: { ...limits.presence, all: 0.95 } };
    const found = answer(question, map(), size, sure(null), strict);
    expect(found).toMatchObject({ present: false, areaPx: 0 });
    expect(found.presence).toBeCloseTo(0.9, 6);
    expect(answer(question, map(), size, sure(null), limits).present).toBe(true);
  });
});
