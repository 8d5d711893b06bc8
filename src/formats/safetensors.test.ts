import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BiomedParseError } from '../util/errors.ts';
import {
  encodeSafetensors,
  fromFloat32,
  openSafetensors,
  parseSafetensors,
  readSafetensors,
  type StoredTensor,
  streamSafetensors,
  toFloat32,
  writeSafetensors,
} from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (header: string, data: Uint8Array = new Uint8Array(0)): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
};
const parse = (header: string, data?: Uint8Array) => parseSafetensors(file(header, data), 'w.safetensors');
const u8 = (from: number, to: number, shape = [to - from]) => ({ dtype: 'U8', shape, data_offsets: [from, to] });

describe('round trip', () => {
  it('keeps names, types, shapes, values and metadata', async () => {
    const path = join(folder, 'a.safetensors');
    const values = Float32Array.of(1, -2.5, 3e-8, 65504, Infinity, 0.1);
    const tensors = new Map<string, StoredTensor>([
      ['bytes', { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 255) }],
      ['half', fromFloat32(values, [2, 3], 'F16')],
      ['__proto__', fromFloat32(Float32Array.of(7), [])],
      ['wëird "name"', fromFloat32(values, [3, 2])],
      ['empty', fromFloat32(new Float32Array(0), [4, 0])],
      ['long', { dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(-5n, 2n ** 40n).buffer) }],
    ]);
    await writeSafetensors(path, tensors, { format: 'pt', __proto__note: 'x' });
    const { tensors: read, metadata } = await readSafetensors(path);
    expect(metadata).toEqual({ format: 'pt', __proto__note: 'x' });
    expect([...read.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { dtype, shape, bytes }] of tensors) {
      expect(read.get(name), name).toMatchObject({ dtype, shape });
      expect([...read.get(name)!.bytes], name).toEqual([...bytes]);
    }
    expect([...toFloat32(read.get('wëird "name"')!)]).toEqual([...values]);
    expect([...toFloat32(read.get('half')!)]).toEqual([1, -2.5, 2 ** -24 * 1, 65504, Infinity, 0.0999755859375]);
    expect([...toFloat32(read.get('long')!)]).toEqual([-5, 2 ** 40]);
    expect([...toFloat32(read.get('bytes')!)]).toEqual([1, 2, 255]);
    expect([...toFloat32(read.get('__proto__')!)]).toEqual([7]);
    expect(readdirSync(folder)).toEqual(['a.safetensors']);
  });

  it('reads unaligned data and every convertible type', () => {
    const types: [StoredTensor['dtype'], ArrayBufferView, number[]][] = [
      ['F64', Float64Array.of(0.5, -1), [0.5, -1]],
      ['BF16', Uint16Array.of(0x3f80, 0xc000), [1, -2]],
      ['I32', Int32Array.of(-7, 8), [-7, 8]],
      ['U32', Uint32Array.of(4e9, 1), [4e9, 1]],
      ['I16', Int16Array.of(-300, 3), [-300, 3]],
      ['U16', Uint16Array.of(60000, 3), [60000, 3]],
      ['I8', Int8Array.of(-1, 1), [-1, 1]],
      ['BOOL', Uint8Array.of(1, 0), [1, 0]],
      ['U64', BigUint64Array.of(1n, 2n), [1, 2]],
      ['F32', Float32Array.of(0.25, -8), [0.25, -8]],
    ];
    for (const [dtype, array, expected] of types) {
      const bytes = new Uint8Array(array.byteLength + 1).subarray(1);
      bytes.set(new Uint8Array(array.buffer));
      expect([...toFloat32({ dtype, shape: [2], bytes })], dtype).toEqual(expected);
    }
    expect(() => toFloat32({ dtype: 'F8_E4M3', shape: [1], bytes: new Uint8Array(1) })).toThrow('F8_E4M3');
  });

  it('aligns the data of wide types first', () => {
    const parts = encodeSafetensors(
      new Map([
        ['u', { dtype: 'U8', shape: [1], bytes: new Uint8Array(1) }],
        ['f', fromFloat32(Float32Array.of(1), [1])],
      ]),
    );
    expect((parts[0].byteLength + parts[1].byteLength) % 8).toBe(0);
    expect([...parseSafetensors(Buffer.concat(parts), 'x').tensors.keys()]).toEqual(['f', 'u']);
  });
});

describe('refusals', () => {
  const data = new Uint8Array(8);
  const cases: [string, () => unknown, string][] = [
    ['a file of 3 bytes', () => parseSafetensors(new Uint8Array(3), 'w.safetensors'), 'at least 8'],
    ['a header past the end', () => parseSafetensors(file('{}').subarray(0, 9), 'w.safetensors'), 'truncated'],
    ['a huge header', () => parseSafetensors(new Uint8Array(64).fill(255), 'w.safetensors'), 'at most 100000000'],
    ['a header that is no JSON', () => parse('{"a"'), 'not JSON'],
    ['a header that is a list', () => parse('[]'), 'not a JSON object'],
    [
      'invalid UTF-8',
      () => parseSafetensors(Buffer.concat([file('{} ').subarray(0, 10), Uint8Array.of(0xff)]), 'w.safetensors'),
      'not JSON',
    ],
    [
      'an unknown type',
      () => parse('{"a":{"dtype":"F7","shape":[1],"data_offsets":[0,1]}}', data),
      '"F7"; allowed: F64',
    ],
    [
      'a type named as a property of objects',
      () => parse('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}', data),
      '"toString"',
    ],
    ['a negative side', () => parse(JSON.stringify({ a: u8(0, 8, [-8]) }), data), 'shape [-8]'],
    ['a fractional side', () => parse(JSON.stringify({ a: u8(0, 8, [0.5, 16]) }), data), 'shape [0.5,16]'],
    ['wrong offsets', () => parse('{"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}}', data), 'offsets [0]'],
    ['offsets past the end', () => parse(JSON.stringify({ a: u8(0, 9) }), data), 'truncated'],
    ['backward offsets', () => parse(JSON.stringify({ a: u8(4, 2, [2]) }), data), 'bytes 4 to 2'],
    [
      'sizes that disagree',
      () => parse('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}', data),
      'F32 [1] needs 4',
    ],
    ['an overlap', () => parse(JSON.stringify({ a: u8(0, 5), b: u8(4, 8) }), data), '"b" overlaps'],
    ['a hole', () => parse(JSON.stringify({ a: u8(0, 3), b: u8(4, 8) }), data), 'hole of 1 bytes'],
    ['bytes left over', () => parse(JSON.stringify({ a: u8(0, 3) }), data), '5 bytes after the last'],
    [
      'a name given twice',
      () => parse(`{"a":${JSON.stringify(u8(0, 8))},"\\u0061":${JSON.stringify(u8(0, 8))}}`, data),
      '"a" is described twice',
    ],
    ['metadata that is no text', () => parse('{"__metadata__":{"a":1}}'), 'map of strings'],
    ['a tensor that is null', () => parse('{"a":null}'), 'no description'],
  ];
  it.each(cases)('%s', (_, act, message) => {
    let error: unknown;
    try {
      act();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BiomedParseError);
    expect((error as BiomedParseError).code).toBe('input');
    expect((error as BiomedParseError).message).toContain('w.safetensors');
    expect((error as BiomedParseError).message).toContain(message);
  });

  it('files that are missing, folders or truncated', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toThrow(/none: no such file/);
    await expect(readSafetensors(folder)).rejects.toThrow(/it is a folder/);
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, file(JSON.stringify({ a: u8(0, 8) }), data).subarray(0, -1));
    await expect(readSafetensors(path)).rejects.toThrow(/cut\.safetensors.*truncated/);
  });

  it('tensors that cannot be stored', () => {
    const bad: StoredTensor = { dtype: 'F32', shape: [2], bytes: new Uint8Array(4) };
    expect(() => encodeSafetensors(new Map([['a', bad]]))).toThrow('needs 8');
    expect(() => encodeSafetensors(new Map([['__metadata__', { ...bad, shape: [1] }]]))).toThrow('__metadata__');
    expect(() => fromFloat32(new Float32Array(3), [2, 2])).toThrow('[2, 2]');
  });
});

describe('one tensor at a time', () => {
  const tensors = new Map<string, StoredTensor>([
    ['bytes', { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 255) }],
    ['single', fromFloat32(Float32Array.of(1, -2), [2, 1])],
    ['half', fromFloat32(Float32Array.of(0.5), [], 'F16')],
  ]);
  const bytesOf = async (name: string): Promise<Uint8Array> => tensors.get(name)!.bytes;

  it('writes the same file as the whole-file call and reads each tensor by name', async () => {
    const path = join(folder, 'streamed.safetensors');
    await streamSafetensors(path, tensors, bytesOf, { format: 'pt' });
    expect(readFileSync(path)).toEqual(Buffer.concat(encodeSafetensors(tensors, { format: 'pt' })));
    const source = await openSafetensors(path);
    expect([...source.tensors.keys()]).toEqual(['single', 'half', 'bytes']);
    expect(source.tensors.get('single')).toEqual({ dtype: 'F32', shape: [2, 1] });
    for (const [name, { bytes }] of tensors) expect([...(await source.read(name)).bytes]).toEqual([...bytes]);
    await expect(source.read('none')).rejects.toThrow('has no tensor "none"');
    await source.close();
  });

  it('leaves nothing behind when a tensor cannot be had or has other bytes than announced', async () => {
    const path = join(folder, 'failed.safetensors');
    const gone = new BiomedParseError('input', 'source gone');
    await expect(streamSafetensors(path, tensors, () => Promise.reject(gone))).rejects.toBe(gone);
    await expect(streamSafetensors(path, tensors, async () => new Uint8Array(1))).rejects.toThrow(
      '1 bytes, F32 [2, 1]',
    );
    expect(readdirSync(folder).filter((name) => name.includes('failed'))).toEqual([]);
  });

  it('refuses a file that ends while it is read', async () => {
    const path = join(folder, 'shrinking.safetensors');
    await writeSafetensors(path, tensors);
    const source = await openSafetensors(path);
    truncateSync(path, statSync(path).size - 4);
    await expect(source.read('bytes')).rejects.toThrow('it ended after');
    await source.close();
    await expect(openSafetensors(path)).rejects.toThrow('truncated?');
  });
});
