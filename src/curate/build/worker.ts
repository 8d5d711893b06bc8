/** A worker of the build: image files in, finished lines of the journal out. */
import { parentPort, workerData } from 'node:worker_threads';
import { BiomedParseError, errorLine } from '../../util/errors.ts';
import { parseRecipe } from '../recipe/recipe.ts';
import type { Unit } from './plan.ts';
import type { WorkerInput, WorkerMessage } from './pool.ts';
import { buildLine } from './unit.ts';

const { text, file, source, folder, size } = workerData as WorkerInput;
const recipe = parseRecipe(text, file);

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

parentPort?.on('message', async (unit: Unit) => {
  try {
    say({ kind: 'done', index: unit.index, ...(await buildLine(unit, { recipe, source, folder, size })) });
  } catch (error) {
    say({
      kind: 'error',
      code: error instanceof BiomedParseError ? error.code : 'internal',
      message: errorLine(error),
    });
  }
});
