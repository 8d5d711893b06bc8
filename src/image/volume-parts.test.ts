/** Parts in space against a plain flood fill over all neighbours. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../util/random.ts';
import type { MaskVolume, Vector } from './volume.ts';
import { fillVolumeHoles, largestPart } from './volume-parts.ts';

function maskOf(size: Vector, data: Uint8Array): MaskVolume {
  const direction = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const;
  return { size, spacing: [1, 1, 1], origin: [0, 0, 0], direction, data };
}

/** Labels from 1 by flood fill; neighbours differ by at most 1 along each axis, over faces only if so wanted. */
function flood({ size: [w, h, d], data }: MaskVolume, value: number, facesOnly: boolean): Int32Array {
  const labels = new Int32Array(data.length);
  let count = 0;
  for (let start = 0; start < data.length; start++) {
    if (data[start] !== value || labels[start] !== 0) continue;
    labels[start] = ++count;
    const stack = [start];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const [x, y, z] = [at % w, Math.floor(at / w) % h, Math.floor(at / (w * h))];
      for (let c = Math.max(0, z - 1); c <= Math.min(d - 1, z + 1); c++) {
        for (let b = Math.max(0, y - 1); b <= Math.min(h - 1, y + 1); b++) {
          for (let a = Math.max(0, x - 1); a <= Math.min(w - 1, x + 1); a++) {
            if (facesOnly && Math.abs(a - x) + Math.abs(b - y) + Math.abs(c - z) !== 1) continue;
            const next = (c * h + b) * w + a;
            if (data[next] !== value || labels[next] !== 0) continue;
            labels[next] = count;
            stack.push(next);
          }
        }
      }
    }
  }
  return labels;
}

const random = createRandom(7);
const masks = Array.from({ length: 60 }, (_, i) => {
  const size: Vector = [1 + random.integer(9), 1 + random.integer(7), 1 + random.integer(6)];
  const share = [0.1, 0.3, 0.6, 0.85][i % 4];
  return maskOf(
    size,
    Uint8Array.from({ length: size[0] * size[1] * size[2] }, () => (random.uniform(0, 1) < share ? 1 : 0)),
  );
});

describe('largestPart', () => {
  it('keeps the part of most voxels that a flood fill over 26 neighbours finds', () => {
    for (const mask of masks) {
      const labels = flood(mask, 1, false);
      const sizes = new Map<number, number>();
      for (const label of labels) if (label > 0) sizes.set(label, (sizes.get(label) ?? 0) + 1);
      const best = [...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? -1;
      const found = largestPart(mask);
      expect(found.parts).toBe(sizes.size);
      expect([...found.mask.data]).toEqual([...labels].map((label) => (label === best ? 1 : 0)));
    }
  });

  it('leaves an empty mask empty', () => {
    const empty = maskOf([3, 2, 2], new Uint8Array(12));
    expect(largestPart(empty)).toEqual({ mask: empty, parts: 0 });
  });
});

describe('fillVolumeHoles', () => {
  it('fills what no way over faces leads out of', () => {
    for (const mask of masks) {
      const [w, h, d] = mask.size;
      const labels = flood(mask, 0, true);
      const open = new Set<number>();
      for (const [at, label] of labels.entries()) {
        const [x, y, z] = [at % w, Math.floor(at / w) % h, Math.floor(at / (w * h))];
        if (x === 0 || y === 0 || z === 0 || x === w - 1 || y === h - 1 || z === d - 1) open.add(label);
      }
      const filled = [...mask.data].map((value, at) => (value === 1 || !open.has(labels[at]) ? 1 : 0));
      expect([...fillVolumeHoles(mask).data]).toEqual(filled);
    }
  });

  it('fills a cavity, not a tunnel', () => {
    const shell = new Uint8Array(125).fill(1);
    shell[62] = 0;
    expect(fillVolumeHoles(maskOf([5, 5, 5], shell)).data.every((value) => value === 1)).toBe(true);
    for (let z = 0; z < 5; z++) shell[z * 25 + 12] = 0;
    expect(fillVolumeHoles(maskOf([5, 5, 5], shell)).data).toEqual(shell);
  });
});
