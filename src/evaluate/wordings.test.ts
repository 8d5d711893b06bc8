import { expect, it } from 'vitest';
import { standardDeviation, wordingsPairs } from './wordings.ts';

const answer = (text: string, dice: number, diceUngated = dice) => ({ text, dice, diceUngated });

it('spread is the sample standard deviation', () => {
  expect(standardDeviation([1, 3])).toBeCloseTo(Math.SQRT2, 12);
  expect(standardDeviation([0.4])).toBe(0);
});

it('the spread of a pair is the mean over its objects, with and without refusals', () => {
  const pairs = wordingsPairs([
    { set: 'a', target: 'liver', answers: [answer('liver', 0.9), answer('the liver', 0.9)] },
    { set: 'a', target: 'spleen', answers: [answer('spleen', 0.8), answer('lien', 0, 0.8)] },
    { set: 'a', target: 'spleen', answers: [answer('spleen', 0.8), answer('lien', 0.8)] },
  ]);
  expect(pairs.map(({ target }) => target)).toEqual(['spleen', 'liver']);
  expect(pairs[0]).toMatchObject({
    images: 2,
    dice_mean: 0.6,
    spread_ungated: 0,
    worst_wording: 'lien',
    worst_dice: 0.4,
  });
  expect(pairs[0].spread).toBeCloseTo((0.8 * Math.SQRT1_2) / 2, 5);
});
