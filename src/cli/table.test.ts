import { expect, it } from 'vitest';
import { fileColumn, table } from './table.ts';

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

it('keeps the end of a long path', () => {
  const [, row] = table([fileColumn('image', 10), { title: 'n' }], [['/data/case/scan.png', '1']]);
  expect(row).toBe('…/scan.png  1');
});
