/**
 * Ways to ask for the same target, for tests of how much the wording matters: the target's own name, the published form,
 * and others drawn as training draws them. Each means the target when it is resolved back. The same seed gives the same ones.
 */
import { createRandom, mixSeed } from '../util/random.ts';
import { conceptOfTarget } from './concepts/index.ts';
import { drawPrompt, publishedPrompt } from './prompts.ts';
import { resolve } from './resolve/resolve.ts';

const MOST_DRAWS = 1000;

export interface WordingOptions {
  /** How many, the target's own name included (default 10). */
  readonly count?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Different wordings of a target in an image of that modality and site; fewer than asked only where there are no more. */
export function wordings(target: string, modality: string, site: string, options: WordingOptions = {}): string[] {
  const { count = 10, seed = 0 } = options;
  const concept = conceptOfTarget(target);
  const found = new Set([target, publishedPrompt(target, modality, site)].slice(0, count));
  const random = createRandom(mixSeed(seed, ...Buffer.from(`${target}|${modality}|${site}`)));
  for (let draw = 0; draw < MOST_DRAWS && found.size < count; draw++) {
    const text = drawPrompt(random, target, modality, site);
    if (found.has(text)) continue;
    if (concept === undefined || resolve(text, { modality, site }).concept === concept) found.add(text);
  }
  return [...found];
}
