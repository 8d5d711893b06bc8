/** `biomedparse evaluate`: figures of a model, or of masks, on a data folder, as tables, JSON and a page; in one run all parts that are asked for. */
import { type Dataset, holdOut, openDataset } from '../dataset/index.ts';
import { LEAVE_OUT } from '../dataset/leave-out.ts';
import { type Answerer, folderAnswerer, modelAnswerer } from '../evaluate/answerers.ts';
import { chosenItems } from '../evaluate/evaluate.ts';
import { evaluationPage, type Section } from '../evaluate/page.ts';
import { type Part, runParts } from '../evaluate/parts.ts';
import { maskRecognizer, modelRecognizer } from '../evaluate/recognizers.ts';
import type { EncodedImage } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { makeFolderFor, writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { overlapPart } from './evaluate-overlap.ts';
import type { EvaluationPart } from './evaluate-part.ts';
import { recognitionPart } from './evaluate-recognition.ts';
import { wordingsPart } from './evaluate-wordings.ts';
import { type CliIo, type ModelCommand, openModel, reportModel } from './io.ts';
import { withProgress } from './progress.ts';

/** Values of the command's options, as commander spells them. */
export interface EvaluateCommand extends ModelCommand {
  readonly split: 'train' | 'test';
  readonly sets?: readonly string[];
  readonly limit?: number;
  readonly seed?: number;
  readonly holdOut?: number;
  readonly predictions?: string;
  readonly against?: string;
  readonly html?: string;
  readonly overlap?: boolean;
  readonly recognition?: boolean;
  readonly wordings?: number;
  readonly json?: boolean;
}

/** Overlap is evaluated where it is asked for, or nothing else is. */
const hasOverlap = ({ overlap, recognition, wordings }: EvaluateCommand): boolean =>
  overlap === true || (recognition !== true && wordings === undefined);

/** Parts of an evaluation and whose they are. */
interface Evaluated {
  readonly by: string;
  readonly facts: object;
  readonly parts: readonly EvaluationPart[];
}

async function output({ by, facts, parts }: Evaluated, command: EvaluateCommand, io: CliIo): Promise<void> {
  if (command.html !== undefined) {
    const sections: Section[] = [];
    for (const part of parts) sections.push({ title: part.title, body: await part.section() });
    await writeFileAtomic(command.html, evaluationPage(by, sections));
  }
  if (command.json) {
    const json = Object.assign({ ...facts, split: command.split }, ...parts.map((part) => part.json));
    io.out(`${JSON.stringify(json)}\n`);
    return;
  }
  const lines = parts.flatMap((part) => [...(parts.length > 1 ? [part.title, ''] : []), ...part.lines, '']);
  io.out(`${lines.join('\n')}\n${by}. ${NOTICE}\n`);
}

/** All parts, image by image. */
function run<Opened>(
  answerer: Answerer<Opened>,
  dataset: Dataset,
  parts: readonly Part<Opened, EvaluationPart>[],
  command: EvaluateCommand,
  io: CliIo,
): Promise<EvaluationPart[]> {
  return withProgress(io, 'images', (onProgress) =>
    runParts(answerer, chosenItems(dataset, command.limit), parts, { signal: io.signal, onProgress }),
  );
}

async function evaluateMasks(folder: string, dataset: Dataset, command: EvaluateCommand, io: CliIo): Promise<void> {
  const answerer = await folderAnswerer(folder, dataset);
  const asked: Part<null, EvaluationPart>[] = [];
  if (hasOverlap(command)) asked.push(await overlapPart(answerer, dataset, command, io));
  if (command.recognition) asked.push(recognitionPart(maskRecognizer(answerer), dataset, command, io));
  const parts = await run(answerer, dataset, asked, command, io);
  await output({ by: `Masks of ${folder}`, facts: { predictions: folder }, parts }, command, io);
}

async function evaluateModel(dataset: Dataset, command: EvaluateCommand, io: CliIo): Promise<void> {
  const model = await openModel(command, io);
  try {
    const answerer = modelAnswerer(model, dataset);
    const asked: Part<EncodedImage, EvaluationPart>[] = [];
    if (hasOverlap(command)) asked.push(await overlapPart(answerer, dataset, command, io));
    if (command.recognition) asked.push(recognitionPart(modelRecognizer, dataset, command, io));
    if (command.wordings !== undefined) asked.push(await wordingsPart(model, command.wordings, dataset, command, io));
    const parts = await run(answerer, dataset, asked, command, io);
    await output({ by: `Model ${model.name}`, facts: { model: reportModel(model) }, parts }, command, io);
  } finally {
    await model.dispose();
  }
}

/** Runs the command; gives the exit status. */
export async function runEvaluate(root: string, command: EvaluateCommand, io: CliIo): Promise<number> {
  if (command.against !== undefined && !hasOverlap(command)) {
    throw new BiomedParseError(
      'usage',
      '--against compares overlap; give --overlap beside --recognition or --wordings',
    );
  }
  const opened = await openDataset(root, {
    split: command.split,
    ...(command.sets === undefined ? {} : { sets: command.sets }),
  });
  const dataset = command.holdOut === undefined ? opened : await holdOut(opened, command.holdOut, 'held out');
  if (dataset.leftOut) io.err(`${dataset.leftOut} images are left out, as ${root}/${LEAVE_OUT} says\n`);
  const { predictions, html } = command;
  if (html !== undefined) await makeFolderFor(html);
  if (predictions !== undefined) await evaluateMasks(predictions, dataset, command, io);
  else await evaluateModel(dataset, command, io);
  return 0;
}
