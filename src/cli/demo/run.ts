/**
 * `npm run demo` as a function: the built-in phantoms, with `--real` the published examples, and with images of one's own
 * the command `segment`. Exit status: 0 done, 1 something failed, 2 a wrong call, 130 interrupted.
 */
import { Command, CommanderError, Option } from 'commander';
import { DEVICES, MAX_THREADS } from '../../parse/device.ts';
import { errorLine, exitStatus } from '../../util/errors.ts';
import type { CliIo } from '../io.ts';
import { parseWhole } from '../options.ts';
import { run } from '../run.ts';
import type { DemoOptions } from './show.ts';

/** Folder for the results, below the folder that the user stands in. */
const OUTPUT = 'demo-output';

function demoCommand(writeOut: (text: string) => void): Command {
  return new Command('npm run demo --')
    .description(
      'Segments built-in phantoms, or real images that are downloaded (--real), or your own: npm run demo -- <image...> -p <text>, with the options of biomedparse segment.',
    )
    .option('--real', 'download and segment six images that the published BiomedParse project shows')
    .option('--out <dir>', 'folder for the results', OUTPUT)
    .option('--model <dir>', 'model folder (default: the shipped model)')
    .addOption(new Option('--device <name>', 'where to run (default: cpu)').choices([...DEVICES]))
    .option('--threads <n>', 'threads to run on (default: one per core)', parseWhole(1, MAX_THREADS))
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => undefined });
}

/** Whether the call names images or prompts of its own: then it is a call of `segment`. */
function isOwn(argv: readonly string[]): boolean {
  const command = demoCommand(() => undefined);
  const { operands, unknown } = command.parseOptions([...argv]);
  return operands.length > 0 || unknown.some((word) => /^(-p|--prompt)/.test(word));
}

/** Runs one call; `argv` without program name. Never throws. */
export async function runDemo(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    if (isOwn(argv)) return await run(['segment', '--out', OUTPUT, ...argv], io);
    const options = demoCommand(io.out)
      .parse([...argv], { from: 'user' })
      .opts<DemoOptions & { readonly real?: boolean }>();
    // Loaded when needed, as sharp and the phantoms are no part of help and refusals.
    if (options.real) await (await import('./real.ts')).runRealDemo(options, io);
    else await (await import('./builtin.ts')).runBuiltinDemo(options, io);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // help
      io.err(`demo: ${errorLine(error).replace(/^error: /, '')}; see npm run demo -- --help\n`);
      return 2;
    }
    io.err(`demo: ${io.signal.aborted ? 'interrupted' : errorLine(error)}\n`);
    return io.signal.aborted ? 130 : exitStatus(error);
  }
}
