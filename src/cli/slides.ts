/**
 * `biomedparse segment` on slides: per slide and prompt a mask as a TIFF pyramid, a report with every object, and a picture; per slide
 * annotations of all prompts as QuPath opens them, and a receipt. What the network said of each tile is kept in a hidden work folder
 * beside the results until they are complete, so that the same call goes on where an earlier one was ended, with the same bytes in
 * the end. A slide that fails is reported and the others go on; the exit status is then 1.
 */

import { rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writePng } from '../formats/raster.ts';
import { openSlide, type Slide } from '../formats/slide/slide.ts';
import { overlay } from '../image/overlay.ts';
import type { Terms } from '../ontology/index.ts';
import { separationOf } from '../parse/detect.ts';
import { presenceLimit, presenceLimits } from '../parse/presence.ts';
import { checkPrompts } from '../parse/prompts.ts';
import type { Model } from '../parse/segment.ts';
import { folderStore } from '../parse/slice-store.ts';
import { type ScannedSlide, type SlideOptions, scanSlide, slidePixelSize } from '../parse/slide.ts';
import { writeFileAtomic } from '../util/files.ts';
import { NOTICE } from '../util/notice.ts';
import { createTextFile, type TextFile } from '../util/text-file.ts';
import { round } from './answer-report.ts';
import { eachInput } from './images.ts';
import type { CliIo } from './io.ts';
import { planResults, type ResultFiles, stem } from './names.ts';
import type { OutputFolder } from './output.ts';
import { startProgress } from './progress.ts';
import { hashFile, hashModel, type Origin, receiptText, workKey } from './receipt.ts';
import type { SegmentCommand } from './segment.ts';
import { createSlideMask } from './slide-mask.ts';
import { objectWriter } from './slide-objects.ts';
import { promptMeasures, type SlidePromptReport, type SlideReport, slideMeasures, slideTable } from './slide-report.ts';
import { hashTerms, readTerms } from './terms.ts';

/** Smallest object that is counted unless a call says otherwise, square microns: a disc of 3.6 microns. */
const DEFAULT_LEAST_UM2 = 10;

/** What a call asks, read once for all slides. */
interface Job {
  readonly command: SegmentCommand;
  readonly prompts: readonly string[];
  readonly terms: Terms | undefined;
  readonly termsHash: string | null;
}

function slideOptions({ command, terms }: Job): SlideOptions {
  const { mpp, sourceMpp, tile, overlap, tissue, threshold, presenceThreshold, falseAlarms } = command;
  const presence = { presenceThreshold, falseAlarmRate: falseAlarms };
  const given = { mpp, sourceMpp, tile, overlap, tissue, threshold, ...presence, terms };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    joint: command.joint ?? false,
  };
}

/** Tiles through the model with progress, from what an earlier run kept. */
async function scan(model: Model, slide: Slide, job: Job, work: string, io: CliIo): Promise<ScannedSlide> {
  let bar: ReturnType<typeof startProgress> | undefined;
  let last = 0;
  const onTile = (done: number, total: number): void => {
    bar ??= startProgress(io, `tiles of ${basename(slide.label)}`, total);
    last = done;
    bar.update(done);
  };
  try {
    const store = await folderStore(work);
    return await scanSlide(model, slide, job.prompts, { ...slideOptions(job), store, onTile, signal: io.signal });
  } catch (error) {
    if (io.signal.aborted && last > 0) io.err(`${last} tiles are kept in ${work}; the same call goes on from there\n`);
    throw error;
  } finally {
    bar?.stop();
  }
}

const [MASK, OVERLAY, REPORT] = [0, 1, 2];

/** Writes one prompt's files; gives its report and what the receipt says of the mask. */
async function writePrompt(
  prompt: number,
  scanned: ScannedSlide,
  { command, terms }: Job,
  model: string,
  paths: readonly string[],
  folder: OutputFolder,
  features: TextFile,
  before: number,
) {
  const question = scanned.questions[prompt];
  const { text } = question;
  const separation = separationOf(question, terms === undefined ? {} : { terms });
  const mask = await createSlideMask(folder.stage(paths[MASK]), scanned, text);
  const report = await createTextFile(folder.stage(paths[REPORT]));
  try {
    const about = { notice: NOTICE, model, places: 'in pixels of the slide; boxes are left, top, right, bottom' };
    await report.write(`${JSON.stringify(about).slice(0, -1)},"objects":[`);
    const objects = objectWriter(
      scanned,
      text,
      separation,
      command.leastUm2 ?? DEFAULT_LEAST_UM2,
      report,
      features,
      before,
    );
    const found = await scanned.answer(prompt, async (band) => {
      await mask.take(band);
      await objects.take(band);
    });
    const measured = { ...promptMeasures(found, await objects.end(), scanned), separation };
    await report.write(`\n],${JSON.stringify({ ...slideMeasures(scanned), ...measured }).slice(1)}\n`);
    await report.end();
    const { thumbnail, roundTrip } = await mask.end();
    const { presence, probability, present } = found;
    const layer = present
      ? { mask: thumbnail, label: `${text}: ${measured.count}`, presence, probability }
      : { mask: thumbnail, label: `${text}: not found`, presence };
    await writePng(folder.stage(paths[OVERLAY]), overlay(scanned.thumbnail.image, [layer], { model }));
    const written: SlidePromptReport = {
      ...measured,
      mask: paths[MASK],
      overlay: paths[OVERLAY],
      report: paths[REPORT],
    };
    const hash = await hashFile(folder.stage(paths[MASK]));
    return { written, result: { prompt: text, format: 'tiff', ...hash, round_trip: roundTrip } };
  } finally {
    await report.close();
    await mask.close();
  }
}

async function segmentSlideFile(
  model: Model,
  slide: Slide,
  job: Job,
  files: ResultFiles,
  folder: OutputFolder,
  io: CliIo,
): Promise<SlideReport> {
  const { command, prompts } = job;
  const { label: input, kind, width, height } = slide;
  const options = slideOptions(job);
  slidePixelSize(slide, options.sourceMpp); // refused before the file is hashed
  const file = await hashFile(input);
  const origin: Origin = {
    samples: file.sha256,
    input: { name: basename(input), kind, files: [file] },
    model: await hashModel(model),
  };
  const { mpp, sourceMpp, tile, overlap, tissue = 'detect', joint } = options;
  const asked = { prompts, mpp, sourceMpp, tile, overlap, tissue, joint, terms: job.termsHash };
  const work = join(command.out, `.${stem(input)}-${workKey(origin, asked).slice(0, 16)}.work`);
  try {
    const start = performance.now();
    const scanned = await scan(model, slide, job, work, io);
    if (scanned.kept > 0) io.err(`${scanned.kept} of ${scanned.asked} tiles were kept by an earlier run\n`);
    const between = performance.now();
    const [annotations, receipt] = files.input;
    const features = await createTextFile(folder.stage(annotations));
    const reports: SlidePromptReport[] = [];
    const results: object[] = [];
    try {
      await features.write('{"type":"FeatureCollection","features":[');
      for (let i = 0; i < prompts.length; i++) {
        const before = reports.reduce((sum, { count }) => sum + count, 0);
        const { written, result } = await writePrompt(
          i,
          scanned,
          job,
          model.name,
          files.prompts[i],
          folder,
          features,
          before,
        );
        reports.push(written);
        results.push(result);
      }
      await features.write('\n]}\n');
      await features.end();
    } finally {
      await features.close();
    }
    results.push({ format: 'geojson', ...(await hashFile(folder.stage(annotations))) });
    const measured = slideMeasures(scanned);
    const settings = {
      mpp: measured.mpp,
      tiles: measured.tiles,
      tissue: { how: tissue, ...measured.tissue },
      threshold: options.threshold ?? 0.5,
      presence_threshold: presenceLimit(presenceLimits(model.presence, options), 'pathology'),
      least_um2: command.leastUm2 ?? DEFAULT_LEAST_UM2,
      joint,
      terms_sha256: job.termsHash,
    };
    const answers = reports.map(({ text, concept, present, presence, count, area_mm2 }) => ({
      text,
      concept,
      present,
      presence,
      count,
      area_mm2,
    }));
    const place = {
      coordinates: 'pixels of the slide from its upper left corner',
      size: [width, height],
      pixel_size_um: scanned.pixelSize,
      mask_size: measured.mask_size,
      mask_step: scanned.grid.step,
    };
    const { notes, warnings } = scanned;
    const remarks = { notes, warnings };
    await writeFileAtomic(folder.stage(receipt), receiptText(origin, place, answers, settings, results, remarks));
    await folder.commit();
    await rm(work, { recursive: true, force: true });
    const seconds = {
      tiles: round((between - start) / 1000, 3),
      results: round((performance.now() - between) / 1000, 3),
    };
    return {
      input,
      kind,
      width,
      height,
      ...measured,
      notes,
      warnings,
      seconds,
      prompts: reports,
      annotations,
      receipt,
    };
  } finally {
    // only an empty one goes: kept tiles stay for the next call
    await rmdir(work).catch(() => undefined);
  }
}

/** Runs the command; gives the exit status. */
export async function runSlides(inputs: readonly string[], command: SegmentCommand, io: CliIo): Promise<number> {
  const prompts = checkPrompts(command.prompt ?? []);
  const job: Job = { command, prompts, terms: await readTerms(command), termsHash: await hashTerms(command) };
  const plan = planResults(
    command.out,
    inputs,
    prompts,
    ['mask.tif', 'overlay.png', 'report.json'],
    ['annotations.geojson', 'receipt.json'],
  );
  const { model, results, errors } = await eachInput(
    inputs,
    command,
    io,
    async (opened, input, i, folder) => {
      const slide = await openSlide(input);
      try {
        return await segmentSlideFile(opened, slide, job, plan[i], folder, io);
      } finally {
        await slide.close();
      }
    },
    true,
  );
  if (command.json) {
    io.out(`${JSON.stringify({ notice: NOTICE, model, results, errors })}\n`);
  } else {
    for (const line of slideTable(results, command.out)) io.out(`${line}\n`);
    io.out(`Model ${model.name}. ${NOTICE}\n`);
  }
  return errors.length === 0 ? 0 : 1;
}
