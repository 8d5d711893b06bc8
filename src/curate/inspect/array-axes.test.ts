/** Axes of arrays by shape, name and the size of a picture. */
import { describe, expect, it } from 'vitest';
import type { ArrayEntry } from '../../formats/array-variable.ts';
import { asSlices, fitArrays, fitPicture, fitPictureMask, namesInstances } from './array-axes.ts';

const array = (name: string, shape: readonly number[], columnMajor = false): ArrayEntry => ({
  name,
  shape,
  columnMajor,
});

describe('axes of arrays', () => {
  it.each<[string, readonly number[], readonly number[], boolean, string, string]>([
    ['a picture', [40, 50], [40, 50], false, 'yx', 'yx'],
    ['a coloured picture', [40, 50, 3], [40, 50], false, 'yxc', 'yx'],
    ['colours first', [3, 40, 50], [40, 50], false, 'cyx', 'yx'],
    ['a picture with places of labels', [40, 50, 3], [40, 50, 6], false, 'yxc', 'yxl'],
    ['a mask with one channel', [40, 50, 3], [40, 50, 1], false, 'yxc', 'yxc'],
    ['a stack', [9, 40, 50], [9, 40, 50], false, 'nyx', 'nyx'],
    ['a coloured stack', [9, 40, 50, 3], [9, 40, 50], false, 'nyxc', 'nyx'],
    ['a coloured stack with places', [9, 40, 50, 3], [9, 40, 50, 6], false, 'nyxc', 'nyxl'],
    ['colours and places first', [9, 3, 40, 50], [9, 6, 40, 50], false, 'ncyx', 'nlyx'],
    ['volumes', [9, 20, 40, 50], [9, 20, 40, 50], false, 'nzyx', 'nzyx'],
    ['a stack of MATLAB', [40, 50, 9], [40, 50, 9], true, 'yxn', 'yxn'],
    ['a coloured stack of MATLAB', [40, 50, 3, 9], [40, 50, 9], true, 'yxcn', 'yxn'],
    ['a stack of MATLAB with places', [40, 50, 3, 9], [40, 50, 6, 9], true, 'yxcn', 'yxln'],
  ])('%s', (_, image, mask, columnMajor, axes, maskAxes) => {
    const fit = fitArrays([array('', image, columnMajor)], [array('', mask, columnMajor)]);
    expect([fit?.image?.axes, fit?.mask?.axes]).toEqual([axes, maskAxes]);
  });

  it('counts what is read for one item', () => {
    const read = (shape: readonly number[], columnMajor: boolean) =>
      fitArrays([array('', shape, columnMajor)], [array('', shape, columnMajor)])?.image;
    expect(read([9, 40, 50], false)?.elements).toBe(2000);
    expect(read([40, 50, 9], true)?.elements).toBe(2000);
    const own = read([9, 40, 50], false);
    expect(own && asSlices(own)).toMatchObject({ axes: 'zyx', elements: 18_000 });
  });

  it.each<[string, readonly number[], readonly number[]]>([
    ['other sizes', [40, 50], [50, 40]],
    ['another number of items', [9, 40, 50], [8, 40, 50]],
    ['classes of pictures', [9, 40, 50], [9, 1]],
    ['more places than labels have', [40, 50], [40, 50, 65]],
    ['no picture', [9], [9]],
    ['nothing in it', [0, 50], [0, 50]],
  ])('refuses %s', (_, image, mask) => {
    expect(fitArrays([array('', image)], [array('', mask)])).toBeNull();
  });
});

describe('arrays of one file', () => {
  it('takes the image by its name, and kinds before objects', () => {
    const entries = [
      array('inst_map', [40, 50]),
      array('type_map', [40, 50]),
      array('image', [40, 50, 3]),
      array('inst_type', [7, 1]),
    ];
    expect(fitArrays(entries, null)).toMatchObject({
      ...{ image: { variable: 'image' }, mask: { variable: 'type_map' }, others: ['inst_map'] },
      perObject: ['inst_type'],
    });
  });

  it('takes what is called after nothing for the image where a mask is called so', () => {
    const entries = [array('oct', [40, 50]), array('drawing_mask', [40, 50])];
    expect(fitArrays(entries.toReversed(), null)).toMatchObject({
      ...{ image: { variable: 'oct' }, mask: { variable: 'drawing_mask' } },
    });
    expect(fitArrays([array('a', [40, 50]), array('b', [40, 50])], null)).toBeNull();
  });

  it('takes no image for the mask of another', () => {
    expect(fitArrays([array('train_images', [9, 40, 50]), array('test_images', [9, 40, 50])], null)).toBeNull();
  });
});

describe('arrays and pictures', () => {
  it('fit by the size of the picture', () => {
    const masks = [array('bbox', [40, 4]), array('inst_map', [40, 50]), array('mask', [50, 40])];
    expect(fitPicture([50, 40], masks)).toMatchObject({ image: null, mask: { variable: 'inst_map', axes: 'yx' } });
    expect(fitPicture([51, 40], masks)).toBeNull();
    expect(fitPictureMask([50, 40], [array('', [40, 50, 3])])).toMatchObject({ image: { axes: 'yxc' }, mask: null });
    expect(fitPictureMask([50, 40], [array('', [9, 40, 50])])).toBeNull();
  });

  it('tells names of objects', () => {
    expect(['inst_map', 'a/instances', 'my-instance'].map(namesInstances)).toEqual([true, true, true]);
    expect(['instrument', 'type_map', 'distance'].map(namesInstances)).toEqual([false, false, false]);
  });
});
