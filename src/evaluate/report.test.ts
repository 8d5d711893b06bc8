import { describe, expect, it } from 'vitest';
import { makeReport, type PresentAnswer } from './report.ts';

const present = (set: string, modality: string, target: string, dice: number, presence = 0.9): PresentAnswer => ({
  ...{ set, image: 'x', modality, site: 'chest', target, dice, presence },
  diceUngated: dice === 0 ? 0.5 : dice,
  iou: dice / (2 - dice),
  hd95: dice === 0 ? null : 4,
  assd: dice === 0 ? null : 2,
  hd95Mm: null,
  assdMm: null,
  surfaceDice: dice,
  shape: { areaFraction: 0.02, boxRatio: 0.2, convexRatio: 0.6, inertiaRatio: 1 },
});
const facts = {
  images: 20,
  seconds: 4,
  presenceLimit: () => 0.5,
  statedFalseAlarmRate: 0.1,
  modalities: ['CT', 'MRI', 'OCT'],
  familyOf: (modality: string) => modality.split('-')[0],
};

describe('makeReport', () => {
  const answers = [
    ...[1, 0.8, 0.6, 0.4, 0].map((score) => present('b', 'MRI-T1', 'tumor', score, score === 0 ? 0.2 : 0.9)),
    ...[1, 1, 1, 1, 1, 0.7].map((score) => present('a', 'CT', 'lung', score)),
    present('a', 'CT', 'rare', 0.1),
  ];
  const report = makeReport(
    answers,
    [
      { modality: 'CT', kind: 'set', presence: 0.9 },
      { modality: 'CT', kind: 'impossible', presence: 0.1 },
    ],
    facts,
  );

  it('groups by set and target, in order of name', () => {
    expect(report.sets.map(({ set, target, n }) => [set, target, n])).toEqual([
      ['a', 'lung', 6],
      ['a', 'rare', 1],
      ['b', 'tumor', 5],
    ]);
    expect(report.sets[2]).toMatchObject({
      modality: 'MRI-T1',
      dice_mean: 0.56,
      dice_median: 0.6,
      dice_mean_ungated: 0.66,
    });
    expect(report.sets[0]).toMatchObject({ dice_mean: 0.95, dice_median: 1 });
  });
  it('counts only pairs with at least 5 masks in the headline', () => {
    expect(report.mean_dice).toBe(0.755); // (0.56 + 0.95) / 2
    expect(report.mean_dice_ungated).toBe(0.805); // (0.66 + 0.95) / 2
    expect(report.mean_dice_all_pairs).toBeCloseTo((0.56 + 0.95 + 0.1) / 3, 5);
    expect([report.pairs, report.pairs_with_5_masks]).toEqual([3, 2]);
    expect(report.by_modality).toEqual({ CT: 0.95, MRI: 0.56, OCT: null });
  });
  it('parts a set of several families by modality', () => {
    const mixed = [
      ...Array.from({ length: 5 }, () => present('a', 'CT', 'liver', 0.9)),
      ...Array.from({ length: 5 }, () => present('a', 'MRI-T2', 'liver', 0.5)),
    ];
    const { by_modality, pairs_by_modality } = makeReport(mixed, [], facts);
    expect([by_modality, pairs_by_modality]).toEqual([
      { CT: 0.9, MRI: 0.5, OCT: null },
      { CT: 1, MRI: 1, OCT: 0 },
    ]);
  });
  it('scores presence against absent prompts of either kind', () => {
    // 12 present: 11 at 0.9, 1 at 0.2. Against 0.9: 11 ties -> 5.5/12; against 0.1: 12/12
    expect(report.presence_auroc_same_set).toBeCloseTo(5.5 / 12, 5);
    expect(report.presence_auroc_impossible).toBe(1);
    expect(report.presence_auroc).toBeCloseTo(17.5 / 24, 5);
    expect(report.sensitivity).toBeCloseTo(11 / 12, 5);
    expect(report.specificity).toBe(0.5);
  });
  it('says how precise and how calibrated presence is', () => {
    // by falling presence: 11 present and 1 absent at 0.9, 1 present at 0.2, 1 absent at 0.1
    expect(report.presence_auprc).toBeCloseTo((11 * (11 / 12) + 12 / 13) / 12, 5);
    // 0.9: 12 prompts, 0.9 against 11/12; 0.2: 0.2 against 1; 0.1: 0.1 against 0
    expect(report.presence_calibration_error).toBeCloseTo((Math.abs(12 * 0.9 - 11) + 0.8 + 0.1) / 14, 5);
    expect([report.false_alarm_rate_stated, report.false_alarm_rate]).toEqual([0.1, 0.5]);
  });
  it('leaves empty masks out of distances only', () => {
    expect(report.sets[2]).toMatchObject({ hd95_px: 4, assd_px: 2, hd95_mm: null, surface_dice_mean: 0.56 });
    expect([report.mean_hd95_px, report.mean_assd_px, report.empty_masks]).toEqual([4, 2, 1]);
  });
  it('groups by shape and size', () => {
    const all = { n: 12, dice_mean: Number((8.6 / 12).toFixed(6)) };
    expect(report.groups.box_ratio[0]).toEqual({ from: 0, to: 0.3, ...all });
    expect(report.groups.box_ratio[1]).toEqual({ from: 0.3, to: 0.5, n: 0, dice_mean: null });
    expect(report.groups.convex_ratio[2]).toMatchObject(all);
    expect(report.groups.inertia_ratio[3]).toMatchObject(all); // 1 is in the last one
    expect(report.groups.size[2]).toMatchObject({ from: 0.01, to: 0.05, ...all });
  });
  it('gives speed and says what an empty ground truth scores', () => {
    expect(report.images_per_second).toBe(5);
    expect(report.empty_ground_truth).toMatch(/not in the Dice mean/);
  });
  it('is null, not 0, where nothing was measured', () => {
    const empty = makeReport([], [], { ...facts, images: 0, seconds: 0 });
    expect([empty.mean_dice, empty.presence_auroc, empty.sensitivity]).toEqual([null, null, null]);
  });
});
