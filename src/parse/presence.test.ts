import { describe, expect, test } from 'vitest';
import { presenceLimit, presenceLimits, presenceOf, presenceProblem } from './presence.ts';

const presence = {
  temperature: 2,
  falseAlarmRates: [0.05, 0.1],
  falseAlarmRate: 0.1,
  thresholds: { all: [0.8, 0.6], MRI: [0.9, 0.7] },
};

describe('presence limits', () => {
  test('a calibrated model has one per modality, in any of its names, and one for the rest', () => {
    const limits = presenceLimits({ presence, presenceThreshold: 0.3 });
    expect(presenceLimit(limits, 'MRI-T1')).toBe(0.7);
    expect(presenceLimit(limits, 'CT')).toBe(0.6);
    expect(presenceLimit(limits, null)).toBe(0.6);
    expect(presenceLimit(presenceLimits({ presence }, { falseAlarmRate: 0.05 }), 'MRI')).toBe(0.9);
  });

  test('a threshold of the call stands above all; a model without calibration has one, else 0.5', () => {
    expect(presenceLimit(presenceLimits({ presence }, { presenceThreshold: 0.2 }), 'MRI')).toBe(0.2);
    expect(presenceLimit(presenceLimits({ presenceThreshold: 0.35 }), 'CT')).toBe(0.35);
    expect(presenceLimit(presenceLimits({}), 'CT')).toBe(0.5);
  });

  test('the temperature flattens presence and keeps one half', () => {
    const limits = presenceLimits({ presence });
    expect(presenceOf(0, limits)).toBe(0.5);
    expect(presenceOf(2, limits)).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
    expect(presenceOf(0, limits, 0.25)).toBe(0.2); // odds of 1 become 1 to 4
    expect([presenceOf(50, limits, 0), presenceOf(-50, limits, 1)]).toEqual([0, presenceOf(-50, limits)]);
  });

  test.each([
    [{ presence }, { falseAlarmRate: 0.2 }, /falseAlarmRate is 0\.2; .*0\.05, 0\.1/],
    [{ presence }, { falseAlarmRate: 0.1, presenceThreshold: 0.5 }, /exclude each other/],
    [{}, { falseAlarmRate: 0.1 }, /needs a calibrated model/],
    [{}, { presenceThreshold: 1.5 }, /from 0 to 1, got 1\.5/],
    [{}, { presenceThreshold: Number.NaN }, /from 0 to 1, got NaN/],
  ])('refuses what cannot be meant', (settings, options, message) => {
    expect(() => presenceLimits(settings, options)).toThrow(message);
  });

  test.each([
    [3, 'presence'],
    [{ ...presence, temperature: 0 }, 'presence.temperature'],
    [{ ...presence, falseAlarmRates: [2] }, 'presence.falseAlarmRates'],
    [{ ...presence, falseAlarmRate: 0.3 }, 'presence.falseAlarmRate'],
    [{ ...presence, thresholds: {} }, 'presence.thresholds'],
    [{ ...presence, thresholds: { all: [0.1] } }, 'presence.thresholds.all'],
  ])('names the wrong field of a configuration', (value, field) => {
    expect(presenceProblem(value)?.field).toBe(field);
    expect(presenceProblem(presence)).toBeNull();
  });
});
