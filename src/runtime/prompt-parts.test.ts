import { expect, test } from 'vitest';
import { publishedConfig } from '../model/config.ts';
import type { Decoded } from './network.ts';
import { decodeInParts, promptsAtOnce } from './prompt-parts.ts';

test('the published network answers prompts one by one, a compact one hundreds', () => {
  expect(promptsAtOnce(publishedConfig, 1024, 1024)).toBe(1);
  expect(promptsAtOnce(publishedConfig, 512, 512)).toBe(4);
  const compact = { ...publishedConfig, decoder: { ...publishedConfig.decoder, queries: 8, heads: 4 } };
  expect(promptsAtOnce(compact, 256, 256)).toBe(256);
  expect(promptsAtOnce(publishedConfig, 8192, 8192)).toBe(1);
});

/** Answers that say which prompt they are to. */
function answer(existence: boolean): (part: readonly number[]) => Promise<Decoded> {
  return async (part) => ({
    logits: Float32Array.from(part.flatMap((n) => [n, n + 0.5])),
    height: 1,
    width: 2,
    queries: Int32Array.from(part),
    existence: existence ? Float32Array.from(part, (n) => -n) : null,
  });
}

test.each([1, 2, 3, 5, 8])('parts of %i give the same as all at once', async (most) => {
  const sizes: number[] = [];
  for (const existence of [true, false]) {
    const decode = answer(existence);
    const found = await decodeInParts([1, 2, 3, 4, 5], most, (part) => {
      sizes.push(part.length);
      return decode(part);
    });
    expect(found).toEqual(await decode([1, 2, 3, 4, 5]));
  }
  expect(Math.max(...sizes)).toBe(Math.min(most, 5));
});

test('a region without a text is one call', async () => {
  expect((await decodeInParts([], 4, answer(false))).queries).toHaveLength(0);
});
