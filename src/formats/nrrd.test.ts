/** NRRD and MetaImage: two text headers with much in common, tested side by side. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { describeShared, sharedPath } from '../../test/helpers/shared.ts';
import { randomVolume } from '../../test/helpers/volumes.ts';
import { emptyMask, sameGrid } from '../image/volume.ts';
import { createRandom } from '../util/random.ts';
import { decodeMha, encodeMha, readMha, writeMha } from './mha.ts';
import { decodeNrrd, encodeNrrd, readNrrd, writeNrrd } from './nrrd.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-nrrd-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FORMATS = [
  { name: 'NRRD', encode: encodeNrrd, decode: decodeNrrd, read: readNrrd, write: writeNrrd, ending: 'nrrd' },
  { name: 'MetaImage', encode: encodeMha, decode: decodeMha, read: readMha, write: writeMha, ending: 'mha' },
];

describe.each(FORMATS)('$name', ({ encode, decode, read, write, ending }) => {
  it('gives back what it wrote, to the last bit: 200 volumes', async () => {
    const random = createRandom(7);
    for (let trial = 0; trial < 200; trial++) {
      const volume = randomVolume(random);
      const back = (await decode(Buffer.concat(await encode(volume, trial % 2 === 0)), 'a')).volume;
      expect(back.data).toEqual(volume.data);
      expect(back.channels).toBe(volume.channels);
      expect(sameGrid(back, volume, 1e-9)).toBe(true);
    }
  });

  it('writes and reads files, masks too', async () => {
    const mask = emptyMask(randomVolume(createRandom(8)));
    mask.data.fill(1, 0, mask.data.length / 2);
    const path = join(folder, `mask.${ending}`);
    await write(path, mask);
    expect((await read(path)).volume.data).toEqual(mask.data);
  });

  it('refuses truncated and damaged data', async () => {
    const volume = { ...randomVolume(createRandom(9)), channels: 1 as const, data: new Int16Array(8) };
    const small = { ...volume, size: [2, 2, 2] as const };
    const raw = Buffer.concat(await encode(small, false));
    await expect(decode(raw.subarray(0, -1), 'a')).rejects.toThrow('truncated');
    const packed = Buffer.concat(await encode(small, true));
    await expect(decode(packed.subarray(0, -12), 'a')).rejects.toMatchObject({ code: 'input' });
  });
});

const nrrd = (lines: string[], data: Uint8Array = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)): Buffer =>
  Buffer.concat([Buffer.from(`NRRD0004\n${lines.join('\n')}\n\n`, 'latin1'), data]);
const BASE = ['type: uchar', 'dimension: 3', 'sizes: 2 2 2', 'encoding: raw'];
const without = (name: string, ...more: string[]): string[] => [
  ...BASE.filter((line) => !line.startsWith(name)),
  ...more,
];

describe('NRRD headers', () => {
  it('are read in RAS and LAS, with spacings alone, and with a big-endian type', async () => {
    const directions = 'space directions: (2,0,0) (0,3,0) (0,0,4)';
    const origin = 'space origin: (10,20,30)';
    const ras = (await decodeNrrd(nrrd([...BASE, 'space: RAS', directions, origin]), 'a')).volume;
    expect([ras.origin, ras.spacing]).toEqual([
      [-10, -20, 30],
      [2, 3, 4],
    ]);
    expect(ras.direction[0][0]).toBe(-1);
    const las = (await decodeNrrd(nrrd([...BASE, 'space: left-anterior-superior', directions, origin]), 'a')).volume;
    expect(las.origin).toEqual([10, -20, 30]);
    const plain = await decodeNrrd(nrrd([...BASE, 'spacings: 0.5 0.6 NaN']), 'a');
    expect(plain.volume.spacing).toEqual([0.5, 0.6, 1]);
    expect(plain.notes[0]).toContain('no anatomical space');
    const big = nrrd(['type: unsigned short', 'dimension: 2', 'sizes: 2 2', 'encoding: raw', 'endian: big']);
    const image = (await decodeNrrd(big, 'a')).volume;
    expect([image.size, [...image.data]]).toEqual([
      [2, 2, 1],
      [258, 772, 1286, 1800],
    ]);
  });

  it('give one frame of an axis that is not spatial, first or last', async () => {
    const space = ['space: LPS', 'encoding: raw', 'type: uchar', 'dimension: 4'];
    const steps = '(1,0,0) (0,1,0) (0,0,1)';
    const first = nrrd([...space, 'sizes: 2 2 2 1', `space directions: none ${steps}`]);
    expect([...(await decodeNrrd(first, 'a', { frame: 1 })).volume.data]).toEqual([2, 4, 6, 8]);
    const last = nrrd([...space, 'sizes: 2 2 1 2', `space directions: ${steps} none`]);
    expect([...(await decodeNrrd(last, 'a', { frame: 1 })).volume.data]).toEqual([5, 6, 7, 8]);
    await expect(decodeNrrd(last, 'a')).rejects.toThrow('a holds 2 frames; choose one from 0 to 1');
  });

  it('skip lines and bytes', async () => {
    const data = Buffer.from('line\nxx12345678', 'latin1');
    const skipped = await decodeNrrd(nrrd([...BASE, 'line skip: 1', 'byte skip: 2'], data), 'a');
    expect(skipped.volume.data[0]).toBe(0x31);
    const fromEnd = await decodeNrrd(nrrd([...BASE, 'byte skip: -1'], data), 'a');
    expect(fromEnd.volume.data[7]).toBe(0x38);
    await expect(decodeNrrd(nrrd([...BASE, 'line skip: 3'], data), 'a')).rejects.toThrow('fewer than the 3 lines');
    await expect(decodeNrrd(nrrd([...BASE, 'byte skip: -2'], data), 'a')).rejects.toThrow('whole numbers');
  });

  it.each([
    ['no magic', Buffer.from('NRRD9999\n'), 'NRRD0001 to NRRD0005'],
    ['no type', nrrd(without('type')), 'samples are of type ""'],
    ['a block type', nrrd(without('type', 'type: block')), 'type "block"'],
    ['no dimension', nrrd(without('dimension')), '"dimension" is missing'],
    ['five axes', nrrd(without('dimension', 'dimension: 5')), 'allowed: 2 to 4'],
    ['sizes of another count', nrrd(without('sizes', 'sizes: 2 2')), '2 sizes for 3 axes'],
    ['sizes that are no numbers', nrrd(without('sizes', 'sizes: 2 x 2')), 'whole numbers are needed'],
    ['a size of 0', nrrd(without('sizes', 'sizes: 2 0 2')), 'positive whole numbers'],
    ['huge sizes', nrrd(without('sizes', 'sizes: 99999 99999 99999')), 'at most 2147483648'],
    ['text encoding', nrrd(without('encoding', 'encoding: ascii')), 'encoding is "ascii"; allowed: raw, gzip'],
    ['an unknown space', nrrd([...BASE, 'space: scanner-xyz']), 'space is "scanner-xyz"'],
    ['a direction too many', nrrd([...BASE, 'space directions: (1,0,0) (0,1,0)']), '2 space directions for 3 axes'],
    ['no vector', nrrd([...BASE, 'space origin: (1,2)']), 'no vector of three'],
    ['flat directions', nrrd([...BASE, 'space directions: (1,0,0) (1,0,0) (0,0,1)']), 'span no space'],
    ['one spatial axis', nrrd([...BASE, 'kinds: list list domain']), '1 spatial axes and 2 others'],
    ['other axis amid', nrrd([...BASE, 'kinds: domain list domain']), 'only the first or the last'],
    ['a field twice', nrrd([...BASE, 'type: int']), '"type" is given twice'],
    ['a data file', nrrd([...BASE, 'data file: x.raw']), 'another file that was not given'],
  ])('are refused with %s', async (_, bytes, reason) => {
    await expect(decodeNrrd(bytes, 'a.nrrd')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/^a\.nrrd is not a usable NRRD file: /),
    });
    await expect(decodeNrrd(bytes, 'a.nrrd')).rejects.toThrow(reason);
  });
});

const mha = (lines: string[], data: Uint8Array = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)): Buffer =>
  Buffer.concat([Buffer.from(`${lines.join('\n')}\n`, 'latin1'), data]);
const META = [
  'NDims = 3',
  'BinaryData = True',
  'DimSize = 2 2 2',
  'ElementType = MET_UCHAR',
  'ElementDataFile = LOCAL',
];
const meta = (...changed: string[]): string[] => {
  const names = changed.map((line) => line.split(' ')[0]);
  return [...changed, ...META.filter((line) => !names.includes(line.split(' ')[0]))].sort((a, b) =>
    a.startsWith('ElementDataFile') ? 1 : b.startsWith('ElementDataFile') ? -1 : 0,
  );
};

describe('MetaImage headers', () => {
  it('are read with frames, big-endian types, two axes and a turned matrix', async () => {
    const frames = mha(meta('NDims = 4', 'DimSize = 2 2 1 2'));
    expect([...(await decodeMha(frames, 'a', { frame: 1 })).volume.data]).toEqual([5, 6, 7, 8]);
    const big = mha(meta('NDims = 2', 'DimSize = 2 2', 'ElementType = MET_SHORT', 'BinaryDataByteOrderMSB = True'));
    expect([...(await decodeMha(big, 'a')).volume.data]).toEqual([258, 772, 1286, 1800]);
    const turned = mha(meta('TransformMatrix = 0 1 0 1 0 0 0 0 -1', 'Offset = 1 2 3', 'ElementSpacing = 4 5 6'));
    const { volume } = await decodeMha(turned, 'a');
    expect(volume.direction).toEqual([
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, -1],
    ]);
    expect([volume.origin, volume.spacing]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const tail = mha(meta('HeaderSize = -1'), Buffer.from('xx12345678'));
    expect((await decodeMha(tail, 'a')).volume.data[0]).toBe(0x31);
  });

  it.each([
    ['no data file', mha(['NDims = 3']), 'no ElementDataFile'],
    ['text samples', mha(meta('BinaryData = False')), 'samples are text'],
    ['five axes', mha(meta('NDims = 5')), 'allowed: 2, 3, 4'],
    ['an unknown type', mha(meta('ElementType = MET_STRING')), 'ElementType is MET_STRING'],
    ['two channels', mha(meta('ElementNumberOfChannels = 2')), 'allowed: 1, 3, 4'],
    ['wrong sizes', mha(meta('DimSize = 2 2')), 'is not 3 numbers'],
    ['a negative size', mha(meta('DimSize = 2 2 -2')), 'positive whole numbers'],
    ['a flat matrix', mha(meta('TransformMatrix = 1 0 0 1 0 0 0 0 1')), 'span no space'],
    ['a strange header size', mha(meta('HeaderSize = 1.5')), 'HeaderSize'],
    ['another file', mha(meta('ElementDataFile = a.raw')), 'another file that was not given'],
  ])('are refused with %s', async (_, bytes, reason) => {
    await expect(decodeMha(bytes, 'a.mha')).rejects.toMatchObject({ code: 'input' });
    await expect(decodeMha(bytes, 'a.mha')).rejects.toThrow(reason);
  });

  it('are refused with several data files', async () => {
    const detached = async () => new Uint8Array(8);
    await expect(decodeMha(mha(meta('ElementDataFile = LIST')), 'a', { detached })).rejects.toThrow('several files');
    await expect(decodeMha(mha(meta('ElementDataFile = a%d.raw')), 'a', { detached })).rejects.toThrow('several files');
  });
});

describe('detached headers', () => {
  it('find their data in the same folder', async () => {
    writeFileSync(join(folder, 'a.raw.gz'), gzipSync(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
    writeFileSync(
      join(folder, 'a.nhdr'),
      nrrd([...without('encoding', 'encoding: gzip'), 'data file: a.raw.gz'], new Uint8Array(0)),
    );
    expect((await readNrrd(join(folder, 'a.nhdr'))).volume.data[7]).toBe(8);
    writeFileSync(join(folder, 'a.raw'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    writeFileSync(join(folder, 'a.mhd'), mha(meta('ElementDataFile = a.raw'), new Uint8Array(0)));
    expect((await readMha(join(folder, 'a.mhd'))).volume.data[7]).toBe(8);
  });

  it.each([
    '../a.raw',
    '/etc/hostname',
    'sub/a.raw',
    '..\\a.raw',
    'C:a.raw',
    '..',
    '.',
    'a\0b',
  ])('are refused with a path: %s', async (name) => {
    writeFileSync(join(folder, 'bad.nhdr'), nrrd([...BASE, `data file: ${name}`]));
    await expect(readNrrd(join(folder, 'bad.nhdr'))).rejects.toThrow('plain file name in the same folder');
    writeFileSync(join(folder, 'bad.mhd'), mha(meta(`ElementDataFile = ${name}`)));
    await expect(readMha(join(folder, 'bad.mhd'))).rejects.toThrow('plain file name in the same folder');
  });

  it('name a data file that is missing', async () => {
    writeFileSync(join(folder, 'gone.nhdr'), nrrd([...BASE, 'data file: gone.raw']));
    await expect(readNrrd(join(folder, 'gone.nhdr'))).rejects.toThrow('gone.raw: no such file');
  });
});

describeShared('samples/dicom-seg-liver', 'a real NRRD file', () => {
  it('has its geometry and values', async () => {
    const { volume } = await readNrrd(sharedPath('samples/dicom-seg-liver/liver_seg.nrrd'));
    expect(volume.size).toEqual([512, 512, 3]);
    expect(volume.data).toBeInstanceOf(Int16Array);
    expect(volume.origin).toEqual([-235.2, -226.8, -128.69]);
    expect(volume.spacing[0]).toBeCloseTo(0.810547, 9);
    // Counted with numpy over the inflated data.
    expect((volume.data as Int16Array).reduce((sum: number, value: number) => sum + value, 0)).toBe(107098);
  });
});
