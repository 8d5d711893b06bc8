/**
 * Batches for a specialist: images drawn, placed and toned as in the main model's training, with the masks of all targets of the set at
 * once. An image's numbers depend on the seed and its index alone.
 */
import { createImagePlanner, createRenderer, type ImageStore } from '../../src/dataset/index.ts';
import { mirrorTarget } from '../../src/ontology/index.ts';
import { createRandom, mixSeed } from '../../src/util/random.ts';
import { CELL } from './network.ts';

export interface Batch {
  /** `[B,3,S,S]`, 0..255. */
  readonly pixels: Float32Array;
  /** `[B,T,S/2*S/2]`, the share of each cell that is inside. */
  readonly targets: Float32Array;
  /** `[B,T]`: 1 where the target is in the image. */
  readonly present: Float32Array;
  /** `[B,T]`: 1 where it is known whether it is. */
  readonly known: Float32Array;
}

/** A function from the number of a batch to the batch; refuses (`input`) a store that has nothing to be asked for. */
export function createBatches(
  store: ImageStore,
  targets: readonly string[],
  { size, images, seed }: { readonly size: number; readonly images: number; readonly seed: number },
): (index: number) => Batch {
  const plan = createImagePlanner(store, { mirrors: true });
  const render = createRenderer(store, { size, augmentation: 1, cell: CELL });
  const cells = (size / CELL) ** 2;
  return (index) => {
    const batch = {
      pixels: new Float32Array(images * 3 * size * size),
      targets: new Float32Array(images * targets.length * cells),
      present: new Float32Array(images * targets.length),
      known: new Float32Array(images * targets.length),
    };
    for (let i = 0; i < images; i++) {
      const random = createRandom(mixSeed(seed, index * images + i));
      const { image, group, mirror } = plan(random);
      const rendered = render(random, { image, group, mirror }, image.masks);
      /** Row of a target as it is called in the image as shown; a mirror image may show one that the set does not have. */
      const rowsOf = (stored: string): number[] => {
        const at = targets.indexOf(mirror ? mirrorTarget(stored) : stored);
        return at < 0 ? [] : [i * targets.length + at];
      };
      batch.pixels.set(rendered.pixels, i * 3 * size * size);
      for (const row of image.absent.flatMap(rowsOf)) batch.known[row] = 1;
      for (const [m, mask] of image.masks.entries()) {
        const [row] = rowsOf(store.targetNames[mask.target] as string);
        if (row === undefined) continue;
        batch.targets.set(rendered.targets.subarray(m * cells, (m + 1) * cells), row * cells);
        batch.present[row] = 1;
        batch.known[row] = 1;
      }
    }
    return batch;
  };
}
