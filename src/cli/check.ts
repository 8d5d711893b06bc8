/** `biomedparse data check`: what is wrong with a data folder, as text or JSON; exit status 1 where there are errors. */
import { checkFolder } from '../curate/check/check.ts';
import type { CliIo } from './io.ts';

/** Values of the command's options, as commander spells them. */
export interface CheckCommand {
  readonly sets?: readonly string[];
  readonly json?: boolean;
}

/** Runs the command; gives the exit status. */
export async function runCheck(root: string, command: CheckCommand, io: CliIo): Promise<number> {
  const { sets, json } = command;
  const found = await checkFolder(root, { signal: io.signal, ...(sets === undefined ? {} : { sets }) });
  const errors = found.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = found.problems.length - errors;
  if (json) io.out(`${JSON.stringify({ root, ...found, errors, warnings })}\n`);
  else {
    for (const { severity, kind, file, message } of found.problems)
      io.out(`${severity}: ${kind}: ${file}: ${message}\n`);
    io.out(
      `${found.sets} sets, ${found.images} images (${found.unmasked} without a mask), ${found.masks} masks: ${errors} errors, ${warnings} warnings\n`,
    );
  }
  return errors > 0 ? 1 : 0;
}
