/**
 * Synthetic phantoms: drawn images with exactly known masks for demonstrations, tests and benchmarks. The same kind,
 * size and seed give the same picture. They resemble real images at a glance; they are no substitute for them.
 * Radiological convention: the patient's left is on the right of the image. Refuses sides outside 32..2048 pixels.
 */
import { BiomedParseError } from '../util/errors.ts';
import { createRandom, mixSeed, type Random } from '../util/random.ts';
import { drawAbdomen } from './phantoms/abdomen.ts';
import { drawChest } from './phantoms/chest.ts';
import { drawDermoscopy } from './phantoms/dermoscopy.ts';
import { drawFundus } from './phantoms/fundus.ts';
import { drawHistology } from './phantoms/histology.ts';
import { type Phantom, type PhantomKind, phantomKinds } from './phantoms/types.ts';

export { type Phantom, type PhantomKind, type PhantomMask, phantomKinds } from './phantoms/types.ts';

const MIN_SIZE = 32;
const MAX_SIZE = 2048;

const drawers: Readonly<Record<PhantomKind, (size: number, random: Random) => Omit<Phantom, 'kind'>>> = {
  'chest-radiograph': drawChest,
  'abdomen-ct': drawAbdomen,
  fundus: drawFundus,
  dermoscopy: drawDermoscopy,
  histology: drawHistology,
};

/** A phantom of `size` by `size` pixels. */
export function phantom(kind: PhantomKind, size: number, seed: number): Phantom {
  const draw = Object.hasOwn(drawers, kind) ? drawers[kind] : undefined;
  if (draw === undefined) {
    throw new BiomedParseError('usage', `no phantom is called "${kind}"; allowed: ${phantomKinds.join(', ')}`, {
      kind,
    });
  }
  if (!(Number.isInteger(size) && size >= MIN_SIZE && size <= MAX_SIZE)) {
    throw new BiomedParseError('usage', `a phantom's side must be ${MIN_SIZE} to ${MAX_SIZE} pixels, got ${size}`, {
      size,
    });
  }
  return { kind, ...draw(size, createRandom(mixSeed(seed, phantomKinds.indexOf(kind)))) };
}
