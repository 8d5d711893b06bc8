/**
 * The command line as a function: arguments in, exit status out. Commands are read here and loaded when they run, so
 * that help, version and refusals need neither sharp nor ONNX Runtime.
 * Exit status: 0 done, 1 something failed, 2 a wrong call, 130 interrupted. Every failure is one line on standard error.
 */
import { Command, CommanderError, Option } from 'commander';
import { PLANES } from '../image/slice.ts';
import { PRECISIONS } from '../model/precision.ts';
import { DEVICES, MAX_THREADS } from '../parse/device.ts';
import { packageVersion } from '../parse/package-root.ts';
import { errorLine, exitStatus } from '../util/errors.ts';
import type { CalibrateCommand } from './calibrate.ts';
import type { ConvertCommand } from './convert.ts';
import { dataCommands } from './data.ts';
import type { DetectCommand } from './detect.ts';
import type { EvaluateCommand } from './evaluate.ts';
import type { ExportCommand } from './export.ts';
import type { FitRejectionCommand } from './fit-rejection.ts';
import type { FitViewsCommand } from './fit-views.ts';
import type { InfoCommand } from './info.ts';
import type { CliIo } from './io.ts';
import {
  collect,
  parseLimits,
  parseList,
  parseMillimetres,
  parseNumber,
  parseSlices,
  parseUnit,
  parseWhole,
  parseWindow,
} from './options.ts';
import type { PullCommand } from './pull.ts';
import type { RecognizeCommand } from './recognize.ts';
import { collectBox, collectPoint } from './regions.ts';
import type { SegmentCommand } from './segment.ts';
import type { TrainCommand } from './train.ts';

const NOTE = 'Not a medical device: for research, not for diagnosis or treatment.';

function modelOptions(command: Command): Command {
  return command
    .option('--model <dir>', 'model folder (default: the shipped model)')
    .addOption(new Option('--device <name>', 'where to run (default: cpu)').choices([...DEVICES]))
    .option('--threads <n>', 'threads to run on (default: one per core)', parseWhole(1, MAX_THREADS))
    .addOption(
      new Option('--precision <name>', 'numbers that the image encoder computes in (default: float32)').choices([
        ...PRECISIONS,
      ]),
    );
}

/** What commands that write masks share. */
function maskOptions(command: Command): Command {
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

function conversionOptions(command: Command): Command {
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

function build(io: CliIo, finish: (status: number) => void): Command {
  const program = new Command('biomedparse');
  program
    .description(`Biomedical image parsing by text: finds, outlines and refuses objects in images. ${NOTE}`)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: () => undefined });

  maskOptions(
    modelOptions(
      program
        .command('segment')
        .description('write one mask and one picture per image or volume and prompt')
        .argument(
          '<image...>',
          'PNG, JPEG, WebP, TIFF or DICOM files, volumes (NIfTI, NRRD, MetaImage, a DICOM folder, dicomweb+https://…/studies/…) or slides (SVS, pyramidal TIFF)',
        )
        .option('-p, --prompt <text>', 'what to find, in words; may be given many times', collect),
    ),
  )
    .option(
      '--window <name>',
      'CT site (abdomen, lung, pelvis, liver, colon, pancreas) or low,high for more than 8 bits (default: what the file says)',
      parseWindow,
    )
    .option('--point <x,y>', 'a pixel of the object; may be given many times', collectPoint)
    .option('--box <x0,y0,x1,y1>', 'a box on the object, x1 and y1 exclusive; may be given many times', collectBox)
    .option('--scribble <file>', "a mask of the image's size drawn on the object; may be given many times", collect)
    .option('--force', 'use points, boxes and scribbles although the model was not trained for them')
    .option('--terms <file>', 'JSON file with names of your own for objects')
    .option('--joint', 'all prompts in one sequence, as the published model does it')
    .option('--everything', 'all targets of the image type in one label map, instead of prompts')
    .option('--image-type <name>', 'what kind of image it is, for example CT-Abdomen')
    .addOption(new Option('--reject <test>', 'reject masks that do not look like their target').choices(['ks']))
    .option('--reject-threshold <p>', 'reject below this p (default: 0.05)', parseUnit)
    .option('--distributions <file>', 'distributions that fit-rejection wrote (default: the published ones)')
    .addOption(
      new Option('--preprocess <how>', 'prepare images as published: CT window of --image-type, square').choices([
        'published',
      ]),
    )
    .option('--instances', 'cut every mask into instances, written as a 16-bit label PNG')
    .option('--save-probabilities', 'write a float32 .npy [prompts, height, width] per image')
    .option(
      '--format <name>',
      'write masks in this format too: png, npy, coco, geojson; of volumes nifti, nrrd, npy, coco, geojson, of DICOM series dicom-seg, rtstruct; may be given many times',
      collect,
    )
    .addOption(new Option('--plane <name>', 'slices of a volume (default: axial)').choices([...PLANES]))
    .option('--slices <a:b:c>', 'only these slices of a volume: start, stop (exclusive), step', parseSlices)
    .option(
      '--frame <n>',
      'which frame of a volume file with several, or of a DICOM file as an image, from 0',
      parseWhole(0, 1_000_000),
    )
    .option('--series <uid>', 'which series of a DICOM folder or study with several')
    .option('--deidentify', 'leave out of dicom-seg and rtstruct what tells the patient, and replace all identifiers')
    .addOption(
      new Option(
        '--seg-type <type>',
        'how dicom-seg holds what was found: a bit or a probability per voxel and object, or one number per voxel',
      ).choices(['binary', 'fractional', 'labelmap']),
    )
    .option('--store', 'store the DICOM results in the DICOMweb server that the series is from')
    .option(
      '--auth <basic:VARIABLE>',
      'environment variable with user:password for a DICOMweb server; bearer:VARIABLE: one with a token',
    )
    .option('--ca <file>', 'certificate authorities (PEM) to trust for DICOMweb beside the well-known ones')
    .option(
      '--limits <name=n,...>',
      'most of a DICOMweb series (default: instances=10000,megabytes=8000,seconds=3600,retries=4)',
      parseLimits,
    )
    .option('--modality <name>', 'what it is, for example CT or MRI (default: what the file or a prompt says)')
    .option('--site <name>', 'where it is of, for example chest: chooses the window of a CT volume')
    .option(
      '--smooth <mm>',
      'smooth presence and masks along the axis of a volume, 0: not (default: 2)',
      parseMillimetres,
    )
    .option('--fill-holes', 'fill holes of masks of volumes')
    .option('--largest-component', 'keep the largest connected part of masks of volumes')
    .option(
      '--mpp <microns>',
      'microns per pixel at which a slide is shown to the model (default: 0.5)',
      parseNumber(0.05, 50),
    )
    .option(
      '--source-mpp <microns>',
      'microns per pixel of the slide itself (default: what its file says)',
      parseNumber(0.01, 1000),
    )
    .option('--tile <px>', "side of a slide's tiles (default: what the model sees at once)", parseWhole(32, 4096))
    .option(
      '--overlap <px>',
      'pixels that neighbouring tiles share (default: a quarter of a tile)',
      parseWhole(0, 2048),
    )
    .addOption(
      new Option('--tissue <how>', 'tiles of a slide that show tissue, or all (default: detect)').choices([
        'detect',
        'all',
      ]),
    )
    .option(
      '--least-um2 <n>',
      'smaller objects of a slide are not counted (default: 10 square microns)',
      parseNumber(0, 1e12),
    )
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: SegmentCommand) => {
      const { segmentKind } = await import('./segment-kind.ts');
      const kind = await segmentKind(images, options);
      if (kind === 'slide') {
        const { runSlides } = await import('./slides.ts');
        finish(await runSlides(images, options, io));
        return;
      }
      if (kind === 'volume') {
        const { runVolumes } = await import('./volumes.ts');
        finish(await runVolumes(images, options, io));
        return;
      }
      const { runSegment } = await import('./segment.ts');
      const { runEverything } = await import('./everything.ts');
      finish(await (options.everything ? runEverything : runSegment)(images, options, io));
    });

  maskOptions(
    modelOptions(
      program
        .command('detect')
        .description('write boxes and instances of what was asked for as a COCO file, and an overlay per image')
        .argument('<image...>', 'PNG, JPEG, WebP or TIFF files')
        .requiredOption('-p, --prompt <text>', 'what to find, in words; may be given many times', collect),
    ),
  )
    .option(
      '--least-px <n>',
      'smaller instances are left out (default: a 10,000th of the image)',
      parseWhole(1, 1_000_000_000),
    )
    .addOption(
      new Option(
        '--instances <how>',
        'how masks are taken apart (default: auto, by watershed what lies crowded, such as cells and glands)',
      ).choices(['auto', 'components', 'watershed']),
    )
    .option('--terms <file>', 'JSON file with names of your own for objects')
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: DetectCommand) => {
      const { runDetect } = await import('./detect.ts');
      finish(await runDetect(images, options, io));
    });

  maskOptions(
    modelOptions(
      program
        .command('recognize')
        .description('write a label map of everything that the model knows in images')
        .argument('<image...>', 'PNG, JPEG, WebP or TIFF files')
        .option('--modality <name>', 'what the images are, for example CT, MRI, X-Ray, ultrasound (default: guessed)'),
    ).option(
      '--site <name>',
      'where they are of, for example abdomen (default: guessed, else all sites of the modality)',
    ),
  )
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: RecognizeCommand) => {
      const { runRecognize } = await import('./recognize.ts');
      finish(await runRecognize(images, options, io));
    });

  modelOptions(
    program
      .command('evaluate')
      .description('mean and median Dice and presence AUROC on a data folder in BiomedParseData layout')
      .argument('<data-root>', 'folder that holds the data sets'),
  )
    .addOption(new Option('--split <name>', 'which images').choices(['train', 'test']).default('test'))
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set', parseWhole(1, 1_000_000))
    .option('--seed <n>', 'seed of the choice of absent prompts (default: 0)', parseWhole(0, 0xffffffff))
    .option(
      '--hold-out <share>',
      'only that share of the subjects, as training with data.holdOut leaves them out',
      parseUnit,
    )
    .option('--predictions <dir>', 'score the masks <dir>/<set>/NAME_MODALITY_SITE_TARGET.png instead of a model')
    .option('--html <file>', 'write a page with plots and the best, median and worst examples too')
    .option('--against <file>', 'compare with the run whose --json output the file holds')
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: EvaluateCommand) => {
      const { runEvaluate } = await import('./evaluate.ts');
      finish(await runEvaluate(root, options, io));
    });

  program
    .command('calibrate')
    .description('presence thresholds with a stated rate of false alarms, from held-out subjects, into a model')
    .argument('<data-root>', 'folder that holds the data sets')
    .requiredOption('--model <dir>', 'the model folder; its config.json is rewritten')
    .addOption(new Option('--device <name>', 'where to run (default: cpu)').choices([...DEVICES]))
    .option('--threads <n>', 'threads to run on (default: one per core)', parseWhole(1, MAX_THREADS))
    .option('--hold-out <share>', 'share of the subjects of the train splits that training left out', parseUnit, 0.1)
    .option('--false-alarms <rate>', 'the rate that the model uses from now on', parseUnit, 0.1)
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .option('--limit <n>', 'at most this many images per set', parseWhole(1, 1_000_000))
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: CalibrateCommand) => {
      const { runCalibrate } = await import('./calibrate.ts');
      finish(await runCalibrate(root, options, io));
    });

  program
    .command('fit-views')
    .description('teach a model to tell kinds of image apart (for recognize without --modality), into its folder')
    .argument('<data-root>', 'folder that holds the data sets, with train and test splits')
    .requiredOption('--model <dir>', 'the model folder; its views.json is written')
    .addOption(new Option('--device <name>', 'where to run (default: cpu)').choices([...DEVICES]))
    .option('--threads <n>', 'threads to run on (default: one per core)', parseWhole(1, MAX_THREADS))
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
