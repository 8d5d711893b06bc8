import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { valuesOf } from './weight-values.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-values-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('values in memory are given as they are', () => {
  const data = Float32Array.of(1, 2);
  expect(valuesOf({ shape: [2], data })).toBe(data);
});

test('values in a file are read from their place', () => {
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(0, 1, 2, 3, 9).buffer));
  const external = { location: 'weights.bin', offset: 4, length: 12 };
  expect(valuesOf({ shape: [3], external }, folder)).toEqual(Float32Array.of(1, 2, 3));
});

test('a file that has become shorter is refused', () => {
  writeFileSync(join(folder, 'short.bin'), new Uint8Array(10));
  const external = { location: 'short.bin', offset: 4, length: 12 };
  const message = `${join(folder, 'short.bin')} ended at 10`;
  expect(() => valuesOf({ shape: [3], external }, folder)).toThrow(expect.objectContaining({ code: 'model', message }));
});
