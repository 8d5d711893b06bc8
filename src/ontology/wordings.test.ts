import { describe, expect, it } from 'vitest';
import { concepts, isTrained, resolve, wordings } from './index.ts';

describe('wordings', () => {
  it('are ten different ones, the target itself first, the same for the same seed', () => {
    const ten = wordings('left lung', 'X-Ray', 'chest', { seed: 5 });
    expect(ten.slice(0, 2)).toEqual(['left lung', 'left lung in chest X-Ray']);
    expect(new Set(ten).size).toBe(10);
    expect(wordings('left lung', 'X-Ray', 'chest', { seed: 5 })).toEqual(ten);
    expect(wordings('left lung', 'X-Ray', 'chest', { seed: 6 })).not.toEqual(ten);
    expect(wordings('left lung', 'X-Ray', 'chest', { count: 1 })).toEqual(['left lung']);
  });

  it('of every trained target mean it when they are resolved back', () => {
    for (const concept of concepts.filter(isTrained)) {
      const [{ modality, site }] = concept.trainedViews;
      const ten = wordings(concept.targets[0], modality, site);
      expect([concept.name, ten.length]).toEqual([concept.name, 10]);
      for (const text of ten.slice(2)) expect(resolve(text, { modality, site }).concept?.name, text).toBe(concept.name);
    }
  });

  it('of an unknown target are made of its name', () => {
    const ten = wordings('left widget', 'CT', 'abdomen');
    expect(ten).toHaveLength(10);
    for (const text of ten) expect(text).toMatch(/left.*widget|widget.*left/);
  });
});
