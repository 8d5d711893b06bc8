import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from './npy.ts';

describe('npy', () => {
  it('writes what numpy.save writes', () => {
    const bytes = Buffer.from(encodeNpy(Float32Array.of(1, -2, 0.5, 4, 5, 6), [1, 2, 3]));
    expect(bytes.subarray(0, 8).toString('hex')).toBe('934e554d50590100');
    expect(bytes.readUInt16LE(8)).toBe(118);
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }";
    expect(bytes.subarray(10, 128).toString('latin1')).toBe(`${header.padEnd(117)}\n`);
    expect(bytes.length).toBe(128 + 24);
    expect(bytes.readFloatLE(128 + 8)).toBe(0.5);
  });

  it.each([[[6]], [[2, 3]], [[1, 6, 1]]])('reads back shape %j', (shape) => {
    const floats = Float32Array.of(1, 2, 3, NaN, -0, 1e-40);
    expect(decodeNpy(encodeNpy(floats, shape), 'a.npy')).toEqual({ data: floats, shape });
    const bytes = Uint8Array.of(0, 1, 2, 3, 254, 255);
    expect(decodeNpy(encodeNpy(bytes, shape), 'a.npy')).toEqual({ data: bytes, shape });
  });

  it('reads an unaligned view, a scalar and an empty array', () => {
    const bytes = encodeNpy(Float32Array.of(7), []);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeNpy(shifted.subarray(1), 'a.npy')).toEqual({ data: Float32Array.of(7), shape: [] });
    expect(decodeNpy(encodeNpy(new Uint8Array(0), [0, 4]), 'a.npy').shape).toEqual([0, 4]);
  });

  it('refuses other files, types, orders and lengths, naming the file', () => {
    const bytes = encodeNpy(Uint8Array.of(1, 2), [2]);
    const patched = (from: string, to: string) =>
      Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');
    expect(() => decodeNpy(Buffer.from('not an array at all'), 'a.npy')).toThrow('a.npy');
    expect(() => decodeNpy(bytes.subarray(0, 40), 'a.npy')).toThrow('truncated');
    expect(() => decodeNpy(bytes.subarray(0, -1), 'a.npy')).toThrow('shape [2] needs 2');
    expect(() => decodeNpy(patched("'|u1'", "'<i8'"), 'a.npy')).toThrow("'<i8'; allowed: '<f4'");
    expect(() => decodeNpy(patched('False', 'True '), 'a.npy')).toThrow('Fortran');
    expect(() => decodeNpy(patched("'shape'", "'shade'"), 'a.npy')).toThrow('lacks');
    expect(() => encodeNpy(Uint8Array.of(1), [2])).toThrow('[2]');
  });
});
