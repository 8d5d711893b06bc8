/**
 * Many prompts on one image, some at a time: the decoder's maps grow with every prompt that it answers at once, and large
 * ones are fetched from the system anew at each use.
 */
import type { ModelConfig } from '../model/config.ts';
import type { Decoded } from './network.ts';

/** Pixels of all queries' masks at 1/8 that a decoder may hold: 8 MB of float32. */
const MOST_PIXELS = 2 ** 21;

/** How many prompts are decoded at once, a power of two: hundreds by a compact network, one by the published one. */
export function promptsAtOnce({ decoder }: ModelConfig, height: number, width: number): number {
  const pixels = decoder.queries * (height / 8) * (width / 8);
  return 2 ** Math.max(0, Math.floor(Math.log2(MOST_PIXELS / pixels)));
}

/** Answers to parts of a list of prompts, one behind the other. */
function join(parts: readonly Decoded[]): Decoded {
  const [{ height, width, existence }] = parts as readonly [Decoded];
  const count = parts.reduce((n, { queries }) => n + queries.length, 0);
  const logits = new Float32Array(count * height * width);
  const queries = new Int32Array(count);
  const scores = existence === null ? null : new Float32Array(count);
  let at = 0;
  for (const part of parts) {
    logits.set(part.logits, at * height * width);
    queries.set(part.queries, at);
    if (part.existence !== null) scores?.set(part.existence, at);
    at += part.queries.length;
  }
  return { logits, height, width, queries, existence: scores };
}

/** Decodes at most `most` prompts at a time and gives all answers in order. */
export async function decodeInParts<T>(
  prompts: readonly T[],
  most: number,
  decode: (part: readonly T[]) => Promise<Decoded>,
): Promise<Decoded> {
  if (prompts.length <= most) return decode(prompts);
  const parts: Decoded[] = [];
  for (let i = 0; i < prompts.length; i += most) parts.push(await decode(prompts.slice(i, i + most)));
  return join(parts);
}
