/**
 * Trains one specialist, or goes on with it, and writes its masks of the set's test split to `<output>/predictions/<set>`:
 *
 *   node --import tsx bench/specialist/one.ts <data-root> --sets jsrt-chest [--steps 2600] [--output runs/specialist]
 */
import { join } from 'node:path';
import { processIo } from '../../src/cli/process.ts';
import { type Dataset, loadImages, openDataset } from '../../src/dataset/index.ts';
import { trainingDefaults } from '../../src/train/config.ts';
import { errorLine, exitStatus } from '../../src/util/errors.ts';
import { unet } from './network.ts';
import { readOptions } from './options.ts';
import { writePredictions } from './predict.ts';
import { type SpecialistSettings, trainSpecialist } from './train.ts';

const IMAGES_PER_STEP = 4;

/** Targets that have a mask in a split, sorted. */
const targetsOf = ({ items }: Dataset): string[] =>
  [...new Set(items.flatMap(({ targets }) => targets.map(({ target }) => target)))].sort();

try {
  const { root, sets, output, steps, seed } = readOptions(process.argv.slice(2));
  const [set] = sets;
  const io = processIo();
  const [train, test] = [
    await openDataset(root, { split: 'train', sets: [set] }),
    await openDataset(root, { split: 'test', sets: [set] }),
  ];
  const settings: SpecialistSettings = {
    ...{ ...unet, set, targets: targetsOf(train), steps, seed },
    ...{ imagesPerStep: IMAGES_PER_STEP, optimiser: trainingDefaults.optimiser },
  };
  const trained = await trainSpecialist(settings, await loadImages(train), join(output, set), {
    onLine: (line) => io.err(`${line}\n`),
    signal: io.signal,
  });
  if (trained.step === steps) await writePredictions(settings, trained, test, join(output, 'predictions'));
  else process.exitCode = 130;
} catch (error) {
  console.error(errorLine(error));
  process.exitCode = exitStatus(error);
}
