import { describe, expect, it } from 'vitest';
import { figuresOf, meanFigures, scoreRecognition } from './recognition-score.ts';

const found = (...names: string[]): ReadonlySet<string> => new Set(names);

describe('what counts in recognition', () => {
  it('are targets that are there and those that surely are not', () => {
    const known = { present: ['liver', 'spleen'], absent: ['kidney', 'gallbladder'] };
    const scored = scoreRecognition(found('liver', 'kidney', 'stomach'), known);
    expect(scored).toEqual({ right: ['liver'], missed: ['spleen'], wrong: ['kidney'] }); // of a stomach nothing is known
    expect(figuresOf(scored)).toEqual({ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
  });

  it('are concepts: another word for one is the same, and counts once', () => {
    const known = { present: ['cell nuclei'], absent: ['cell nucleus'] };
    expect(scoreRecognition(found('cell nuclei'), known)).toEqual({ right: ['cell nuclei'], missed: [], wrong: [] });
    const lobe = scoreRecognition(found('lower lung lobe'), { present: ['lung lower lobe'], absent: [] });
    expect(lobe.right).toEqual(['lower lung lobe']);
  });

  it('a target that no concept stands for is missed', () => {
    const scored = scoreRecognition(found('liver'), { present: ['widget'], absent: [] });
    expect(scored).toEqual({ right: [], missed: ['widget'], wrong: [] });
    expect(figuresOf(scored)).toEqual({ precision: null, recall: 0, f1: 0 });
  });

  it('0/0 is no figure, and in no mean', () => {
    const nothing = figuresOf({ right: [], missed: [], wrong: [] });
    expect(nothing).toEqual({ precision: null, recall: null, f1: null });
    const wrong = figuresOf({ right: [], missed: [], wrong: ['liver'] });
    expect(wrong).toEqual({ precision: 0, recall: null, f1: 0 });
    const all = figuresOf({ right: ['liver', 'spleen'], missed: ['aorta'], wrong: [] });
    expect(all.f1).toBeCloseTo(4 / 5, 12);
    const means = meanFigures([nothing, wrong, all]);
    expect(means.precision).toBe(0.5);
    expect(means.recall).toBeCloseTo(2 / 3, 12);
    expect(means.f1).toBeCloseTo(2 / 5, 12);
    expect(meanFigures([])).toEqual({ precision: null, recall: null, f1: null });
  });
});
