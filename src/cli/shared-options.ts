/** Options that several commands share, as commander declares them. */
import { type Command, Option } from 'commander';
import { PRECISIONS } from '../model/precision.ts';
import { DEVICES, MAX_THREADS } from '../parse/device.ts';
import { collect, parseUnit, parseWhole } from './options.ts';

/** Where a model runs. */
export function runOptions(command: Command): Command {
  return command
    .addOption(new Option('--device <name>', 'where to run (default: cpu)').choices([...DEVICES]))
    .option('--threads <n>', 'threads to run on (default: one per core)', parseWhole(1, MAX_THREADS));
}

/** What commands that open a model share. */
export function modelOptions(command: Command): Command {
  return runOptions(command.option('--model <dir>', 'model folder (default: the shipped model)'))
    .addOption(
      new Option('--precision <name>', 'numbers that the image encoder computes in (default: float32)').choices([
        ...PRECISIONS,
      ]),
    )
    .option('--flips', 'ask the mirror image too and average the answers, where the body has no side: twice the time');
}

/** What commands that write masks share. */
export function maskOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'folder for the results', 'biomedparse-output')
    .option('--threshold <number>', 'a pixel is inside above this probability (default: 0.5)', parseUnit)
    .option(
      '--presence-threshold <number>',
      "an object is found from this presence on (default: the model's)",
      parseUnit,
    )
    .option(
      '--false-alarms <rate>',
      'share of absent objects that may be called present, one of the rates of a calibrated model',
      parseUnit,
    );
}

/** What commands that make a model folder from a published checkpoint share. */
export function conversionOptions(command: Command): Command {
  return command
    .option('--config <yaml>', 'the published configuration file, for what the tensors do not tell')
    .option(
      '--set <name=value>',
      'one of its settings, such as MODEL.DECODER.NHEADS=8; may be given many times',
      collect,
    )
    .option('--image-size <n>', 'side of the square input, a multiple of 32 (default: 1024)', parseWhole(32, 4096))
    .addOption(
      new Option('--dtype <type>', "weights as float32 or float16 (default: the checkpoint's)").choices(['f32', 'f16']),
    )
    .option('--json', 'print JSON instead of a summary');
}
