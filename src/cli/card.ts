/** `biomedparse data card`: a self-contained page per data set. */
import { join } from 'node:path';
import { cardPage } from '../curate/report/card.ts';
import { openSplits } from '../dataset/index.ts';
import { makeFolderChecked, writeFileAtomic } from '../util/files.ts';
import type { CliIo } from './io.ts';
import { startProgress } from './progress.ts';

/** Values of the command's options, as commander spells them. */
export interface CardCommand {
  readonly out: string;
  readonly sets?: readonly string[];
}

/** Runs the command; gives the exit status. */
export async function runCard(root: string, command: CardCommand, io: CliIo): Promise<number> {
  const { out } = command;
  const splits = await openSplits(root, command.sets);
  await makeFolderChecked(out);
  const { sets } = splits[0];
  const progress = startProgress(io, 'sets', sets.length);
  try {
    for (const [i, set] of sets.entries()) {
      io.signal.throwIfAborted();
      const path = join(out, `${set.name}.html`);
      await writeFileAtomic(path, await cardPage(root, set, splits));
      io.out(`${path}\n`);
      progress.update(i + 1);
    }
  } finally {
    progress.stop();
  }
  return 0;
}
