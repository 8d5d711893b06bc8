import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../../../test/helpers/golden.ts';
import { describeShared, sharedPath } from '../../../test/helpers/shared.ts';
import {
  type CheckpointOptions,
  pickle,
  stateDictPickle,
  torchCheckpoint,
  type WrittenCheckpoint,
} from '../../../test/helpers/torch-writer.ts';
import { openCheckpoint } from '../checkpoint.ts';
import { openSafetensors, readSafetensors, toFloat32 } from '../safetensors.ts';
import { openTorchCheckpoint } from './checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function save(data: Uint8Array): string {
  const path = join(folder, `${count++}.pt`);
  writeFileSync(path, data);
  return path;
}

/** All tensors of a file as float32 in C order, with shape and data type. */
async function readAll(data: Uint8Array) {
  const source = await openTorchCheckpoint(save(data));
  try {
    const out: Record<string, { dtype: string; shape: readonly number[]; values: number[] }> = {};
    for (const [name, { dtype, shape }] of source.tensors) {
      const tensor = await source.read(name);
      expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
      out[name] = { dtype, shape, values: [...toFloat32(tensor)] };
    }
    return out;
  } finally {
    await source.close();
  }
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const one: WrittenCheckpoint = {
  storages: { '0': { type: 'FloatStorage', elements: 6, data: floats(1, 2, 3, 4, 5, 6) } },
  tensors: { weight: { storage: '0', shape: [2, 3] } },
};
const expected = { weight: { dtype: 'F32', shape: [2, 3], values: [1, 2, 3, 4, 5, 6] } };

describe('openTorchCheckpoint', () => {
  const kinds: CheckpointOptions[] = [
    ...[2, 3, 4, 5].map((protocol) => ({ protocol })),
    { deflate: true },
    { zip64: true },
    { zip64: true, deflate: true },
    { byteorder: 'little' },
  ];
  it.each(kinds)('reads %o', async (options) => {
    expect(await readAll(torchCheckpoint(one, options))).toEqual(expected);
  });

  it('reads every storage type', async () => {
    const view = (type: string, data: ArrayBufferView) => ({
      type,
      elements: 3,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    const storages = {
      F64: view('DoubleStorage', Float64Array.of(0.5, -2, 3)),
      F32: view('FloatStorage', Float32Array.of(0.5, -2, 3)),
      F16: view('HalfStorage', Uint16Array.of(0x3800, 0xc000, 0x4200)),
      BF16: view('BFloat16Storage', Uint16Array.of(0x3f00, 0xc000, 0x4040)),
      I64: view('LongStorage', BigInt64Array.of(1n, -2n, 3n)),
      I32: view('IntStorage', Int32Array.of(1, -2, 3)),
      I16: view('ShortStorage', Int16Array.of(1, -2, 3)),
      I8: view('CharStorage', Int8Array.of(1, -2, 3)),
      U8: view('ByteStorage', Uint8Array.of(1, 2, 3)),
      BOOL: view('BoolStorage', Uint8Array.of(1, 0, 1)),
    };
    const tensors = Object.fromEntries(Object.keys(storages).map((key) => [key, { storage: key, shape: [3] }]));
    const read = await readAll(torchCheckpoint({ storages, tensors }));
    for (const [dtype, { values }] of Object.entries(read)) {
      const float = dtype.includes('F');
      const wanted = float ? [0.5, -2, 3] : dtype === 'U8' ? [1, 2, 3] : dtype === 'BOOL' ? [1, 0, 1] : [1, -2, 3];
      expect([dtype, read[dtype].dtype, values]).toEqual([dtype, dtype, wanted]);
    }
  });

  it.each([false, true])('reads strided, shifted, repeated and shared views (deflated: %s)', async (deflate) => {
    const read = await readAll(
      torchCheckpoint(
        {
          storages: one.storages,
          tensors: {
            transposed: { storage: '0', shape: [3, 2], strides: [1, 3] },
            column: { storage: '0', shape: [2], strides: [3], offset: 1 },
            tail: { storage: '0', shape: [2], offset: 4 },
            repeated: { storage: '0', shape: [2, 2], strides: [0, 1], offset: 2 },
            scalar: { storage: '0', shape: [], offset: 5, parameter: true },
            empty: { storage: '0', shape: [0, 4] },
          },
        },
        { deflate },
      ),
    );
    const values = Object.fromEntries(Object.entries(read).map(([name, tensor]) => [name, tensor.values]));
    expect(values).toEqual({
      transposed: [1, 4, 2, 5, 3, 6],
      column: [2, 5],
      tail: [5, 6],
      repeated: [3, 4, 3, 4],
      scalar: [6],
      empty: [],
    });
  });

  it('reads into memory that is given, if it is long enough', async () => {
    const source = await openTorchCheckpoint(save(torchCheckpoint(one)));
    const memory = new Uint8Array(100).fill(255);
    const { bytes } = await source.read('weight', memory);
    expect([bytes.buffer, bytes.byteLength, memory[24]]).toEqual([memory.buffer, 24, 255]);
    expect([...toFloat32({ dtype: 'F32', shape: [2, 3], bytes })]).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await source.read('weight', new Uint8Array(8))).bytes.byteLength).toBe(24);
    await source.close();
  });

  it('reads what a big-endian machine wrote', async () => {
    const data = Buffer.alloc(24);
    for (let i = 0; i < 6; i++) data.writeFloatBE(i + 1, 4 * i);
    const storages = { '0': { type: 'FloatStorage', elements: 6, data } };
    expect(await readAll(torchCheckpoint({ ...one, storages }, { byteorder: 'big' }))).toEqual(expected);
  });

  it('reads a state dict inside a dictionary', async () => {
    const inner = stateDictPickle(one).subarray(2, -1);
    for (const key of ['state_dict', 'model', 'module']) {
      const body = pickle.join(pickle.start(2), '}', pickle.text(key), inner, 's.');
      expect(await readAll(torchCheckpoint(one, { pickle: body }))).toEqual(expected);
    }
  });

  const refused = (data: Uint8Array) => expect(openTorchCheckpoint(save(data))).rejects;
  const tensor = (change: object): Uint8Array =>
    torchCheckpoint({ ...one, tensors: { weight: { storage: '0', shape: [2, 3], ...change } } });

  it.each([
    ['more elements', { shape: [2, 4] }],
    ['an offset past the end', { offset: 1 }],
    ['strides past the end', { strides: [3, 2] }],
    ['strides of another rank', { strides: [1] }],
    ['a huge repetition', { shape: [2 ** 40, 2], strides: [0, 1] }],
    ['sizes beyond all numbers', { shape: [2 ** 50, 2 ** 50, 2 ** 50], strides: [0, 0, 0] }],
  ])('refuses a tensor with %s', async (_, change) => {
    await refused(tensor(change)).toThrow(/^[^\n]*\.pt is not a usable PyTorch checkpoint: a tensor \[[^\n]*$/);
    await refused(tensor(change)).toMatchObject({ code: 'input' });
  });

  it('refuses a tensor that overlaps itself, and says what to do', async () => {
    await refused(tensor({ shape: [3, 3], strides: [1, 1] })).toThrow(
      /a tensor \[3, 3\] with strides \[1, 1\] overlaps itself; save its contiguous\(\) copy$/,
    );
  });

  it('refuses storages that are missing, of another size, or described in two ways', async () => {
    const { storages, tensors } = one;
    const body = stateDictPickle(one);
    await refused(torchCheckpoint({ storages: {}, tensors: {} }, { pickle: body })).toThrow(
      'storage of "weight" is missing',
    );
    const short = { '0': { ...storages['0'], data: floats(1, 2) } };
    await refused(torchCheckpoint({ storages: short, tensors })).toThrow('has 8 bytes, 24 bytes are needed');
    const two = stateDictPickle({ storages, tensors: { ...tensors, again: { storage: '0', shape: [6] } } });
    // the second tensor's storage id says 5 elements: K 6 stands before the tuple's end and Q
    const at = two.lastIndexOf('K\x06tQ');
    two[at + 1] = 5;
    await refused(torchCheckpoint(one, { pickle: two })).toThrow('storage "0" is described in two ways');
    await refused(torchCheckpoint(one, { byteorder: 'middle' })).toThrow('byteorder is neither little nor big');
  });

  it('refuses what is no dictionary of tensors', async () => {
    const { text, int, join, start, global, call } = pickle;
    const bodies: [Uint8Array, RegExp][] = [
      [join(start(2), int(1), '.'), /holds no dictionary/],
      [join(start(2), '}', text('epoch'), int(3), 's.'), /entry "epoch" is no tensor/],
      [join(start(2), '}', int(3), int(3), 's.'), /tensor's name is no text/],
      [join(start(2), call(global('torch._utils', '_rebuild_parameter'), int(1)), '.'), /parameter is made of/],
      [join(start(2), call(global('torch._utils', '_rebuild_tensor_v2'), int(1)), '.'), /tensor is described by/],
      [join(start(2), text('storage'), 'Q.'), /storage is not described by/],
    ];
    for (const [body, message] of bodies) await refused(torchCheckpoint(one, { pickle: body })).toThrow(message);
  });

  it('names TorchScript archives and files of old PyTorch, and says what to do', async () => {
    const script = torchCheckpoint(one, { more: [{ name: 'stem/code/__torch__.py', data: Buffer.from('') }] });
    await refused(script).toThrow(/TorchScript archive .* torch\.save\(torch\.jit\.load\("script\.pt"/);
    const old = save(Buffer.from('8002 8a0a 6cfc9c46f9206aa85019 2e'.replace(/ /g, ''), 'hex'));
    await expect(openTorchCheckpoint(old)).rejects.toThrow(/before version 1\.6.* torch\.save\(torch\.load\("old\.pt"/);
    await expect(openCheckpoint(old)).rejects.toThrow('before version 1.6');
    const tar = Buffer.alloc(512);
    tar.write('ustar', 257);
    await expect(openCheckpoint(save(tar))).rejects.toThrow('before version 1.6');
  });

  it('refuses a file that is not there, a folder and an unknown name', async () => {
    await expect(openTorchCheckpoint(join(folder, 'none.pt'))).rejects.toThrow('none.pt: no such file');
    await expect(openTorchCheckpoint(folder)).rejects.toMatchObject({ code: 'input' });
    const source = await openTorchCheckpoint(save(torchCheckpoint(one)));
    await expect(source.read('bias')).rejects.toThrow('has no tensor "bias"');
    await source.close();
  });
});

describeShared('golden/tiny-model', 'the golden checkpoint', () => {
  it('holds in both formats the same tensors', async () => {
    const torch = await openCheckpoint(sharedPath('golden/tiny-model/tiny.pt'));
    const half = sharedPath('golden/tiny-model/tiny-f16.safetensors');
    const { tensors } = await readSafetensors(half);
    const streamed = await openSafetensors(half);
    expect([torch.format, torch.tensors.size]).toEqual(['PyTorch', tensors.size]);
    for (const [name, whole] of tensors) {
      const wanted = Buffer.from(whole.bytes);
      expect(wanted.equals((await streamed.read(name)).bytes), name).toBe(true);
      expect(largestDifference(toFloat32(await torch.read(name)), toFloat32(whole)), name).toBe(0);
    }
    await torch.close();
    await streamed.close();
  });
});
