/** Arrays of files: what is listed of them by headers, by value; what is refused; damaged files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { matFile, npy, npz } from '../../test/helpers/arrays.ts';
import { survive } from '../../test/helpers/mutations.ts';
import { listArrays, openArray } from './array-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'biomedparse-arrays-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** A header of NumPy that says something else, of the same length. */
const renamed = (bytes: Uint8Array, from: string, to: string): Buffer =>
  Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');

const MAT = matFile([
  { name: 'image', shape: [2, 3, 1], data: Uint8Array.from([1, 2, 3, 4, 5, 6]) },
  { name: 'inst_map', shape: [2, 3], data: Float64Array.from([0, 0, 7, 0, 0, 9]), packed: true },
]);

describe('lists of arrays', () => {
  it('of NumPy: the one without a name, rows or columns first', async () => {
    const c = npy([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(await listArrays(await written('c.npy', c))).toEqual([{ name: '', shape: [2, 3], columnMajor: false }]);
    const fortran = renamed(c, "'fortran_order': False", "'fortran_order': True ");
    expect(await listArrays(await written('f.NPY', fortran))).toEqual([{ name: '', shape: [2, 3], columnMajor: true }]);
  });

  it('of a NumPy archive that packs masks well', async () => {
    const path = await written('masks.npz', npz({ gts: npy([20, 1024, 1024], new Uint8Array(20 * 2 ** 20)) }, true));
    expect(await listArrays(path)).toMatchObject([{ name: 'gts', shape: [20, 1024, 1024] }]);
  });

  it('of a NumPy archive: text is passed over, and refused where it is alone', async () => {
    const text = renamed(npy([8], [0, 0, 0, 0, 0, 0, 0, 0]), "'|u1'", "'<U2'");
    const path = await written('a.npz', npz({ label: npy([2, 2], [0, 1, 2, 3]), names: text }, true));
    expect(await listArrays(path)).toEqual([{ name: 'label', shape: [2, 2], columnMajor: false }]);
    const file = await openArray(path, 'label');
    expect([...(await file.read(1, 3))]).toEqual([1, 2, 3]);
    file.close();
    await expect(listArrays(await written('b.npz', npz({ names: text })))).rejects.toThrow(
      "b.npz:names.npy is not a usable .npy file: its elements are '<U2'",
    );
    expect(await listArrays(await written('c.npz', npz({})))).toEqual([]);
  });

  it('of MATLAB, version 5: by headers, columns first', async () => {
    expect(await listArrays(await written('a.mat', MAT))).toEqual([
      { name: 'image', shape: [2, 3, 1], columnMajor: true },
      { name: 'inst_map', shape: [2, 3], columnMajor: true },
    ]);
  });

  it('of HDF5, and of MATLAB 7.3 with the axes turned back', async () => {
    const { default: h5wasm, File } = await import('h5wasm/node');
    await h5wasm.ready;
    const path = join(folder, 'a.h5');
    const file = new File(path, 'w');
    file.create_dataset({ name: 'images', data: Uint8Array.from({ length: 6 }, (_, i) => i), shape: [3, 2] });
    const turned = file.create_group('truth').create_dataset({
      ...{ name: 'mask', data: Float64Array.from({ length: 6 }, (_, i) => i), shape: [3, 2] },
    });
    turned.create_attribute('MATLAB_class', 'double');
    file.close();
    expect(await listArrays(path)).toEqual([
      { name: 'images', shape: [3, 2], columnMajor: false },
      { name: 'truth/mask', shape: [2, 3], columnMajor: true },
    ]);
  });

  it.each([
    ['a.npy', 'some text that is no array', 'a.npy is not a usable .npy file: it does not start as one'],
    ['a.npz', 'some text that is no array', 'a.npz is not a usable zip archive: '],
    ['b.mat', 'some text that is no array', 'b.mat is not a usable MATLAB file: it has 26 bytes (truncated?)'],
    ['b.h5', 'some text that is no array', 'b.h5 is not a usable HDF5 file: it does not start as one'],
    ['d.npy', Buffer.from(npy([2, 3], [1, 2, 3, 4, 5, 6])).subarray(0, 130), 'shape [2, 3] needs 134'],
    ['d.mat', MAT.subarray(0, MAT.length - 10), 'd.mat is not a usable MATLAB file: '],
  ])('refuses %s', async (name, bytes, reason) => {
    await expect(listArrays(await written(name, bytes))).rejects.toThrow(reason);
  });

  it('refuses a file that is not there', async () => {
    for (const ending of ['npy', 'npz', 'mat', 'h5']) {
      await expect(listArrays(join(folder, `none.${ending}`))).rejects.toThrow('no such file');
    }
  });
});

describe('damaged files of arrays', () => {
  const whole = async (path: string): Promise<void> => {
    for (const { name, shape } of await listArrays(path)) {
      const file = await openArray(path, name === '' ? undefined : name);
      try {
        await file.read(
          0,
          shape.reduce((product, side) => product * side, 1),
        );
      } finally {
        file.close();
      }
    }
  };

  it.each([
    ['mat', [MAT]],
    ['npz', [false, true].map((deflate) => npz({ a: npy([2, 3], [1, 2, 3, 4, 5, 6]) }, deflate))],
    ['npy', [npy([2, 3], [1, 2, 3, 4, 5, 6])]],
  ])('of %s: 300', async (ending, sources) => {
    const read = async (bytes: Buffer): Promise<void> => whole(await written(`damaged.${ending}`, bytes));
    await survive({ name: ending, sources: sources.map((one) => Buffer.from(one)), text: ending === 'npy', read }, 300);
  });
});
