/** The commands of the group `data`; like all others, they are read here and loaded when they run. */
import { type Command, Option } from 'commander';
import type { BuildCommand } from './build.ts';
import type { CardCommand } from './card.ts';
import type { CheckCommand } from './check.ts';
import type { DataExportCommand } from './data-export.ts';
import type { HarmoniseCommand } from './harmonise.ts';
import type { InspectCommand } from './inspect.ts';
import type { CliIo } from './io.ts';
import { collect, parseList, parsePrice, parseWhole } from './options.ts';
import type { ReviewCommand } from './review.ts';
import type { WordsCommand } from './words.ts';

/** What commands that may ask a language model share. */
function llmOptions(command: Command, what: string): Command {
  return command
    .option('--llm-url <url>', `OpenAI-compatible endpoint asked for ${what} (key: BIOMEDPARSE_LLM_KEY)`)
    .option('--llm-model <name>', 'its model')
    .option('--llm-price <in,out>', 'price of a million tokens, for the estimate and the sum', parsePrice)
    .option('--llm-cache <dir>', 'where its answers are kept (default: in the cache folder)');
}

/** Adds the group to the program. */
export function dataCommands(program: Command, io: CliIo, finish: (status: number) => void): void {
  const data = program
    .command('data')
    .description('make and check data sets: inspect, build, harmonise, review, words, export, card, check');
  data
    .command('inspect')
    .description('say what a folder of images and masks seems to be, and why; write a draft recipe for build')
    .argument('<folder>', 'folder where the source was unpacked')
    .option('--recipe <file>', 'write a draft recipe')
    .option('--json', 'print JSON instead of lines')
    .action(async (folder: string, options: InspectCommand) => {
      const { runInspect } = await import('./inspect.ts');
      finish(await runInspect(folder, options, io));
    });
  data
    .command('build')
    .description('make images, masks and a manifest in BiomedParseData layout from a source in any layout')
    .argument('<recipe...>', 'recipe files, or names of shipped recipes')
    .requiredOption('--source <dir>', 'folder where the source was unpacked')
    .requiredOption('--out <dir>', 'folder of data sets; each recipe makes one in it')
    .addOption(
      new Option('--size <px>', 'side of the square images: 1024 as published, 256 for the compact model')
        .choices(['256', '1024'])
        .default('1024'),
    )
    .option('--workers <n>', 'threads (default: one per core)', parseWhole(1, 256))
    .option('--strict', 'end with the first image that cannot be used, and where counts are not as expected')
    .option('--json', 'print JSON instead of lines')
    .action(async (recipes: string[], options: BuildCommand & { readonly size: string }) => {
      const { runBuild } = await import('./build.ts');
      finish(await runBuild(recipes, { ...options, size: Number(options.size) }, io));
    });
  llmOptions(
    data
      .command('harmonise')
      .description('map label names to concepts of the ontology and to the published objects')
      .argument('[data-root]', 'folder of data sets in BiomedParseData layout: all target names of all sets')
      .option('--labels <file>', 'single names instead of a folder, one a line')
      .option('--modality <name>', 'what the images of --labels are, for example CT')
      .option('--site <name>', 'where they are of, for example abdomen')
      .option('--sets <names>', 'only these data sets of the folder, separated by commas (default: all)', parseList)
      .option(
        '--decisions <file>',
        'JSON lines that decisions are read from and written to (default: harmonise.jsonl for a folder, none for --labels)',
      ),
    'what the rules leave open',
  )
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string | undefined, options: HarmoniseCommand) => {
      const { runHarmonise } = await import('./harmonise.ts');
      finish(await runHarmonise(root, options, io));
    });
  data
    .command('review')
    .description('show decisions about labels, open ones first; nothing is changed')
    .argument('<decisions>', 'file of decisions that data harmonise wrote')
    .option('--html <file>', 'write a self-contained page too')
    .option('--data <root>', 'folder of data sets: the page shows example images')
    .option('--json', 'print JSON instead of a table')
    .action(async (file: string, options: ReviewCommand) => {
      const { runReview } = await import('./review.ts');
      finish(await runReview(file, options, io));
    });
  llmOptions(
    data
      .command('words')
      .description("write sentences for every mask of a data folder into its sets' train.json and test.json")
      .argument('<data-root>', 'folder of data sets in BiomedParseData layout')
      .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList),
    'more descriptions',
  )
    .option('--json', 'print JSON instead of a table')
    .action(async (root: string, options: WordsCommand) => {
      const { runWords } = await import('./words.ts');
      finish(await runWords(root, options, io));
    });
  data
    .command('export')
    .description(
      'write a data folder as COCO, JSON lines, Parquet or tar shards: what is in each image, and what is not',
    )
    .argument('<data-root>', 'folder of data sets in BiomedParseData layout, or of shards')
    .requiredOption('--out <dir>', 'folder for the files')
    .option('--format <name>', 'coco, jsonl or parquet; may be given many times', collect)
    .option('--shards <n>', 'write tar shards (WebDataset) of this many images', parseWhole(1, 1_000_000))
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .addOption(new Option('--split <name>', 'only these images (default: both)').choices(['train', 'test']))
    .option('--json', 'print JSON instead of a line')
    .action(async (root: string, options: DataExportCommand) => {
      const { runDataExport } = await import('./data-export.ts');
      finish(await runDataExport(root, options, io));
    });
  data
    .command('card')
    .description('write a self-contained page per data set: counts, licence, examples, what was left out')
    .argument('<data-root>', 'folder of data sets in BiomedParseData layout, or of shards')
    .requiredOption('--out <dir>', 'folder for the pages')
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .action(async (root: string, options: CardCommand) => {
      const { runCard } = await import('./card.ts');
      finish(await runCard(root, options, io));
    });
  data
    .command('check')
    .description(
      'say what is wrong with a data folder: names, pairs, masks, windows, areas, subjects and pictures in two splits',
    )
    .argument('<data-root>', 'folder of data sets in BiomedParseData layout, or of shards')
    .option('--sets <names>', 'only these data sets, separated by commas (default: all)', parseList)
    .addOption(
      new Option(
        '--keep <split>',
        'list what the other split has of this one, so that train and evaluate leave it out',
      ).choices(['train', 'test']),
    )
    .option('--json', 'print JSON instead of lines')
    .action(async (root: string, options: CheckCommand) => {
      const { runCheck } = await import('./check.ts');
      finish(await runCheck(root, options, io));
    });
}
