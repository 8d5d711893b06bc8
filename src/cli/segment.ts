/**
 * `biomedparse segment`: images and texts in; per image and prompt a mask and an overlay out, with a table or JSON on
 * standard output. An image that fails is reported and the others go on; the exit status is then 1.
 */

import { encodeNpy } from '../formats/npy.ts';
import { writeLabelPng, writeMaskPng, writePng } from '../formats/raster.ts';
import type { Finding, ImageResult } from '../formats/results.ts';
import { instances } from '../image/instances.ts';
import { overlay } from '../image/overlay.ts';
import type { RegionPrompt } from '../image/regions.ts';
import type { Plane, SliceRange } from '../image/slice.ts';
import type { Box, Mask } from '../image/types.ts';
import type { Window } from '../image/window.ts';
import { checkPrompts } from '../parse/prompts.ts';
import type { EncodedImage, Segmentation, SegmentOptions } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { type AnswerReport, answerReport, round } from './answer-report.ts';
import {
  type ChosenFormat,
  chooseFormats,
  formatEndings,
  type SegType,
  type WrittenFile,
  writeImageFormats,
} from './formats.ts';
import { eachEncoded } from './images.ts';
import type { CliIo, ModelCommand } from './io.ts';
import { overlayLayer, REGION_NAME } from './layer.ts';
import { type LimitsCommand, limitOptions } from './limits.ts';
import { type ImageFiles, planFiles, planResults, type ResultFiles } from './names.ts';
import type { OutputFolder } from './output.ts';
import { hasRegions, type RegionCommand, type RegionReport, readRegions, reportRegions } from './regions.ts';
import { type RejectionCommand, readRejection } from './rejection.ts';
import type { RemoteCommand } from './remote.ts';
import { shownAs } from './shown-as.ts';
import { fileColumn, table } from './table.ts';
import { readTerms } from './terms.ts';
import { type Warned, warningLines } from './warnings.ts';

/** Values of the command's options, as commander spells them. */
export interface SegmentCommand extends ModelCommand, RegionCommand, RejectionCommand, RemoteCommand, LimitsCommand {
  readonly prompt?: readonly string[];
  readonly out: string;
  readonly joint?: boolean;
  readonly terms?: string;
  readonly window?: Window;
  readonly json?: boolean;
  readonly saveProbabilities?: boolean;
  readonly everything?: boolean;
  readonly instances?: boolean;
  readonly preprocess?: 'published';
  readonly format?: readonly string[];
  // of volumes
  readonly plane?: Plane;
  readonly slices?: SliceRange;
  readonly frame?: number;
  readonly series?: string;
  readonly deidentify?: boolean;
  readonly segType?: SegType;
  readonly modality?: string;
  readonly site?: string;
  readonly smooth?: number;
  readonly fillHoles?: boolean;
  readonly largestComponent?: boolean;
  // of slides
  readonly mpp?: number;
  readonly sourceMpp?: number;
  readonly tile?: number;
  readonly overlap?: number;
  readonly tissue?: 'detect' | 'all';
  readonly leastUm2?: number;
}

/** One prompt's answer in the JSON output. */
interface PromptReport extends AnswerReport {
  readonly area_px: number;
  readonly area_fraction: number;
  readonly box: Box | null;
  /** Only with --reject: what the mask was tested against, and the p of the test; null where nothing is known. */
  readonly rejection?: {
    readonly image_type: string | null;
    readonly target: string | null;
    readonly p: number | null;
  };
  /** Only with --instances: how many there are, and their label map. */
  readonly instances?: { readonly count: number; readonly labels: string };
  readonly mask: string;
  readonly overlay: string;
}

/** One image in the JSON output. */
interface ImageReport {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: { readonly image: number; readonly text: number; readonly decode: number };
  readonly prompts: readonly PromptReport[];
  /** Only with --point, --box or --scribble. */
  readonly regions?: readonly RegionReport[];
  /** Only with --save-probabilities: the .npy file, float32 `[prompts, height, width]`. */
  readonly probabilities?: string;
  /** Only with --format: what was written besides. */
  readonly files?: readonly WrittenFile[];
}

/** What --format asks for besides masks as PNG, and where it goes. */
interface MoreFormats {
  readonly formats: readonly ChosenFormat<ImageResult>[];
  readonly files: ResultFiles;
}

/** Largest probability array that is kept for one image, bytes. */
const MAX_PROBABILITY_BYTES = 2 ** 31;

function probabilityArray(encoded: EncodedImage, prompts: number, input: string): Float32Array {
  const { width, height } = encoded;
  const bytes = prompts * height * width * 4;
  if (bytes > MAX_PROBABILITY_BYTES) {
    throw new BiomedParseError(
      'input',
      `${input}: probabilities of ${prompts} prompts at ${width} x ${height} take ${bytes} bytes; at most ${MAX_PROBABILITY_BYTES} are allowed (ask fewer prompts at a time)`,
      { input, bytes },
    );
  }
  return new Float32Array(prompts * height * width);
}

async function segmentImage(
  encoded: EncodedImage,
  model: string,
  input: string,
  prompts: readonly string[],
  command: SegmentCommand,
  options: SegmentOptions,
  files: ImageFiles,
  folder: OutputFolder,
  more: MoreFormats,
): Promise<ImageReport> {
  const { width, height } = encoded;
  const kept = command.saveProbabilities ? probabilityArray(encoded, files.prompts.length, input) : null;
  const reports: PromptReport[] = [];
  const findings: Finding<Mask>[] = [];
  for await (const found of encoded.segment(prompts, options)) {
    const { mask, overlay: overlayFile, instances: labelFile } = files.prompts[reports.length];
    if (kept !== null && found.probabilities !== undefined) {
      kept.set(found.probabilities, reports.length * width * height);
    }
    await writeMaskPng(folder.stage(mask), found.mask);
    await writePng(folder.stage(overlayFile), overlay(encoded.image, [overlayLayer(found)], { model: model }));
    if (more.formats.length > 0) findings.push({ ...found, name: found.text || REGION_NAME });
    const cut = command.instances ? instances(found.mask) : null;
    if (cut !== null) await writeLabelPng(folder.stage(labelFile), cut.labels, width, height);
    reports.push({
      ...answerReport(found),
      area_px: found.areaPx,
      area_fraction: round(found.areaFraction, 8),
      box: found.box,
      ...reportRejection(found),
      ...(cut === null ? {} : { instances: { count: cut.count, labels: labelFile } }),
      mask,
      overlay: overlayFile,
    });
  }
  if (kept !== null) {
    await writeFileAtomic(folder.stage(files.probabilities), encodeNpy(kept, [files.prompts.length, height, width]));
  }
  const result = { source: input, model: model, findings };
  const written = await writeImageFormats(more.formats, result, more.files, folder.stage);
  const seconds = {
    image: round(encoded.seconds.image, 4),
    text: round(encoded.seconds.text, 4),
    decode: round(encoded.seconds.decode, 4),
  };
  const regions = reportRegions(command);
  return {
    input,
    width,
    height,
    seconds,
    ...(regions.length === 0 ? {} : { regions }),
    prompts: reports,
    ...(kept === null ? {} : { probabilities: files.probabilities }),
    ...(written.length === 0 ? {} : { files: written }),
  };
}

function printTable(io: CliIo, model: string, results: readonly (ImageReport & Warned)[], folder: string): void {
  const rows = results.flatMap((image) =>
    image.prompts.map((prompt) => [
      image.input,
      prompt.text || REGION_NAME,
      prompt.present ? 'yes' : prompt.reason?.startsWith('rejected') ? 'rejected' : 'no',
      prompt.presence.toFixed(3),
      prompt.present ? prompt.probability.toFixed(3) : '-',
      String(prompt.area_px),
      `${(100 * prompt.area_fraction).toFixed(2)}%`,
      prompt.box === null ? '-' : prompt.box.join(','),
    ]),
  );
  if (rows.length > 0) {
    const lines = table(
      [
        fileColumn('image'),
        { title: 'prompt', max: 48 },
        { title: 'found' },
        { title: 'presence', align: 'right' },
        { title: 'probability', align: 'right' },
        { title: 'area px', align: 'right' },
        { title: 'area', align: 'right' },
        { title: 'box x0,y0,x1,y1' },
      ],
      rows,
    );
    const notes = [...new Set(results.flatMap(({ prompts }) => prompts.flatMap(notesOf)))];
    const noted = [...notes.map((note) => `Note: ${note}`), ...warningLines(results)]
      .map((line) => `${line}\n`)
      .join('');
    io.out(`${lines.join('\n')}\n\n${noted}Masks and overlays are in ${folder}\n`);
  }
  io.out(`Model ${model}. ${NOTICE}\n`);
}

/** What the table has no column for. */
function notesOf({ text, note, present, rejection }: PromptReport): string[] {
  const untested = present && rejection?.p === null;
  const why = rejection?.image_type == null ? 'no image type is known' : `none for it in ${rejection.image_type}`;
  return [...(note === null ? [] : [note]), ...(untested ? [`"${text}" was not tested, no distribution: ${why}`] : [])];
}

/** How an answer was tested, as the JSON output has it. */
function reportRejection({ rejection }: Segmentation): Pick<PromptReport, 'rejection'> {
  if (rejection === undefined) return {};
  const { imageType, target, pValue } = rejection;
  return { rejection: { image_type: imageType, target, p: pValue === null ? null : round(pValue, 6) } };
}

/** What is asked: prompts, regions or both. */
async function readQuestion(
  inputs: readonly string[],
  command: SegmentCommand,
): Promise<{ prompts: readonly string[]; regions: readonly RegionPrompt[] }> {
  const { prompt = [] } = command;
  const regional = hasRegions(command, inputs.length);
  if (prompt.length === 0 && !regional) {
    throw new BiomedParseError(
      'usage',
      "required option '-p, --prompt <text>' not specified; give it, or --point, --box or --scribble",
    );
  }
  return { prompts: prompt.length === 0 ? [] : checkPrompts(prompt), regions: await readRegions(command) };
}

/** Runs the command; gives the exit status. */
export async function runSegment(inputs: readonly string[], command: SegmentCommand, io: CliIo): Promise<number> {
  const { prompts, regions } = await readQuestion(inputs, command);
  const rejection = await readRejection(command);
  const terms = await readTerms(command);
  const names = prompts.length === 0 ? [REGION_NAME] : prompts;
  const plan = planFiles(command.out, inputs, names);
  const formats = chooseFormats('image', command.format ?? [], []).filter(({ name }) => name !== 'png'); // always written
  const endings = formatEndings(formats);
  const more = planResults(command.out, inputs, names, endings.prompt, endings.input);
  const options: SegmentOptions = {
    ...rejection,
    ...(command.preprocess === undefined ? {} : { preprocess: command.preprocess }),
    signal: io.signal,
    joint: command.joint ?? false,
    probabilities: command.saveProbabilities ?? false,
    ...(terms === undefined ? {} : { terms }),
    ...(command.window === undefined ? {} : { window: command.window }),
    ...(command.frame === undefined ? {} : { frame: command.frame }),
    ...shownAs(prompts, command, terms),
    ...(regions.length === 0 ? {} : { regions, forceRegions: command.force ?? false }),
    ...limitOptions(command),
  };
  const { model, results, errors } = await eachEncoded(
    inputs,
    command,
    io,
    (encoded, i, folder, { name }) => {
      const others = { formats, files: more[i] };
      return segmentImage(encoded, name, inputs[i], prompts, command, options, plan[i], folder, others);
    },
    options,
  );
  if (command.json) io.out(`${JSON.stringify({ model, results, errors })}\n`);
  else printTable(io, model.name, results, command.out);
  return errors.length === 0 ? 0 : 1;
}
