/**
 * One model for all beside one model for each: trains a specialist for every set, some at a time, each in a process of one thread and low
 * priority; then scores their masks and the one model on the same test images with `evaluate` and prints the tables. Steps that
 * are done are not done again: ended in between, it goes on from the last checkpoints.
 *
 *   node --import tsx bench/specialist/all.ts <data-root> [--sets a,b] [--steps 2600] [--output runs/specialist] [--parallel 2] [--model dir]
 */
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIo } from '../../src/cli/process.ts';
import { run } from '../../src/cli/run.ts';
import { listSets } from '../../src/dataset/index.ts';
import { BiomedParseError, errorLine, exitStatus } from '../../src/util/errors.ts';
import { writeFileAtomic } from '../../src/util/files.ts';
import { readOptions, type SpecialistOptions } from './options.ts';
import { comparisonTables } from './table.ts';

const LOW_PRIORITY = 10;
const io = processIo();

/** Trains one set in a process of its own; refuses (`runtime`) one that ends with an error. */
function trainInProcess(set: string, { root, output, steps, seed }: SpecialistOptions): Promise<void> {
  const file = fileURLToPath(new URL('./one.ts', import.meta.url));
  const options = ['--sets', set, '--output', output, '--steps', String(steps), '--seed', String(seed)];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...process.execArgv, file, root, ...options], { stdio: 'inherit' });
    const stop = (): void => void child.kill('SIGTERM');
    io.signal.addEventListener('abort', stop);
    child.on('error', fail);
    child.on('exit', (code) => {
      io.signal.removeEventListener('abort', stop);
      if (code === 0) done();
      else fail(new BiomedParseError('runtime', `training of ${set} ended with ${code}`, { set }));
    });
  });
}

/** Trains all sets, `parallel` at a time. */
async function trainAll(options: SpecialistOptions): Promise<void> {
  const left = [...options.sets];
  const lane = async (): Promise<void> => {
    for (let set = left.shift(); set !== undefined; set = left.shift()) {
      io.signal.throwIfAborted();
      await trainInProcess(set, options);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: options.parallel }, lane));
  const failed = lanes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failed !== undefined) throw failed.reason;
}

/** What `evaluate --json` says of the test splits, also kept in a file. */
async function evaluated({ root, sets }: SpecialistOptions, by: readonly string[], file: string) {
  let text = '';
  const argv = ['evaluate', root, '--split', 'test', '--sets', sets.join(','), '--json', ...by];
  const out = (part: string): void => {
    text += part;
  };
  const status = await run(argv, { ...io, out });
  if (status !== 0) throw new BiomedParseError('runtime', `evaluate ended with ${status}`, { status });
  await writeFileAtomic(file, text);
  return JSON.parse(text);
}

try {
  const options = readOptions(process.argv.slice(2));
  const { root, sets, output, model } = options;
  await listSets(root, sets);
  setPriority(LOW_PRIORITY);
  await trainAll(options);
  const specialist = await evaluated(
    options,
    ['--predictions', join(output, 'predictions')],
    join(output, 'specialist.json'),
  );
  const main = await evaluated(options, model === undefined ? [] : ['--model', model], join(output, 'one-model.json'));
  io.out(`${comparisonTables(specialist, main).join('\n')}\n`);
} catch (error) {
  console.error(errorLine(error));
  process.exitCode = io.signal.aborted ? 130 : exitStatus(error);
}
