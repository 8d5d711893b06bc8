import { expect, it } from 'vitest';
import { table } from './table.ts';

it('pads columns, aligns numbers to the right and cuts long cells', () => {
  expect(
    table(
      [
        { title: 'name', max: 6 },
        { title: 'n', align: 'right' },
      ],
      [
        ['abcdefgh', '5'],
        ['x\ny', '120'],
      ],
    ),
  ).toEqual(['name      n', 'abcde…    5', 'x y     120']);
});
