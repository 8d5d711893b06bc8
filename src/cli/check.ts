/**
 * `biomedparse data check`: what is wrong with a data folder, as text or JSON; exit status 1 where there are errors. With `--keep` the
 * images that are in both splits are written into the folder's list of what to leave out.
 */
import { join } from 'node:path';
import { type CheckReport, checkFolder } from '../curate/check/check.ts';
import { leaveOut } from '../curate/check/copies.ts';
import { LEAVE_OUT, leaveOutKey, leaveOutText, readLeaveOut } from '../dataset/leave-out.ts';
import { writeFileAtomic } from '../util/files.ts';
import type { CliIo } from './io.ts';
import { type Progress, startProgress } from './progress.ts';

/** Values of the command's options, as commander spells them. */
export interface CheckCommand {
  readonly sets?: readonly string[];
  readonly keep?: 'train' | 'test';
  readonly json?: boolean;
}

/** Adds the images of the other split to the folder's list; gives how many are new. */
async function writeLeaveOut(root: string, { pictures, shared }: CheckReport, keep: 'train' | 'test'): Promise<number> {
  const list = await readLeaveOut(root);
  const before = list.size;
  for (const i of leaveOut(pictures, shared, keep)) {
    const { set, split, name } = pictures[i];
    list.set(leaveOutKey(set, split, name), `also in ${keep}`);
  }
  await writeFileAtomic(join(root, LEAVE_OUT), leaveOutText(list));
  return list.size - before;
}

/** Runs the command; gives the exit status. */
export async function runCheck(root: string, command: CheckCommand, io: CliIo): Promise<number> {
  const { sets, keep, json } = command;
  let shown: { readonly stage: string; readonly progress: Progress } | undefined;
  const onProgress = (stage: 'images' | 'comparisons', done: number, total: number): void => {
    if (shown?.stage !== stage) {
      shown?.progress.stop();
      shown = { stage, progress: startProgress(io, stage === 'images' ? 'images' : 'images compared', total) };
    }
    shown.progress.update(done);
  };
  let found: CheckReport;
  try {
    found = await checkFolder(root, { signal: io.signal, onProgress, ...(sets === undefined ? {} : { sets }) });
  } finally {
    shown?.progress.stop();
  }
  const errors = found.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = found.problems.length - errors;
  const { pictures: _, shared: __, ...facts } = found;
  const listed = keep === undefined ? undefined : await writeLeaveOut(root, found, keep);
  if (json) {
    const more = listed === undefined ? {} : { left_out: listed };
    io.out(`${JSON.stringify({ root, ...facts, errors, warnings, ...more })}\n`);
  } else {
    for (const { severity, kind, file, message } of found.problems)
      io.out(`${severity}: ${kind}: ${file}: ${message}\n`);
    io.out(
      `${found.sets} sets, ${found.images} images (${found.unmasked} without a mask), ${found.masks} masks: ${errors} errors, ${warnings} warnings\n`,
    );
    if (listed !== undefined) {
      io.out(
        `${listed} images that are also in ${keep} added to ${join(root, LEAVE_OUT)}: train and evaluate leave them out\n`,
      );
    }
  }
  return errors > 0 ? 1 : 0;
}
