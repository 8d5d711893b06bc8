import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { randomVolume } from '../../test/helpers/volumes.ts';
import { indexToLps, sameGrid, type Vector, type Volume } from '../image/volume.ts';
import { createRandom } from '../util/random.ts';
import { decodeNifti, encodeNifti, readNifti, writeNifti } from './nifti.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-nifti-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A little-endian NIfTI-1 file of 2 x 1 x 1 voxels without orientation; fields are set by offset. */
function made(code: number, samples: Uint8Array, change: (view: DataView, bytes: Buffer) => void = () => undefined) {
  const bytes = Buffer.alloc(352 + samples.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setInt32(0, 348, true);
  for (const [i, side] of [3, 2, 1, 1].entries()) view.setInt16(40 + 2 * i, side, true);
  view.setInt16(70, code, true);
  for (let i = 0; i < 4; i++) view.setFloat32(76 + 4 * i, 1, true);
  view.setFloat32(108, 352, true);
  bytes.write('n+1\0', 344, 'latin1');
  bytes.set(samples, 352);
  change(view, bytes);
  return bytes;
}

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('NIfTI', () => {
  it('gives back what it wrote: 200 volumes of all types and geometries, compressed or not', async () => {
    const random = createRandom(3);
    for (let trial = 0; trial < 200; trial++) {
      const volume = randomVolume(random, trial % 2 === 0);
      const plain = Buffer.concat(encodeNifti(volume));
      const back = await decodeNifti(trial % 3 === 0 ? gzipSync(plain) : plain, 'a.nii');
      expect(back.volume.data).toEqual(volume.data);
      expect(back.volume.channels).toBe(volume.channels);
      expect(sameGrid(back.volume, volume, 2e-4)).toBe(true); // float32 in the header
    }
  });

  it('writes a qform that says the same as the sform where axes are at right angles', async () => {
    const random = createRandom(4);
    for (let trial = 0; trial < 100; trial++) {
      const volume = randomVolume(random, true);
      const bytes = Buffer.concat(encodeNifti(volume));
      bytes.writeInt16LE(0, 254); // no sform
      expect(sameGrid((await decodeNifti(bytes, 'a.nii')).volume, volume, 2e-3)).toBe(true);
    }
  });

  it('writes NIfTI-2 where a side is too long for NIfTI-1', async () => {
    const volume = randomVolume(createRandom(5), true);
    const long: Volume = { ...volume, size: [40_000, 1, 1], channels: 1, data: new Uint8Array(40_000).fill(7) };
    const bytes = Buffer.concat(encodeNifti(long));
    expect(bytes.readInt32LE(0)).toBe(540);
    const back = (await decodeNifti(bytes, 'a.nii')).volume;
    expect(back.data).toEqual(long.data);
    for (const axis of [0, 1, 2]) expect(back.origin[axis]).toBeCloseTo(long.origin[axis], 9);
    bytes.writeInt32LE(0, 348); // no sform
    bytes.writeInt32LE(540, 0);
    const byQuaternion = (await decodeNifti(bytes, 'a.nii')).volume;
    expect(indexToLps(byQuaternion, [9, 0, 0])[0]).toBeCloseTo(indexToLps(long, [9, 0, 0])[0], 6);
  });

  it('writes and reads files, and pairs of .hdr and .img by either name', async () => {
    const volume = randomVolume(createRandom(6));
    const path = join(folder, 'a.nii.gz');
    await writeNifti(path, volume);
    expect((await readNifti(path)).volume.data).toEqual(volume.data);
    const [header, samples] = encodeNifti(volume);
    const pair = Buffer.from(header.slice(0, 348));
    pair.write('ni1\0', 344, 'latin1');
    pair.writeFloatLE(0, 108);
    writeFileSync(join(folder, 'b.hdr'), pair);
    writeFileSync(join(folder, 'b.img'), samples);
    for (const name of ['b.hdr', 'b.img']) {
      expect((await readNifti(join(folder, name))).volume.data).toEqual(volume.data);
    }
    await expect(decodeNifti(pair, 'b.hdr')).rejects.toThrow('.img file');
  });

  it('turns RAS to LPS, metres to millimetres, and says when no orientation is there', async () => {
    const bytes = made(16, bytesOf(1, 2), (view, file) => {
      view.setInt16(254, 1, true);
      const rows = [0, 0.002, 0, 0.1, 0.001, 0, 0, 0.2, 0, 0, 0.003, 0.3];
      for (const [i, value] of rows.entries()) view.setFloat32(280 + 4 * i, value, true);
      file[123] = 1;
      file.write('MR T1\0rest', 148, 'latin1');
    });
    const { volume, notes } = await decodeNifti(bytes, 'a.nii');
    expect(volume.direction).toEqual([
      [-0, -1, 0],
      [-1, -0, 0],
      [-0, -0, 1],
    ]);
    const near = (vector: Vector, expected: Vector) =>
      expected.forEach((value, i) => {
        expect(vector[i]).toBeCloseTo(value, 4);
      });
    near(volume.origin, [-100, -200, 300]);
    near(volume.spacing, [1, 2, 3]);
    expect(volume.identifiers).toEqual({ description: 'MR T1' });
    expect(notes).toEqual([]);
    expect((await decodeNifti(made(16, bytesOf(1, 2)), 'a.nii')).notes[0]).toContain('names no orientation');
  });

  it('scales, keeps integers where that is exact, and ignores a slope of 0 or no number', async () => {
    const int16 = new Uint8Array(Int16Array.of(5, 4000).buffer);
    const scaled = async (slope: number, intercept: number) =>
      (
        await decodeNifti(
          made(4, int16, (view) => {
            view.setFloat32(112, slope, true);
            view.setFloat32(116, intercept, true);
          }),
          'a.nii',
        )
      ).volume.data;
    expect(await scaled(1, -1024)).toEqual(Int16Array.of(-1019, 2976));
    expect(await scaled(0.5, 1)).toEqual(Float32Array.of(3.5, 2001));
    expect(await scaled(0, 7)).toEqual(Int16Array.of(5, 4000));
    expect(await scaled(Number.NaN, 7)).toEqual(Int16Array.of(5, 4000));
  });

  it('reads 64-bit integers, colour and big-endian files', async () => {
    const wide = new Uint8Array(BigInt64Array.of(-5n, 2n ** 40n).buffer);
    expect((await decodeNifti(made(1024, wide), 'a.nii')).volume.data).toEqual(Float64Array.of(-5, 2 ** 40));
    const rgb = await decodeNifti(made(128, Uint8Array.of(1, 2, 3, 4, 5, 6)), 'a.nii');
    expect([rgb.volume.channels, ...rgb.volume.data]).toEqual([3, 1, 2, 3, 4, 5, 6]);
    const big = made(4, Uint8Array.of(1, 2, 0xff, 0xfe), (view) => {
      view.setInt32(0, 348);
      for (const [i, side] of [3, 2, 1, 1].entries()) view.setInt16(40 + 2 * i, side);
      view.setInt16(70, 4);
      for (let i = 0; i < 4; i++) view.setFloat32(76 + 4 * i, 2);
      view.setFloat32(108, 352);
    });
    const { volume } = await decodeNifti(big, 'a.nii');
    expect(volume.data).toEqual(Int16Array.of(258, -2));
    expect(volume.spacing).toEqual([2, 2, 2]);
  });

  it('hands out one frame of a 4-D file and asks for a choice', async () => {
    const bytes = made(16, bytesOf(1, 2, 3, 4, 5, 6), (view) => {
      view.setInt16(40, 4, true);
      view.setInt16(48, 3, true);
    });
    for (const file of [bytes, gzipSync(bytes)]) {
      const second = await decodeNifti(file, 'a.nii', { frame: 1 });
      expect([second.frames, ...second.volume.data]).toEqual([3, 3, 4]);
      await expect(decodeNifti(file, 'a.nii')).rejects.toMatchObject({
        code: 'usage',
        message: 'a.nii holds 3 frames; choose one from 0 to 2',
      });
      await expect(decodeNifti(file, 'a.nii', { frame: 3 })).rejects.toThrow('has no frame 3; allowed: 0 to 2');
    }
  });

  it('refuses what it cannot read, naming file and reason', async () => {
    const cases: [Uint8Array, string][] = [
      [Buffer.from('short'), 'header of 348 or 540 bytes'],
      [new Uint8Array(400), 'header of 348 or 540 bytes'],
      [made(16, bytesOf(1, 2), (_, file) => file.write('abc', 344)), 'magic word'],
      [made(32, bytesOf(1, 2)), 'its samples are complex numbers'],
      [made(1, bytesOf(1, 2)), 'its samples are single bits'],
      [made(77, bytesOf(1, 2)), 'unknown type (code 77)'],
      [made(16, bytesOf(1)), 'it has 356 bytes, 360 are needed (truncated?)'],
      [gzipSync(made(16, bytesOf(1))), 'it holds 356 bytes, 360 are needed'],
      [gzipSync(made(16, bytesOf(1, 2))).subarray(0, 40), 'damaged or truncated'],
      [made(16, bytesOf(1, 2), (view) => view.setInt16(40, 9, true)), 'it has 9 dimensions'],
      [made(16, bytesOf(1, 2), (view) => view.setInt16(42, -2, true)), 'its size is -2 x 1 x 1'],
      [made(16, bytesOf(1, 2), (view) => view.setFloat32(108, 12, true)), 'start at byte 12'],
      [made(16, bytesOf(1, 2), (view) => view.setFloat32(80, Number.POSITIVE_INFINITY, true)), 'voxel sizes'],
      [
        made(16, bytesOf(1, 2), (view) => {
          for (let i = 1; i <= 3; i++) view.setInt16(40 + 2 * i, 32767, true);
        }),
        'at most 2147483648 are allowed',
      ],
    ];
    for (const [bytes, reason] of cases) {
      const refused = expect(decodeNifti(bytes, 'a.nii')).rejects;
      await refused.toMatchObject({ code: 'input', message: expect.stringContaining(reason) });
      await refused.toThrow('a.nii');
    }
  });

  it('neither inflates nor allocates more than compressed bytes can hold', async () => {
    const bomb = gzipSync(
      made(2, new Uint8Array(0), (view) => {
        for (let i = 1; i <= 3; i++) view.setInt16(40 + 2 * i, 1200, true);
      }),
    );
    await expect(decodeNifti(bomb, 'a.nii.gz')).rejects.toThrow('cannot hold the 1728000352 that are needed');
    const zeros = gzipSync(made(2, new Uint8Array(5e7)));
    expect((await decodeNifti(zeros, 'a.nii.gz')).volume.data.length).toBe(2);
  });
});

/** Sizes, affine (RAS), sums and single voxels as nibabel 5.0.0 reads these files. */
const ORACLE = [
  {
    file: 'nifti/patient041_frame01_image.nii.gz',
    size: [154, 224, 6],
    affine: [
      [1.5, 0, 0, 0],
      [0, 1.5, 0, 0],
      [0, 0, 10, 0],
    ],
    sum: 54828158,
    voxels: [
      [77, 74, 3, 44],
      [51, 112, 2, 576],
    ],
  },
  {
    file: 'nifti/sct1_T2.nii.gz',
    size: [60, 55, 52],
    affine: [
      [0, 0, 1, -32.21928405761719],
      [-1, 0, 0, 31.786605834960938],
      [0, 1, 0, -19.321670532226562],
    ],
    sum: 22473922,
    voxels: [
      [30, 18, 26, 245],
      [20, 27, 17, 103],
    ],
  },
  {
    file: 'nifti/tsct_ct.nii.gz',
    size: [122, 101, 112],
    affine: [
      [3, 0, 0, -177.95632934570312],
      [0, 3, 0, 11.319000244140625],
      [0, 0, 3, 94.3017578125],
    ],
    sum: -496851173,
    voxels: [
      [61, 33, 56, 7],
      [40, 50, 37, 57],
    ],
  },
  {
    file: 'dicom-ct-series-label.nii.gz',
    size: [512, 512, 20],
    affine: [
      [-0.9765625, 0, 0, 249.51171875],
      [0, 0.9765625, 0, -61.51171875],
      [0, 0, 2, -804.5],
    ],
    sum: 14229599,
    voxels: [
      [256, 170, 10, 33],
      [170, 256, 6, 5],
    ],
  },
] as const;

describeShared('samples/nifti', 'real NIfTI files', () => {
  it.each(ORACLE)('$file has the values that nibabel reads', async ({ file, size, affine, sum, voxels }) => {
    const { volume } = await readNifti(sharedPath(`samples/${file}`));
    expect(volume.size).toEqual(size);
    const ras = (index: Vector): Vector => {
      const [x, y, z] = indexToLps(volume, index);
      return [-x, -y, z];
    };
    const origin = ras([0, 0, 0]);
    for (let row = 0; row < 3; row++) {
      expect(origin[row]).toBeCloseTo(affine[row][3], 4);
      for (let axis = 0; axis < 3; axis++) {
        const step = ras([0, 1, 2].map((i) => (i === axis ? 1 : 0)) as unknown as Vector)[row] - origin[row];
        expect(step).toBeCloseTo(affine[row][axis], 5);
      }
    }
    expect((volume.data as Int16Array).reduce((total: number, value: number) => total + value, 0)).toBe(sum);
    for (const [i, j, k, value] of voxels) expect(volume.data[i + size[0] * (j + size[1] * k)]).toBe(value);
  });

  it('come back the same when written', async () => {
    const { volume } = await readNifti(sharedPath('samples/nifti/sct1_T2.nii.gz'));
    const path = join(folder, 'again.nii.gz');
    await writeNifti(path, volume);
    const again = (await readNifti(path)).volume;
    expect(again.data).toEqual(volume.data);
    expect(sameGrid(again, volume, 1e-4)).toBe(true);
    expect(gunzipSync(readFileSync(path)).readFloatLE(108)).toBe(352);
  });
});
