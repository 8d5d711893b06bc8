/** `biomedparse data build`: recipes built on a source folder; a summary per set. Exit status 1 where an image failed. */
import { availableParallelism } from 'node:os';
import { type BuildSummary, buildSet } from '../curate/build/build.ts';
import { recipeFile } from '../curate/recipe/registry.ts';
import type { CliIo } from './io.ts';
import { type Progress, startProgress } from './progress.ts';

/** Values of the command's options, as commander spells them. */
export interface BuildCommand {
  readonly source: string;
  readonly out: string;
  readonly size: number;
  readonly workers?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Failures that are told one by one; the manifest has them all. */
const MOST_TOLD = 20;

function tell(summary: BuildSummary, io: CliIo): void {
  const { set, folder, files, reused, images, masks, dropped, slicesDropped, failures, notes } = summary;
  const made = Object.values(masks).reduce((sum, count) => sum + count, 0);
  for (const note of notes) io.err(`${set}: ${note}\n`);
  for (const failure of failures.slice(0, MOST_TOLD)) io.err(`${set}: failed: ${failure}\n`);
  if (failures.length > MOST_TOLD)
    io.err(`${set}: … and ${failures.length - MOST_TOLD} more, see ${folder}/build.jsonl\n`);
  io.out(
    `${set}: ${images.train} training and ${images.test} test images with ${made} masks of ${Object.keys(masks).length} targets, from ${files} files (${reused} built before); left out: ${dropped} files, ${slicesDropped} slices without masks; failed: ${failures.length}\n`,
  );
}

/** Runs the command; gives the exit status. */
export async function runBuild(recipes: readonly string[], command: BuildCommand, io: CliIo): Promise<number> {
  const { source, out, size, workers = availableParallelism(), strict = false, json = false } = command;
  const files = await Promise.all(recipes.map(recipeFile));
  const summaries: BuildSummary[] = [];
  for (const file of files) {
    let progress: Progress | undefined;
    try {
      const summary = await buildSet(file, {
        ...{ source, out, size, workers, strict, signal: io.signal },
        onProgress: (done, total) => {
          if (total === 0) return;
          progress ??= startProgress(io, 'source files', total);
          if (done > 0) progress.update(done);
        },
      });
      summaries.push(summary);
    } finally {
      progress?.stop();
    }
    if (!json) tell(summaries[summaries.length - 1], io);
  }
  if (json) io.out(`${JSON.stringify(summaries)}\n`);
  return summaries.some(({ failures }) => failures.length > 0) ? 1 : 0;
}
