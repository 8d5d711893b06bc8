/** A specialist's masks of a split, as files that `evaluate --predictions` reads. */
import { join } from 'node:path';
import { type Dataset, itemImage } from '../../src/dataset/index.ts';
import { writeMaskPng } from '../../src/formats/raster.ts';
import { fitToSquare, unfitLogits } from '../../src/image/fit.ts';
import { prepareImage } from '../../src/parse/prepare.ts';
import { openSession } from '../../src/runtime/session.ts';
import { makeFolder } from '../../src/util/files.ts';
import { inferenceGraph } from './graph.ts';
import { CELL } from './network.ts';
import type { SpecialistSettings, Trained } from './train.ts';

/**
 * Writes `<folder>/<set>/NAME_MODALITY_SITE_TARGET.png` for every image of the dataset and every target. Images are prepared, and
 * logits brought back to their size, as the main model does it; what has a probability above 0.5 is inside.
 */
export async function writePredictions(
  { set, size, channels, targets }: SpecialistSettings,
  { weights }: Pick<Trained, 'weights'>,
  dataset: Dataset,
  folder: string,
): Promise<void> {
  const into = join(folder, set);
  await makeFolder(into);
  const session = await openSession(inferenceGraph({ size, channels }, targets.length), { threads: 1 });
  const side = size / CELL;
  try {
    for (const item of dataset.items) {
      const { image } = await prepareImage(await itemImage(dataset, item), {});
      const { pixels, fit } = fitToSquare(image, size, 'pad');
      const { logits } = await session.run({ ...weights, pixels });
      for (const [i, target] of targets.entries()) {
        const own = (logits as Float32Array).subarray(i * side * side, (i + 1) * side * side);
        const data = Uint8Array.from(unfitLogits(own, side, side, fit), (logit) => (logit > 0 ? 1 : 0));
        const file = join(into, `${item.name}_${target.replaceAll(' ', '+')}.png`);
        await writeMaskPng(file, { data, width: image.width, height: image.height });
      }
    }
  } finally {
    await session.dispose();
  }
}
