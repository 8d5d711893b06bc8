import { describe, expect, test } from 'vitest';
import { createRandom } from '../util/random.ts';
import { calibrate, conformalThreshold, fitTemperature, type PresenceScore, presenceLoss } from './calibrate.ts';

/** Logits that are right as they are, made `factor` times too sure. */
function scores(n: number, factor: number, seed: number, modality = 'CT'): PresenceScore[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => {
    const logit = 2 * random.normal();
    return { modality, present: random.next() < 1 / (1 + Math.exp(-logit)), logit: factor * logit, possible: 1 };
  });
}

describe('temperature', () => {
  test.each([0.5, 1, 3])('finds by how much logits are too sure (%f)', (factor) => {
    const of = scores(20000, factor, 1);
    const found = fitTemperature(of);
    expect(found / factor).toBeGreaterThan(0.93);
    expect(found / factor).toBeLessThan(1.07);
    for (const other of [0.9, 1.1]) expect(presenceLoss(of, found)).toBeLessThan(presenceLoss(of, found * other));
  });

  test('the loss is finite for logits of any size', () => {
    expect(presenceLoss([{ modality: 'CT', present: true, logit: -5000, possible: 1 }], 1)).toBe(5000);
    expect(presenceLoss([{ modality: 'CT', present: true, logit: 5000, possible: 1 }], 1)).toBe(0);
  });
});

describe('conformal thresholds', () => {
  test('on average over draws at most the stated share of new scores lies at or above them, and not much less', () => {
    const random = createRandom(3);
    for (const rate of [0.05, 0.2]) {
      let alarms = 0;
      for (let draw = 0; draw < 4000; draw++) {
        const limit = conformalThreshold(
          Array.from({ length: 99 }, () => random.next()),
          rate,
        );
        if (random.next() >= limit) alarms++;
      }
      expect(alarms / 4000).toBeLessThan(rate + 0.012);
      expect(alarms / 4000).toBeGreaterThan(rate - 0.012);
    }
  });

  test('too few scores for a rate give 1: nothing is found rather than too much', () => {
    expect(conformalThreshold([0.1, 0.2], 0.05)).toBe(1);
    expect(conformalThreshold([0.9, 0.1, 0.5], 0.25)).toBeCloseTo(0.900001, 9);
  });
});

describe('calibration', () => {
  test('gives thresholds to modalities that have enough absent prompts, and to all', () => {
    const mixed = [...scores(2000, 2, 5), ...scores(2000, 2, 6, 'MRI'), ...scores(300, 2, 7, 'OCT')];
    const found = calibrate(mixed, 0.15);
    expect(Object.keys(found.thresholds)).toEqual(['all', 'CT', 'MRI']);
    expect(found.falseAlarmRates).toEqual([0.01, 0.05, 0.1, 0.15, 0.2]);
    expect(found.falseAlarmRate).toBe(0.15);
    const limits = found.thresholds.CT;
    expect([...limits].sort((a, b) => b - a)).toEqual(limits);
    const absent = mixed.filter(({ present, modality }) => !present && modality === 'CT');
    const alarms = absent.filter(({ logit }) => 1 / (1 + Math.exp(-logit / found.temperature)) >= limits[3]);
    expect(alarms.length / absent.length).toBeCloseTo(0.15, 2);
  });

  test('counts what the kind of image rules out as refused', () => {
    const all = scores(2000, 1, 8);
    const ruled = all.map((one) => (one.present ? one : { ...one, possible: 0.01 }));
    const [before, after] = [all, ruled].map((of) => calibrate(of, 0.1));
    expect(after.temperature).toBe(before.temperature); // of the existence head alone
    for (const [i, limit] of after.thresholds.all.entries()) expect(limit).toBeLessThan(before.thresholds.all[i]);
  });

  test('refuses what it cannot learn from', () => {
    expect(() => calibrate(scores(20, 1, 1), 0.1)).toThrow(/at least 50 absent/);
    const absent = scores(400, 1, 1).filter(({ present }) => !present);
    expect(() => calibrate(absent, 0.1)).toThrow(/0 present prompts/);
  });
});
