/**
 * The command line as a function: arguments in, exit status out. Commands are read here and loaded when they run, so
 * that help, version and refusals need neither sharp nor ONNX Runtime.
 * Exit status: 0 done, 1 something failed, 2 a wrong call, 130 interrupted. Every failure is one line on standard error.
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../parse/package-root.ts';
import { errorLine, exitStatus } from '../util/errors.ts';
import { NOTICE } from '../util/notice.ts';
import { dataCommands } from './data.ts';
import { imageCommands } from './image-commands.ts';
import type { CliIo } from './io.ts';
import { modelCommands } from './model-commands.ts';

function build(io: CliIo, finish: (status: number) => void): Command {
  const program = new Command('biomedparse');
  program
    .description(`Biomedical image parsing by text: finds, outlines and refuses objects in images. ${NOTICE}`)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: () => undefined });
  imageCommands(program, io, finish);
  modelCommands(program, io, finish);
  dataCommands(program, io, finish);
  return program;
}

/** What is allowed in place of what commander refused. */
function allowedInstead(error: CommanderError, program: Command, argv: readonly string[]): string {
  const named = (within: Command, name: string | undefined): Command | undefined =>
    within.commands.find((one) => one.name() === name);
  const group = named(program, argv[0]);
  const command = (group === undefined ? undefined : named(group, argv[1])) ?? group ?? program;
  const commands = command.commands.map((one) => one.name()).join(', ');
  const path = [command, command.parent]
    .flatMap((one) => (one == null || one === program ? [] : [one.name()]))
    .reverse();
  const options = command.options.map((option) => option.long ?? option.short).join(', ');
  switch (error.code) {
    case 'commander.unknownOption':
      return `; allowed: ${[options, '--help'].join(', ')}`;
    case 'commander.unknownCommand':
      return `; allowed: ${commands}`;
    case 'commander.missingArgument':
    case 'commander.missingMandatoryOptionValue':
    case 'commander.excessArguments':
    case 'commander.optionMissingArgument':
      return `; see biomedparse ${[...path, '--help'].join(' ')}`;
    default:
      return '';
  }
}

/** Runs one call; `argv` without program name. Never throws, never ends the process. */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  let status = 0;
  const program = build(io, (value) => {
    status = value;
  });
  const fail = (line: string, value: number): number => {
    io.err(`biomedparse: ${line}\n`);
    return value;
  };
  try {
    if (argv.length === 0) {
      const commands = program.commands.map((one) => one.name()).join(', ');
      return fail(`no command given; allowed: ${commands}; see biomedparse --help`, 2);
    }
    await program.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // help and version
      if (error.code === 'commander.help') {
        const commands = program.commands.find((one) => one.name() === argv[0])?.commands ?? [];
        const allowed = commands.map((one) => one.name()).join(', ');
        return fail(`no command of ${argv[0]} given; allowed: ${allowed}; see biomedparse ${argv[0]} --help`, 2);
      }
      const text = errorLine(error)
        .replace(/^error: /, '')
        .replace(/\.$/, '');
      return fail(`${text}${allowedInstead(error, program, argv)}`, 2);
    }
    if (io.signal.aborted) return fail('interrupted', 130);
    return fail(errorLine(error), exitStatus(error));
  }
}
