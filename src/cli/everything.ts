/**
 * `biomedparse segment --everything --image-type <type>`: per image one label map (16-bit PNG), its JSON and an overlay, with a
 * table or JSON on standard output.
 */
import { writeLabelPng, writePng } from '../formats/raster.ts';
import { labelMask } from '../image/components.ts';
import { overlay } from '../image/overlay.ts';
import { type EverythingOptions, everythingType, type FoundTarget, segmentEverything } from '../parse/everything.ts';
import { REJECTION_THRESHOLD } from '../parse/rejection.ts';
import type { EncodedImage } from '../parse/segment.ts';
import { BiomedParseError } from '../util/errors.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { round } from './answer-report.ts';
import { eachEncoded } from './images.ts';
import type { CliIo } from './io.ts';
import { limitOptions } from './limits.ts';
import { type ImageFiles, planFiles } from './names.ts';
import type { OutputFolder } from './output.ts';
import { readRejection } from './rejection.ts';
import type { SegmentCommand } from './segment.ts';
import { fileColumn, table } from './table.ts';
import { type Warned, warningLines } from './warnings.ts';

interface EverythingReport {
  readonly input: string;
  readonly image_type: string;
  readonly width: number;
  readonly height: number;
  readonly label_map: string;
  readonly overlay: string;
  readonly targets: readonly Record<string, unknown>[];
}

function reportTarget({ target, prompt, label, presence, pValue, areaPx, box, reason }: FoundTarget) {
  const p = pValue === null ? null : round(pValue, 6);
  return { target, prompt, label, presence: round(presence, 6), p, area_px: areaPx, box, reason };
}

async function everythingInImage(
  encoded: EncodedImage,
  model: string,
  input: string,
  imageType: string,
  options: EverythingOptions,
  files: ImageFiles,
  folder: OutputFolder,
): Promise<EverythingReport> {
  const { width, height } = encoded;
  const found = await segmentEverything(encoded, imageType, options);
  const { mask: labelFile, overlay: overlayFile, report: jsonFile } = files.prompts[0];
  const layers = found.targets
    .filter(({ label }) => label !== null)
    .map(({ target, label, presence }) => ({
      mask: labelMask(found.labels, label as number, width, height),
      ...{ label: target, presence },
    }));
  await writeLabelPng(folder.stage(labelFile), found.labels, width, height);
  await writePng(folder.stage(overlayFile), overlay(encoded.image, layers, { model }));
  const report: EverythingReport = {
    input,
    image_type: found.imageType,
    width,
    height,
    label_map: labelFile,
    overlay: overlayFile,
    targets: found.targets.map(reportTarget),
  };
  await writeFileAtomic(folder.stage(jsonFile), `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

/** Refuses options that say what to find, as everything is asked for already. */
function checkCommand(command: SegmentCommand): string {
  const { imageType, saveProbabilities, prompt, point, box, scribble, force, joint, instances, terms } = command;
  const { modality, site } = command; // the image type says both
  const asked = { prompt, point, box, scribble, force, joint, instances, terms, modality, site };
  const others = { ...asked, 'save-probabilities': saveProbabilities };
  const given = Object.entries(others).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    throw new BiomedParseError(
      'usage',
      `--${given[0]} cannot be given with --everything, which asks for all targets of the image type`,
    );
  }
  if (imageType === undefined) {
    throw new BiomedParseError('usage', '--everything needs --image-type <name>, for example CT-Abdomen');
  }
  return everythingType(imageType).name;
}

/** Runs the command; gives the exit status. */
export async function runEverything(inputs: readonly string[], command: SegmentCommand, io: CliIo): Promise<number> {
  const imageType = checkCommand(command);
  const { reject, rejectThreshold, distributions } = command;
  // without the image type: one that has targets but no distributions is not tested, and no mistake
  const { rejection } = await readRejection({
    ...(reject === undefined ? {} : { reject }),
    ...(rejectThreshold === undefined ? {} : { rejectThreshold }),
    ...(distributions === undefined ? {} : { distributions }),
  });
  const plan = planFiles(command.out, inputs, ['everything']);
  const options: EverythingOptions = {
    signal: io.signal,
    ...limitOptions(command),
    ...(rejection?.distributions === undefined ? {} : { distributions: rejection.distributions }),
    ...(rejection === undefined ? {} : { rejectionThreshold: rejection.threshold ?? REJECTION_THRESHOLD }),
  };
  const { model, results, errors } = await eachEncoded(
    inputs,
    command,
    io,
    (encoded, i, folder, { name }) => everythingInImage(encoded, name, inputs[i], imageType, options, plan[i], folder),
    {
      imageType,
      ...(command.preprocess === undefined ? {} : { preprocess: command.preprocess }),
      ...(command.window === undefined ? {} : { window: command.window }),
      ...(command.frame === undefined ? {} : { frame: command.frame }),
    },
  );
  if (command.json) io.out(`${JSON.stringify({ model, results, errors })}\n`);
  else printTable(io, model.name, results, command.out);
  return errors.length === 0 ? 0 : 1;
}

function printTable(io: CliIo, model: string, results: readonly (EverythingReport & Warned)[], folder: string): void {
  const rows = results.flatMap(({ input, targets }) =>
    targets.map(({ target, label, p, area_px: area, reason }) =>
      [input, target, label ?? '-', p ?? '-', area, reason ?? ''].map(String),
    ),
  );
  if (rows.length > 0) {
    const columns = [
      fileColumn('image'),
      { title: 'target', max: 40 },
      { title: 'label', align: 'right' as const },
      { title: 'p', align: 'right' as const },
      { title: 'area px', align: 'right' as const },
      { title: 'left out' },
    ];
    io.out(
      `${[...table(columns, rows), '', ...warningLines(results), `Label maps and overlays are in ${folder}`].join('\n')}\n`,
    );
  }
  io.out(`Model ${model}. ${NOTICE}\n`);
}
