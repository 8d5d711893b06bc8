/** The commands that make, measure and describe models; like all others, they are read here and loaded when they run. */
import { type Command, Option } from 'commander';
import type { CalibrateCommand } from './calibrate.ts';
import type { ConvertCommand } from './convert.ts';
import type { EvaluateCommand } from './evaluate.ts';
import type { ExportCommand } from './export.ts';
import type { FitRejectionCommand } from './fit-rejection.ts';
import type { FitViewsCommand } from './fit-views.ts';
import type { InfoCommand } from './info.ts';
import type { CliIo } from './io.ts';
import { parseList, parseUnit, parseWhole } from './options.ts';
import type { PullCommand } from './pull.ts';
import { conversionOptions, modelOptions, runOptions } from './shared-options.ts';
import type { TrainCommand } from './train.ts';

/** Adds evaluate, calibrate, train, convert and the like to the program. */
export function modelCommands(program: Command, io: CliIo, finish: (status: number) => void): void {
  modelOptions(
    program
      .command('evaluate')
      .description(
        'figures of a model on a data folder in BiomedParseData layout: overlap and presence, or the parts that are named, in one run',
      )
      .argument('<data-root>', 'folder that holds the data sets'),
  )
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'test']).default('test'))
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set', parseWhole(1, 1_000_000))
    .option(
      '--seed <n>',
      'seed of the choice of absent prompts and of wordings (default: 0)',
      parseWhole(0, 0xffffffff),
    )
    .option(
      '--hold-out <share>',
      'only that share of the subjects, as training with data.holdOut leaves them out',
      parseUnit,
    )
    .addOption(
      new Option(
        '--predictions <dir>',
        'score the masks <dir>/<set>/NAME_MODALITY_SITE_TARGET.png instead of a model',
      ).conflicts(['model', 'device', 'threads', 'precision', 'flips']),
    )
    .option('--overlap', 'the part on Dice, distances and presence (default: if no other part is named)')
    .option('--recognition', 'the part on what recognize finds of the annotated targets, and AP50 of detect')
    .addOption(
      new Option('--wordings [n]', 'the part on every target in n wordings: how much Dice varies (default: 10)')
        .preset('10')
        .argParser(parseWhole(2, 100))
        .conflicts('predictions'),
    )
    .option('--html <file>', 'write a page too: tables, plots, and the best, median and worst examples of the overlap')
    .option('--against <file>', 'compare overlap with the run whose --json output the file holds')
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: EvaluateCommand) => {
      const { runEvaluate } = await import('./evaluate.ts');
      finish(await runEvaluate(root, options, io));
    });

  runOptions(
    program
      .command('calibrate')
      .description('presence thresholds with a stated rate of false alarms, from held-out subjects, into a model')
      .argument('<data-root>', 'folder that holds the data sets')
      .requiredOption('--model <dir>', 'the model folder; its config.json is rewritten'),
  )
    .option('--hold-out <share>', 'share of the subjects of the train splits that training left out', parseUnit, 0.1)
    .option('--false-alarms <rate>', 'the rate that the model uses from now on', parseUnit, 0.1)
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set', parseWhole(1, 1_000_000))
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: CalibrateCommand) => {
      const { runCalibrate } = await import('./calibrate.ts');
      finish(await runCalibrate(root, options, io));
    });

  runOptions(
    program
      .command('fit-views')
      .description('teach a model to tell kinds of image apart (for recognize without --modality), into its folder')
      .argument('<data-root>', 'folder that holds the data sets, with train and test splits')
      .requiredOption('--model <dir>', 'the model folder; its views.json is written'),
  )
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set and split', parseWhole(1, 1_000_000))
    .option('--json', 'print JSON instead of lines')
    .action(async (root: string, options: FitViewsCommand) => {
      const { runFitViews } = await import('./fit-views.ts');
      finish(await runFitViews(root, options, io));
    });

  program
    .command('train')
    .description('train a model as a configuration file says')
    .argument('<config.json>', 'the training configuration')
    .option('--resume', 'go on from the last checkpoint')
    .action(async (config: string, options: TrainCommand) => {
      const { runTrain } = await import('./train.ts');
      finish(await runTrain(config, options, io));
    });

  program
    .command('export')
    .description('write the network and a trainer for another framework')
    .argument('<source>', 'a model folder, or a training configuration')
    .addOption(new Option('--to <framework>', 'which one').choices(['torch']).makeOptionMandatory())
    .requiredOption('--out <dir>', 'the folder to make')
    .action(async (source: string, options: ExportCommand) => {
      const { runExport } = await import('./export.ts');
      finish(await runExport(source, options, io));
    });

  conversionOptions(
    program
      .command('convert')
      .description('make a model folder from a published BiomedParse v1 checkpoint')
      .argument('<checkpoint>', 'PyTorch (.pt) or safetensors file')
      .requiredOption('--out <dir>', 'the model folder to make')
      .requiredOption('--merges <file>', "CLIP's list of merges or a tokenizer.json"),
  ).action(async (checkpoint: string, options: ConvertCommand) => {
    const { runConvert } = await import('./convert.ts');
    finish(await runConvert(checkpoint, options, io));
  });
  modelOptions(
    program
      .command('fit-rejection')
      .description('fit what masks should look like to a data folder, for segment --distributions')
      .argument('<data-root>', 'folder that holds the data sets, with train and test splits'),
  )
    .option('--out <file>', 'file for the distributions', 'distributions.json')
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set and split', parseWhole(1, 1_000_000))
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: FitRejectionCommand) => {
      const { runFitRejection } = await import('./fit-rejection.ts');
      finish(await runFitRejection(root, options, io));
    });

  program
    .command('info')
    .description('architecture, parameters and cost per part, tokenizer and origin of a model')
    .argument('[model]', 'model folder (default: the shipped model)')
    .option('--json', 'print JSON instead of a table')
    .action(async (model: string | undefined, options: InfoCommand) => {
      const { runInfo } = await import('./info.ts');
      finish(await runInfo(model, options, io));
    });

  conversionOptions(
    program
      .command('pull')
      .description('download a published checkpoint from a Hugging Face-style hub and make a model folder from it')
      .argument('<owner/name>', 'the repository, such as microsoft/BiomedParse')
      .requiredOption('--out <dir>', 'the model folder to make')
      .option('--file <name>', 'the checkpoint in the repository', 'biomedparse_v1.pt')
      .option('--revision <name>', 'branch, tag or commit', 'main')
      .option('--sha256 <hex>', "what the checkpoint's SHA-256 must be (default: what the hub says)")
      .option('--merges <file>', "CLIP's list of merges or a tokenizer.json (default: the tokenizer is downloaded too)")
      .option(
        '--tokenizer <owner/name>',
        'repository of the tokenizer.json (default: the same, else openai/clip-vit-base-patch32)',
      )
      .option('--hub <url>', 'the hub (default: BIOMEDPARSE_HUB_URL, HF_ENDPOINT or https://huggingface.co)')
      .option('--token <token>', 'access token (default: HF_TOKEN)'),
  ).action(async (repository: string, options: PullCommand) => {
    const { runPull } = await import('./pull.ts');
    finish(await runPull(repository, options, io));
  });
}
