/**
 * Memory while a checkpoint is read, measured in a process of its own: less than 1.3 times its largest tensor (1.5 times if it
 * is compressed), that tensor included, whatever lies beside it in the file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInChild } from '../../../test/helpers/read-checkpoints.ts';
import { torchCheckpoint, type WrittenTensor } from '../../../test/helpers/torch-writer.ts';
import { fromFloat32, writeSafetensors } from '../safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'biomedparse-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [rows, columns] = [3072, 8192];
const values = new Float32Array(rows * columns);
const bytes = values.byteLength; // 101 MB, as the published checkpoint's largest
// four bits of every byte, so that deflating gains something, and not so much that it looks like a bomb
for (let i = 0, state = 1, words = new Uint32Array(values.buffer); i < words.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  words[i] = state & 0x0f0f0f0f;
}
const storages = {
  large: { type: 'FloatStorage', elements: values.length, data: new Uint8Array(values.buffer) },
  small: { type: 'FloatStorage', elements: 1000, data: new Uint8Array(values.buffer, 0, 4000) },
};
const others = Object.fromEntries(
  Array.from({ length: 200 }, (_, i): [string, WrittenTensor] => [`small${i}`, { storage: 'small', shape: [1000] }]),
);

/** Reads a file and gives the most memory that it took. */
async function peakOf(path: string, total: number): Promise<number> {
  const [result] = await readInChild([path], 250);
  expect(result.error).toBeNull();
  expect(result.total).toBe(total);
  rmSync(path);
  return result.peak;
}

async function peakOfTorch(tensors: Record<string, WrittenTensor>, total: number, deflate = false): Promise<number> {
  const path = join(folder, 'large.pt');
  writeFileSync(path, torchCheckpoint({ storages, tensors }, { deflate }));
  return peakOf(path, total);
}

describe('memory while a checkpoint is read', { timeout: 300_000 }, () => {
  const large = { storage: 'large', shape: [rows, columns] };
  const small = 200 * 4000;
  it('PyTorch: one large tensor among small ones, as it lies and transposed', async () => {
    const transposed = { storage: 'large', shape: [columns, rows], strides: [1, columns] };
    expect(await peakOfTorch({ transposed, large, ...others }, 2 * bytes + small)).toBeLessThan(1.3 * bytes);
  });
  it('PyTorch: deflated', async () => {
    // unpacking leaves its pieces to the garbage collector, which does not hurry
    expect(await peakOfTorch({ ...others, large }, bytes + small, true)).toBeLessThan(1.5 * bytes);
  });
  it('PyTorch: a few values out of a large storage do not cost the storage', async () => {
    const column = { storage: 'large', shape: [rows], strides: [columns] };
    expect(await peakOfTorch({ column }, 4 * rows)).toBeLessThan(0.3 * bytes);
  });
  it('safetensors', async () => {
    const path = join(folder, 'large.safetensors');
    const tensors = new Map([['large', fromFloat32(values, [rows, columns])]]);
    for (const name of Object.keys(others)) tensors.set(name, fromFloat32(values.subarray(0, 1000), [1000]));
    await writeSafetensors(path, tensors);
    expect(await peakOf(path, bytes + small)).toBeLessThan(1.3 * bytes);
  });
});
