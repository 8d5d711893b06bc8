import { describe, expect, it } from 'vitest';
import { compareRuns } from './compare.ts';

const answer = (image: string, dice: number, target = 'lung') => ({ set: 'a', image, target, dice, presence: 1 });

describe('compareRuns', () => {
  it('pairs by set, image and target', () => {
    const ours = [answer('1', 0.9), answer('2', 0.5), answer('3', 0.7), answer('4', 0.2)];
    const theirs = [answer('3', 0.7), answer('1', 0.6), answer('2', 0.6), answer('1', 0.1, 'heart')];
    expect(compareRuns(ours, theirs)).toMatchObject({
      ...{ n: 3, unpaired: 2, dice_mean: 0.7, dice_mean_other: 0.633333, difference: 0.066667, better: 1, worse: 1 },
      wilcoxon_p: 1, // ranks 2 and 1: half of all signs are as extreme on either side
    });
  });
  it('draws images of every set by itself', () => {
    const run = (dice: number[]) =>
      dice.flatMap((value, at) =>
        Array.from({ length: 20 }, (_, i) => ({ ...answer(String(i), value), set: `set ${at}` })),
      );
    expect(compareRuns(run([0.6, 0.4]), run([0.5, 0.5])).difference_interval?.map(Math.abs)).toEqual([0, 0]);
  });
  it('takes equal differences for ties', () => {
    const [ours, theirs] = [
      [0.8, 0.3, 0.6],
      [0.7, 0.2, 0.5],
    ].map((dice) => dice.map((one, i) => answer(String(i), one)));
    const even = [0.5, 0.5, 0.5].map((one, i) => answer(String(i), one));
    const same = [0.6, 0.6, 0.6].map((one, i) => answer(String(i), one));
    expect(compareRuns(ours, theirs).wilcoxon_p).toBe(compareRuns(same, even).wilcoxon_p);
  });
  it('finds no difference of a run from itself, and refuses runs without a common object', () => {
    const run = [answer('1', 0.9), answer('2', 0.5)];
    expect(compareRuns(run, run)).toMatchObject({ difference: 0, difference_interval: [0, 0], wilcoxon_p: null });
    expect(() => compareRuns(run, [answer('3', 1)])).toThrow(/no object in common/);
  });
});
