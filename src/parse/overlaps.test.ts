import { describe, expect, it } from 'vitest';
import { conceptNamed } from '../ontology/concepts/index.ts';
import type { Concept } from '../ontology/index.ts';
import { type Found, resolveOverlaps } from './overlaps.ts';

/** A present object whose mask is a row of `#` and `.`, with the same level (of 255) everywhere and as its probability. */
function found(name: string, row: string, level: number): Found {
  const data = Uint8Array.from(row, (character) => (character === '#' ? 1 : 0));
  const areaPx = data.reduce((sum, value) => sum + value, 0);
  return {
    concept: conceptNamed(name) as Concept,
    answer: { presence: 1, probability: level / 255, mask: { data, width: row.length, height: 1 }, areaPx },
    levels: data.map((value) => value * level),
  };
}

const resolved = (...all: Found[]) => {
  const { labels, order, yielded, covered } = resolveOverlaps(all, all[0].levels.length);
  return {
    covered: [...covered].map(([one, by]) => [one.concept.name, by]),
    map: [...labels].map((label) => (label === 0 ? '' : order[label - 1].concept.name)),
    yielded: [...yielded].map(([one, parts]) => [one.concept.name, parts]),
  };
};
const times = (count: number, name: string): string[] => Array(count).fill(name);

describe('parts and wholes', () => {
  it('a whole yields to its present parts', () => {
    const { map, yielded } = resolved(
      found('kidney', '###..###', 250),
      found('left kidney', '.....###', 200),
      found('right kidney', '###.....', 200),
    );
    expect(map).toEqual([...times(3, 'right kidney'), '', '', ...times(3, 'left kidney')]);
    expect(yielded).toEqual([['kidney', ['left kidney', 'right kidney']]]);
  });

  it('a whole that has more than its parts keeps the rest, however unsure the part', () => {
    const { map, yielded } = resolved(found('optic disc', '######', 250), found('optic cup', '..##..', 60));
    expect(map).toEqual([...times(2, 'optic disc'), ...times(2, 'optic cup'), ...times(2, 'optic disc')]);
    expect(yielded).toEqual([]);
  });

  it('an object yields to others that lie in it and leave it nothing', () => {
    const { map, yielded, covered } = resolved(
      found('liver', '##########', 200),
      found('stomach', '#####.....', 180),
      found('spleen', '.....#####', 180),
    );
    expect(map).toEqual([...times(5, 'stomach'), ...times(5, 'spleen')]);
    expect([yielded, covered]).toEqual([[['liver', ['stomach', 'spleen']]], []]);
  });
});

describe('objects side by side', () => {
  it('share the pixels that both claim by probability, in any order', () => {
    const [liver, stomach] = [found('liver', '####..', 150), found('stomach', '..####', 200)];
    const expected = [...times(2, 'liver'), ...times(4, 'stomach')];
    expect(resolved(liver, stomach).map).toEqual(expected);
    expect(resolved(stomach, liver).map).toEqual(expected);
  });

  it('kinds of one thing are one from half in common on, other objects only where nearly the same', () => {
    const kinds = [found('left kidney', '###.', 150), found('right kidney', '.###', 200)];
    expect(resolved(...kinds).covered).toEqual([]); // one half is not more than one half
    const alike = [found('left kidney', '####.', 150), found('right kidney', '.####', 200)];
    expect(resolved(...alike)).toMatchObject({ covered: [['left kidney', 'right kidney']] });
    const others = [found('liver', '####.', 150), found('stomach', '.####', 200)];
    expect(resolved(...others).covered).toEqual([]);
    const same = [found('liver', '##########', 150), found('stomach', '#########.', 200)];
    expect(resolved(...same).covered).toEqual([['liver', 'stomach']]);
  });
});

describe('an object in another', () => {
  const liver = found('liver', '##########', 200);

  it('stays where it is certain, though less so than the other', () => {
    const { map, covered } = resolved(liver, found('stomach', '##........', 150));
    expect(map).toEqual([...times(2, 'stomach'), ...times(8, 'liver')]);
    expect(covered).toEqual([]);
  });

  it('is covered where it is not', () => {
    const { map, covered } = resolved(liver, found('stomach', '##........', 100));
    expect(map).toEqual(times(10, 'liver'));
    expect(covered).toEqual([['stomach', 'liver']]);
  });

  it('is covered where it is not certain by presence', () => {
    const { answer, ...stomach } = found('stomach', '##........', 150);
    const unlikely = { ...stomach, answer: { ...answer, presence: 0.7 } };
    expect(resolved(liver, unlikely).covered).toEqual([['stomach', 'liver']]);
  });

  it('stays where it is in an organ and no organ, certain or not', () => {
    const { map, covered } = resolved(liver, found('liver tumor', '##........', 100));
    expect(map).toEqual([...times(2, 'liver tumor'), ...times(8, 'liver')]);
    expect(covered).toEqual([]);
  });

  it('does not hide an organ that it is much alike', () => {
    const { map } = resolved(liver, found('liver tumor', '########..', 100));
    expect(map).toEqual(times(10, 'liver'));
  });
});

it('nothing found is an empty map', () => {
  const { labels, order } = resolveOverlaps([], 3);
  expect([[...labels], order]).toEqual([[0, 0, 0], []]);
});
