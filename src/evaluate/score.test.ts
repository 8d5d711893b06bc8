import { expect, test } from 'vitest';
import { scoreAnswer } from './score.ts';

const bits = (text: string) => ({ width: 4, height: 1, data: Uint8Array.from(text, Number) });

test('a mask scores in pixels, and in mm where the size of pixels is known', () => {
  const [mask, truth] = [bits('1000'), bits('1100')];
  const scores = scoreAnswer({ mask, presence: 0.9 }, truth, 0.5, { file: 'x', spacing: [4, 1] });
  // edge distances there 0, back 0 and 1
  expect(scores).toMatchObject({ dice: 2 / 3, diceUngated: 2 / 3, assd: 1 / 3, assdMm: 4 / 3 });
  expect(scores.iou).toBeCloseTo(1 / 2, 12);
  expect([scores.hd95, scores.hd95Mm]).toEqual([0.95, 3.8]);
  expect(scoreAnswer({ mask, presence: 0.9 }, truth, 0.5, { file: 'x' })).toMatchObject({ hd95: 0.95, hd95Mm: null });
});

test('a refused mask scores as none does, but for the Dice without the refusal', () => {
  const none = { dice: 0, iou: 0, hd95: null, assd: null, hd95Mm: null, assdMm: null, surfaceDice: 0 };
  const at = { file: 'x', spacing: [1, 1] } as const;
  const mask = bits('0110');
  expect(scoreAnswer({ mask, presence: 0.4 }, mask, 0.5, at)).toMatchObject({ ...none, diceUngated: 1 });
  expect(scoreAnswer({ mask: null, presence: 0 }, mask, 0.5, at)).toMatchObject({ ...none, diceUngated: 0 });
});
